"""Pareto fronts and hypervolumes, by moocore; here every coordinate is minimised and 1 is the reference point."""

from __future__ import annotations

import numpy as np

from archgym.space import BoolArray, FloatArray


def nondominated(points: FloatArray) -> BoolArray:
    """``bool (N,)``: which finite points ``(N, K)`` no other dominates; of equal points the first is kept."""
    import moocore

    keep = np.zeros(len(points), dtype=np.bool_)
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(finite):
        keep[finite] = moocore.is_nondominated(points[finite], keep_weakly=False)
    return keep


def hypervolume(points: FloatArray) -> float:
    """Volume of the unit box that ``points (N, K)`` dominate; points beyond the reference point add nothing."""
    import moocore

    finite = points[np.isfinite(points).all(axis=1)]
    inside = finite[(finite < 1.0).all(axis=1)]
    return float(moocore.hypervolume(inside, ref=np.ones(points.shape[1]))) if len(inside) else 0.0


def hypervolume_curve(points: FloatArray) -> FloatArray:
    """Hypervolume after 1, 2, … N points, ``(N,)``; recomputed only where a point joins the front."""
    curve = np.zeros(len(points))
    front = np.empty((0, points.shape[1]))
    volume = 0.0
    for i, point in enumerate(points):
        if np.isfinite(point).all() and (point < 1.0).all() and not (front <= point).all(axis=1).any():
            front = np.vstack([front[~(front >= point).all(axis=1)], point])
            volume = hypervolume(front)
        curve[i] = volume
    return curve
