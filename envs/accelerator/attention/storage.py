"""What a design keeps on chip, and how much of the waiting scores does not fit.

Two and three passes must see a whole row of M scores before the next pass starts: FLAT keeps the rows of a query block on
chip, and what exceeds the buffer spills to DRAM in proportion. One pass keeps running statistics instead, so its need does
not depend on M (FuseMax, MICRO 2024). FLAT's operands are double-buffered, FuseMax's are not, as in the published figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

from .constants import WORD
from .design import Designs
from .workload import Attention


@dataclass(frozen=True)
class Storage:
    """Bytes on chip of N designs, ``(N,)`` each.

    Args:
        tiles: what must fit: operand and output tiles and statistics.
        scores: waiting scores of a query block, where they are kept on chip.
        spilled: share of those scores that does not fit, 0 … 1.
    """

    tiles: FloatArray
    scores: FloatArray
    spilled: FloatArray


def storage(d: Designs, a: Attention) -> Storage:
    """The on-chip need of each design; a design whose ``tiles`` exceed its buffer cannot run."""
    one, two, unfused = d.is_cascade("one_pass"), d.is_cascade("two_pass"), d.is_cascade("unfused")
    fused = ~(one | unfused)
    tiles = np.where(one, _one_pass(d, a), np.where(unfused, _unfused(d, a), _placed(d, a)))
    tiles = tiles + np.where(two, 2.0 * WORD * d.block * a.length / d.keys, 0.0)  # maximum and sum per query and key block
    scores = np.where(fused & ~d.offchip, WORD * d.block * d.edge * a.length, 0.0)
    return Storage(tiles, scores, 1.0 - np.minimum(1.0, d.buffer / (tiles + scores)))


def _one_pass(d: Designs, a: Attention) -> FloatArray:
    """Key and value tile; per query: itself, running maximum, sum and output, and two rows of scores for a vector unit."""
    per_query = 2.0 * a.head_dim + 2.0 + np.where(d.on_array, 0.0, 2.0 * d.edge * d.keys)
    return WORD * d.edge * (2.0 * a.head_dim * d.keys + d.block * per_query)


def _unfused(d: Designs, a: Attention) -> FloatArray:
    """One phase at a time: a block of queries or outputs, and a tile of keys or values."""
    return WORD * d.edge * a.head_dim * (d.block + 1.0)


def _placed(d: Designs, a: Attention) -> FloatArray:
    """FLAT: each of Q, K, V and output is a double-buffered tile, or a double-buffered block, head or row of tiles."""
    whole = a.length / d.edge
    query = np.where(d.has_operands("query", "block"), d.block, 1.0)
    key = np.where(d.has_operands("key", "head"), whole, d.keys)
    value = np.where(d.has_operands("head"), whole, d.keys)
    output = np.where(d.has_operands("block"), d.block, 1.0)
    tiles: FloatArray = 2.0 * WORD * d.edge * a.head_dim * (query + key + value + output)
    return tiles


def row_spill(d: Designs, a: Attention) -> FloatArray:
    """Share of one row of M scores that does not fit: matters where scores are off chip and softmax makes three passes."""
    spilled: FloatArray = 1.0 - np.minimum(1.0, d.buffer / (WORD * float(a.length)))
    return spilled
