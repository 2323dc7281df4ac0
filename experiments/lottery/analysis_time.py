"""Searches over time: regret at any time, evaluations to a target, hypervolume."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from archgym.experiments.lottery.analysis_field import RANDOM, Field
from archgym.experiments.lottery.crossed import Interval, crossed_mean, t_interval
from archgym.experiments.lottery.digest import Cell
from archgym.experiments.lottery.fronts import attainment_surface
from archgym.experiments.report.curves import checkpoints
from archgym.experiments.targets import Hits, hits_of_steps
from archgym.space import FloatArray, IntArray

TARGETS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # relative regrets of the ECDF
POINTS = 49


class Anytime(NamedTuple):
    """Shortfall from the best known, ``1 - performance``, after each number of evaluations; means over tasks.

    Attributes:
        defaults: mean over seeds, ``(K,)``.
        draws: lower quartile, median and upper quartile over draws of the mean over seeds, ``(3, K)``.
    """

    agent: str
    tasks: int
    evaluations: IntArray
    defaults: FloatArray
    draws: FloatArray


class Running(NamedTuple):
    """Evaluations an agent needs to reach what default random search has, in the median, at the end of its budget.

    Attributes:
        target: a score.
        defaults, drawn: expected running times (ERT), inf where no run reaches it; ``drawn`` of a random draw.
        defaults_ends: bootstrap interval of the former over runs.
        reached, drawn_reached: shares of runs that reach it.
    """

    agent: str
    task: str
    target: float
    defaults: float
    defaults_ends: tuple[float, float]
    reached: float
    drawn: float
    drawn_reached: float


class Reach(NamedTuple):
    """Share of pairs of runs and targets that are reached within so many evaluations, over tasks and `TARGETS`, ``(K,)``."""

    agent: str
    evaluations: IntArray
    defaults: FloatArray
    drawn: FloatArray


class Volume(NamedTuple):
    """Hypervolume of the final front on one task: share of the best known front's where one is known.

    Attributes:
        defaults, drawn: means with 95 % intervals.
        best_draw: highest mean over seeds of any draw, which is a maximum and hence flattering.
    """

    agent: str
    task: str
    share: bool
    defaults: Interval
    drawn: Interval
    best_draw: float


class Surface(NamedTuple):
    """What half of the runs of an agent's defaults attain in two of a task's metrics, whatever becomes of the others.

    Attributes:
        runs: of the defaults; those that found nothing count.
        axes: the two metrics.
        corners: of the median attainment surface, ``(M, 2)``, as shares of the reference point; none where fewer than half of
            the runs found a feasible design.
    """

    agent: str
    task: str
    runs: int
    axes: tuple[str, str]
    corners: FloatArray


def anytime(field: Field) -> list[Anytime]:
    """Of all agents, each over the tasks it plays."""
    at = checkpoints(field.budget, POINTS)
    return [_anytime(field, agent, field.tasks_of(agent), at) for agent in field.agents]


def anytime_on(field: Field, task: str) -> list[Anytime]:
    """Of the agents that play one task."""
    at = checkpoints(field.budget, POINTS)
    return [_anytime(field, agent, [task], at) for agent in field.agents if task in field.tasks_of(agent)]


def _anytime(field: Field, agent: str, tasks: Iterable[str], at: IntArray) -> Anytime:
    chosen = list(tasks)
    own = np.mean([1.0 - field.curves(agent, task, at, False).mean(axis=(0, 1)) for task in chosen], axis=0)
    draws = field.digest.common_draws(agent, chosen) if field.tunable(agent) else ()
    if not draws:
        return Anytime(agent, len(chosen), at, own, np.stack([own] * 3))
    kept = [field.digest.drawn(agent, task, draws).curves(at) for task in chosen]
    short = [1.0 - field.digest.performance(task, scores).mean(axis=1) for task, scores in zip(chosen, kept, strict=True)]
    return Anytime(agent, len(chosen), at, own, np.quantile(np.mean(short, axis=0), (0.25, 0.5, 0.75), axis=0))


def running_times(field: Field) -> list[Running]:
    """Of all agents on all tasks that random search plays."""
    if RANDOM not in field.agents:
        return []
    return [_running(field, agent, task) for task in field.tasks_of(RANDOM) for agent in _players(field, task)]


def _players(field: Field, task: str) -> list[str]:
    return [agent for agent in field.agents if task in field.tasks_of(agent)]


def _running(field: Field, agent: str, task: str) -> Running:
    target = float(np.median(field.cell(RANDOM, task, False).score))
    own, drawn = (_hits(field.cell(agent, task, which), target, field.budget) for which in (False, True))
    shares = own.successes / len(own), drawn.successes / len(drawn)
    return Running(agent, task, target, own.ert, own.ert_interval(), shares[0], drawn.ert, shares[1])


def _hits(cell: Cell, target: float, budget: int) -> Hits:
    rows = [row for runs in cell.rows for row in runs]
    return hits_of_steps([row.at for row in rows], [row.score for row in rows], [budget] * len(rows), target)


def reaches(field: Field) -> list[Reach]:
    """Of the agents that play every task."""
    at = checkpoints(field.budget, POINTS)
    return [Reach(a, at, _share(field, a, at, False), _share(field, a, at, True)) for a in field.complete]


def _share(field: Field, agent: str, at: IntArray, drawn: bool) -> FloatArray:
    cells = {task: field.cell(agent, task, drawn) for task in field.tasks}
    goals = {task: field.digest.best(task) for task in field.tasks}
    joined = [Hits.join(_hits(cells[t], goals[t] / (1.0 + r), field.budget) for r in TARGETS) for t in field.tasks]
    return np.asarray(np.mean([hits.ecdf(at) for hits in joined], axis=0))


def surfaces(field: Field) -> list[Surface]:
    """Of all agents on the tasks whose fronts the digest keeps, for each pair of metrics."""
    facts = field.digest.facts
    return [
        _surface(field, agent, task, pair)
        for task in multi_objective(field)
        for pair in combinations(range(len(facts[task].axes)), 2)
        for agent in _players(field, task)
    ]


def _surface(field: Field, agent: str, task: str, pair: tuple[int, int]) -> Surface:
    names = field.digest.facts[task].axes
    fronts = [row.front.reshape(-1, len(names))[:, pair] for row in field.cell(agent, task, False).rows[0]]
    return Surface(agent, task, len(fronts), (names[pair[0]], names[pair[1]]), attainment_surface(fronts))


def volumes(field: Field) -> list[Volume]:
    """Of all agents on the tasks that are ranked by hypervolume."""
    return [_volume(field, agent, task) for task in multi_objective(field) for agent in _players(field, task)]


def multi_objective(field: Field) -> list[str]:
    """The tasks that are ranked by hypervolume."""
    return [task for task in field.tasks if field.digest.facts[task].axes]


def _volume(field: Field, agent: str, task: str) -> Volume:
    own, drawn = (field.cell(agent, task, which).hypervolume for which in (False, True))
    share = field.digest.facts[task].best_hypervolume is not None
    most = max(1.0, float(drawn.max()), float(own.max()))  # a run may beat the best known front
    ends = [t_interval(crossed_mean(runs)) for runs in (own, drawn)]
    ends = [Interval(e.value, np.clip(e.low, 0.0, most), np.clip(e.high, 0.0, most)) for e in ends]
    return Volume(agent, task, share, ends[0], ends[1], float(drawn.mean(axis=1).max()))
