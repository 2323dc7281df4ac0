"""Is every evaluated trial on disk and read back, whatever happens to the writer or the file?"""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from archgym import ArchGymError, BadInput, Evaluator, RunSpec, run
from archgym.runlog import RunLog
from archgym.space import IntArray
from archgym.task import Task
from archgym.triallog import NAME, TrialLog, record_type

N = 30


def rows(task: Task, n: int = N, seed: int = 0) -> IntArray:
    return task.space.sample(np.random.default_rng(seed), n)


def written(task: Task, folder: Path, x: IntArray) -> TrialLog:
    """A log with trials as an interrupted run leaves it."""
    log = TrialLog(task, folder)
    Evaluator(task, None, log).evaluate(x)
    log.close()
    return log


def recorded(task: Task, folder: Path) -> IntArray:
    log = TrialLog(task, folder)
    found = log.recorded()
    log.close()
    return np.empty((0, len(task.space)), np.int64) if found is None else found[0]


def test_what_was_appended_is_read_back_bit_for_bit(toy: Task, tmp_path: Path) -> None:
    log = written(toy, tmp_path, rows(toy))
    x, costs, _ = log.trials()
    again = TrialLog(toy, tmp_path).recorded()
    assert again is not None and np.array_equal(again[0], x)
    assert again[1].values.tobytes() == costs.values.tobytes() and again[1].distance.tobytes() == costs.distance.tobytes()
    assert np.array_equal(again[1].valid, costs.valid) and np.array_equal(again[1].reason, costs.reason)
    assert not costs.valid.all() and costs.valid.any(), "both kinds are in the sample"


def test_trials_are_on_disk_before_the_answer_is_given(toy: Task, tmp_path: Path) -> None:
    log = TrialLog(toy, tmp_path)
    evaluator = Evaluator(toy, None, log)
    head = (tmp_path / NAME).stat().st_size
    for k in range(1, 4):
        evaluator.evaluate(rows(toy, 1, k))
        assert (tmp_path / NAME).stat().st_size == head + k * record_type(8, 2).itemsize


@pytest.mark.parametrize("torn", [1, 4, 50, record_type(8, 2).itemsize - 1])
def test_a_torn_tail_is_dropped_and_written_again(toy: Task, tmp_path: Path, torn: int) -> None:
    x = rows(toy)
    written(toy, tmp_path, x)
    path = tmp_path / NAME
    intact = path.read_bytes()
    path.write_bytes(intact[:-torn])
    assert np.array_equal(recorded(toy, tmp_path), x[:-1])
    written(toy, tmp_path, x)
    assert path.read_bytes() == intact


