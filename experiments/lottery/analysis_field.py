"""A digest as arrays of performances: tasks from easy to hard, agents, and who played what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.errors import BadInput
from archgym.experiments.lottery.digest import Cell, Digest
from archgym.experiments.lottery.study import OTHERS
from archgym.experiments.report.words import clean
from archgym.objective import relative_regret
from archgym.space import FloatArray, IntArray

RANDOM = "random"


@dataclass(frozen=True)
class Problem:
    """One held-out task.

    Args:
        task: its id.
        number: its place from easy to hard, from 1.
        family: of environments.
        difficulty: median relative regret of random search at 256 evaluations, by the task's card; without one, of the
            default random search of this lottery at its budget; NaN where neither is known.
        easy: by its card; None where there is none.
        reference: what regret is against: ``"optimum"``, ``"best known"`` or ``"best found here"``.
    """

    task: str
    number: int
    family: str
    difficulty: float
    easy: bool | None
    reference: str

    @property
    def short(self) -> str:
        """Its name without the version."""
        return clean(self.task.rpartition("-v")[0] or self.task, 44)

    @property
    def anchor(self) -> str:
        """What it is called in addresses and names of files."""
        return f"task-{self.number}"

    @property
    def label(self) -> str:
        """Number and name."""
        return f"{self.number} {self.short}"


@dataclass(frozen=True)
class Field:
    """The agents that play, and their performances.

    Args:
        digest: what they are taken from.
        problems: the held-out tasks with runs of at least one agent's defaults, easiest first.
        agents: those with such runs, in the lottery's order.
    """

    digest: Digest
    problems: tuple[Problem, ...]
    agents: tuple[str, ...]

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Ids of the held-out tasks, easiest first."""
        return tuple(p.task for p in self.problems)

    @cached_property
    def sides(self) -> dict[str, tuple[str, ...]]:
        """Tasks that are shown side by side, easiest first: the lottery's groups and the others.

        Where it names no groups: those labelled easy by their cards and the others.
        """
        easy = tuple(p.task for p in self.problems if p.easy)
        named = {clean(group.name, 24): group.tasks for group in self.digest.lottery.group} or {"labelled easy": easy}
        within = {task for tasks in named.values() for task in tasks}
        parts = {**named, OTHERS: tuple(set(self.tasks) - within)}
        found = {name: tuple(task for task in self.tasks if task in tasks) for name, tasks in parts.items()}
        return {name: tasks for name, tasks in found.items() if tasks}

    def side_of(self, task: str) -> str:
        """The name of a task's side."""
        return next(name for name, tasks in self.sides.items() if task in tasks)

    @property
    def seeds(self) -> int:
        """Seeds of every configuration."""
        return len(self.digest.lottery.seeds)

    @property
    def budget(self) -> int:
        """Evaluations of a run."""
        return self.digest.lottery.budget

    @cached_property
    def complete(self) -> tuple[str, ...]:
        """The agents that play every task; only these can be compared over all tasks."""
        return tuple(agent for agent in self.agents if self.tasks_of(agent) == self.tasks)

    def tasks_of(self, agent: str) -> tuple[str, ...]:
        """The held-out tasks an agent plays, easiest first."""
        return tuple(task for task in self.tasks if len(self._cell(agent, task, False).draws))

    def tunable(self, agent: str) -> bool:
        """Whether it has draws on every task it plays."""
        return len(self.digest.common_draws(agent, self.tasks_of(agent))) > 0

    def defaults(self, agent: str, tasks: Iterable[str]) -> FloatArray:
        """Performances of the defaults, ``(T, 1, S)``."""
        return np.stack([self._performance(task, self._cell(agent, task, False)) for task in tasks])

    def drawn(self, agent: str, tasks: Iterable[str]) -> FloatArray:
        """Performances ``(T, D, S)`` of the draws that are complete on all these tasks; without draws, of the defaults."""
        chosen = tuple(tasks)
        draws = self.digest.common_draws(agent, chosen)
        if not draws:
            return self.defaults(agent, chosen)
        return np.stack([self._performance(task, self.digest.drawn(agent, task, draws)) for task in chosen])

    def cell(self, agent: str, task: str, drawn: bool) -> Cell:
        """Runs of an agent's draws, or of its defaults; of an agent without draws always the latter."""
        return self._cell(agent, task, drawn and bool(self.digest.common_draws(agent, self.tasks_of(agent))))

    def curves(self, agent: str, task: str, evaluations: IntArray, drawn: bool) -> FloatArray:
        """Performance after each of ``evaluations (K,)``, ``(D, S, K)``."""
        return self.digest.performance(task, self.cell(agent, task, drawn).curves(evaluations))

    def _cell(self, agent: str, task: str, drawn: bool) -> Cell:
        return self.digest.drawn(agent, task) if drawn else self.digest.defaults(agent, task)

    def _performance(self, task: str, cell: Cell) -> FloatArray:
        return self.digest.performance(task, cell.score)


def read_field(digest: Digest) -> Field:
    """Tasks by difficulty, and the agents that play them.

    Raises:
        BadInput: no agent's defaults have all seeds on any held-out task.
    """
    played = [
        (task, agent) for task in digest.tasks for agent in digest.agents(task) if len(digest.defaults(agent, task).draws)
    ]
    if not played:
        raise BadInput(f"{digest.lottery.name}: nothing to read yet: no agent's defaults have all their seeds on any task")
    names = {agent for _, agent in played}
    hard = {task: _difficulty(digest, task) for task in digest.tasks if any(task == t for t, _ in played)}
    order = sorted(hard, key=lambda task: (np.isnan(hard[task]), hard[task], task))
    problems = tuple(_problem(digest, task, k + 1, hard[task]) for k, task in enumerate(order))
    return Field(digest, problems, tuple(agent for agent in digest.lottery.agents if agent in names))


def _problem(digest: Digest, task: str, number: int, difficulty: float) -> Problem:
    facts = digest.facts[task]
    known = facts.best_score is not None and facts.best_score >= digest.best(task)
    reference = "best found here" if not known else "optimum" if facts.optimal else "best known"
    return Problem(task, number, facts.family, difficulty, facts.easy, reference)


def _difficulty(digest: Digest, task: str) -> float:
    carded = digest.facts[task].random_regret
    if carded is not None:
        return carded
    runs = digest.defaults(RANDOM, task).score.ravel()
    return float(np.median(relative_regret(runs, digest.best(task)))) if runs.size else float("nan")
