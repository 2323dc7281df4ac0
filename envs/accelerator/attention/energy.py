"""Energy in closed form: operations, buffer rows, registers, DRAM.

Buffer accesses are counted in rows of D values. The counts, with the figures in `constants`, reproduce the published energies
of all four designs to 1e-8, apart from two slips of the published run that `published` adds where the two are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

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

# local outputs of a tile leave the array for the vector unit's registers: 256 values per head dimension, written and read
ONE_ARRAY = Registers(
    tile=1577.24794542, tile_dim=31.42858578 + LANES * (REGISTER_READ + REGISTER_WRITE), row_dim=-559.57798484
)
ONE_VECTOR = Registers(tile=4359.01922484, tile_dim=31.32004493, row_dim=2.20651500)
THREE_ONCHIP = Registers(tile=9319.38516092, tile_dim=8.42550299, row=-153.44459344)
THREE_OFFCHIP = Registers(tile=12696.19687171, tile_dim=-3.80634018, row=-153.44459344)
UNFUSED = Registers(tile=6436.32709728, tile_dim=16.84635585, row=-163.52251181, row_dim=-2.15142748)
STYLES = (UNFUSED, THREE_ONCHIP, THREE_OFFCHIP, ONE_VECTOR, ONE_ARRAY)
# by cascade, by unit (vector, array), by place of the scores (on chip, off chip); two passes have FuseMax's registers
STYLE = np.array([[[0, 0], [0, 0]], [[1, 2], [1, 2]], [[3, 3], [4, 4]], [[3, 3], [4, 4]]])
# rows of scores read and written per D x D tile and row, in the same order. Three passes (FLAT): written by the product; read
# for the maximum; read, written for the exponential; read, written for the division; read by the product; off chip the first
# and the last go to DRAM. On the array the exponential reads and writes no row of its own.
SCORE_ROWS = np.array(
    [
        [[(3, 2), (3, 2)], [(2, 2), (2, 2)]],
        [[(4, 3), (3, 2)], [(3, 3), (2, 2)]],
        [[(3, 3), (2, 2)], [(1, 1), (0, 0)]],
        [[(2, 2), (2, 2)], [(0, 0), (0, 0)]],
    ],
    dtype=np.float64,
)


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
    reads, writes = SCORE_ROWS[d.cascade, d.on_array.view(np.int8), d.offchip.view(np.int8)].T
    statistics = np.where(d.is_cascade("one_pass") | d.is_cascade("two_pass"), 2.0 / d.keys, 0.0)
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
    dim = float(a.head_dim)
    per_tile = np.array([s.tile + dim * s.tile_dim for s in STYLES])
    per_row = np.array([s.row + dim * s.row_dim for s in STYLES])
    style = STYLE[d.cascade, d.on_array.view(np.int8), d.offchip.view(np.int8)]
    rows = a.length / d.edge
    total: FloatArray = d.edge / LANES * (rows * rows * per_tile[style] + rows * per_row[style])
    return total
