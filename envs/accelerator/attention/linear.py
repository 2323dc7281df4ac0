"""The linear layers around attention, for end-to-end figures: Q, K, V, output and feed-forward, on the array.

Each product (rows x inner) (inner x outer) runs at one multiply-add per element and cycle. Weights stay on chip where they
fit beside a strip of `LANES` rows; else the largest power-of-two block of rows stays, and weights are read once per block.
Equal to the published end-to-end tables in traffic, latency and energy.
"""

from __future__ import annotations

from dataclasses import dataclass

from .constants import DRAM_PER_BYTE, HERTZ, LANES, MAC, READ_16, READ_32, WORD, WRITE_16, WRITE_32
from .workload import Attention


@dataclass(frozen=True)
class Machine:
    """The published array with its buffer.

    Args:
        buffer_bytes: on chip.
        read, write: pJ per buffer row of 256 values.
        registers: pJ per cycle of the register files, less per row of outputs (the first touch of an output needs no read).
        registers_per_row: what an output row saves, pJ.
        bandwidth: of DRAM, B/s.
    """

    buffer_bytes: int
    read: float
    write: float
    registers: float
    registers_per_row: float
    bandwidth: float = 400 * 2.0**30


FLAT = Machine(32 << 20, READ_32, WRITE_32, 8.42549996, 0.00852497)
FUSEMAX = Machine(16 << 20, READ_16, WRITE_16, 8.46570040, 0.00855639)


@dataclass(frozen=True)
class Cost:
    """Bytes to and from DRAM, seconds, joules."""

    dram_bytes: float
    latency_s: float
    energy_j: float


def linear_layers(a: Attention, machine: Machine) -> Cost:
    """All linear layers of one transformer layer: four projections and two feed-forward products."""
    inner = a.head_dim * a.heads
    products = [(a.model_dim, inner, 3), (inner, a.model_dim, 1)]
    products += [(a.model_dim, a.feed_forward_dim, 1), (a.feed_forward_dim, a.model_dim, 1)]
    parts = [(_product(a.batch * a.length, k, n, machine), count) for k, n, count in products]
    return Cost(
        sum(cost.dram_bytes * count for cost, count in parts),
        sum(cost.latency_s * count for cost, count in parts),
        sum(cost.energy_j * count for cost, count in parts),
    )


def _product(rows: int, inner: int, outer: int, machine: Machine) -> Cost:
    inputs = rows * inner + _weight_words(rows, inner, outer, machine.buffer_bytes // WORD)
    moved = WORD * (inputs + rows * outer)
    spent = rows * inner * outer / LANES**2
    energy = spent * (LANES**2 * MAC + 2.0 * machine.read + machine.registers) + DRAM_PER_BYTE * moved
    energy += inputs / LANES * machine.write - rows * outer / LANES * machine.registers_per_row
    return Cost(moved, max(moved / machine.bandwidth, spent / HERTZ), energy * 1e-12)


def _weight_words(rows: int, inner: int, outer: int, words: int) -> int:
    """Words of weights read in all."""
    if inner * outer + LANES * inner <= words:
        return inner * outer
    block = rows
    while block > LANES and block * inner + LANES * inner > words:
        block //= 2
    return inner * outer * (rows // block)
