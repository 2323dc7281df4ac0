"""Agents over all tasks: interquartile means, profiles, comparisons two by two, mean ranks, and the two rulesets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archgym.experiments.lottery import compare, robust
from archgym.experiments.lottery.analysis_field import Field
from archgym.experiments.lottery.crossed import Interval
from archgym.space import FloatArray

RESAMPLES = 1000  # of the bootstrap, which is shown beside the crossed interval
THRESHOLDS = 101
_SEED = 2021


class Standing(NamedTuple):
    """Interquartile means of one agent's performance over the tasks it plays, each with its 95 % interval.

    Attributes:
        defaults: over tasks and seeds.
        drawn: over tasks, draws and seeds: what a random draw gives.
        tuned: of the draw that was best on the first seed, task by task, over the other seeds; None of an agent without
            draws, or with fewer than three seeds. Its interval answers for other seeds, not for other draws.
        drawn_bootstrap: the same as ``drawn`` by resampling draws within tasks.
    """

    agent: str
    tasks: int
    draws: int
    defaults: Interval
    drawn: Interval
    tuned: Interval | None
    drawn_bootstrap: Interval


class Matrix(NamedTuple):
    """Probability that the agent of the row improves on that of the column, ``(A, A)``; 0.5 on the diagonal, NaN for pairs
    without a common task."""

    agents: tuple[str, ...]
    value: FloatArray
    low: FloatArray
    high: FloatArray


class Ranking(NamedTuple):
    """Mean ranks over tasks, the best first, with tests.

    Attributes:
        ranks: ``(A,)``.
        critical: Nemenyi's difference at 5 %.
        cliques: positions in ``agents`` of those that are not told apart by it.
        told: pairs that Wilcoxon's test, corrected by Holm, tells apart; pairs that Nemenyi's difference does.
        p: of Friedman's test that all agents are alike.
    """

    name: str
    agents: tuple[str, ...]
    tasks: int
    ranks: FloatArray
    critical: float
    cliques: list[NDArray[np.int64]]
    told: tuple[int, int]
    p: float


class Place(NamedTuple):
    """One agent under one ruleset.

    Attributes:
        tasks: held-out tasks that count.
        mean: performance over them, 95 % interval over seeds.
        rank: mean rank among the agents of the table.
        first: tasks on which nobody's mean is better.
        tuning: evaluations spent on choosing, over all families.
        draws: the chosen draw by family; empty for defaults.
    """

    agent: str
    tasks: int
    mean: Interval
    rank: float
    first: int
    tuning: int
    draws: Mapping[str, int]


def standings(field: Field) -> list[Standing]:
    """All agents; those that play every task first, by the interquartile mean of a random draw."""
    rows = [_standing(field, agent) for agent in field.agents]
    return sorted(rows, key=lambda row: (-row.tasks, -float(row.drawn.value), row.agent))


def _standing(field: Field, agent: str) -> Standing:
    tasks = field.tasks_of(agent)
    own, drawn = field.defaults(agent, tasks), field.drawn(agent, tasks)
    return Standing(
        agent,
        len(tasks),
        drawn.shape[1] if field.tunable(agent) else 0,
        bounded(robust.iqm_interval(own)),
        bounded(robust.iqm_interval(drawn)),
        bounded(robust.iqm_interval(_tuned(drawn))) if drawn.shape[1] > 1 and field.seeds > 2 else None,
        _bootstrap(drawn),
    )


def bounded(found: Interval) -> Interval:
    """An interval of performances, cut off at 0 and 1 as these are: few seeds can make a t interval reach beyond."""
    return Interval(found.value, np.clip(found.low, 0.0, 1.0), np.clip(found.high, 0.0, 1.0))


def _tuned(y: FloatArray) -> FloatArray:
    """Runs of the draw that is best on the first seed, task by task, with the other seeds: ``(T, 1, S - 1)``."""
    best = y[:, :, 0].argmax(axis=1)
    return np.asarray(y[np.arange(len(y)), best][:, None, 1:])


def _bootstrap(y: FloatArray) -> Interval:
    """Stratified bootstrap over draws; over seeds where there is one configuration only."""
    runs = y if y.shape[1] > 1 else np.swapaxes(y, 1, 2)
    if runs.shape[1] < 2:
        none = np.asarray(np.nan)
        return Interval(robust.interquartile_mean(y), none, none)
    return robust.stratified_bootstrap(runs, np.random.default_rng(_SEED), resamples=RESAMPLES)


def thresholds() -> FloatArray:
    """Of the performance profiles: 0, 0.01, …, 1."""
    return np.linspace(0.0, 1.0, THRESHOLDS)


def profiles(field: Field, drawn: bool) -> dict[str, Interval]:
    """Performance profiles of random draws, or of the defaults, of the agents that play every task."""
    of = field.drawn if drawn else field.defaults
    return {agent: robust.performance_profile(of(agent, field.tasks), thresholds()) for agent in field.complete}


def improvements(field: Field, drawn: bool) -> Matrix:
    """Probabilities of improvement of random draws, or of the defaults, each pair on the tasks both play."""
    of = field.drawn if drawn else field.defaults
    agents = field.agents
    found = np.full((3, len(agents), len(agents)), np.nan)
    for i, ours in enumerate(agents):
        found[:, i, i] = 0.5
        for j, theirs in enumerate(agents[:i]):
            tasks = [task for task in field.tasks_of(ours) if task in field.tasks_of(theirs)]
            if tasks:
                value, low, high = compare.probability_of_improvement(of(ours, tasks), of(theirs, tasks))
                found[:, i, j], found[:, j, i] = (value, low, high), (1 - value, 1 - high, 1 - low)
    return Matrix(agents, *found)


def rankings(field: Field) -> list[Ranking]:
    """Mean ranks of random draws and of the defaults over all tasks; none where there are fewer than two tasks or agents."""
    agents = field.complete
    if len(agents) < 2 or len(field.tasks) < 2:
        return []
    drawn = np.stack([robust.interquartile_mean(field.drawn(a, field.tasks)[:, None]) for a in agents], axis=1)
    own = np.stack([robust.interquartile_mean(field.defaults(a, field.tasks)[:, None]) for a in agents], axis=1)
    return [_ranking("a random draw", agents, drawn), _ranking("the defaults", agents, own)]


def _ranking(name: str, agents: Sequence[str], scores: FloatArray) -> Ranking:
    """Mean ranks of scores ``(T, A)``; differences below rounding are none."""
    scores = scores.round(9)
    test = compare.friedman(scores)
    order = np.argsort(test.mean_ranks, kind="stable")
    ranks = test.mean_ranks[order]
    apart = compare.nemenyi_separate(ranks, len(scores))
    holm = compare.pairwise(scores).corrected < compare.ALPHA
    told = int(np.triu(holm, 1).sum()), int(np.triu(apart, 1).sum())
    critical = compare.nemenyi_difference(len(agents), len(scores))
    names = tuple(agents[int(i)] for i in order)
    return Ranking(name, names, len(scores), ranks, critical, compare.cliques(ranks, apart), told, test.p)


# -- rulesets --------------------------------------------------------------------------------------------------------------


def self_tuned(field: Field) -> list[Place]:
    """The self-tuning ruleset: the defaults on every task."""
    own = {agent: field.defaults(agent, field.tasks) for agent in field.complete}
    return _placed(own, {}, {})


def externally_tuned(field: Field) -> list[Place]:
    """The external ruleset: per family the draw that is best on its tuning tasks plays its held-out ones.

    Only families with tuning tasks count, and agents that play all of their tasks. The figure that chooses is the mean
    performance over tuning tasks and seeds.
    """
    digest = field.digest
    families = list(dict.fromkeys(digest.facts[task].family for task in digest.tuning))
    played = [p.task for p in field.problems if p.family in families]
    tables: dict[str, FloatArray] = {}
    chosen: dict[str, dict[str, int]] = {}
    for agent in field.complete if played else ():
        picks = {family: _choose(field, agent, family) for family in families}
        if all(pick is not None for pick in picks.values()):
            chosen[agent] = {f: pick for f, pick in picks.items() if pick is not None and pick >= 0}
            tables[agent] = np.concatenate([_with(field, agent, task, chosen[agent]) for task in played])
    return _placed(tables, chosen, {agent: _tuning_cost(field, agent) for agent in tables})


def _choose(field: Field, agent: str, family: str) -> int | None:
    """Number of the draw that is best on a family's tuning tasks; -1 of an agent without draws, None if it has not played."""
    digest = field.digest
    tasks = [task for task in digest.tuning if digest.facts[task].family == family]
    held = [p.task for p in field.problems if p.family == family]
    if not field.tunable(agent):
        return -1
    draws = digest.common_draws(agent, [*tasks, *held])
    if not draws:
        return None
    means = [digest.performance(task, digest.drawn(agent, task, draws).score).mean(axis=1) for task in tasks]
    return draws[int(np.mean(means, axis=0).argmax())]


