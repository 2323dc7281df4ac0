"""Are the tables at the end of a study made for a reader?"""

from __future__ import annotations

import numpy as np
import pytest

from archgym import get_task
from archgym.experiments.summary import MOST_KNOBS, front_of, front_table


@pytest.mark.parametrize(("task_id", "whole"), [("memory-cloud-latency-v0", True), ("soc-cava-budget-v0", False)])
def test_a_front_shows_its_knobs_where_they_can_be_read(task_id: str, whole: bool) -> None:
    task = get_task(task_id)
    x = task.space.sample(np.random.default_rng(0), 256)
    front = front_of(task, x, task.model.evaluate(x))
    varies = [name for j, name in enumerate(task.space.names) if len(np.unique(front.x[:, j])) > 1]
    table = front_table(front)
    metrics = tuple(axis.metric for axis in task.front)
    assert (len(varies) <= MOST_KNOBS) is whole
    assert table.columns == ((*varies, *metrics) if whole else metrics)
    assert any("knobs differ" in note for note in table.notes) is not whole
    assert all(len(note) < 1000 for note in table.notes)
