"""NSGA-II on the task's Pareto axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.agents._generational import BreedingConfig, Generational, Members
from archgym.config import Choice, LogIntegers, Uniform, hp
from archgym.space import FloatArray, IntArray


@dataclass(frozen=True)
class Nsga2Config(BreedingConfig):
    """Hyperparameters of NSGA-II."""

    population: int = hp(12, LogIntegers(4, 128), "designs per generation", (2, 65536))
    crossover: float = hp(0.5, Uniform(0.0, 1.0), "share of the children that have two parents")
    score_axis: bool = hp(True, Choice((True, False)), "whether the task's score is one more objective beside the front's")


class Nsga2(Generational):
    """Fast non-dominated sorting and crowding distance, for the whole front at once.

    Constrained domination: feasible designs come first, front by front and the least crowded first; infeasible and
    invalid ones follow by score, the nearest to feasible first. With the score as one more axis the best design for the
    task's own objective is never lost, so the agent also serves where a single number is asked for.
    """

    name = "nsga2"
    paper = (
        "Deb, Pratap, Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, "
        "IEEE Transactions on Evolutionary Computation 6(2), 2002"
    )
    config_class = Nsga2Config
    config: Nsga2Config

    def _order(self, pool: Members) -> IntArray:
        feasible = np.isfinite(pool.front).all(axis=1)
        good, rest = np.flatnonzero(feasible), np.flatnonzero(~feasible)
        rest = rest[np.argsort(-pool.score[rest], kind="stable")]
        return np.concatenate([good[front_order(self._points(pool.take(good)))], rest])

    def _points(self, members: Members) -> FloatArray:
        if not self.config.score_axis:
            return members.front
        return np.column_stack([members.front, -members.score])


def front_order(points: FloatArray) -> IntArray:
    """Places of minimised ``points (N, K)``, first front first and the least crowded of a front first, ``int64 (N,)``."""
    if not len(points):
        return np.empty(0, dtype=np.int64)
    import moocore

    layer = np.asarray(moocore.pareto_rank(points), dtype=np.int64)
    crowding = np.zeros(len(points))
    for number in np.unique(layer):
        inside = layer == number
        crowding[inside] = crowding_distance(points[inside])
    return np.lexsort((-crowding, layer))


def crowding_distance(points: FloatArray) -> FloatArray:
    """Sum over the axes of the gap between a point's neighbours, relative to the axis' range, ``(N,)``; ends are inf."""
    total = np.zeros(len(points))
    for axis in points.T:
        order = np.argsort(axis, kind="stable")
        span = axis[order[-1]] - axis[order[0]]
        total[order[[0, -1]]] = np.inf
        if span > 0.0:
            total[order[1:-1]] += (axis[order[2:]] - axis[order[:-2]]) / span
    return total