def test_every_length_of_file_is_read(toy: Task, tmp_path: Path) -> None:
    x = rows(toy, 3)
    written(toy, tmp_path, x)
    path = tmp_path / NAME
    intact = path.read_bytes()
    head = intact.index(b"\n") + 1
    for length in range(len(intact) + 1):
        path.write_bytes(intact[:length])
        found = recorded(toy, tmp_path)
        assert np.array_equal(found, x[: max(length - head, 0) // record_type(8, 2).itemsize])


def test_a_flipped_bit_ends_the_intact_prefix(toy: Task, tmp_path: Path) -> None:
    x = rows(toy)
    written(toy, tmp_path, x)
    path = tmp_path / NAME
    intact = path.read_bytes()
    head, size = intact.index(b"\n") + 1, record_type(8, 2).itemsize
    for trial, byte, bit in ((0, 0, 0), (7, 70, 3), (12, size - 1, 7), (29, 20, 5)):
        data = bytearray(intact)
        data[head + trial * size + byte] ^= 1 << bit
        path.write_bytes(data)
        assert np.array_equal(recorded(toy, tmp_path), x[:trial])
        written(toy, tmp_path, x)
        assert path.read_bytes() == intact, "the run goes on from there"


@pytest.mark.parametrize(
    "head",
    [
        b'{"format": 1, "task": "other-v0"}',
        b"not json",
        b"",
        b"[" * 100_000,
        b"1" * 5000,
        b'"\xff"',
        b'{"format": 2, "task": "toy-latency-v0"}',
    ],
)
def test_a_log_of_another_task_is_refused_and_left_alone(toy: Task, tmp_path: Path, head: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(head + b"\n" + bytes(100))
    with pytest.raises(BadInput, match=r"trials\.log: trials of another task or model version") as caught:
        TrialLog(toy, tmp_path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == head + b"\n" + bytes(100)


def test_a_log_of_another_model_version_is_refused(toy: Task, tmp_path: Path) -> None:
    written(toy, tmp_path, rows(toy))
    header = json.loads((tmp_path / NAME).read_bytes().split(b"\n")[0])
    assert header["fingerprint"] == toy.fingerprint
    toy.__dict__.pop("fingerprint")
    toy.model.__dict__.pop("fingerprint")
    toy.model.version = "2"
    with pytest.raises(BadInput, match="another task or model version"):
        TrialLog(toy, tmp_path)


def test_an_agent_that_asks_otherwise_starts_anew_and_keeps_the_old_file(toy: Task, tmp_path: Path) -> None:
    x, other = rows(toy), rows(toy, seed=1)
    written(toy, tmp_path, x)
    old = (tmp_path / NAME).read_bytes()
    log = TrialLog(toy, tmp_path)
    evaluator = Evaluator(toy, None, log)
    evaluator.evaluate(x[:10])
    evaluator.evaluate(other[:5])
    evaluator.evaluate(x[15:])
    log.close()
    wanted = np.concatenate([x[:10], other[:5], x[15:]])
    assert (tmp_path / f"{NAME}.diverged").read_bytes() == old
    assert np.array_equal(recorded(toy, tmp_path), wanted)
    assert np.array_equal(log.trials()[0], wanted)


def test_a_second_divergence_overwrites_nothing(toy: Task, tmp_path: Path) -> None:
    for seed in range(4):
        written(toy, tmp_path, rows(toy, seed=seed))
    kept = sorted(p.name for p in tmp_path.iterdir())
    assert kept == [NAME, f"{NAME}.diverged", f"{NAME}.diverged.2", f"{NAME}.diverged.3"]


class FullDisk:
    """A raw file on a disk with ``room`` bytes left."""

    def __init__(self, inner: object, room: int) -> None:
        self.inner, self.room = inner, room

    def write(self, data: memoryview) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = min(self.room, len(data))
        self.room -= count
        return self.inner.write(data[:count])  # type: ignore[attr-defined, no-any-return]

    def fileno(self) -> int:
        return self.inner.fileno()  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        self.inner.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("room", [0, 1, 111, 1000])
def test_a_full_disk_is_one_line_and_loses_only_what_did_not_fit(toy: Task, tmp_path: Path, room: int) -> None:
    x = rows(toy)
    log = TrialLog(toy, tmp_path)
    log._file = FullDisk(log._file, room)  # type: ignore[assignment]
    evaluator = Evaluator(toy, None, log)
    with pytest.raises(ArchGymError, match=r"trials\.log: cannot be written: No space left on device"):
        evaluator.evaluate(x)
    log.close()
    assert np.array_equal(recorded(toy, tmp_path), x[: room // record_type(8, 2).itemsize])
    written(toy, tmp_path, x)
    assert np.array_equal(recorded(toy, tmp_path), x), "with room again, the run goes on"


def test_a_place_that_cannot_be_written_is_one_line(toy: Task, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchGymError, match="cannot be written"):
        TrialLog(toy, tmp_path / "file" / "run")
    (tmp_path / "folder" / NAME).mkdir(parents=True)
    with pytest.raises(ArchGymError, match=r"trials\.log: cannot be written: Is a directory"):
        TrialLog(toy, tmp_path / "folder")


SLOW_RUN = """
import sys, time
from pathlib import Path
import archgym
from archgym import registry, testing
class Slow(testing.ToyModel):
    def _evaluate(self, x):
        time.sleep(0.002)
        return super()._evaluate(x)
Slow.__name__ = "ToyModel"
task = testing.toy_task()
task.__dict__["model"] = Slow()
registry._tasks()[task.id] = task
archgym.run(archgym.RunSpec.create(task.id, "random", {"batch": 1}, seed=5, budget=2000), Path(sys.argv[1]))
"""


def test_a_killed_run_is_taken_up_and_ends_like_one_that_was_not(counting: Task, tmp_path: Path) -> None:
    spec = RunSpec.create(counting.id, "random", {"batch": 1}, seed=5, budget=2000)
    whole = run(spec)
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", SLOW_RUN, str(folder)])
    deadline = time.monotonic() + 60
    while not (folder / NAME).is_file() or (folder / NAME).stat().st_size < 20_000:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = len(recorded(counting, folder))
    assert 100 < left < 2000
    counting.model.batches.clear()
    done = run(spec, folder)
    assert done.manifest["digest"] == whole.manifest["digest"]
    assert counting.model.rows <= 2000 - left
    assert not (folder / NAME).exists() and len(RunLog.load(folder).x) == 2000
