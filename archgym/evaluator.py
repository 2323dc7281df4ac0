"""The evaluation ledger: the only road from an agent to a cost model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from archgym.costs import Costs
from archgym.errors import BadInput, BudgetExhausted
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray
from archgym.task import Task


@dataclass(frozen=True)
class Evaluation:
    """The answer to one batch.

    Args:
        x: the designs that were evaluated, ``int64 (N, D)``.
        score: ``float64 (N,)``, higher is better, finite.
        costs: every metric of every design.
        front: coordinates on the Pareto axes, ``float64 (N, K)``, minimised, +inf where infeasible.
    """

    x: IntArray
    score: FloatArray
    costs: Costs
    front: FloatArray


class TrialSink(Protocol):
    """Where trials go, and what an interrupted run of the same spec left there."""

    def recorded(self) -> tuple[IntArray, Costs] | None:
        """Designs and costs an earlier, interrupted run of this spec has on disk."""

    def append(self, x: IntArray, costs: Costs, score: FloatArray) -> None:
        """Take one batch of trials, in order."""


class _Cache:
    """Costs by canonical row, in arrays that grow by doubling."""

    def __init__(self) -> None:
        self._place: dict[bytes, int] = {}
        self._costs: Costs | None = None

    def __len__(self) -> int:
        return len(self._place)

    def missing(self, keys: list[bytes]) -> list[int]:
        """Positions of the first occurrence of every key not held yet."""
        seen: set[bytes] = set()
        out = []
        for i, key in enumerate(keys):
            if key not in self._place and key not in seen:
                seen.add(key)
                out.append(i)
        return out

    def add(self, keys: list[bytes], costs: Costs) -> None:
        start = len(self._place)
        self._grow(start + len(keys), costs)
        assert self._costs is not None
        span = slice(start, start + len(keys))
        self._costs.values[span], self._costs.valid[span] = costs.values, costs.valid
        self._costs.reason[span], self._costs.distance[span] = costs.reason, costs.distance
        self._place.update({key: start + i for i, key in enumerate(keys)})

    def get(self, keys: list[bytes]) -> Costs:
        assert self._costs is not None
        return self._costs.take(np.array([self._place[k] for k in keys], dtype=np.int64))

    def _grow(self, needed: int, like: Costs) -> None:
        have = 0 if self._costs is None else len(self._costs)
        if needed <= have:
            return
        extra = np.zeros(max(needed, 2 * have, 64) - have, dtype=np.int64)
        padding = like.take(extra)
        self._costs = padding if self._costs is None else Costs.concatenate([self._costs, padding])


class Evaluator:
    """Counts, checks, logs and answers. An agent cannot overspend or under-report.

    A repeated design counts as an evaluation like any other, but is answered from memory; ``unique`` counts the
    designs that differ after the model's ``canonical`` folding.

    Args:
        task: what is evaluated.
        budget: evaluations allowed; None for no limit (interactive use, Gymnasium views).
        sink: where every trial is logged, and from where an interrupted run is taken up.
    """

    def __init__(self, task: Task, budget: int | None = None, sink: TrialSink | None = None) -> None:
        if budget is not None and budget < 1:
            raise BadInput(f"a budget must be at least 1 evaluation, got {budget}")
        self.task = task
        self.budget = budget
        self.spent = 0
        self.unique = 0
        self.reused = 0
        self.best_score = -np.inf
        self.best_design: IntArray | None = None
        self.evaluate_s = 0.0
        self._sink = sink
        self._cache = _Cache()
        self._counted: set[bytes] = set()
        self._take_up(sink.recorded() if sink else None)

    @property
    def space(self) -> DesignSpace:
        """The task's design space."""
        return self.task.space

    @property
    def remaining(self) -> int | None:
        """Evaluations left, None where there is no limit."""
        return None if self.budget is None else self.budget - self.spent

    def evaluate(self, x: IntArray) -> Evaluation:
        """Evaluate a batch ``int64 (N, D)`` and log it.

        Raises:
            BudgetExhausted: the budget does not cover the whole batch; what it covers was evaluated and logged.
            BadInput: ``x`` is no batch of this space; nothing was evaluated.
        """
        rows = self.space.check(x)
        allowed = len(rows) if self.remaining is None else min(len(rows), self.remaining)
        answer = self._evaluate(rows[:allowed])
        if allowed < len(rows):
            raise BudgetExhausted(f"the budget of {self.budget} evaluations is spent")
        return answer

    def mask(self, prefix: IntArray, knob: int) -> BoolArray:
        """Which values of ``knob`` can still lead to a valid design after ``prefix``, ``bool (nvec[knob],)``."""
        mask = self.task.model.mask(prefix, knob)
        return np.ones(int(self.space.nvec[knob]), dtype=np.bool_) if mask is None else mask

    def repair(self, x: IntArray) -> IntArray:
        """The model's nearest valid rows, where it knows how."""
        return self.task.model.repair(x)

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        """A neighbour of each buildable row by a move of the model's own, ``(N, D)``; None where it has no such moves."""
        return self.task.model.vary(x, rng)

    def _evaluate(self, rows: IntArray) -> Evaluation:
        costs = self._costs(rows)
        score = self.task.objective.score(costs)
        front = self.task.front_values(costs)
        if self._sink and len(rows):
            self._sink.append(rows, costs, score)
        self.spent += len(rows)
        self._remember_best(rows, score)
        return Evaluation(rows, score, costs, front)

    def _costs(self, rows: IntArray) -> Costs:
        started = time.perf_counter()
        if len(rows) == 0:
            return self.task.model.evaluate(rows)
        folded = self.task.model.canonical(rows)
        keys = [row.tobytes() for row in folded]
        new = self._cache.missing(keys)
        if new:
            self._cache.add([keys[i] for i in new], self.task.model.evaluate(folded[new]))
        self._counted.update(keys)
        self.unique = len(self._counted)
        self.evaluate_s += time.perf_counter() - started
        return self._cache.get(keys)

    def _remember_best(self, rows: IntArray, score: FloatArray) -> None:
        if len(score) and float(score.max()) > self.best_score:
            self.best_score = float(score.max())
            self.best_design = rows[int(score.argmax())].copy()

    def _take_up(self, recorded: tuple[IntArray, Costs] | None) -> None:
        """Fill the cache from an interrupted run: its agent asks the same again and nothing is evaluated twice."""
        if recorded is None or len(recorded[0]) == 0:
            return
        rows, costs = recorded
        keys = [row.tobytes() for row in self.task.model.canonical(rows)]
        first = self._cache.missing(keys)
        self._cache.add([keys[i] for i in first], costs.take(np.array(first, dtype=np.int64)))
        self.reused = len(rows)
