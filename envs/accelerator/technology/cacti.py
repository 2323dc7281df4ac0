"""SRAM figures from a table of CACTI runs: exact at its points, power laws between them, wrapper rules outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archgym.errors import BadInput
from archgym.space import FloatArray

from .curve import PowerCurve

COLUMNS = ("depth", "block", "banks", "read_pj", "write_pj", "area_um2", "leakage_mw", "cycle_ns")
SHALLOW_EXPONENTS = np.array([0.78, 0.78, 1.0, 1.0, 0.0])
MOST_TIMES_DEEPEST = 256  # how far beyond its deepest point a table is carried on


class CactiTable:
    """Figures of SRAM buffers by (depth, words per block, banks), from CACTI.

    * At a point of the table: that point, bit for bit.
    * Depth between two points: a power law through both. The 45 nm table's 72 inner points of at least 64 rows per bank,
      left out one at a time, are met with a median error of 5.6 % (read), 3.2 % (write), 4.5 % (area); at worst 22, 21, 13 %.
    * Fewer than 64 rows per bank, which CACTI cannot model: from 64 rows down, area and leakage go linearly with depth and
      energy with depth^0.78, the Accelergy wrapper's rule. All 36 such points of the 45 nm table obey it to rounding.
    * Deeper than the table: the exponent of the last two steps, averaged over blocks, goes on, up to 256 times the deepest
      point. Two octaves of the 45 nm table predicted so are off by 11, 6, 5 % (median) and 28, 19, 17 % (worst).
    * Blocks and banks between two tabulated ones: a power law (banks left out one at a time: median 3 %, worst 15 %). Wider
      than the widest: as many arrays in lockstep as it takes, all figures in proportion, which is 20 % (median) to 31 % too
      much energy for 64 bits out of two arrays of 32. Narrower than the narrowest, or more banks than the most: refused.

    What it leaves out: wires between arrays of a buffer wider than the widest.

    Args:
        rows: ``float64 (R, 8)`` in the order of :data:`COLUMNS`.

    Raises:
        BadInput: a (block, banks) has fewer than three depths, or one number of banks lacks a block that another has.
    """

    def __init__(self, rows: FloatArray) -> None:
        keys = sorted({(int(b), int(n)) for b, n in rows[:, 1:3]})
        points = {key: _points(rows, *key) for key in keys}
        tails = {banks: _tail([own for (_, n), own in points.items() if n == banks]) for _, banks in keys}
        self._curves = {
            key: PowerCurve(own[:, 0], own[:, 3:], below=SHALLOW_EXPONENTS, above=tails[key[1]]) for key, own in points.items()
        }
        self._blocks = sorted({block for block, _ in self._curves})
        self._banks = sorted({banks for _, banks in self._curves})
        if len(self._curves) != len(self._blocks) * len(self._banks):
            raise BadInput("some number of banks lacks a block that another one has")

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        """Figures ``(len(depths), 5)`` in the order of :class:`Figure`.

        Raises:
            BadInput: a block, a number of banks or a depth outside what the table can answer.
        """
        self._check(depths, block, banks)
        inside = min(block, self._blocks[-1])
        figures = self._inside(depths, inside, banks)
        if block > inside:
            figures[:, :4] *= block / inside
        return figures

    def _inside(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        if (block, banks) in self._curves:
            return self._curves[block, banks](depths)
        logs = np.zeros((len(depths), 5))
        for near_block, share in _shares(block, self._blocks):
            for near_banks, part in _shares(banks, self._banks):
                logs += share * part * np.log(self._curves[near_block, near_banks](depths))
        figures: FloatArray = np.exp(logs)
        return figures

    def _check(self, depths: FloatArray, block: int, banks: int) -> None:
        if block < self._blocks[0]:
            raise BadInput(f"SRAM block of {block} words: the table starts at {self._blocks[0]}")
        if not self._banks[0] <= banks <= self._banks[-1]:
            raise BadInput(f"SRAM of {banks} banks: the table goes from {self._banks[0]} to {self._banks[-1]}")
        most = MOST_TIMES_DEEPEST * max(curve.nodes[-1] for curve in self._curves.values())
        if len(depths) and depths.max() > most:
            raise BadInput(f"SRAM of depth {depths.max():.0f}: the table is carried on to {most:.0f} only")


def _points(rows: FloatArray, block: int, banks: int) -> FloatArray:
    """The rows of one (block, banks) by ascending depth."""
    own = rows[(rows[:, 1] == block) & (rows[:, 2] == banks)]
    own = own[np.argsort(own[:, 0], kind="stable")]
    if len(own) < 3 or (np.diff(own[:, 0]) == 0).any():
        raise BadInput(f"block {block} with {banks} banks needs three different depths")
    return np.asarray(own, dtype=np.float64)


def _tail(curves: Sequence[FloatArray]) -> FloatArray:
    """Exponents of the last two steps, the mean over blocks: a wider buffer stays larger however deep it gets."""
    logs = [np.log(own[-1]) - np.log(own[-3]) for own in curves]
    mean: FloatArray = np.mean([log[3:] / log[0] for log in logs], axis=0)
    return mean


def _shares(value: int, known: Sequence[int]) -> list[tuple[int, float]]:
    """The two neighbours of ``value`` among ``known`` with their weights in log space, or the value itself."""
    if value in known:
        return [(value, 1.0)]
    upper = next(i for i, k in enumerate(known) if k > value)
    low, high = known[upper - 1], known[upper]
    share = float(np.log(value / low) / np.log(high / low))
    return [(low, 1.0 - share), (high, share)]
