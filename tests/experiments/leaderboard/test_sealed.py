"""Does reading stay within its limits whatever bytes come, and do the tests that say so see what they claim to see?"""

from __future__ import annotations

import builtins
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaderboard_helpers import RANKED, first
from watching import watched

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.leaderboard import sealed
from archgym.experiments.leaderboard.submission import read
from archgym.experiments.leaderboard.thrift import Reader
from archgym.experiments.leaderboard.trials import columns, read_trials


def test_every_file_of_a_submission_that_is_damaged_is_read_or_refused(copy: Callable[[str], Path]) -> None:
    """Bytes changed at random: trials of the right shape, or the one line; never another error."""
    place = first(copy("sub"))
    path, task = place / "trials.parquet", registry.get_task(RANKED)
    data, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        torn = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            torn[at] = rng.integers(256)
        path.write_bytes(bytes(torn))
        line = _refusal(lambda: read_trials(path, task, 24))
        assert line.isprintable()
        refused += bool(line)
    assert refused > 300


@given(st.binary(max_size=300))
def test_thrift_reads_a_structure_or_raises(data: bytes) -> None:
    try:
        found = Reader(data).struct()
    except (ValueError, struct.error):
        return
    assert isinstance(found, dict)


@given(st.text(max_size=40))
def test_what_is_shown_of_a_stranger_is_printable(text: str) -> None:
    assert sealed.shown(text).isprintable() and len(sealed.shown(text)) <= 80


@given(st.binary(max_size=200))
def test_any_bytes_are_a_json_object_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    assert "\n" not in _refusal(lambda: sealed.read_object(path))


def _refusal(read_it: Callable[[], object]) -> str:
    """The line with which something is refused, empty where it is read."""
    try:
        read_it()
    except BadInput as error:
        return str(error)
    return ""


def test_the_order_of_columns_is_that_of_a_log(copy: Callable[[str], Path]) -> None:
    log = read(copy("sub")).runs[0]
    assert [c.name for c in columns(log.task)] == log.table().column_names


@pytest.mark.parametrize(
    "task_id", ["memory-stream-tail-v0", "serving-llama70b-chat-throughput-v0", "training-llama3-70b-h100x256-time-v0"]
)
def test_knobs_of_every_type_come_back(task_id: str, tmp_path: Path) -> None:
    """Whole numbers, fractions, truth values and texts: what a run writes is what is read, bit for bit."""
    from archgym.runlog import RunLog, trials_digest
    from archgym.spec import RunSpec

    task = registry.get_task(task_id)
    x = task.space.sample(np.random.default_rng(1), 40)
    costs = task.model.evaluate(x)
    log = RunLog({"spec": RunSpec.create(task_id, "random").to_dict()}, x, costs, task.objective.score(costs))
    log.save(tmp_path)
    assert trials_digest(*read_trials(tmp_path / "trials.parquet", task, 40)) == trials_digest(x, costs, log.score)


def test_the_watch_sees_what_it_watches_for(tmp_path: Path) -> None:
    data = pickle.dumps(pickle.Unpickler)
    with watched() as (seen, opened):
        pickle.loads(data)
        builtins.eval("1 + 1")
        (tmp_path / "a").write_text("x")
    assert any(s.startswith("pickle.find_class") for s in seen) and any(s.startswith("exec") for s in seen)
    assert str(tmp_path / "a") in opened
    with watched() as (seen, opened):
        pass
    assert not seen and not opened
