"""A search of the model's own: annealing by structural moves, many walkers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.costs import Costs
from archgym.objective import Objective
from archgym.space import FloatArray, IntArray

if TYPE_CHECKING:
    from .model import SocModel

WALKERS = 128
STEPS_PER_KNOB, SEEDS = 24, (1, 2)
SNAPSHOTS, NEAR = 20, 16384
HOT, COLD = 0.5, 1e-4  # losses of the logarithm of a score accepted with probability 1/e, at the start and at the end
REGROUP = 200  # steps after which the worst quarter of the walkers goes on from the best one
TRADED = ("latency_s", "energy_j", "power_w", "area_m2")
FAR = -1e3  # the logarithm of a score below zero lies below all others


def annealed(model: SocModel, objective: Objective, seeds: tuple[int, ...] = SEEDS, steps: int = 0) -> IntArray:
    """Good designs ``(N, D)`` for an objective, different ones; a function of its arguments alone.

    One search of ``steps`` (0: by the number of knobs) for each of ``seeds``, and a climb from the best. Half of the walkers
    look for the best score; each of the others for the least product of powers of latency, energy, power and area among the
    feasible designs, so that together they line the fronts.
    """
    steps = steps or STEPS_PER_KNOB * len(model.space)
    found = [rows for seed in seeds for rows in _search(model, objective, np.random.default_rng(seed), steps)]
    rows = np.unique(model.canonical(np.concatenate(found)), axis=0)
    leader = rows[int(np.argmax(objective.score(model.evaluate(rows))))]
    return np.concatenate([rows, _climb(model, objective, leader, np.random.default_rng(seeds[0]))[None]])


def _climb(model: SocModel, objective: Objective, row: IntArray, rng: np.random.Generator) -> IntArray:
    """The top of the hill that a design is on: no knob alone and none of many moves, one or two, leads higher."""
    while True:
        near = _moved(model, np.repeat(row[None], NEAR, axis=0), rng)
        further = _moved(model, near, rng)
        reached = np.concatenate([row[None], model.repair(model.space.neighbours(row)), near, further])
        best = int(np.argmax(objective.score(model.evaluate(reached))))  # the first of equals: the design itself
        if best == 0:
            return row
        row = model.canonical(reached[best][None])[0]


def _search(model: SocModel, objective: Objective, rng: np.random.Generator, steps: int) -> list[IntArray]:
    """The walkers' best designs at the end of every twentieth of the search."""
    goal = _Goal(objective, rng)
    x = model.repair(model.space.sample(rng, WALKERS))
    height, found = goal.height(model.evaluate(x)), []
    best, top = x.copy(), height.copy()
    for step in range(1, steps + 1):
        moved = _moved(model, x, rng)
        reached = goal.height(model.evaluate(moved))
        heat = HOT * (COLD / HOT) ** (step / steps)
        taken = reached - height >= heat * np.log(rng.random(WALKERS))
        x[taken], height[taken] = moved[taken], reached[taken]
        better = height > top
        best[better], top[better] = x[better], height[better]
        if step % REGROUP == 0:
            _regroup(x, height, best, top)
        if step % -(-steps // SNAPSHOTS) == 0 or step == steps:
            found.append(best.copy())
    return found


def _moved(model: SocModel, x: IntArray, rng: np.random.Generator) -> IntArray:
    rows = model.vary(x, rng)
    assert rows is not None, "the space has no moves"
    return rows


class _Goal:
    """What each walker climbs."""

    def __init__(self, objective: Objective, rng: np.random.Generator) -> None:
        self.objective = objective
        weights = rng.dirichlet(np.full(len(TRADED), 0.5), WALKERS // 2)
        self.weights: FloatArray = weights / weights.max(axis=1, keepdims=True)

    def height(self, costs: Costs) -> FloatArray:
        """Logarithm of the score, or of the traded product, ``(WALKERS,)``; far below where a design is infeasible."""
        score = self.objective.score(costs)
        with np.errstate(divide="ignore", invalid="ignore"):
            height = np.where(score > 0, np.log(np.maximum(score, 1e-300)), FAR * (1 - score))
            traded = np.log(np.stack([costs[name] for name in TRADED], axis=1))
        half = WALKERS - len(self.weights)
        product = -(self.weights * traded[half:]).sum(axis=1)
        height[half:] = np.where(score[half:] > 0, product, height[half:])
        return height


def _regroup(x: IntArray, height: FloatArray, best: IntArray, top: FloatArray) -> None:
    """The worst quarter of those that look for the best score go on from the best design known."""
    half = WALKERS // 2
    order = np.argsort(height[:half], kind="stable")
    leader = int(np.argmax(top[:half]))
    worst = order[: half // 4]
    x[worst], height[worst] = best[leader], top[leader]
