"""What decides a result: the agent, the luck of its draw, or the luck of its seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from archgym.experiments.lottery.analysis_field import Field
from archgym.experiments.lottery.components import Components, components
from archgym.experiments.lottery.crossed import Interval, crossed_mean
from archgym.space import FloatArray


class Spread(NamedTuple):
    """Variance components of one agent's performance on a task, or of its mean over its tasks (``task`` empty)."""

    agent: str
    task: str
    draws: int
    seeds: int
    mean: float
    parts: Components


class Decision(NamedTuple):
    """Variance of a run's performance on one task, over agents, draws and seeds; performance squared.

    Attributes:
        agent: between the agents' means over draws and seeds, free of the luck in these.
        draw, seed, rest: components within an agent, averaged over agents. One that has no hyperparameters has no luck of
            the draw, and all its spread over seeds is in ``rest``.
    """

    task: str
    agent: float
    draw: float
    seed: float
    rest: float

    @property
    def total(self) -> float:
        """Of all four."""
        return self.agent + self.draw + self.seed + self.rest

    @property
    def shares(self) -> FloatArray:
        """Of agent, draw, seed and rest in the total, ``(4,)``; NaN where nothing varies."""
        return np.array(self[1:]) / self.total if self.total > 0.0 else np.full(4, np.nan)


def spreads(field: Field) -> list[Spread]:
    """Components per agent: of the mean over its tasks first, then per task."""
    return [row for agent in field.agents for row in _of_agent(field, agent)]


def _of_agent(field: Field, agent: str) -> list[Spread]:
    tasks = field.tasks_of(agent)
    y = field.drawn(agent, tasks)
    both = np.concatenate([y.mean(axis=0, keepdims=True), y])
    found = components(both)
    names = ("", *tasks)
    draws, seeds = y.shape[1:]
    return [Spread(agent, names[i], draws, seeds, float(both[i].mean()), _pick(found, i)) for i in range(len(names))]


def _pick(found: Components, i: int) -> Components:
    parts = []
    for part in found:
        variance, share = (Interval(*(ends[i] for ends in interval)) for interval in (part.variance, part.share))
        parts.append(part._replace(variance=variance, raw=part.raw[i], share=share))
    return Components(*parts)


def decisions(field: Field) -> list[Decision]:
    """What decides a run on each task that two or more agents play."""
    played = [(task, [a for a in field.agents if task in field.tasks_of(a)]) for task in field.tasks]
    return [_decision(field, task, agents) for task, agents in played if len(agents) > 1]


def _decision(field: Field, task: str, agents: list[str]) -> Decision:
    tables = [field.drawn(agent, [task])[0] for agent in agents]
    means = [crossed_mean(y) for y in tables]
    noise = float(np.mean(np.nan_to_num([m.variance for m in means])))
    between = float(np.var([m.value for m in means], ddof=1)) - noise
    within = np.mean([_within(y) for y in tables], axis=0)
    return Decision(task, max(between, 0.0), *within.tolist())


def _within(y: FloatArray) -> FloatArray:
    """Components of draw, seed and rest, ``(3,)``; what cannot be told apart counts as rest."""
    if min(y.shape) > 1:
        return np.array([part.variance.value for part in components(y)])
    return np.array([0.0, 0.0, float(np.var(y, ddof=1)) if y.size > 1 else 0.0])
