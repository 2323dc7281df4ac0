"""The digest of a lottery: one row per run, small enough to commit, and enough to make every table and figure again.

Per run it keeps the steps of the best score so far, the final front's hypervolume and the time spent; per task what is known of
it. `archgym.experiments.lottery.collect` makes digests from results folders, `archgym.experiments.lottery.parquet` reads and
writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from archgym.config import Setting
from archgym.errors import BadInput
from archgym.experiments.lottery.plan import DEFAULTS
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.plan import STRICT, Text
from archgym.space import FloatArray, IntArray

MOST_POINTS = 32  # kept of a front

Figure = Annotated[float, Field(allow_inf_nan=False)]


class TaskFacts(BaseModel):
    """What is known of a task.

    Args:
        family: of environments.
        fingerprint: of the task and model that were played.
        easy: whether random search comes near the best, None where that is not known.
        optimal: whether no design can score higher than ``best_score``.
        best_score: the best known, None where none is.
        best_hypervolume: of the best known front, in the unit box of its reference point.
        random_regret: median relative regret of random search at 256 evaluations, None where not known or not finite.
        axes: metrics of the fronts that are kept, of a task that is ranked by hypervolume; none of any other.
    """

    model_config = STRICT
    family: Text
    fingerprint: Text
    easy: bool | None = None
    optimal: bool = False
    best_score: Annotated[Figure, Field(gt=0)] | None = None
    best_hypervolume: Annotated[Figure, Field(gt=0)] | None = None
    random_regret: Annotated[Figure, Field(ge=0)] | None = None
    axes: tuple[Text, ...] = ()


class Key(NamedTuple):
    """What tells a run from all others of the lottery."""

    task: str
    agent: str
    draw: int  # DEFAULTS, or the number of the draw
    seed: int

    def __str__(self) -> str:
        ticket = "its defaults" if self.draw == DEFAULTS else f"draw {self.draw}"
        return f"{self.agent} on {self.task}, {ticket}, seed {self.seed}"


@dataclass(frozen=True)
class Row:
    """One run.

    Args:
        key: task, agent, draw and seed.
        options: of the task, as JSON text.
        config: every hyperparameter, as JSON text.
        budget: evaluations.
        at: numbers (from 1) of the trials that scored higher than all before them, ``int32 (K,)``; the first is 1.
        score: their scores, ``float64 (K,)``, rising.
        hypervolume: of the run's front, in the unit box of the task's reference point.
        agent_s, evaluate_s: seconds in the agent and in the cost model.
        fingerprint: of the task and model.
        front: up to 32 points ``(P, K)`` of the final front on the axes of a task that is ranked by hypervolume, as in
            `archgym.task.Task.front_values`; kept of runs of the defaults, ``(0, 0)`` of all others.
    """

    key: Key
    options: str
    config: str
    budget: int
    at: IntArray
    score: FloatArray
    hypervolume: float
    agent_s: float
    evaluate_s: float
    fingerprint: str
    front: FloatArray = field(default_factory=lambda: np.empty((0, 0)))

    def same(self, other: Row) -> bool:
        """Whether both are the same run with the same outcome; how long it took does not matter."""
        facts = [(r.key, r.options, r.config, r.budget, r.hypervolume, r.fingerprint) for r in (self, other)]
        arrays = ("at", "score", "front")
        return facts[0] == facts[1] and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)


@dataclass(frozen=True)
class Cell:
    """The runs of one agent on one task: D configurations with S seeds each.

    Args:
        draws: their numbers, ``(D,)``.
        seeds: ``(S,)``.
        score: the best of each run, ``(D, S)``.
        hypervolume: of each run's front, ``(D, S)``; relative to the best known front's where one is known.
        agent_s, evaluate_s: seconds, ``(D, S)``.
        rows: the runs themselves, draw by draw, D of S each.
    """

    draws: IntArray
    seeds: IntArray
    score: FloatArray
    hypervolume: FloatArray
    agent_s: FloatArray
    evaluate_s: FloatArray
    rows: tuple[tuple[Row, ...], ...]

    def curves(self, evaluations: IntArray) -> FloatArray:
        """The best score after each of ``evaluations (T,)``, from 1 on: ``(D, S, T)``."""
        at = np.asarray(evaluations)
        flat = [row.score[np.searchsorted(row.at, at, side="right") - 1] for runs in self.rows for row in runs]
        return np.array(flat, dtype=np.float64).reshape(*self.score.shape, len(at))

    def take(self, draws: Iterable[int]) -> Cell:
        """The cell with some of its draws, in the order given."""
        place = {int(draw): i for i, draw in enumerate(self.draws)}
        keep = np.array([place[draw] for draw in draws], dtype=np.int64)
        names = ("draws", "score", "hypervolume", "agent_s", "evaluate_s")
        return replace(self, **{n: getattr(self, n)[keep] for n in names}, rows=tuple(self.rows[i] for i in keep))


@dataclass(frozen=True)
class Digest:
    """A lottery's outcome.

    Args:
        lottery: what was played, names resolved.
        planned: runs of the whole lottery.
        facts: of each of its tasks that has runs.
        rows: one per run, sorted by their keys.
    """

    lottery: Lottery
    planned: int
    facts: Mapping[str, TaskFacts]
    rows: tuple[Row, ...]

    @property
    def missing(self) -> int:
        """Runs that were not played, or are not in this digest."""
        return self.planned - len(self.rows)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The held-out tasks that have runs, in the lottery's order."""
        return tuple(task for task in self.lottery.tasks if task in self.facts)

    @property
    def tuning(self) -> tuple[str, ...]:
        """The tasks for tuning that have runs."""
        return tuple(task for task in self.lottery.tuning if task in self.facts)

    def agents(self, task: str) -> tuple[str, ...]:
        """The agents with runs on a task, in the lottery's order."""
        return tuple(agent for agent in self.lottery.agents if (agent, task) in self._runs)

    def defaults(self, agent: str, task: str) -> Cell:
        """The runs of an agent's defaults, D = 1; D = 0 where not all seeds are there."""
        return self._cell(agent, task, [DEFAULTS])

    def drawn(self, agent: str, task: str, draws: Iterable[int] | None = None) -> Cell:
        """The runs of the draws that have all seeds, or of those of ``draws`` among them."""
        wanted = range(self.lottery.draws) if draws is None else draws
        return self._cell(agent, task, wanted)

    def final(self, agent: str, task: str) -> FloatArray:
        """Best score of every run of the draws, ``(draws, seeds)``."""
        return self.drawn(agent, task).score

    def common_draws(self, agent: str, tasks: Iterable[str]) -> tuple[int, ...]:
        """The draws that have all seeds on every one of ``tasks``."""
        sets = [set(self.drawn(agent, task).draws.tolist()) for task in tasks]
        return tuple(sorted(set.intersection(*sets))) if sets else ()

    def configs(self, agent: str) -> dict[int, dict[str, Setting]]:
        """Hyperparameters by number of the draw, the defaults' included."""
        texts = {row.key.draw: row.config for row in self.rows if row.key.agent == agent}
        return {draw: json.loads(text) for draw, text in sorted(texts.items())}

    def best(self, task: str) -> float:
        """The best score known of a task: its card's, or the best found here where that is higher or there is no card."""
        found = max(float(row.score[-1]) for row in self.rows if row.key.task == task)
        return max(found, self.facts[task].best_score or found)

    def performance(self, task: str, score: FloatArray) -> FloatArray:
        """Scores relative to the best known, clipped to [0, 1]; 0 where nothing feasible was found.

        It is 1 / (1 + relative regret), see :func:`archgym.objective.relative_regret`.
        """
        best = self._best[task]
        return np.clip(np.asarray(score, dtype=np.float64) / best, 0.0, 1.0) if best > 0.0 else np.zeros(np.shape(score))

    @cached_property
    def _best(self) -> dict[str, float]:
        return {task: self.best(task) for task in self.facts}

    @cached_property
    def _runs(self) -> dict[tuple[str, str], dict[int, dict[int, Row]]]:
        """Rows by agent and task, draw, seed."""
        found: dict[tuple[str, str], dict[int, dict[int, Row]]] = {}
        for row in self.rows:
            key = row.key
            found.setdefault((key.agent, key.task), {}).setdefault(key.draw, {})[key.seed] = row
        return found

    def _cell(self, agent: str, task: str, draws: Iterable[int]) -> Cell:
        there, seeds = self._runs.get((agent, task), {}), self.lottery.seeds
        full = [draw for draw in draws if len(there.get(draw, {})) == len(seeds)]
        rows = tuple(tuple(there[draw][seed] for seed in seeds) for draw in full)
        known = self.facts[task].best_hypervolume if task in self.facts else None

        def figures(name: str) -> FloatArray:
            values = [[getattr(row, name) for row in runs] for runs in rows]
            return np.array(values, dtype=np.float64).reshape(len(full), len(seeds))

        best = np.array([[row.score[-1] for row in runs] for runs in rows], dtype=np.float64).reshape(len(full), len(seeds))
        volume = figures("hypervolume") / (known or 1.0)
        numbers = np.array(full, dtype=np.int64), np.array(seeds, dtype=np.int64)
        return Cell(*numbers, best, volume, figures("agent_s"), figures("evaluate_s"), rows)


