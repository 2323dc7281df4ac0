"""Do the checks that we ship find what they promise to find?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archgym import Costs, FrontMetric, Metric
from archgym.agents.random_search import RandomSearch
from archgym.evaluator import Evaluator
from archgym.space import IntArray
from archgym.task import Task
from archgym.testing import ToyModel, _unit_in, check_agent, check_cost_model, check_task, toy_task


def changed(costs: Costs, **parts: object) -> Costs:
    return replace(costs, **parts)  # type: ignore[arg-type]


class Impure(ToyModel):
    calls = 0

    def _evaluate(self, x: IntArray) -> Costs:
        Impure.calls += 1
        costs = super()._evaluate(x)
        return changed(costs, values=costs.values + Impure.calls)


class BatchDependent(ToyModel):
    def _evaluate(self, x: IntArray) -> Costs:
        costs = super()._evaluate(x)
        return changed(costs, values=costs.values * len(x))


class OrderDependent(ToyModel):
    def _evaluate(self, x: IntArray) -> Costs:
        costs = super()._evaluate(x)
        return changed(costs, values=costs.values + np.arange(len(x))[:, None] // 8)


class InvalidButPriced(ToyModel):
    def _evaluate(self, x: IntArray) -> Costs:
        costs = super()._evaluate(x)
        return changed(costs, values=np.nan_to_num(costs.values))


class Unexplained(ToyModel):
    def _evaluate(self, x: IntArray) -> Costs:
        costs = super()._evaluate(x)
        return changed(costs, reason=np.zeros(len(x), np.uint64))


class Infinite(ToyModel):
    def _evaluate(self, x: IntArray) -> Costs:
        costs = super()._evaluate(x)
        return changed(costs, values=np.where(np.isnan(costs.values), np.nan, np.inf))


class FoldsTooMuch(ToyModel):
    def _canonical(self, x: IntArray) -> IntArray:
        return np.where(np.arange(8) == 2, 0, x)


class NeverSettles(ToyModel):
    def _canonical(self, x: IntArray) -> IntArray:
        return np.where(np.arange(8) == 7, (x + 1) % 12, x)


class MasksTheGood(ToyModel):
    def mask(self, prefix: IntArray, knob: int) -> np.ndarray | None:
        return np.zeros(int(self.space.nvec[knob]), dtype=np.bool_)


class MovesAstray(ToyModel):
    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray:
        return self.space.sample(rng, len(x))


class MovesByChance(ToyModel):
    chance = np.random.default_rng(5)

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray:
        return x[self.chance.permutation(len(x))]


class MovesInPlace(ToyModel):
    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray:
        x[:] = x[::-1].copy()
        return x


class Versionless(ToyModel):
    version = ""


class Milliseconds(ToyModel):
    metrics = (Metric("latency_s", "ms"), Metric("energy_j", "J"))


class Reserved(ToyModel):
    metrics = (Metric("score"), Metric("energy_j", "J"))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Impure, "two evaluations of the same batch differ"),
        (BatchDependent, r"row \d differs alone and in a batch"),
        (OrderDependent, "the order of a batch changes its costs"),
        (InvalidButPriced, "an invalid row must be NaN"),
        (Unexplained, "reason must be 0 exactly on valid rows"),
        (Infinite, "not finite"),
        (FoldsTooMuch, "a row and its canonical row have different costs"),
        (NeverSettles, "canonical is not idempotent"),
        (MasksTheGood, "mask forbids knob tile of a valid design"),
        (MovesAstray, "vary leads to a design that cannot be built"),
        (MovesByChance, "vary gives other rows from the same generator"),
        (MovesInPlace, "vary changes the rows it is given"),
        (Versionless, "a model needs a version"),
        (Milliseconds, "latency_s is declared in 'ms'"),
        (Reserved, "columns of every log"),
    ],
)
def test_a_broken_model_is_found(model: type[ToyModel], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_cost_model(model())


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("latency_s", "s"),
        ("energy_j", "J"),
        ("bandwidth_bytes_per_s", "B/s"),
        ("efficiency_j_per_bytes", "J/B"),
        ("operations_per_s", None),
        ("row_hits", None),
        ("accuracy", None),
    ],
)
def test_a_name_says_its_unit(name: str, unit: str | None) -> None:
    assert _unit_in(name) == unit


def test_a_task_that_names_a_metric_its_model_has_not(toy: Task) -> None:
    with pytest.raises(AssertionError, match="names the metric area_m2"):
        check_task(replace(toy, front=(FrontMetric("latency_s", 1.0), FrontMetric("area_m2", 1.0))))
    with pytest.raises(AssertionError, match="a front of two or more metrics"):
        check_task(replace(toy, front=(FrontMetric("latency_s", 1.0),)))


class Forgetful(RandomSearch):
    """Ignores its seed."""

    def _ask(self, n: int) -> IntArray:
        return np.zeros((n, len(self.space)), dtype=np.int64)


class Restless(RandomSearch):
    """Draws from the global generator."""

    def _ask(self, n: int) -> IntArray:
        np.random.random()  # noqa: NPY002
        return super()._ask(n)


class Lazy(RandomSearch):
    """Stops early."""

    def search(self, evaluator: Evaluator) -> None:
        evaluator.evaluate(self.ask(3))


@pytest.mark.parametrize(
    ("agent", "message"),
    [(Forgetful, "ignores its seed"), (Restless, "NumPy's global generator"), (Lazy, "spent 3 of 48 evaluations")],
)
def test_a_broken_agent_is_found(agent: type[RandomSearch], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_agent(agent, toy_task())
