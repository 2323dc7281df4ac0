"""Address mappings: from byte addresses to channel, bank and row, on whole arrays.

A scheme lists the fields from the most to the least significant bit. The byte within the bus word and the words of one burst
are always at the bottom (a request is one burst), and so is the channel, at the interleave grain:

- ``default``          the memory's own bit lists (those of the reference simulator's runs)
- ``row_bank_column``  consecutive bursts stay in one row: most row hits for sequential streams
- ``row_column_bank``  consecutive bursts go round the banks: most bank parallelism
- ``bank_row_column``  each bank is one contiguous region: programs far apart do not meet
- ``bank_xor_row``     row_bank_column with the bank bits XORed with the lowest row bits: strides that hit one bank are
  spread (permutation-based page interleaving: Zhang, Zhu and Zhang, MICRO 2000)
- ``row_column_bank_xor`` the same permutation on row_column_bank
- ``row_columnhigh_bank_columnlow`` four bursts in a row, then the next bank (minimalist open page: Kaseridis, Stuecheli
  and John, MICRO 2011)

An address beyond the capacity wraps: the bits above the top field are dropped, as they are by the decoder of a real
controller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput, did_you_mean
from archgym.space import IntArray

from .memspec import MemSpec

SCHEMES: dict[str, tuple[str, ...]] = {
    "default": (),
    "row_bank_column": ("row", "rank", "bank", "column"),
    "row_column_bank": ("row", "rank", "column", "bank"),
    "bank_row_column": ("rank", "bank", "row", "column"),
    "bank_xor_row": ("row", "rank", "bank", "column"),
    "row_column_bank_xor": ("row", "rank", "column", "bank"),
    "row_columnhigh_bank_columnlow": ("row", "rank", "column_high", "bank", "column_low"),
}
PERMUTED = {"bank_xor_row", "row_column_bank_xor"}
COLUMN_LOW_BITS = 2  # bursts that stay together under row_columnhigh_bank_columnlow

Scheme = tuple[str, int, int, int]
"""(name, channels, ranks, bytes that stay on a channel)."""


@dataclass(frozen=True)
class Decoded:
    """Where each of R requests goes under each of K schemes.

    Args:
        channel: ``uint8 (K, R)``.
        bank: ``int32 (K, R)`` within the channel: ``rank x banks + bank_group x banks_per_group + bank``.
        row: ``int32 (K, R)``.
    """

    channel: NDArray[np.uint8]
    bank: NDArray[np.int32]
    row: NDArray[np.int32]


def decode(spec: MemSpec, address: IntArray, schemes: Sequence[Scheme]) -> Decoded:
    """Decode byte addresses ``int64 (R,)`` under every scheme.

    Raises:
        BadInput: no such scheme, or a grain or count that is no power of two in range.
    """
    parts = [_decode(spec, address, *scheme) for scheme in schemes]
    channel, bank, row = (np.stack(column) for column in zip(*parts, strict=True))
    return Decoded(channel.astype(np.uint8), bank.astype(np.int32), row.astype(np.int32))


def _decode(
    spec: MemSpec, address: IntArray, name: str, channels: int, ranks: int, grain: int
) -> tuple[IntArray, IntArray, IntArray]:
    if name not in SCHEMES:
        raise BadInput(f"there is no address mapping '{name}'" + did_you_mean(name, SCHEMES))
    _check_power(channels, "channels", 1, 2)
    _check_power(ranks, "ranks", 1, 2)
    _check_power(grain, "channel_interleave", spec.bytes_per_request, 1 << 20)
    channel, local = _take_channel(address, channels, grain)
    if name == "default":
        return (channel, *_default(spec, local, ranks))
    fields = _split(spec, local // spec.bytes_per_request, SCHEMES[name], ranks)
    bank = fields["bank"]
    if name in PERMUTED:
        bank = bank ^ (fields["row"] % spec.banks)
    # neighbouring bank numbers alternate between bank groups, as bursts to different groups may follow closer (tCCD_S)
    bank = _spread_groups(spec, bank)
    return channel, fields["rank"] * spec.banks + bank, fields["row"]


def _take_channel(address: IntArray, channels: int, grain: int) -> tuple[IntArray, IntArray]:
    """The channel of each address, and its address within the channel."""
    block, rest = address // grain, address % grain
    return block % channels, block // channels * grain + rest


def _default(spec: MemSpec, address: IntArray, ranks: int) -> tuple[IntArray, IntArray]:
    """Bank and row by the memory's bit lists; the rank is the bit above them."""
    group = _gather(address, spec.mapping["bank_group"])
    per_group = spec.banks // spec.bank_groups
    bank = _gather(address, spec.mapping["bank"]) + group * per_group
    top = max(bit for bits in spec.mapping.values() for bit in bits) + 1
    rank = (address >> top) % ranks
    return rank * spec.banks + bank, _gather(address, spec.mapping["row"])


def _gather(address: IntArray, bits: Sequence[int]) -> IntArray:
    out = np.zeros_like(address)
    for place, bit in enumerate(bits):
        out |= ((address >> bit) & 1) << place
    return out


def _split(spec: MemSpec, burst: IntArray, order: Sequence[str], ranks: int) -> dict[str, IntArray]:
    """Cut burst numbers into fields, the last of ``order`` from the lowest bits; absent fields are 0."""
    bursts = spec.columns * spec.bus_bytes // spec.bytes_per_request
    low = min(1 << COLUMN_LOW_BITS, bursts)
    sizes = {
        "row": spec.rows,
        "rank": ranks,
        "bank": spec.banks,
        "column": bursts,
        "column_low": low,
        "column_high": bursts // low,
    }
    fields = {}
    for field in reversed(order):
        fields[field] = burst % sizes[field]
        burst = burst // sizes[field]
    return fields


def _spread_groups(spec: MemSpec, bank: IntArray) -> IntArray:
    per_group = spec.banks // spec.bank_groups
    return bank % spec.bank_groups * per_group + bank // spec.bank_groups


def _check_power(value: int, name: str, least: int, most: int) -> None:
    if value < least or value > most or value & (value - 1):
        raise BadInput(f"{name} must be a power of two in {least} … {most}, got {value}")
