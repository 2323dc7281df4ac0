"""Tasks: a cost model, a workload, an objective and a budget under one versioned name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from archgym.card import BestKnown, Card, load_card
from archgym.costs import Costs
from archgym.errors import BadInput, did_you_mean
from archgym.model import CostModel
from archgym.objective import Objective
from archgym.space import DesignSpace, FloatArray
from archgym.strings import resolve


@dataclass(frozen=True)
class FrontMetric:
    """One axis of a task's Pareto front.

    Args:
        metric: its name.
        reference: the value at the hypervolume's reference point: a design worse than it adds nothing.
        ideal: the value that nothing can beat; 0 for anything minimised.
    """

    metric: str
    reference: float
    ideal: float = 0.0


@dataclass(frozen=True)
class Task:
    """A named, versioned problem.

    Args:
        id: ``environment-workload-goal-vN``; the version changes when the problem does.
        family: name of the environment family.
        workload: what runs on the design, by the family's name for it.
        objective: the score.
        front: axes of the Pareto front, with the hypervolume's reference point.
        budget: evaluations of a standard run.
        build: ``"module:function"``, called as ``build(workload, options) -> CostModel`` on first use.
        options: what the task leaves open, with its defaults (``{"memory": "ddr4_2400"}``).
        primary: what a leaderboard ranks by.
        tags: labels such as ``"dramgym"`` or ``"extended"``.
        cards: package that holds ``cards/<id>.json``.
        doc: one line on what makes the task interesting.
        varied: True for a variant made by :meth:`vary`; nothing is known of its optimum.
        options_set: what :meth:`vary` was given, so that a run of the variant can be specified.
    """

    id: str
    family: str
    workload: str
    objective: Objective
    front: tuple[FrontMetric, ...]
    build: str
    budget: int = 256
    options: Mapping[str, str] = field(default_factory=dict)
    primary: str = "score"
    tags: tuple[str, ...] = ()
    cards: str = ""
    doc: str = ""
    varied: bool = False
    options_set: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def model(self) -> CostModel:
        """The cost model, built on first use."""
        model: CostModel = resolve(self.build)(self.workload, dict(self.options))
        return model

    @property
    def space(self) -> DesignSpace:
        """The design space that every agent sees."""
        return self.model.space

    @cached_property
    def card(self) -> Card | None:
        """The difficulty card, or None where none is shipped or the task is a variant."""
        return None if self.varied or not self.cards else load_card(self.cards, self.id)

    @property
    def best_known(self) -> BestKnown | None:
        """Optimum or best known score and front, from the card."""
        return self.card.best_known if self.card else None

    @property
    def reference_point(self) -> dict[str, float]:
        """The hypervolume's reference point, in the metrics' units."""
        return {axis.metric: axis.reference for axis in self.front}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that can change a number: model, space, workload, objective, front."""
        facts = [self.id, self.model.fingerprint, self.objective.describe(), [vars(f) for f in self.front]]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=dict).encode()).hexdigest()[:16]

    def front_values(self, costs: Costs) -> FloatArray:
        """Coordinates on the front's axes, ``(N, K)``, minimised: 0 is the ideal, 1 the reference point.

        Rows that are invalid or break a constraint are +inf: they are on no front.
        """
        axes = [(costs[f.metric] - f.ideal) / (f.reference - f.ideal) for f in self.front]
        points = np.stack(axes, axis=1)
        points[~self.objective.feasible(costs)] = np.inf
        return points

    def vary(self, options: Mapping[str, str]) -> Task:
        """The task with some of its options (or its ``workload``) set; itself where nothing changes.

        Raises:
            BadInput: the task has no such option.
        """
        known = {"workload": self.workload, **self.options}
        for name in options:
            if name not in known:
                raise BadInput(f"task {self.id} has no option '{name}'" + did_you_mean(name, known))
        merged = {**known, **{k: str(v) for k, v in options.items()}}
        if merged == known:
            return self
        workload = merged.pop("workload")
        return replace(self, workload=workload, options=merged, varied=True, options_set={**self.options_set, **options})

    def __getstate__(self) -> dict[str, Any]:
        # A model holds compiled kernels and traces: another process builds its own.
        return {k: v for k, v in self.__dict__.items() if k != "model"}


def new_task(
    environment: str,
    name: str,
    workload: str,
    objective: Objective,
    front: tuple[FrontMetric, ...],
    doc: str,
    primary: str = "score",
    **rest: Any,
) -> Task:
    """The first version of a task, ``<environment>-<name>-v0``; ``rest`` are other fields of :class:`Task`.

    A module of tasks fixes what they share: ``_task = partial(new_task, "systolic", family="accelerator", build=...)``.
    """
    task_id = f"{environment}-{name}-v0"
    return Task(task_id, workload=workload, objective=objective, front=front, doc=doc, primary=primary, **rest)


def front_metrics(**references: float) -> tuple[FrontMetric, ...]:
    """Minimised axes of a front by their values at the reference point: ``front_metrics(latency_s=1e-3, energy_j=2e-3)``."""
    return tuple(FrontMetric(metric, reference) for metric, reference in references.items())
