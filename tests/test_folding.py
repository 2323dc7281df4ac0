"""Designs that fold together are answered from memory as one: that answer must be the model's for each of them, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from archgym import registry
from archgym.experiments.leaderboard import suites

DESIGNS = 2000


@pytest.mark.slow
@pytest.mark.parametrize("task_id", sorted({entry.id for name in suites.names() for entry in suites.load(name).task}))
def test_designs_that_fold_together_cost_the_same(task_id: str) -> None:
    """On the workloads people search, at full length: the default tests have short ones, where rare orders never come up."""
    task, rng = registry.get_task(task_id), np.random.default_rng(11)
    x = task.space.sample(rng, DESIGNS)
    x[1::2] = task.model.repair(x[1::2])
    folded = task.model.canonical(x)
    moved = (folded != x).any(axis=1)
    one, other = task.model.evaluate(x[moved]), task.model.evaluate(folded[moved])
    assert one.values.tobytes() == other.values.tobytes()
    assert np.array_equal(one.valid, other.valid) and np.array_equal(one.reason, other.reason)