def _with(field: Field, agent: str, task: str, draws: Mapping[str, int]) -> FloatArray:
    """Performances of the chosen draw on a task, or of the defaults of an agent without draws: ``(1, 1, S)``."""
    family = field.digest.facts[task].family
    if family not in draws:
        return field.defaults(agent, [task])
    return field.digest.performance(task, field.digest.drawn(agent, task, [draws[family]]).score)[None]


def _tuning_cost(field: Field, agent: str) -> int:
    digest = field.digest
    runs = sum(digest.drawn(agent, task).score.size for task in digest.tuning)
    return runs * field.budget if field.tunable(agent) else 0


def _placed(tables: Mapping[str, FloatArray], chosen: Mapping[str, Mapping[str, int]], cost: Mapping[str, int]) -> list[Place]:
    if not tables:
        return []
    means = np.stack([y.mean(axis=(1, 2)) for y in tables.values()], axis=1).round(9)
    ranks = compare.ranks(means).mean(axis=0)
    first = (means >= means.max(axis=1, keepdims=True)).sum(axis=0)
    rows = [
        Place(a, len(y), bounded(robust.mean_interval(y)), float(ranks[i]), int(first[i]), cost.get(a, 0), chosen.get(a, {}))
        for i, (a, y) in enumerate(tables.items())
    ]
    return sorted(rows, key=lambda row: (-float(row.mean.value), row.rank, row.agent))
