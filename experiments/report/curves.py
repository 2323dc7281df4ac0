"""Anytime curves and their statistics: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archgym.experiments import statistics
from archgym.objective import relative_regret
from archgym.space import FloatArray, IntArray

POINTS = 200


def checkpoints(budget: int, points: int = POINTS) -> IntArray:
    """At most ``points`` counts of evaluations from 1 to ``budget``, dense at the start, ``int64 (T,)``, increasing."""
    return np.unique(np.geomspace(1, budget, points).round().astype(np.int64))


def sampled(curve: FloatArray, evaluations: IntArray) -> FloatArray:
    """A curve ``(N,)`` of one value per evaluation at some counts ``(T,)``; beyond its end it keeps its last value."""
    at: FloatArray = curve[np.minimum(evaluations, len(curve)) - 1]
    return at


def best_so_far(score: FloatArray, evaluations: IntArray) -> FloatArray:
    """Best score ``(T,)`` after each of ``evaluations (T,)``, from the scores ``(N,)`` of all trials."""
    return sampled(statistics.best_so_far(score), evaluations)


def quartiles(rows: FloatArray) -> FloatArray:
    """Lower quartile, median and upper quartile over runs: ``(R, T) -> (3, T)``.

    Between an infeasible score (at most 0) and a feasible one nothing is interpolated: the lower one counts.
    """
    levels = (0.25, 0.5, 0.75)
    linear = np.quantile(rows, levels, axis=0)
    lower = np.quantile(rows, levels, axis=0, method="lower")
    return np.where(lower > 0.0, linear, lower)


def regret_curve(scores: FloatArray, best: float, floor: float) -> FloatArray:
    """Relative regret of scores, any shape: NaN where infeasible, never below ``floor`` (so that a log axis shows it)."""
    regret = relative_regret(scores, best)
    return np.where(np.isfinite(regret), np.maximum(regret, floor), np.nan)


def regret_floor(regrets: FloatArray) -> float:
    """Where a log axis ends: the power of ten below the smallest positive regret, within 1e-6 and 1e-2."""
    positive = regrets[np.isfinite(regrets) & (regrets > 0.0)]
    if len(positive) == 0:
        return 1e-4
    return float(np.clip(10.0 ** np.floor(np.log10(positive.min()) - 0.3), 1e-6, 1e-2))


def corners(rows: FloatArray) -> IntArray:
    """Columns of step curves ``(R, T)`` at which any row changes, and both ends: all that a step plot needs."""
    filled = np.nan_to_num(rows, nan=-np.inf)
    changed = np.flatnonzero((filled[:, 1:] != filled[:, :-1]).any(axis=0)) + 1
    return np.unique(np.concatenate(([0], changed, [rows.shape[1] - 1])))


def average_ranks(values: Sequence[float]) -> FloatArray:
    """Ranks from 1 (the largest value), ties sharing their mean, NaN last, ``(N,)``."""
    filled = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=-np.inf)
    above = (filled[None, :] > filled[:, None]).sum(axis=1)
    equal = (filled[None, :] == filled[:, None]).sum(axis=1)
    ranks: FloatArray = above + (equal + 1) / 2.0
    return ranks


def spread(n: int, limit: int) -> IntArray:
    """At most ``limit`` of ``n`` positions, evenly spread, both ends kept."""
    if n <= limit:
        return np.arange(n, dtype=np.int64)
    return np.unique(np.linspace(0, n - 1, limit).round().astype(np.int64))
