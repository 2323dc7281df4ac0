"""Cycles per tile of D x D scores, on the array and on the vector unit, and how they overlap.

One pass: FuseMax (MICRO 2024); the serial schedule is its ablation without
interleaving, where the array waits D cycles for a tile's maximum. Three passes: FLAT (ASPLOS 2023) with 4 vector
operations per score (maximum, exponential, sum, division). Two passes: exponentials against the maximum of their key
block, corrected once the row's maximum is known (FuseMax, section 4), derived here in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

from .constants import HERTZ, WORD
from .design import Designs
from .traffic import Traffic
from .workload import Attention

ON_ARRAY = 9.0  # per tile: 1 maximum, 7 exponential (6 multiply-adds, 1 addition), 1 sum
EXP_CYCLES = 8.0  # exponential and sum


@dataclass(frozen=True)
class Cycles:
    """Cycles per tile, ``(N,)`` each.

    Args:
        array: all cycles in which the array computes; ``useful`` of them count with all its elements.
        vector: all cycles of the vector unit.
        total: of a tile, waiting included; by phase for an unfused design (first product, softmax, second product).
    """

    array: FloatArray
    useful: FloatArray
    vector: FloatArray
    total: tuple[FloatArray, FloatArray, FloatArray]


def cycles(d: Designs, a: Attention) -> Cycles:
    """Compute cycles of each design per tile."""
    dim = float(a.head_dim)
    one, two, unfused = d.is_cascade("one_pass"), d.is_cascade("two_pass"), d.is_cascade("unfused")
    vector = d.slowness * np.where(one, _vector_one(d, a), np.where(two, _vector_two(d, a), _vector_three(d)))
    first, second = _products(d, dim)
    softmax = np.where(d.on_array, ON_ARRAY, 0.0) + np.where(two & d.on_array, 1.0, 0.0)  # two passes: the correction
    array = first + second + softmax
    stall = np.where(d.on_array & two, d.edge / d.keys, 0.0)
    total = np.where(d.pipelined, np.maximum(array, vector), array + vector + stall)
    total = np.where(one & d.on_array, _interleaved(d, a), total)
    middle = np.where(d.pipelined, np.maximum(softmax, vector), softmax + vector)
    phases = (np.where(unfused, first, total), np.where(unfused, middle, 0.0), np.where(unfused, second, 0.0))
    return Cycles(array, 2.0 * dim + softmax, vector, phases)


def _products(d: Designs, dim: float) -> tuple[FloatArray, FloatArray]:
    """Cycles of Q x K and of scores x V; FLAT's stationarities leave columns idle where the head is narrower than the array."""
    wide = d.edge * np.ceil(dim / d.edge)
    three = d.is_cascade("three_pass")
    return np.where(three & d.has_operands("block"), wide, dim), np.where(three, wide, dim)


def _vector_three(d: Designs) -> FloatArray:
    return d.edge * np.where(d.on_array, 1.0, 4.0)


def _vector_two(d: Designs, a: Attention) -> FloatArray:
    """Per key block: maximum, correction factor, sum; per score on a vector unit: 4 operations and the correction."""
    per_block = np.where(d.on_array, 10.0, 5.0) / d.keys
    return np.where(d.on_array, 0.0, 5.0 * d.edge) + per_block + a.head_dim * d.edge / a.length


def _vector_one(d: Designs, a: Attention) -> FloatArray:
    """Per key block: maximum, factor, sum, output twice; at the end one division per output."""
    factor = np.where(d.on_array, 7.0, 2.0)
    per_block = (3.0 + factor + 2.0 * a.head_dim) / d.keys
    return np.where(d.on_array, 0.0, 4.0 * d.edge) + per_block + a.head_dim * d.edge / a.length


def _interleaved(d: Designs, a: Attention) -> FloatArray:
    """FuseMax's steps of a tile: array and vector unit share each step, tiles overlap where pipelined."""
    dim, slow, often = float(a.head_dim), d.slowness, d.slowness / d.keys
    divide = slow * dim * d.edge / a.length
    exponential = np.maximum(EXP_CYCLES, EXP_CYCLES * often)
    interleaved = np.maximum(dim + 1.0, often * (1.0 + dim) + divide) + np.maximum(dim, often * dim)
    in_turn = np.maximum(dim + 1.0, often + divide) + d.edge / d.keys + np.maximum(dim, 2.0 * often * dim)
    return np.where(d.pipelined, interleaved, in_turn) + often + exponential


def latency(d: Designs, a: Attention, spent: Cycles, moved: Traffic) -> FloatArray:
    """Seconds of the whole batch: each phase takes the longer of its compute and its DRAM traffic."""
    tiles = a.instances * (a.length / d.edge) ** 2
    computing = [tiles * phase / HERTZ for phase in spent.total]
    moving = [a.instances * WORD * words / d.bandwidth for words in (moved.first, moved.softmax, moved.second)]
    apart = sum((np.maximum(c, m) for c, m in zip(computing, moving, strict=True)), np.zeros(len(d.edge)))
    return np.where(d.is_cascade("unfused"), apart, np.maximum(computing[0], moving[0] + moving[1] + moving[2]))