def join(parts: Mapping[str, Digest]) -> Digest:
    """Several digests of one lottery, by name (their files), as one; runs that are in several must agree.

    Raises:
        BadInput: digests of different lotteries or model versions, or a run with two outcomes.
    """
    (first, joined), *others = parts.items()
    rows, source = {row.key: row for row in joined.rows}, dict.fromkeys((row.key for row in joined.rows), first)
    facts = dict(joined.facts)
    for name, part in others:
        _check_same(first, joined, name, part)
        for row in part.rows:
            if not row.same(rows.setdefault(row.key, row)):
                raise BadInput(f"{name}: {row.key}: another outcome than in {source[row.key]}")
            source.setdefault(row.key, name)
        facts |= {task: _merged(facts.get(task, known), known, f"{name}: {task}") for task, known in part.facts.items()}
    return Digest(joined.lottery, joined.planned, facts, ordered(rows.values()))


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows sorted by their keys: the same runs are the same digest."""
    return tuple(sorted(rows, key=lambda row: row.key))


def _check_same(first: str, one: Digest, name: str, other: Digest) -> None:
    if one.lottery != other.lottery or one.planned != other.planned:
        raise BadInput(f"{name}: the digest of another lottery ('{other.lottery.name}') than {first} ('{one.lottery.name}')")


def _merged(one: TaskFacts, other: TaskFacts, where: str) -> TaskFacts:
    """What both know of a task; of two best known scores the better one."""
    if one.fingerprint != other.fingerprint:
        raise BadInput(f"{where} was played with another model version ({other.fingerprint}, not {one.fingerprint})")
    return max(one, other, key=_knowledge)


def _knowledge(facts: TaskFacts) -> Any:
    return facts.best_score or 0.0, facts.best_hypervolume or 0.0
