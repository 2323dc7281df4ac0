"""Objectives: from costs to one score per design. Higher is better, everywhere and always.

Three tiers that can never mix, so that no agent has to know about them:

====================  =====================================================================================
a feasible design     score in (0, inf): how many times better than the objective's reference value
a broken constraint   score in (-1, 0): nearer to 0, nearer to feasible
an invalid design     score in [-2, -1]: nearer to -1, nearer to valid; -2 where the model cannot say how far
====================  =====================================================================================

A score is finite for every row, and monotone in each metric it names (:class:`Legacy` alone is not, and says so).
The relative regret of a feasible design is ``best_score / score - 1``: for a minimised metric exactly ``value / best - 1``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from archgym.costs import Costs
from archgym.space import BoolArray, FloatArray

_TINY = 1e-300
_HUGE = 1e300


@dataclass(frozen=True)
class Constraint:
    """A bound on one metric, in the metric's unit: ``Constraint("energy_j", 2e-3)``, ``Constraint("top1", 0.9, ">=")``."""

    metric: str
    bound: float
    kind: Literal["<=", ">="] = "<="

    def violation(self, costs: Costs) -> FloatArray:
        """Relative excess over the bound, ``(N,)``, 0 where it holds."""
        value = costs[self.metric]
        over = value - self.bound if self.kind == "<=" else self.bound - value
        scale = abs(self.bound) if self.bound else 1.0
        return np.maximum(over, 0.0) / scale

    def __str__(self) -> str:
        return f"{self.metric} {self.kind} {self.bound:g}"


