"""Energy in closed form: operations, buffer rows, registers, DRAM.

Buffer accesses are counted in rows of D values. The counts, with the figures in `constants`, reproduce the published energies
of all four designs to 1e-8, apart from two slips of the published run that `published` adds where the two are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import BoolArray, FloatArray

from .constants import (
    ADD,
    DIVIDE,
    DRAM_PER_BYTE,
    EXP,
    EXP_MACS,
    LANES,
    MAC,
    MAX,
    MIB,
    READ_16,
    READ_32,
    REGISTER_READ,
    REGISTER_WRITE,
    WORD,
    WRITE_16,
    WRITE_32,
    Registers,
)
from .design import Designs
from .traffic import Traffic
from .workload import Attention

ONE_ARRAY = Registers(tile=1577.24794542, tile_dim=31.42858578, row_dim=-559.57798484)
ONE_VECTOR = Registers(tile=4359.01922484, tile_dim=31.32004493, row_dim=2.20651500)
THREE_ONCHIP = Registers(tile=9319.38516092, tile_dim=8.42550299, row=-153.44459344)
THREE_OFFCHIP = Registers(tile=12696.19687171, tile_dim=-3.80634018, row=-153.44459344)
UNFUSED = Registers(tile=6436.32709728, tile_dim=16.84635585, row=-163.52251181, row_dim=-2.15142748)


@dataclass(frozen=True)
class Energy:
    """pJ per head, ``(N,)`` each: operations, buffer, registers, DRAM."""

    operations: FloatArray
    buffer: FloatArray
    registers: FloatArray
    dram: FloatArray

    @property
    def total(self) -> FloatArray:
        """Their sum."""
        return self.operations + self.buffer + self.registers + self.dram


def energy(d: Designs, a: Attention, moved: Traffic) -> Energy:
    """The energy of each design per head."""
    dram = DRAM_PER_BYTE * WORD * moved.words
    return Energy(_operations(d, a), _buffer(d, a, moved), _registers(d, a), dram)


def read_row(buffer_bytes: FloatArray) -> FloatArray:
    """pJ to read 256 values: the straight line through the figures of 16 and 32 MiB."""
    return READ_16 + (buffer_bytes / (16 * MIB) - 1.0) * (READ_32 - READ_16)


def write_row(buffer_bytes: FloatArray) -> FloatArray:
    """pJ to write 256 values."""
    return WRITE_16 + (buffer_bytes / (16 * MIB) - 1.0) * (WRITE_32 - WRITE_16)


def _operations(d: Designs, a: Attention) -> FloatArray:
    """Two products; per score maximum, exponential, argument and sum; corrections per key block; divisions."""
    dim, length = float(a.head_dim), float(a.length)
    one, two = d.is_cascade("one_pass"), d.is_cascade("two_pass")
    exponential = ADD + np.where(d.on_array, EXP_MACS * MAC, EXP)
    correction = np.where(one, MAC * dim + ADD * dim, 0.0) + MAX + exponential + MAC + ADD
    per_score = 2.0 * dim * MAC + MAX + exponential + ADD + np.where(two, MAC, 0.0)
    late = one | two
    per_score = per_score + np.where(late, correction / (d.edge * d.keys), DIVIDE)
    return length * length * per_score + np.where(late, length * dim * DIVIDE, 0.0)


def _buffer(d: Designs, a: Attention, moved: Traffic) -> FloatArray:
    """Rows read and written: per tile, per D queries, and once per word that comes from DRAM to stay."""
    tiles, rows = (a.length / d.edge) ** 2, a.length / d.edge
    reads, writes = _score_rows(d)
    more_reads, more_writes = _operand_rows(d, float(a.head_dim))
    end_reads, end_writes = _end_rows(d, float(a.head_dim))
    width = d.edge / LANES
    read = width * (tiles * (reads + more_reads) + rows * end_reads)
    written = width * (tiles * (writes + more_writes) + rows * end_writes) + _fills(d, a, moved) / LANES
    return read_row(d.buffer) * read + write_row(d.buffer) * written


def _score_rows(d: Designs) -> tuple[FloatArray, FloatArray]:
    """Rows of scores read and written per tile, and the statistics of one and two passes."""
    one, two, unfused = d.is_cascade("one_pass"), d.is_cascade("two_pass"), d.is_cascade("unfused")
    outside = unfused | d.offchip
    three_reads = np.where(d.on_array, np.where(outside, 2.0, 3.0), np.where(outside, 3.0, 4.0))
    three_writes = np.where(d.on_array, np.where(outside, 2.0, 3.0), np.where(outside, 2.0, 3.0))
    both = np.where(d.on_array, np.where(outside, 0.0, 1.0), np.where(outside, 2.0, 3.0))
    single = np.where(d.on_array, 0.0, 2.0)
    statistics = np.where(one | two, 2.0 / d.keys, 0.0)
    reads = np.where(one, single, np.where(two, both, three_reads))
    writes = np.where(one, single, np.where(two, both, three_writes))
    return d.edge * reads + statistics, d.edge * writes + statistics


def _operand_rows(d: Designs, dim: float) -> tuple[FloatArray, FloatArray]:
    """Rows of operands and partial outputs read and written per tile."""
    one, unfused = d.is_cascade("one_pass"), d.is_cascade("unfused")
    block = d.has_operands("block")
    placed = np.where(d.has_operands("query", "key"), 1.0, np.where(d.has_operands("head"), 3.0, np.where(block, 2.0, 0.0)))
    reads = np.where(one, 3.0 + 1.0 / d.keys, np.where(unfused, 4.0, placed))
    writes = np.where(one, 1.0 / d.keys, np.where(unfused | block, 1.0, 0.0))
    return dim * reads, dim * writes


def _end_rows(d: Designs, dim: float) -> tuple[FloatArray, FloatArray]:
    """Rows per D queries: outputs and sums for the division; or maxima and sums, less the first touch of partial outputs."""
    late = d.is_cascade("one_pass") | d.is_cascade("two_pass")
    partial = d.is_cascade("unfused") | d.has_operands("block")
    return np.where(late, dim + 1.0, 2.0 - np.where(partial, dim, 0.0)), np.where(late, 0.0, 2.0)


def _fills(d: Designs, a: Attention, moved: Traffic) -> FloatArray:
    """Words of operands written into the buffer; those that stream past it are not."""
    whole = d.is_cascade("one_pass") | d.is_cascade("unfused")
    resident = np.where(d.has_operands("head"), 3.0, np.where(d.has_operands("streamed"), 0.0, 1.0))
    return np.where(whole, moved.inputs, resident * (float(a.length) * a.head_dim))


def _registers(d: Designs, a: Attention) -> FloatArray:
    """Register terms of the design's style; they grow with the array's edge as the rows do."""
    one, unfused, two = d.is_cascade("one_pass"), d.is_cascade("unfused"), d.is_cascade("two_pass")
    array = d.on_array & (one | two)
    vector = ~d.on_array & (one | two)
    styles = [(array, ONE_ARRAY), (vector, ONE_VECTOR), (unfused, UNFUSED), (d.offchip, THREE_OFFCHIP)]
    chosen = [mask for mask, _ in styles]

    def pick(field: str) -> FloatArray:
        found: FloatArray = np.select(chosen, [getattr(s, field) for _, s in styles], getattr(THREE_ONCHIP, field))
        return found

    tiles, rows, dim = (a.length / d.edge) ** 2, a.length / d.edge, float(a.head_dim)
    per_tile = pick("tile") + dim * pick("tile_dim") + _outputs(array, dim)
    return d.edge / LANES * (tiles * per_tile + rows * (pick("row") + dim * pick("row_dim")))


def _outputs(array: BoolArray, dim: float) -> FloatArray:
    """Local outputs of a tile, which leave the array for the vector unit's registers: 256 values written and read."""
    return np.where(array, dim * LANES * (REGISTER_READ + REGISTER_WRITE), 0.0)
