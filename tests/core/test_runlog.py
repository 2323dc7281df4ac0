"""Is a run a claim that can be checked? Saved, loaded and replayed it is the same; edited or broken it is found out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym import ArchGymError, BadInput, CostModel, Costs, DesignSpace, Metric, Param, RunLog, RunSpec, run
from archgym.runlog import MANIFEST, TRIALS, trials_digest
from archgym.running import is_complete
from archgym.task import Task

BUDGET = 40


@pytest.fixture
def spec(toy: Task) -> RunSpec:
    return RunSpec.create(toy.id, "random", seed=3, budget=BUDGET)


@pytest.fixture
def folder(spec: RunSpec, tmp_path: Path) -> Path:
    """A finished run."""
    run(spec, tmp_path / "run")
    return tmp_path / "run"


def refused(folder: Path, words: str = "") -> str:
    """Loading is refused with one line that names the place."""
    with pytest.raises(BadInput) as caught:
        RunLog.load(folder)
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message and words in message
    return message


def refusal(call: Callable[[], object]) -> str | None:
    """What a call is refused with, None where it is not; any other exception is a failure."""
    try:
        call()
    except BadInput as error:
        return str(error)
    return None


def edit_manifest(folder: Path, **changes: Any) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_trials(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    columns: dict[str, Any] = pq.read_table(folder / TRIALS).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), folder / TRIALS)


def test_run_save_load_replay_is_the_same_run(spec: RunSpec, folder: Path) -> None:
    done, loaded = run(spec), RunLog.load(folder)
    assert np.array_equal(loaded.x, done.x)
    for mine, theirs in ((loaded.score, done.score), (loaded.costs.values, done.costs.values)):
        assert mine.tobytes() == theirs.tobytes()
    digest = trials_digest(loaded.x, loaded.costs, loaded.score)
    assert digest == loaded.manifest["digest"] == done.manifest["digest"]
    assert loaded.spec == spec and loaded.replay() == []
    assert sorted(p.name for p in folder.iterdir()) == [MANIFEST, TRIALS], "nothing else is state"
    assert is_complete(folder, spec)


def test_the_summary_says_what_the_trials_say(folder: Path) -> None:
    log = RunLog.load(folder)
    summary = log.manifest["summary"]
    best = int(log.score.argmax())
    assert summary["evaluations"] == BUDGET == len(log.x) and summary["unique"] == len(np.unique(log.x, axis=0))
    assert summary["best_trial"] == best and summary["best_score"] == log.score[best]
    assert summary["best_value"] == log.costs["latency_s"][best]
    assert np.array_equal(log.task.space.encode(summary["best_design"]), log.x[best])
    assert summary["feasible"] == int(log.costs.valid.sum())
    assert 0 < summary["hypervolume"] < 1


def test_the_same_spec_in_another_process_is_the_same_run(spec: RunSpec, folder: Path, python: Callable[..., str]) -> None:
    code = (
        "import archgym; from archgym import registry, testing; t = testing.toy_task(); registry._tasks()[t.id] = t;"
        f"print(archgym.run(archgym.RunSpec.from_dict({spec.to_dict()!r})).manifest['digest'])"
    )
    digests = {python(code, hash_seed=seed).strip() for seed in ("1", "2")}
    assert digests == {RunLog.load(folder).manifest["digest"]}


def test_an_edited_figure_is_found_by_replay(folder: Path) -> None:
    def change(columns: dict[str, Any]) -> None:
        valid = columns["valid"].index(True)
        columns["latency_s"][valid] = np.nextafter(columns["latency_s"][valid], 0.0)
        columns["score"][-1] = 7.0

    edit_trials(folder, change)
    found = RunLog.load(folder).replay()
    assert {d.column for d in found} == {"latency_s", "score"} and len(found) == 2
    assert found == sorted(found, key=lambda d: d.trial) and found[-1].logged == 7.0


@pytest.mark.parametrize(("column", "value"), [("valid", False), ("reason", 5), ("distance", 9.0), ("energy_j", float("nan"))])
def test_every_column_of_a_trial_is_replayed(folder: Path, column: str, value: Any) -> None:
    trial = RunLog.load(folder).costs.valid.tolist().index(True)
    edit_trials(folder, lambda columns: columns[column].__setitem__(trial, value))
    found = RunLog.load(folder).replay()
    assert [(d.trial, d.column) for d in found] == [(trial, column)]
    assert RunLog.load(folder).replay(limit=trial) == []


def test_an_edited_design_is_found_by_replay(folder: Path) -> None:
    edit_trials(folder, lambda columns: columns["tile"].reverse())
    assert RunLog.load(folder).replay()


class Kinds(CostModel):
    """Knobs of every kind of value, and a metric for whom every bit counts."""

    version = "1"
    metrics = (Metric("latency_s", "s"), Metric("energy_j", "J"))

    def __init__(self) -> None:
        mixed = (0.1, 3, 1e-9, -2.5, 1e22)
        self.space = DesignSpace(
            [
                Param("flag", (True, False)),
                Param("word", ("a", "B", "1", "1e3")),
                Param("number", mixed),
                Param("both", ("off", 1, 2.5)),
            ]
        )

    def _evaluate(self, x: Any) -> Costs:
        base = 1.0 / (3.0 + x @ np.array([1.0, 0.1, 0.01, 0.001]))
        return Costs.all_valid(self.metrics, np.stack([base, base**3], axis=1))


def test_values_of_every_kind_come_back_from_disk(toy: Task, tmp_path: Path) -> None:
    toy.__dict__["model"] = Kinds()
    spec = RunSpec.create(toy.id, "random", seed=0, budget=200)
    done = run(spec, tmp_path)
    loaded = RunLog.load(tmp_path)
    assert np.array_equal(loaded.x, done.x) and loaded.replay() == []


# -- broken files ---------------------------------------------------------------------------------------------------------


def test_missing_files(folder: Path, tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "cannot be read: No such file")
    (folder / TRIALS).unlink()
    refused(folder, "trials.parquet: not a Parquet file that can be read")
    (folder / MANIFEST).unlink()
    refused(folder, "run.json: cannot be read")


def test_a_running_run_is_not_a_result(spec: RunSpec, folder: Path) -> None:
    edit_manifest(folder, status="running")
    refused(folder, "the run is not complete")
    assert not is_complete(folder, spec)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "must hold a JSON object"),
        ("null", "must hold a JSON object"),
        ("[" * 200_000, "not JSON"),
        ('{"format": ' + "1" * 5000 + "}", "not JSON"),
        ('{"format": 2}', "format 2 is not 1"),
        ("{}", "format None is not 1"),
        ("\x00", "not JSON"),
    ],
)
def test_broken_manifests(folder: Path, text: str, words: str) -> None:
    (folder / MANIFEST).write_text(text)
    assert "run.json" in refused(folder, words)


def test_a_manifest_that_is_no_text(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"\xff\xfe\x00")
    refused(folder, "run.json: cannot be read")
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()
    refused(folder, "run.json: cannot be read: Is a directory")


JUNK = [None, 1, -1.5, "text", [], [1], {}, {"a": {}}, True]


@pytest.mark.parametrize("value", JUNK, ids=repr)
def test_a_manifest_with_a_spec_of_the_wrong_type(folder: Path, value: Any) -> None:
    edit_manifest(folder, spec=value)
    assert "run.json" in refused(folder)


@pytest.mark.parametrize("value", JUNK, ids=repr)
@pytest.mark.parametrize("name", ["task", "agent", "config", "seed", "budget", "options"])
def test_a_spec_with_a_field_of_the_wrong_type(spec: RunSpec, name: str, value: Any) -> None:
    raw = {**spec.to_dict(), name: value}
    said = refusal(lambda: RunSpec.from_dict(raw, "a.json"))
    if said is None:
        read = getattr(RunSpec.from_dict(raw), name)
        assert type(read) is type(value) and read == value, "nothing is bent into shape"
    else:
        assert said.startswith(f"a.json: {name}") and "\n" not in said


def test_a_spec_with_fields_missing_or_too_many(spec: RunSpec) -> None:
    whole = spec.to_dict()
    for name in ("task", "agent", "config", "seed", "budget"):
        with pytest.raises(BadInput, match=f"^s: {name}: "):
            RunSpec.from_dict({k: v for k, v in whole.items() if k != name}, "s")
    with pytest.raises(BadInput, match=r"^s: extra: "):
        RunSpec.from_dict({**whole, "extra": 1}, "s")


def test_a_run_of_an_unknown_task(folder: Path, spec: RunSpec) -> None:
    edit_manifest(folder, spec={**spec.to_dict(), "task": "toy-latency-v9"})
    with pytest.raises(BadInput, match="there is no task 'toy-latency-v9'; did you mean 'toy-latency-v0'"):
        RunLog.load(folder)
    edit_manifest(folder, spec={**spec.to_dict(), "options": {"memory": "x"}})
    with pytest.raises(BadInput, match="no option 'memory'"):
        RunLog.load(folder)


@pytest.mark.parametrize("size", [0, 3, 4, 8, 100, 5000])
def test_random_bytes_as_trials(folder: Path, size: int) -> None:
    noise = np.random.default_rng(size).bytes(size)
    for data in (noise, b"PAR1" + noise, b"PAR1" + noise + b"PAR1", noise + b"\x10\x00\x00\x00PAR1"):
        (folder / TRIALS).write_bytes(data)
        refused(folder, "trials.parquet: not a Parquet file")


@given(data=st.data())
@settings(max_examples=150)
def test_damaged_trials_are_refused_or_found_by_replay(data: st.DataObject, damaged: tuple[Path, bytes]) -> None:
    folder, intact = damaged
    raw = bytearray(intact)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / TRIALS).write_bytes(raw[: data.draw(st.integers(len(raw) - 3, len(raw)))])
    assert "\n" not in (refusal(lambda: RunLog.load(folder).replay()) or "")


@pytest.fixture
def damaged(folder: Path) -> tuple[Path, bytes]:
    return folder, (folder / TRIALS).read_bytes()


def other_type(columns: dict[str, Any], name: str, value: Any) -> None:
    columns[name] = [value] * len(columns[name])


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a knob is missing": lambda c: c.pop("tile"),
    "a metric is missing": lambda c: c.pop("latency_s"),
    "score is missing": lambda c: c.pop("score"),
    "a knob is empty": lambda c: c["tile"].__setitem__(3, None),
    "a word is empty": lambda c: c["order"].__setitem__(3, None),
    "a value that the knob has not": lambda c: c["tile"].__setitem__(3, 3),
    "a word that the knob has not": lambda c: c["order"].__setitem__(3, "zz"),
    "metrics are words": lambda c: other_type(c, "latency_s", "fast"),
    "metrics are lists": lambda c: other_type(c, "latency_s", [1.0]),
    "metrics are records": lambda c: other_type(c, "latency_s", {"a": 1}),
    "metrics are all empty": lambda c: other_type(c, "latency_s", None),
    "knobs are lists": lambda c: other_type(c, "tile", [1]),
    "knobs are bytes": lambda c: other_type(c, "order", b"a"),
    "knobs are huge": lambda c: other_type(c, "tile", 1e300),
    "reasons are words": lambda c: other_type(c, "reason", "why"),
    "reasons are empty": lambda c: c["reason"].__setitem__(0, None),
    "distances are words": lambda c: other_type(c, "distance", "far"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_table_that_is_not_of_this_task(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edit_trials(folder, change)
    said = refusal(lambda: RunLog.load(folder))
    if said is None:
        assert RunLog.load(folder).replay(), "read all the same, then replay must say so"
    else:
        assert said.startswith(f"{folder / TRIALS}: not the trials of toy-latency-v0: ") and "\n" not in said


def test_a_table_with_two_columns_of_one_name(folder: Path) -> None:
    table = pq.read_table(folder / TRIALS)
    pq.write_table(table.append_column("tile", table["tile"]), folder / TRIALS)
    refused(folder, "trials.parquet")


# -- the run's folder -----------------------------------------------------------------------------------------------------


def test_a_folder_of_another_run_is_refused_and_untouched(toy: Task, folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(BadInput, match="holds another run"):
        run(RunSpec.create(toy.id, "random", seed=4, budget=BUDGET), folder)
    toy.__dict__.pop("fingerprint", None)
    toy.model.__dict__.pop("fingerprint", None)
    toy.model.version = "2"
    with pytest.raises(BadInput, match="another model version"):
        run(RunSpec.create(toy.id, "random", seed=3, budget=BUDGET), folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_run_again_gives_the_same_files(spec: RunSpec, folder: Path) -> None:
    before = (folder / TRIALS).read_bytes()
    run(spec, folder)
    assert (folder / TRIALS).read_bytes() == before


def test_a_disk_that_is_full_at_the_end_loses_no_trial(
    spec: RunSpec, counting: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        with pytest.raises(ArchGymError, match=r"trials\.parquet: cannot be written: No space left on device"):
            run(spec, tmp_path / "run")
    done = counting.model.rows
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [MANIFEST, "trials.log"], "no debris"
    assert run(spec, tmp_path / "run").replay() == []
    assert counting.model.rows == done + BUDGET, "only the replay evaluated anything"


def test_a_folder_that_cannot_be_made_is_one_line(spec: RunSpec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchGymError, match="cannot be written"):
        run(spec, tmp_path / "file" / "run")


def test_a_log_can_be_moved(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder, tmp_path / "elsewhere")
    assert RunLog.load(tmp_path / "elsewhere").replay() == []
    assert str(tmp_path) not in (tmp_path / "elsewhere" / MANIFEST).read_text(), "no paths in a result"
    assert os.uname().nodename not in (tmp_path / "elsewhere" / MANIFEST).read_text() or len(os.uname().nodename) < 4


def test_a_finished_run_is_not_played_again(spec: RunSpec, folder: Path):
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = run(spec, folder)
    assert again.manifest["digest"] == trials_digest(again.x, again.costs, again.score)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
