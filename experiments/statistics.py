"""Statistics of runs, on plain arrays. R is a number of runs, B a budget; scores are higher-is-better.

The median and the interquartile range are used throughout: a mean over seeds is moved by a single unlucky run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archgym.objective import relative_regret
from archgym.space import FloatArray, IntArray


class Spread(NamedTuple):
    """Median and quartiles of some figures; arrays where the figures were."""

    median: FloatArray
    low: FloatArray
    high: FloatArray


def spread(values: FloatArray, axis: int = 0) -> Spread:
    """Median and quartiles of ``values`` along ``axis``; infinite figures (no feasible design) are kept as such."""
    array = np.asarray(values, dtype=np.float64)
    low, high = np.quantile(array, (0.25, 0.75), axis=axis, method="nearest")
    return Spread(np.median(array, axis=axis), low, high)


def median(values: Sequence[float] | FloatArray) -> float:
    """Median of a list of figures; NaN of an empty one."""
    array = np.asarray(values, dtype=np.float64)
    return float(spread(array).median) if array.size else float("nan")


def best_so_far(scores: FloatArray) -> FloatArray:
    """Anytime curves ``(R, B)``: the best score of each run after 1, 2, … B evaluations."""
    return np.maximum.accumulate(np.asarray(scores, dtype=np.float64), axis=-1)


def stack_runs(scores: Sequence[FloatArray]) -> FloatArray:
    """Runs of different lengths as one array ``(R, B)``, NaN after each one's end."""
    out = np.full((len(scores), max((len(s) for s in scores), default=0)), np.nan)
    for row, run in zip(out, scores, strict=True):
        row[: len(run)] = run
    return out


def regret_curves(scores: FloatArray, best: float) -> FloatArray:
    """Relative regret ``(R, B)`` of the best so far; inf while nothing feasible is found."""
    return relative_regret(best_so_far(scores), best)


def evaluations_to(scores: FloatArray, target: float) -> FloatArray:
    """Evaluations each run ``(R, B)`` needs to reach ``target``, ``(R,)``; inf where it does not."""
    reached = np.asarray(scores) >= target
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1.0, np.inf)


def evenly_spread(order: FloatArray, most: int) -> IntArray:
    """At most ``most`` positions of ``order (N,)``, sorted by it, both ends included and evenly spread between."""
    ranked: NDArray[np.int64] = np.argsort(order, kind="stable").astype(np.int64)
    if len(ranked) <= most:
        return ranked
    picks = np.unique(np.linspace(0, len(ranked) - 1, most).round().astype(np.int64))
    return ranked[picks]
