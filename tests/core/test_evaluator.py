"""Is the ledger exact? No agent may overspend, under-report, or make the model work twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgym import BadInput, BudgetExhausted, CostModel, Costs, DesignSpace, Evaluator, Metric, Param
from archgym.space import IntArray
from archgym.task import Task
from archgym.testing import toy_task
from archgym.triallog import TrialLog


def rows(task: Task, n: int, seed: int = 0) -> IntArray:
    return task.space.sample(np.random.default_rng(seed), n)


def spend(evaluator: Evaluator, batches: list[IntArray]) -> None:
    for batch in batches:
        try:
            evaluator.evaluate(batch)
        except BudgetExhausted:
            return


class Folding(CostModel):
    """Two knobs, of which the second does not matter where the first is 0."""

    version = "1"
    metrics = (Metric("latency_s", "s"), Metric("energy_j", "J"))

    def __init__(self) -> None:
        self.space = DesignSpace([Param("a", (0, 1, 2)), Param("b", (0, 1, 2, 3))])
        self.seen: list[list[int]] = []

    def _evaluate(self, x: IntArray) -> Costs:
        self.seen += x.tolist()
        values = 1.0 + np.stack([x[:, 0] * 10 + x[:, 1] * (x[:, 0] > 0), x[:, 0]], axis=1)
        return Costs.all_valid(self.metrics, values.astype(np.float64))

    def _canonical(self, x: IntArray) -> IntArray:
        return np.where((x[:, :1] == 0) & np.array([False, True]), 0, x)


@pytest.fixture
def folding() -> Task:
    task = toy_task()
    task.__dict__["model"] = Folding()
    return task


@given(budget=st.integers(1, 40), sizes=st.lists(st.integers(0, 17), min_size=1, max_size=12))
def test_the_budget_is_spent_to_the_last_and_never_beyond(budget: int, sizes: list[int]) -> None:
    task, log = toy_task(), TrialLog(toy_task())
    evaluator = Evaluator(task, budget, log)
    batches = [rows(task, n, seed) for seed, n in enumerate(sizes)]
    spend(evaluator, batches)
    wanted = np.concatenate(batches)[:budget]
    x, costs, score = log.trials()
    assert evaluator.spent == len(x) == len(costs) == len(score) == min(budget, sum(sizes))
    assert evaluator.remaining == budget - evaluator.spent
    assert np.array_equal(x, wanted)
    assert evaluator.unique == len({r.tobytes() for r in wanted})


def test_a_batch_beyond_the_budget_is_evaluated_in_part_and_then_refused(counting: Task) -> None:
    log = TrialLog(counting)
    evaluator = Evaluator(counting, 10, log)
    assert len(evaluator.evaluate(rows(counting, 7)).score) == 7
    with pytest.raises(BudgetExhausted, match="budget of 10 evaluations is spent"):
        evaluator.evaluate(rows(counting, 7, seed=1))
    assert evaluator.spent == 10 and counting.model.rows == 10
    assert np.array_equal(log.trials()[0][7:], rows(counting, 7, seed=1)[:3])
    with pytest.raises(BudgetExhausted):
        evaluator.evaluate(rows(counting, 1))
    assert evaluator.spent == 10 and counting.model.rows == 10


def test_a_repeat_counts_but_is_answered_from_memory(counting: Task) -> None:
    evaluator = Evaluator(counting, 20)
    x = np.repeat(rows(counting, 2), 4, axis=0)
    first = evaluator.evaluate(x)
    again = evaluator.evaluate(x[::-1])
    assert (evaluator.spent, evaluator.unique, counting.model.rows) == (16, 2, 2)
    assert np.array_equal(first.score, again.score[::-1]) and len(set(first.score[:4])) == 1
    assert np.array_equal(first.costs.values, again.costs.values[::-1], equal_nan=True)


def test_unique_counts_designs_that_differ_after_folding(folding: Task) -> None:
    evaluator = Evaluator(folding)
    answer = evaluator.evaluate(np.array([[0, 0], [0, 3], [0, 1], [1, 0], [1, 1], [1, 1]]))
    assert (evaluator.spent, evaluator.unique) == (6, 3)
    assert folding.model.seen == [[0, 0], [1, 0], [1, 1]], "one call per canonical design"
    assert answer.x.tolist()[1] == [0, 3], "the answer keeps the designs as they were asked"
    assert answer.costs["latency_s"].tolist() == [1, 1, 1, 11, 12, 12]


@given(seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_answers_do_not_depend_on_how_a_search_is_cut_into_batches(seed: int, cuts: list[int]) -> None:
    task = toy_task()
    x = task.space.sample(np.random.default_rng(seed), 60)
    x[30:45] = x[:15]
    whole = Evaluator(task).evaluate(x)
    evaluator = Evaluator(task)
    parts = [evaluator.evaluate(part) for part in np.split(x, sorted(cuts))]
    assert np.concatenate([p.score for p in parts]).tobytes() == whole.score.tobytes()
    assert np.concatenate([p.costs.values for p in parts]).tobytes() == whole.costs.values.tobytes()
    assert np.concatenate([p.front for p in parts]).tobytes() == whole.front.tobytes()


def test_the_best_design_is_remembered(toy: Task) -> None:
    evaluator = Evaluator(toy)
    x = rows(toy, 200)
    answer = evaluator.evaluate(x)
    assert evaluator.best_score == answer.score.max()
    assert np.array_equal(evaluator.best_design, x[answer.score.argmax()])
    x[:] = 0
    assert evaluator.best_design is not None and evaluator.best_design.any(), "a copy, not a view of the agent's array"


def test_an_answer_belongs_to_the_agent(toy: Task) -> None:
    evaluator = Evaluator(toy)
    x = rows(toy, 5)
    first = evaluator.evaluate(x)
    kept = first.costs.values.copy()
    first.costs.values[:] = 0.0
    first.score[:] = 99.0
    assert np.array_equal(evaluator.evaluate(x).costs.values, kept, equal_nan=True), "spoiling an answer spoils no other"


def test_an_empty_batch_costs_nothing(counting: Task) -> None:
    evaluator = Evaluator(counting, 3)
    answer = evaluator.evaluate(rows(counting, 0))
    assert len(answer.score) == 0 and answer.front.shape == (0, 2)
    assert (evaluator.spent, evaluator.unique, evaluator.remaining) == (0, 0, 3)


def test_a_bad_batch_is_refused_whole(counting: Task) -> None:
    evaluator = Evaluator(counting, 10)
    x = rows(counting, 3)
    x[2, 0] = 99
    with pytest.raises(BadInput, match="design 2: index 99 of knob tile"):
        evaluator.evaluate(x)
    assert evaluator.spent == 0 and counting.model.rows == 0


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_is_at_least_one(toy: Task, budget: int) -> None:
    with pytest.raises(BadInput, match="at least 1"):
        Evaluator(toy, budget)


def test_without_a_budget_there_is_no_end(toy: Task) -> None:
    evaluator = Evaluator(toy)
    evaluator.evaluate(rows(toy, 5000))
    assert evaluator.spent == 5000 and evaluator.remaining is None


def test_an_interrupted_run_evaluates_nothing_twice(counting: Task, tmp_path: Path) -> None:
    x = rows(counting, 40)
    x[20:25] = x[3]
    log = TrialLog(counting, tmp_path)
    whole = Evaluator(counting, 40, log).evaluate(x[:30])
    log.close()
    done = counting.model.rows
    assert done == 25

    log = TrialLog(counting, tmp_path)
    evaluator = Evaluator(counting, 40, log)
    assert evaluator.reused == 30 and evaluator.spent == 0 and evaluator.unique == 0
    again = evaluator.evaluate(x[:30])
    assert counting.model.rows == done, "all answered from the log"
    assert again.costs.values.tobytes() == whole.costs.values.tobytes() and again.score.tobytes() == whole.score.tobytes()
    assert (evaluator.spent, evaluator.unique) == (30, 25), "counted as in an uninterrupted run"
    evaluator.evaluate(x[30:])
    assert counting.model.rows == done + 10
    log.close()
    assert np.array_equal(TrialLog(counting, tmp_path).recorded()[0], x), "and every trial is in the log once"  # type: ignore[index]


def test_mask_and_repair_default_to_everything(toy: Task) -> None:
    evaluator = Evaluator(toy)
    assert evaluator.mask(np.array([], dtype=np.int64), 0).tolist() == [True] * 8
    x = rows(toy, 3)
    assert np.array_equal(evaluator.repair(x), x)