@dataclass(frozen=True)
class Objective(ABC):
    """Base of the kinds below; authors write ``_score`` for feasible rows and ``value``."""

    constraints: tuple[Constraint, ...] = field(default=(), kw_only=True)

    def score(self, costs: Costs) -> FloatArray:
        """Scores ``(N,)`` of a batch; see the module's table of tiers."""
        with np.errstate(all="ignore"):
            merit = np.clip(np.nan_to_num(self._score(costs), nan=0.0, posinf=_HUGE), _TINY, _HUGE)
            broken = self.violation(costs)
            ranked = np.where(broken == 0.0, merit, -_squash(broken))
            return np.where(costs.valid, ranked, -1.0 - _squash(costs.distance))

    def violation(self, costs: Costs) -> FloatArray:
        """Sum of the relative excesses over all constraints, ``(N,)``, 0 for feasible rows (NaN where a metric is NaN)."""
        total = np.zeros(len(costs))
        for constraint in self.constraints:
            total = total + constraint.violation(costs)
        return total

    def feasible(self, costs: Costs) -> BoolArray:
        """``bool (N,)`` valid and within every constraint."""
        within: BoolArray = self.violation(costs) == 0.0
        return costs.valid & within

    def describe(self) -> dict[str, Any]:
        """The objective as plain data, for manifests and fingerprints."""
        return {"kind": type(self).__name__, **asdict(self)}

    @property
    def ceiling(self) -> float:
        """A score that no design can pass, inf where there is none: a design that has it is an optimum."""
        return np.inf

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics it reads, constraints included."""

    @abstractmethod
    def value(self, costs: Costs) -> FloatArray:
        """The quantity itself ``(N,)`` in its natural unit, as a person would quote it."""

    @abstractmethod
    def _score(self, costs: Costs) -> FloatArray:
        """Merit ``(N,)`` > 0 of valid rows, higher is better; what it says of invalid rows is ignored."""

    def _constrained(self) -> tuple[str, ...]:
        return tuple(c.metric for c in self.constraints)

    def _suffix(self) -> str:
        return "".join(f", {c}" for c in self.constraints)


@dataclass(frozen=True)
class _OneMetric(Objective):
    """One metric and its reference value."""

    metric: str
    reference: float

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric, *self._constrained())

    def value(self, costs: Costs) -> FloatArray:
        return costs[self.metric]

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()} {self.metric}{self._suffix()}"


@dataclass(frozen=True)
class Minimise(_OneMetric):
    """One metric, smaller is better: ``score = reference / value``, the speed-up over a reference value."""

    def _score(self, costs: Costs) -> FloatArray:
        return self.reference / _from_zero(costs[self.metric])


@dataclass(frozen=True)
class Maximise(_OneMetric):
    """One metric, larger is better (bandwidth, accuracy): ``score = value / reference``."""

    def _score(self, costs: Costs) -> FloatArray:
        return costs[self.metric] / self.reference


@dataclass(frozen=True)
class Product(Objective):
    """A weighted product, smaller is better: ``{"energy_j": 1, "latency_s": 1}`` is the energy-delay product.

    ``score = reference / product(metric ** weight)``; a metric to be maximised takes a negative weight.
    """

    weights: Mapping[str, float]
    reference: float

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*self.weights, *self._constrained())

    def value(self, costs: Costs) -> FloatArray:
        return self._product({name: costs[name] for name in self.weights}, len(costs))

    def _score(self, costs: Costs) -> FloatArray:
        return self.reference / self._product({name: _from_zero(costs[name]) for name in self.weights}, len(costs))

    def _product(self, values: Mapping[str, FloatArray], n: int) -> FloatArray:
        total = np.ones(n)
        for name, weight in self.weights.items():
            total = total * (values[name] if weight == 1.0 else values[name] ** weight)
        return total

    def __str__(self) -> str:
        terms = (n if w == 1 else f"{n}^{w:g}" for n, w in self.weights.items())
        return f"minimise {' x '.join(terms)}{self._suffix()}"


@dataclass(frozen=True)
class TargetSpec(Objective):
    """Meet a specification: ``value = sum(max((metric - target) / target, 0))``, 0 once every target is met.

    ``score = 1 / (1 + value)``: 1 is reached, and cannot be passed, when all targets are.
    """

    targets: Mapping[str, float]

    @property
    def ceiling(self) -> float:
        return 1.0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*self.targets, *self._constrained())

    def value(self, costs: Costs) -> FloatArray:
        over = [np.maximum(costs[name] / target - 1.0, 0.0) for name, target in self.targets.items()]
        total: FloatArray = np.sum(over, axis=0)
        return total

    def _score(self, costs: Costs) -> FloatArray:
        return 1.0 / (1.0 + self.value(costs))

    def __str__(self) -> str:
        return "meet " + ", ".join(f"{n} <= {t:g}" for n, t in self.targets.items()) + self._suffix()


@dataclass(frozen=True)
class Legacy(Objective):
    """The 2023 paper's reward ``product(target / |metric - target|)``, capped, for comparison with its results only.

    It is *not* monotone: it falls again once a metric is better than its target, and is unbounded at the target
    (the original's RL environments cap it at 1,000, as we do for all). Metrics are in SI units here; the original mixed
    nanoseconds with picoseconds.
    """

    targets: Mapping[str, float]
    cap: float = 1e3

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*self.targets, *self._constrained())

    def value(self, costs: Costs) -> FloatArray:
        reward = np.ones(len(costs))
        for name, target in self.targets.items():
            reward = reward * np.minimum(target / np.abs(costs[name] - target), self.cap)
        return np.minimum(reward, self.cap)

    def _score(self, costs: Costs) -> FloatArray:
        return self.value(costs)

    def __str__(self) -> str:
        return "legacy reward towards " + ", ".join(f"{n} = {t:g}" for n, t in self.targets.items()) + self._suffix()


def _from_zero(value: FloatArray) -> FloatArray:
    """A metric that cannot be negative: below zero (rounding, -0.0) counts as zero, so that ratios stay monotone."""
    return np.maximum(value, 0.0) + 0.0


def _squash(excess: FloatArray) -> FloatArray:
    """Monotone map of [0, inf] into (0, 1); NaN counts as infinitely far."""
    far = np.nan_to_num(excess, nan=_HUGE, posinf=_HUGE)
    return np.clip(far / (1.0 + far), 1e-16, 1.0 - 1e-16)


def relative_regret(score: FloatArray, best: float) -> FloatArray:
    """``best / score - 1`` for feasible rows, inf for the rest; 0.01 reads "within 1 % of the best"."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(score) > 0.0, best / np.asarray(score) - 1.0, np.inf)
