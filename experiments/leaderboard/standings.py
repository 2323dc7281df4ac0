"""The figures of a board: performances, ranks and how sure they are.

The performance of a run is its score over the best known one, in [0, 1] and 0 where nothing feasible was found: what is
averaged over tasks. Ranks are by performances that are not cut off at 1, so that two methods which both beat the best known
differ. Intervals are 95 % percentile intervals of a bootstrap that resamples the seeds of each task and method by themselves
(Agarwal et al. 2021); by simulation, with five normal or exponential seeds on 3 or 14 tasks, they cover 93-98 %. Everything is
resampled with a fixed seed: the same submissions give the same page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archgym.experiments.leaderboard.board import Board, Entrant
from archgym.experiments.leaderboard.suites import Role
from archgym.experiments.lottery.compare import (
    cliques,
    friedman,
    nemenyi_difference,
    nemenyi_separate,
    probability_of_improvement,
    ranks,
)
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.lottery.robust import interquartile_mean, stratified_bootstrap
from archgym.space import FloatArray, IntArray

RESAMPLES = 1000
_SEED = 20260101


@dataclass(frozen=True)
class Line:
    """One method in a ranking.

    Args:
        entrant: the method.
        iqm: interquartile mean of its performances over tasks and seeds.
        mean_rank: over tasks.
        improvement: probability that a run of it beats one of random search on the same task; None for random search itself,
            and where no random search was entered.
    """

    entrant: Entrant
    iqm: Interval
    mean_rank: float
    improvement: Interval | None


@dataclass(frozen=True)
class Ranking:
    """The ranked tasks of one role.

    Args:
        role: search or held-out.
        tasks: their ids, as in the suite.
        lines: the methods, the best mean rank first.
        difference: the critical difference of mean ranks at 5 %; NaN of fewer than two methods or tasks.
        p: of the hypothesis that all methods are alike (Friedman's test); NaN of fewer than two methods or tasks.
        groups: of lines that the critical difference does not tell apart, as rows of ``lines``.
    """

    role: Role
    tasks: tuple[str, ...]
    lines: tuple[Line, ...]
    difference: float
    p: float
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Place:
    """A method on one task: interquartile mean of its performances, its rank, and the interval of that rank."""

    entrant: Entrant
    performance: float
    rank: Interval


def best_known(board: Board, task_id: str) -> float:
    """What performance is measured against: the best score known, or where none is, the best one entered."""
    known = board.suite.tasks[task_id].best_known
    return known.score if known else max(r.score for e in board.ranked for r in e.runs[task_id])


def performances(board: Board, tasks: Sequence[str]) -> FloatArray:
    """Performances ``(k, T, S)`` of the ranked entrants on tasks, not cut off at 1."""
    scores = np.array([[[run.score for run in e.runs[t]] for t in tasks] for e in board.ranked])
    against = np.array([best_known(board, t) for t in tasks])
    return np.asarray(np.maximum(scores, 0.0) / np.maximum(against, 1e-300)[:, None])


def rankings(board: Board) -> list[Ranking]:
    """The rankings of a board, one per role that has tasks; none where nobody is ranked."""
    roles: tuple[Role, ...] = ("search", "held-out")
    found = {role: tuple(t.id for t in board.suite.of_role(role)) for role in roles}
    return [_ranking(board, role, tasks) for role, tasks in found.items() if tasks and board.ranked]


def places(board: Board, task_id: str) -> list[Place]:
    """The ranked entrants on one task, the best first."""
    values = performances(board, [task_id])[:, 0]
    rng = np.random.default_rng(_SEED)
    picks = rng.integers(values.shape[1], size=(RESAMPLES, *values.shape))
    resampled = interquartile_mean(np.take_along_axis(values[None], picks, axis=2), 1)
    middle = interquartile_mean(values, 1)
    rank = ranks(middle[None])[0]
    low, high = np.quantile(ranks(resampled), (0.025, 0.975), axis=0)
    low, high = np.minimum(low, rank), np.maximum(high, rank)
    rows = [Place(e, float(middle[k]), Interval(rank[k], low[k], high[k])) for k, e in enumerate(board.ranked)]
    return sorted(rows, key=lambda p: (float(p.rank.value), p.entrant.name.casefold()))


def mean_curve(board: Board, entrant: Entrant, tasks: Sequence[str]) -> FloatArray:
    """Interquartile mean over tasks and seeds of the performance so far, ``(C,)`` at the report's checkpoints."""
    against = np.array([best_known(board, t) for t in tasks])
    best = np.array([[run.best for run in entrant.runs[t]] for t in tasks])
    shares = np.clip(best / np.maximum(against, 1e-300)[:, None, None], 0.0, 1.0)
    return interquartile_mean(np.moveaxis(shares, -1, 0), 2)


# -- inside ----------------------------------------------------------------------------------------------------------------


def _ranking(board: Board, role: Role, tasks: tuple[str, ...]) -> Ranking:
    raw = performances(board, tasks)
    by_task = interquartile_mean(raw, 1).T
    mean = ranks(by_task).mean(axis=0)
    blind = _blind(board)
    cut = np.minimum(raw, 1.0)
    order = sorted(range(len(mean)), key=lambda k: (mean[k], board.ranked[k].name.casefold()))
    lines = tuple(Line(board.ranked[k], _iqm(cut[k]), float(mean[k]), _improvement(cut, k, blind)) for k in order)
    if min(by_task.shape) < 2:
        return Ranking(role, tasks, lines, float("nan"), float("nan"), ())
    difference = nemenyi_difference(len(mean), len(tasks))
    groups = cliques(mean[order], nemenyi_separate(mean[order], len(tasks)))
    return Ranking(role, tasks, lines, difference, friedman(by_task).p, tuple(_plain(g) for g in groups))


def _blind(board: Board) -> int | None:
    """Random search as it is shipped: ArchGym's own baseline, else the best verified one, not whoever calls itself so."""
    found = [k for k, e in enumerate(board.ranked) if e.blind]
    return min(found, key=lambda k: (board.ranked[k].contents != "", board.ranked[k].standing != "re-run", k), default=None)


def _iqm(values: FloatArray) -> Interval:
    """Of performances ``(T, S)``: the tasks are fixed, the seeds of each are resampled."""
    if values.shape[1] < 2:
        return Interval(interquartile_mean(values, 2), np.array(np.nan), np.array(np.nan))
    rng = np.random.default_rng(_SEED)
    return stratified_bootstrap(values[:, :, None], rng, shared=False, resamples=RESAMPLES)


def _improvement(values: FloatArray, k: int, blind: int | None) -> Interval | None:
    if blind is None or blind == k:
        return None
    return probability_of_improvement(values[k][:, None], values[blind][:, None])


def _plain(group: IntArray) -> tuple[int, ...]:
    return tuple(int(k) for k in group)
