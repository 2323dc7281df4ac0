"""DRAM traffic in closed form: FuseMax's blocks for one pass, FLAT's placements and the unfused phases for the rest.

Streamed operands are read again for every tile of the other operand, resident ones once; a spilled share of a resident
operand behaves as streamed. Equal to the published tables of all four designs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

from .design import Designs
from .storage import Storage, row_spill
from .workload import Attention


@dataclass(frozen=True)
class Traffic:
    """Words moved per head, ``(N,)`` each, by phase: the phases are what an unfused design runs one after the other.

    Args:
        inputs: Q, K and V together.
        first, softmax, second: words of the first product, of softmax, of the second product, Q, K, V and output included.
    """

    inputs: FloatArray
    first: FloatArray
    softmax: FloatArray
    second: FloatArray

    @property
    def words(self) -> FloatArray:
        """All of them."""
        return self.first + self.softmax + self.second


def traffic(d: Designs, a: Attention, kept: Storage) -> Traffic:
    """Words of each design per head."""
    operand = float(a.length) * a.head_dim
    query, key, value = (operand * times for times in _reads(d, a, kept))
    first, softmax, second = _scores(d, a, kept)
    return Traffic(query + key + value, query + key + first, softmax, value + second + operand)


def _reads(d: Designs, a: Attention, kept: Storage) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How often Q, K and V are read."""
    across = a.length / d.edge
    passes = across / d.block
    mixed = 1.0 + kept.spilled * (across - 1.0)  # a resident operand, of which a share is streamed
    fused = d.is_cascade("two_pass") | d.is_cascade("three_pass")
    query = np.where(fused & d.has_operands("query", "block"), mixed, 1.0)
    query = np.where(fused & d.has_operands("streamed", "key"), across, query)
    blocked = ~fused | d.has_operands("block")
    key = np.where(blocked, passes, np.where(d.has_operands("key", "head"), mixed, across))
    value = np.where(blocked, passes, np.where(d.has_operands("head"), mixed, across))
    return query, key, value


def _scores(d: Designs, a: Attention, kept: Storage) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Words of scores that cross to DRAM: written by the first product, moved by softmax, read by the second."""
    all_scores = float(a.length) ** 2
    accesses = waiting_accesses(d)
    spilled = np.where(d.is_cascade("one_pass"), 0.0, accesses * kept.spilled) * all_scores
    unfused, outside = d.is_cascade("unfused"), d.offchip & (d.is_cascade("two_pass") | d.is_cascade("three_pass"))
    end = np.where(unfused | outside, all_scores, 0.0)
    three = unfused | d.is_cascade("three_pass")
    between = np.where(three, (2.0 + 3.0 * row_spill(d, a)) * all_scores, 0.0)
    return end, np.where(unfused | outside, between, spilled), end


def waiting_accesses(d: Designs) -> FloatArray:
    """Buffer accesses per score that waits for a later pass: what goes to DRAM where it spills.

    Three passes on a vector unit: scores written, read for the maximum, read for the exponential, written, read for the
    division, written, read for the product; on the array, scores and exponentials are written and read once each. Two
    passes: exponentials are written and read once.
    """
    three = np.where(d.on_array, 4.0, 7.0)
    return np.where(d.is_cascade("two_pass"), 2.0, three)
