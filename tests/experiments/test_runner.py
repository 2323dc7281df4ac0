"""Does a study give the same results however it is executed, and is nothing repeated, lost or mixed up?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from experiment_helpers import archgym, digests, plan_of, stamps, start, wait_for

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.locks import Busy, locked
from archgym.experiments.plan import Plan
from archgym.experiments.runner import Tally
from archgym.experiments.statistics import best_so_far, evaluations_to, evenly_spread, median, regret_curves, spread
from archgym.experiments.store import load_plan
from archgym.experiments.summary import groups, standings, summarise
from archgym.experiments.units import objective_unit, percent, si
from archgym.files import read_json, write_json

Play = Callable[..., Tally]


def test_ray_and_serial_give_the_same_trials(tmp_path: Path, ray: Any, play: Play) -> None:
    plan = plan_of(agents=["random", "genetic"])
    for name, how in (("serial", {}), ("ray", {"serial": False})):
        tally = play(plan, tmp_path / name, **how)
        assert tally.complete == tally.runs == 8 and not tally.failures
    assert digests(tmp_path / "serial", plan) == digests(tmp_path / "ray", plan)


def test_workers_have_one_thread_each_and_any_directory(tmp_path: Path, ray: Any, play: Play, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of(seeds=1)
    assert play(plan, Path("here"), serial=False).complete == 2
    assert sorted(p.name for p in (tmp_path / "here").iterdir()) == sorted([*(s.id for s in plan.specs), "study.json"])


def test_a_second_time_repeats_nothing(tmp_path: Path, play: Play) -> None:
    plan = plan_of()
    play(plan, tmp_path)
    before = stamps(tmp_path)
    assert play(plan, tmp_path).complete == 4 and stamps(tmp_path) == before
    assert load_plan(tmp_path) == plan


def test_only_what_is_missing_is_played(tmp_path: Path, play: Play) -> None:
    plan = plan_of()
    play(plan, tmp_path)
    before, gone = stamps(tmp_path), tmp_path / plan.specs[1].id
    for path in gone.iterdir():
        path.unlink()
    gone.rmdir()
    play(plan, tmp_path)
    after = stamps(tmp_path)
    assert set(after) == set(before) and {p for p in after if after[p] != before[p]} == {gone / "trials.parquet"}


@pytest.mark.parametrize("serial", [True, False])
def test_a_failed_run_is_marked_and_tried_again(
    tmp_path: Path, scene: Path, play: Play, request: pytest.FixtureRequest, serial: bool
) -> None:
    if not serial:
        request.getfixturevalue("ray")
    plan = plan_of(agents=["toy_broken"], tasks=["toy-latency-v0"], seeds=3)
    tally = play(plan, tmp_path, serial=serial)
    assert (tally.complete, len(tally.failures)) == (2, 1)
    assert re.fullmatch(
        r"toy-latency-v0, toy_broken, seed 1: ValueError: the agent lost its way \(archgym_toy.py:\d+\)", tally.failures[0]
    )
    marked = read_json(tmp_path / plan.specs[1].id / "run.json")
    assert marked["status"] == "failed" and marked["error"] in tally.failures[0] and "Traceback" in marked["traceback"]
    before = stamps(tmp_path)
    (scene / "repaired").touch()
    tally = play(plan, tmp_path, serial=serial)
    assert (tally.complete, tally.failures) == (3, []) and before.items() <= stamps(tmp_path).items()


# -- folders ---------------------------------------------------------------------------------------------------------------


def test_another_studys_folder_is_refused_and_left_alone(tmp_path: Path, play: Play) -> None:
    play(plan_of(), tmp_path / "out")
    before = _contents(tmp_path)
    with pytest.raises(BadInput, match=r"results folder of another study \('small'\); choose another --out$"):
        play(plan_of(budget=25), tmp_path / "out")
    with pytest.raises(BadInput, match=r"or add to it with --extend$"):
        play(plan_of(seeds=3), tmp_path / "out")
    assert _contents(tmp_path) == before


def test_a_study_can_be_extended(tmp_path: Path, play: Play) -> None:
    play(plan_of(), tmp_path)
    before = stamps(tmp_path)
    assert play(plan_of(seeds=3), tmp_path, extend=True).complete == 6
    assert before.items() <= stamps(tmp_path).items() and len(load_plan(tmp_path).specs) == 6


def test_a_folder_with_other_files_is_refused(tmp_path: Path, play: Play) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match=r"has files, but no study\.json"):
        play(plan_of(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_wrong_option_is_found_before_anything_is_made(tmp_path: Path, play: Play) -> None:
    plan = plan_of(tasks=[], task=[{"id": "toy-latency-v0", "options": {"memory": "nowhere"}}])
    with pytest.raises(BadInput, match="memory cannot be 'nowhere'"):
        play(plan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_of_another_model_version_are_not_mixed_in(tmp_path: Path, play: Play) -> None:
    plan = plan_of(tasks=["toy-latency-v0"])
    play(plan, tmp_path)
    first, second = (tmp_path / s.id for s in plan.specs)
    manifest = read_json(first / "run.json")
    write_json(first / "run.json", {**manifest, "model": {"version": "0", "fingerprint": "other"}})
    (second / "run.json").unlink()
    with pytest.raises(BadInput, match="made with another model version"):
        play(plan, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9}', '{"format": 1}', '{"format": 1, "name": "x", "runs": [{}]}'])
def test_a_broken_plan_is_one_line(tmp_path: Path, play: Play, text: str) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(BadInput, match=r"study\.json: [^\n]+$"):
        play(plan_of(), tmp_path)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# -- locks -----------------------------------------------------------------------------------------------------------------


def test_only_one_driver_at_a_time(tmp_path: Path, play: Play) -> None:
    play(plan_of(seeds=1), tmp_path)
    with locked(tmp_path / ".driver.lock"), pytest.raises(ArchGymError) as error:
        play(plan_of(seeds=1), tmp_path)
    assert str(error.value).startswith(f"{tmp_path}: another archgym is at work on this study (process {os.getpid()} on ")


def test_a_lock_is_free_again_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path), pytest.raises(Busy), locked(path, wait_s=0.2):
        pass
    with locked(path):
        assert path.exists()
    assert not path.exists()


def test_a_second_driver_has_one_clear_line(tmp_path: Path, scene: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(_slow_study(seeds=1, wait_ms=200))
    first = start("study", file, "--out", tmp_path / "out", "--serial")
    wait_for(lambda: list((tmp_path / "out").glob("*/trials.log")))
    second = archgym("study", file, "--out", tmp_path / "out", "--serial")
    first.kill()
    first.communicate()
    assert second.returncode == 1 and second.stderr.count("\n") == 1
    assert f"another archgym is at work on this study (process {first.pid} on " in second.stderr


# -- signals ---------------------------------------------------------------------------------------------------------------


def _slow_study(seeds: int, wait_ms: int = 20, agent: str = "toy_slow") -> str:
    return (
        f'name = "slow"\ntasks = ["toy-latency-v0"]\nseeds = {seeds}\nbudget = 40\n'
        f'[[agent]]\nname = "{agent}"\nconfig = {{ wait_ms = {wait_ms} }}\n'
    )


@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_in_one_line_and_can_be_taken_up(tmp_path: Path, sign: str) -> None:
    import signal

    file, out = tmp_path / "s.toml", tmp_path / "out"
    file.write_text(_slow_study(seeds=3))
    driver = start("study", file, "--out", out, "--serial")
    wait_for(lambda: list(out.glob("*/trials.parquet")))
    time.sleep(0.2)
    driver.send_signal(getattr(signal, sign))
    printed, error = driver.communicate(timeout=30)
    assert driver.returncode == 130 and printed == ""
    assert re.fullmatch(r"interrupted with [12] of 3 runs complete; the same command takes it up again\n", error)
    assert not list(out.glob(".*"))
    before = stamps(out)
    again = archgym("study", file, "--out", out, "--serial")
    assert again.returncode == 0, again.stderr
    assert before.items() <= stamps(out).items() and len(stamps(out)) == 3


# -- numbers ---------------------------------------------------------------------------------------------------------------


def test_the_summary_is_that_of_the_runs(tmp_path: Path, play: Play) -> None:
    plan = plan_of(agents=["random", "genetic"], tasks=["toy-latency-v0"], seeds=3)
    play(plan, tmp_path)
    ((rows, front),) = summarise(tmp_path, plan)
    group = groups(tmp_path, plan)["toy-latency-v0"]
    scores = [m["summary"]["best_score"] for run, m in group if run.label == "genetic"]
    row = next(r for r in rows if r.agent == "genetic")
    assert (row.runs, row.score, row.best_score, row.evaluations) == (3, sorted(scores)[1], max(scores), 72)
    assert row.best_value == pytest.approx(1e-3 / max(scores)) and row.unit == "s" and row.regret is None
    points = front.task.front_values(front.costs)
    assert (points[1:, 0] > points[:-1, 0]).all() and (points[1:, 1] < points[:-1, 1]).all()
    assert json.dumps([r.agent for r in rows]) and objective_unit(front.task) == "s"


def test_regret_is_against_the_best_known(tmp_path: Path, play: Play) -> None:
    import archgym_toy

    plan = plan_of(tasks=["toy-latency-v0"])
    play(plan, tmp_path)
    group = groups(tmp_path, plan)["toy-latency-v0"]
    (row,) = standings("toy-latency-v0", group, _Known())
    assert row.regret == pytest.approx(median([1.0 / m["summary"]["best_score"] - 1.0 for _, m in group]))
    assert row.hypervolume_share == pytest.approx(row.hypervolume / archgym_toy.known().hypervolume)


class _Known:
    """The toy task with its optimum known."""

    def __init__(self) -> None:
        import archgym_toy

        self.best_known, self._task = archgym_toy.known(), archgym_toy.tasks()[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)


def test_statistics() -> None:
    assert best_so_far([[1.0, 3.0, 2.0]]).tolist() == [[1.0, 3.0, 3.0]]
    assert spread([4.0, 1.0, 2.0, 3.0, 5.0]) == (3.0, 2.0, 4.0)
    assert median([1.0, float("inf"), float("inf")]) == float("inf") and median([1.0, 2.0]) == 1.5
    assert regret_curves([[-1.0, 0.5, 1.0]], 1.0).tolist() == [[float("inf"), 1.0, 0.0]]
    assert evaluations_to([[0.1, 0.9], [0.1, 0.2]], 0.5).tolist() == [2.0, float("inf")]
    assert evenly_spread([5.0, 1.0, 3.0], 2).tolist() == [1, 0] and len(evenly_spread(range(100), 10)) == 10


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (9.314e-8, "s", "93.1 ns"),
        (9.9999e-4, "s", "1.00 ms"),
        (0.0, "J", "0 J"),
        (1.239e-3, "J", "1.24 mJ"),
        (2.5e10, "B/s", "25.0 GB/s"),
        (3.1e-6, "m2", "3.10 mm²"),
        (0.91434, "", "0.9143"),
        (12345.6, "", "12,346"),
        (float("nan"), "s", "-"),
        (None, "s", "-"),
        (999.6, "W", "1.00 kW"),
        (64, "", "64"),
        (1.29e-11, "J·s", "12.9 pJ·s"),
    ],
)
def test_units(value: float | None, unit: str, text: str) -> None:
    assert si(value, unit) == text


def test_percent() -> None:
    assert [percent(v) for v in (0.0, 0.01234, 1.5, None, float("inf"))] == ["0 %", "1.23 %", "150 %", "-", "-"]


def test_plans_survive_the_disk(tmp_path: Path, play: Play) -> None:
    plan: Plan = plan_of(draws=2, seeds=1, budget=4, tasks=["toy-latency-v0"])
    play(plan, tmp_path)
    assert load_plan(tmp_path) == plan


@pytest.mark.slow
def test_two_cores_are_faster_than_one(tmp_path: Path) -> None:
    """On a machine with two free cores: 40 runs of a second each, that keep a core busy; the start of Ray not counted."""
    script = Path(__file__).parent / "plugin" / "measure_cores.py"
    command = [sys.executable, str(script), str(tmp_path), "toy_busy", "100"]
    took = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)
    assert took["1"]["runs_s"] / took["2"]["runs_s"] >= 1.6, took
