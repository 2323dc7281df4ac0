"""How hard a table is: mean regret of our agents on it, and how often they find its optimum, run after run."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archgym.costs import Costs
from archgym.errors import BadInput, BudgetExhausted
from archgym.evaluator import Evaluator
from archgym.objective import Minimise
from archgym.registry import get_agent
from archgym.space import FloatArray, IntArray
from archgym.task import Task

POINTS = 100.0  # of a share


@dataclass(frozen=True)
class Runs:
    """Many seeded runs of one agent on one task.

    Attributes:
        regret: points between the best so far and the optimum, ``float64 (runs, evaluations)``.
    """

    regret: FloatArray

    def mean(self, evaluations: int) -> float:
        """Mean regret in points after so many evaluations."""
        return float(self.regret[:, evaluations - 1].mean())

    def found(self, evaluations: int) -> float:
        """Share of the runs that had found an optimum by then."""
        return float((self.regret[:, evaluations - 1] <= 0.0).mean())


class _Column:
    """Keeps one metric of every trial."""

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.values: list[FloatArray] = []

    def recorded(self) -> tuple[IntArray, Costs] | None:
        """Nothing was interrupted."""
        return None

    def append(self, x: IntArray, costs: Costs, score: FloatArray) -> None:
        """One batch of trials."""
        self.values.append(costs[self.metric])


def play(task: Task, agent: str, settings: Mapping[str, str], evaluations: int, runs: int) -> Runs:
    """``runs`` searches with seeds 0, 1, … of one agent, each through the ledger.

    Args:
        task: minimises one metric, a share, without constraints; its model knows its optimum.
        agent: by name; ``settings`` of its hyperparameters as text.

    Raises:
        BadInput: no such agent or setting, or a task of another kind.
    """
    goal = task.objective
    best = task.model.optimum(goal)
    if not isinstance(goal, Minimise) or goal.constraints or best is None:
        raise BadInput(f"task {task.id}: regret in points needs one error to minimise, and its optimum known")
    optimum = task.model.evaluate(best[None])[goal.metric][0]
    errors = np.array([_errors(task, goal.metric, agent, settings, evaluations, seed) for seed in range(runs)])
    return Runs(POINTS * (np.fmin.accumulate(errors, axis=1) - optimum))


def expected_random(task: Task, evaluations: int) -> float:
    """Mean regret in points of random search, exactly: the expected best of so many uniform draws with repetition.

    Of N designs sorted from best to worst the best drawn is number k or worse with probability ``((N - k) / N) ** draws``.

    Args:
        task: as for :func:`play`; every design of its space is valid.
    """
    metric = task.objective.metrics[0]
    errors = np.sort(task.model.evaluate(task.space.enumerate(0, task.space.size))[metric])
    worse = ((len(errors) - np.arange(len(errors))) / len(errors)) ** evaluations
    return float(POINTS * (np.diff(errors) * worse[1:]).sum())


def _errors(task: Task, metric: str, agent: str, settings: Mapping[str, str], evaluations: int, seed: int) -> FloatArray:
    """The metric of each trial of one run, ``(evaluations,)``."""
    chosen, column = get_agent(agent), _Column(metric)
    config = chosen.config_class.from_settings(settings)
    with contextlib.suppress(BudgetExhausted):
        chosen(task.space, config, seed).search(Evaluator(task, evaluations, column))
    return np.concatenate(column.values)
