"""Fronts of several runs: hypervolumes and attainment surfaces, by moocore; every coordinate is minimised.

The k-th attainment surface bounds what at least k of n runs dominate or reach (Grunert da Fonseca, Fonseca and Hall 2001);
the quantile q is the surface of ``ceil(q n)`` runs, so that 0.5 is what half of the runs attain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from archgym.pareto import hypervolume
from archgym.space import FloatArray


def _finite(front: ArrayLike) -> FloatArray:
    points = np.asarray(front, dtype=np.float64)
    if points.ndim != 2:
        raise ValueError(f"a front is points of shape (N, K), got {points.shape}")
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def hypervolumes(fronts: Sequence[ArrayLike]) -> FloatArray:
    """Hypervolume ``(R,)`` of each run's points ``(N, K)`` within the unit box, whose far corner is the reference point."""
    return np.array([hypervolume(_finite(front)) for front in fronts])


def attainment_surface(fronts: Sequence[ArrayLike], quantile: float = 0.5) -> FloatArray:
    """Corners ``(M, K)`` of the region that at least ``quantile`` of the runs attain, sorted; none where too few runs found
    any.

    Args:
        fronts: points ``(N, K)`` of each run, K 2 or 3; a run that found nothing is an empty one, and counts.
        quantile: share of the runs, above 0 and up to 1.

    Raises:
        ValueError: there are no runs, or the quantile is outside its range.
    """
    import moocore

    if not fronts or not 0.0 < quantile <= 1.0:
        raise ValueError(f"needs runs, and a quantile above 0 and up to 1; got {len(fronts)} and {quantile}")
    points = [_finite(front) for front in fronts]
    found = [run for run in points if len(run)]
    level = max(int(np.ceil(quantile * len(fronts) - 1e-9)), 1)
    if level > len(found):
        return np.empty((0, points[0].shape[1]))
    sets = np.repeat(np.arange(len(found)) + 1, [len(run) for run in found])
    surface = moocore.eaf(np.concatenate(found), sets, percentiles=[100.0 * level / len(found)])[:, :-1]
    return np.asarray(surface[np.lexsort(surface.T[::-1])])


def attained(fronts: Sequence[ArrayLike], targets: ArrayLike) -> FloatArray:
    """Empirical attainment function ``(N,)``: the share of runs with a point no worse anywhere than each target ``(N, K)``."""
    goals = np.asarray(targets, dtype=np.float64)
    reached = [(_finite(front)[:, None, :] <= goals).all(axis=2).any(axis=0) for front in fronts]
    return np.asarray(np.mean(reached, axis=0))
