"""What tuning buys and costs: the expected best of k draws, and ticket prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from archgym.experiments.lottery.analysis_field import RANDOM, Field
from archgym.experiments.lottery.analysis_rank import bounded
from archgym.experiments.lottery.crossed import Interval, t_interval
from archgym.experiments.lottery.robust import mean_interval
from archgym.experiments.lottery.tuning import cross_fit, expected_best, ticket_price, tuned
from archgym.space import FloatArray

LEAST_DRAWS, LEAST_SEEDS = 4, 3  # for an interval


class Curve(NamedTuple):
    """What an agent's performance over its tasks grows to with total evaluations, tuning included.

    Attributes:
        evaluations: per task, of tuning with k = 1 … K draws of one seed each and one run of the draw chosen: ``(K,)``.
        value: expected performance of that run, mean over tasks, each task tuned for itself ``(K,)``.
        low, high: 95 % intervals of the k up to a quarter of the draws, NaN beyond.
        defaults: of the defaults, one run.
        designs: expected best design of k runs, one of each of k draws ``(K,)``; it costs k budgets.
        restarts: expected best of 1 … S runs of the defaults with other seeds, ``(S,)``; it costs that many budgets.
    """

    agent: str
    tasks: int
    evaluations: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    defaults: Interval
    designs: FloatArray
    restarts: FloatArray


class Ticket(NamedTuple):
    """Price of a ticket against default random search; ``task`` is empty for one setting that is to serve all tasks.

    Attributes:
        evaluations: of tuning, on each task that the draw is chosen on; 0 where the defaults beat it, inf where no tuning that
            can be judged does.
        censored_at: an infinite price is above this many.
    """

    agent: str
    task: str
    evaluations: float
    censored_at: float

    @property
    def text(self) -> str:
        """``0``, ``1,280``, or ``> 1,280``."""
        return f"{self.evaluations:,.0f}" if np.isfinite(self.evaluations) else f"> {self.censored_at:,.0f}"


def curves(field: Field) -> list[Curve]:
    """Of all agents."""
    return [_curve(field, agent) for agent in field.agents]


def _curve(field: Field, agent: str) -> Curve:
    tasks = field.tasks_of(agent)
    own = field.defaults(agent, tasks)
    runs = own[:, 0]
    restarts = expected_best(runs, runs, field.seeds).mean(axis=0)
    y = field.drawn(agent, tasks)
    if not field.tunable(agent) or field.seeds < 2:
        none = np.zeros(0)
        return Curve(agent, len(tasks), none, none, none, none, bounded(mean_interval(own)), none, restarts)
    most = y.shape[1]
    spent = field.budget * (1.0 + np.arange(1, most + 1))
    low, high = _bounds(y)
    return Curve(
        agent, len(tasks), spent, cross_fit(y, most).mean(axis=0), low, high, bounded(mean_interval(own)), _designs(y), restarts
    )


def _designs(y: FloatArray) -> FloatArray:
    """Expected best design of 1 … D runs of different draws, mean over tasks and seeds, ``(D,)``."""
    runs = np.swapaxes(y, -1, -2)
    return np.asarray(expected_best(runs, runs, y.shape[1]).mean(axis=(0, 1)))


def _bounds(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of the intervals, ``(D,)``, cut off at 0 and 1 as performances are."""
    most, seeds = y.shape[1:]
    low, high = np.full(most, np.nan), np.full(most, np.nan)
    if most >= LEAST_DRAWS and seeds >= LEAST_SEEDS:
        found = t_interval(tuned(y, each_task=True))
        known = found.value.shape[-1]
        low[:known], high[:known] = np.clip(found.low, 0.0, 1.0), np.clip(found.high, 0.0, 1.0)
    return low, high


def tickets(field: Field) -> list[Ticket]:
    """Prices of every agent that has enough draws: over the tasks it plays together with random search, then per task."""
    if RANDOM not in field.agents or field.seeds < LEAST_SEEDS:
        return []
    return [ticket for agent in field.agents if agent != RANDOM for ticket in _tickets(field, agent)]


def _tickets(field: Field, agent: str) -> list[Ticket]:
    tasks = [task for task in field.tasks_of(agent) if task in field.tasks_of(RANDOM)]
    if not tasks or not field.tunable(agent) or field.drawn(agent, tasks).shape[1] < LEAST_DRAWS:
        return []
    y, own, rival = field.drawn(agent, tasks), field.defaults(agent, tasks)[:, 0], field.defaults(RANDOM, tasks)[:, 0]
    pooled = ticket_price(y.mean(axis=0), own.mean(axis=0), rival.mean(axis=0), field.budget)
    each = ticket_price(y, own, rival, field.budget)
    first = Ticket(agent, "", float(pooled.evaluations), pooled.censored_at)
    return [first, *(Ticket(agent, t, float(each.evaluations[i]), each.censored_at) for i, t in enumerate(tasks))]
