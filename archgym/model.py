"""The contract of a cost model: a pure, deterministic, batched function from designs to costs."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from archgym.costs import Costs, Metric
from archgym.objective import Objective
from archgym.space import BoolArray, DesignSpace, IntArray


class CostModel(ABC):
    """Base of every cost model. Authors set the attributes and write ``_evaluate``; the public methods check the border.

    Attributes:
        space: the knobs.
        metrics: what it measures, in column order.
        version: bumped by every change that moves a number; part of every log.
        rules: text of each bit of ``Costs.reason``; empty where every design is valid.

    A model holds no state that an evaluation changes: ``evaluate(x)[i]`` equals ``evaluate(x[i:i+1])`` bit for bit,
    whatever was evaluated before, in any process.
    """

    space: DesignSpace
    metrics: tuple[Metric, ...]
    version: str
    rules: tuple[str, ...] = ()

    def evaluate(self, x: IntArray) -> Costs:
        """Costs of a batch ``int64 (N, D)``.

        Raises:
            BadInput: ``x`` is no batch of this space. An invalid design is data (``Costs.valid``), not an error.
        """
        rows = self.space.check(x)
        costs = self._evaluate(rows)
        if costs.values.shape != (len(rows), len(self.metrics)):
            raise ValueError(f"{type(self).__name__} returned {costs.values.shape} for {len(rows)} designs")
        return costs

    def canonical(self, x: IntArray) -> IntArray:
        """Each row's representative among the rows that must cost the same, ``int64 (N, D)``.

        Folds knobs that cannot matter given the others. ``canonical(canonical(x)) == canonical(x)``, and a row and its
        representative have equal costs: conformance tests check both.
        """
        return self._canonical(self.space.check(x))

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Which values of ``knob`` can still lead to a valid design after ``prefix`` ``(knob,)``; None means all.

        A sound over-approximation is enough: a masked value must be hopeless, an allowed one need not succeed.
        """
        return None

    def repair(self, x: IntArray) -> IntArray:
        """Map every row to a valid one near it where the model knows how; the identity elsewhere."""
        return x

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        """Neighbours of buildable rows by a move of the model's own, one each ``int64 (N, D)``; None where it has none.

        For models whose knobs hang together, so that changing one alone rarely leads anywhere: migrate a task with its data,
        merge two buses. Rows come buildable (evaluated, or from :meth:`repair`) and leave buildable. ``x`` is not changed, and
        equal rows and generators give equal answers.
        """
        return None

    def optimum(self, objective: Objective) -> IntArray | None:
        """A row ``(D,)`` that provably no other one scores higher than, where the model can prove it; else None."""
        return None

    def legal(self) -> Iterator[IntArray] | None:
        """All canonical designs that can be valid, each once, in batches ``int64 (N, D)``; None where only a walk finds them.

        Of models that know their legal designs better than by trying all: the difficulty command then evaluates these alone.
        """
        return None

    def known(self, objective: Objective) -> IntArray | None:
        """Good designs ``(N, D)`` from a search of the model's own, unproved; None where it has none."""
        return None

    def render(self, row: IntArray) -> Any:
        """A figure of one design, or None where the model has no picture to give."""
        return None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that decides its numbers: class, version, space, metrics and :meth:`_identity`."""
        facts = [type(self).__name__, self.version, self.space.fingerprint, [m.name for m in self.metrics]]
        return hashlib.sha256(json.dumps([facts, self._identity()]).encode()).hexdigest()[:16]

    def _identity(self) -> list[str]:
        """Further facts for the fingerprint: hashes of workloads and data files."""
        return []

    @abstractmethod
    def _evaluate(self, x: IntArray) -> Costs:
        """Costs of a checked, contiguous batch."""

    def _canonical(self, x: IntArray) -> IntArray:
        return x
