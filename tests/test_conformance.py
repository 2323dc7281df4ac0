"""Does every task keep the promises that ``archgym.testing`` checks, and pass Gymnasium's and SB3's checkers?

A new task is tested by being registered; nothing is added here.
"""

from __future__ import annotations

import numpy as np
import pytest

import archgym
from archgym import Evaluator
from archgym.task import Task
from archgym.testing import check_env, check_task, toy_task

TASKS = archgym.task_ids()


@pytest.mark.parametrize("task_id", TASKS)
def test_the_task_conforms(task: Task) -> None:
    check_task(task, samples=8)


@pytest.mark.parametrize("task_id", TASKS)
def test_its_views_conform(task: Task) -> None:
    check_env(task)


@pytest.mark.parametrize("task_id", TASKS)
def test_it_tells_designs_apart(task: Task) -> None:
    score = Evaluator(task).evaluate(task.space.sample(np.random.default_rng(0), 32)).score
    assert len(np.unique(score)) > 8, "32 random designs score alike"
    if task.best_known:
        assert task.best_known.score >= score.max(), "a random design beats the best known: compute the card again"
        assert task.best_known.score > 0 and task.best_known.hypervolume > 0, "nothing reaches the reference point"


@pytest.mark.parametrize("task_id", TASKS)
def test_it_says_what_it_is(task: Task) -> None:
    assert task.doc.strip() and task.tags is not None and task.workload
    assert all(p.doc for p in task.space.params), "every knob has a line that says what it does"
    assert all(m.doc for m in task.model.metrics), "every metric has a line that says what is measured"


def test_the_toy_conforms() -> None:
    check_task(toy_task())
    check_env(toy_task())
