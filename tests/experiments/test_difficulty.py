"""Is what a card says of a space's best true?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archgym.costs import Costs, Metric
from archgym.errors import BadInput
from archgym.experiments import enumeration
from archgym.experiments.difficulty import compute_card
from archgym.experiments.enumeration import Evaluated, enumerate_space
from archgym.model import CostModel
from archgym.objective import Constraint, Minimise
from archgym.space import DesignSpace, IntArray, Param
from archgym.task import FrontMetric, Task


class Small(CostModel):
    """420 designs, of which those with an odd last knob fold onto the one below it."""

    version = "1"
    rules = ("too far",)
    metrics = (Metric("latency_s", "s"), Metric("energy_j", "J"))

    def __init__(self) -> None:
        self.space = DesignSpace([Param(name, tuple(range(n))) for name, n in (("a", 7), ("b", 10), ("c", 6))])
        self.batches: list[int] = []

    def _evaluate(self, x: IntArray) -> Costs:
        self.batches.append(len(x))
        a, b, c = self.canonical(x).T.astype(np.float64)
        values = np.stack([1.0 + (a - 3) ** 2 + np.sin(b) + 0.1 * c, 20.0 - a - 2 * np.cos(b) - c], axis=1)
        valid = a + b < 14
        values[~valid] = np.nan
        return Costs(self.metrics, values, valid, (~valid).astype(np.uint64), self.rules, np.where(valid, 0.0, 1.0))

    def _canonical(self, x: IntArray) -> IntArray:
        out = x.copy()
        out[:, 2] -= out[:, 2] % 2
        return out


@pytest.fixture
def task() -> Task:
    goal = Minimise("latency_s", 1.0, constraints=(Constraint("energy_j", 16.0),))
    made = Task(
        "small-v0", "small", "one", goal, (FrontMetric("latency_s", 20.0), FrontMetric("energy_j", 20.0)), "none:at_all"
    )
    made.__dict__["model"] = Small()
    return made


@pytest.fixture(params=["every design is kept", "leaders are kept"])
def _large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "leaders are kept":
        monkeypatch.setattr(enumeration, "KEPT_WHOLE", 0)
    monkeypatch.setattr(enumeration, "SLICE", 50)
    monkeypatch.setattr(enumeration, "LONG_SLICE", 50)


def everything(task: Task) -> Evaluated:
    x = task.space.enumerate(0, task.space.size)
    own = x[x[:, 2] % 2 == 0]
    return Evaluated(own, task.model.evaluate(own))


@pytest.mark.usefixtures("_large")
def test_an_enumerated_card_is_that_of_all_designs(task: Task, tmp_path: Path) -> None:
    every = everything(task)
    card = compute_card(task, every, enumerate_space(task, tmp_path)).best_known
    brute = compute_card(task, every, every).best_known
    assert card.exact and card.optimal and not brute.optimal
    assert card.designs == 210 == brute.designs
    assert (card.score, card.design, card.hypervolume) == (brute.score, brute.design, brute.hypervolume)
    assert card.front == brute.front and len(card.front) > 2


@pytest.mark.usefixtures("_large")
def test_a_stopped_enumeration_goes_on(task: Task, tmp_path: Path) -> None:
    first = enumerate_space(task, tmp_path)
    files = sorted(tmp_path.rglob("*.npz"))
    assert len(files) == 9
    files[4].unlink()
    batches: list[int] = task.model.batches  # type: ignore[attr-defined]
    batches.clear()
    again = enumerate_space(task, tmp_path)
    assert [n for n in batches[2:] if n] == [25]  # after those that measure the rate: the slice that was lost
    assert np.array_equal(first.leaders.x, again.leaders.x) and first.designs == again.designs


def test_a_space_that_takes_too_long_is_refused(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "LONGEST_S", 1e-9)
    with pytest.raises(BadInput, match="small-v0 has 420 designs, about 0 hours here") as error:
        enumerate_space(task, tmp_path)
    assert "\n" not in str(error.value)
