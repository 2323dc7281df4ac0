"""Whatever is killed, torn or full: does the same command complete the study, with the trials of an undisturbed one?"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from experiment_helpers import archgym, digests, plan_of, stamps, start, wait_for

from archgym.experiments.plan import Plan, load_study, make_plan
from archgym.experiments.progress import LogMeter
from archgym.experiments.runner import Tally

Play = Callable[..., Tally]

STUDY = """
name = "faulty"
tasks = ["toy-latency-v0"]
seeds = 4
budget = 60
[[agent]]
name = "toy_slow"
config = { wait_ms = 8 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A study that takes some seconds."""
    path = tmp_path / "faulty.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def undisturbed(tmp_path: Path, file: Path, play: Play) -> tuple[Plan, dict[str, str]]:
    """The study's plan, and the digests of its runs where nothing happens."""
    plan = make_plan(load_study(file))
    play(plan, tmp_path / "undisturbed")
    return plan, digests(tmp_path / "undisturbed", plan)


def _kill_midway(driver: subprocess.Popen[str], out: Path) -> dict[Path, int]:
    """Kill -9 the driver while one run is complete and another has trials; the complete files' times."""
    wait_for(lambda: stamps(out) and any(_under_way(log) for log in out.glob("*/trials.log")))
    driver.kill()
    driver.communicate()
    return stamps(out)


def _under_way(log: Path) -> bool:
    return not (log.parent / "trials.parquet").exists() and log.stat().st_size > 600


@pytest.mark.parametrize("how", [["--serial"], ["--cpus", "2"]], ids=["serial", "ray"])
def test_the_driver_is_killed(tmp_path: Path, file: Path, undisturbed: tuple[Plan, dict[str, str]], how: list[str]) -> None:
    out, (plan, expected) = tmp_path / "out", undisturbed
    before = _kill_midway(start("study", file, "--out", out, *how), out)
    assert 0 < len(before) < 4
    again = archgym("study", file, "--out", out, *how)
    assert again.returncode == 0, again.stderr
    assert digests(out, plan) == expected and before.items() <= stamps(out).items()
    assert not list(out.glob("*/trials.log*")) and not list(out.glob("*/.*")) and not list(out.glob(".*"))


def test_what_a_killed_driver_logged_is_not_evaluated_again(
    tmp_path: Path, file: Path, undisturbed: tuple[Plan, dict[str, str]], play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archgym.evaluator import Evaluator

    out, (plan, _) = tmp_path / "out", undisturbed
    _kill_midway(start("study", file, "--out", out, "--serial"), out)
    logged = sum(LogMeter().count(out / spec.id) for spec in plan.specs)
    reused: list[int] = []
    take_up = Evaluator._take_up

    def counting(self: Evaluator, recorded: Any) -> None:
        take_up(self, recorded)
        reused.append(self.reused)

    monkeypatch.setattr(Evaluator, "_take_up", counting)
    play(plan, out)
    assert logged >= 3 and sum(reused) == logged


def test_a_worker_is_killed(tmp_path: Path, scene: Path, ray: Any, play: Play) -> None:
    plan = plan_of(agents=["toy_killer"], tasks=["toy-latency-v0"], seeds=3)
    tally = play(plan, tmp_path / "out", serial=False)
    assert tally.complete == 3 and not tally.failures and len(list(scene.iterdir())) == 3
    play(plan, tmp_path / "undisturbed")
    assert digests(tmp_path / "out", plan) == digests(tmp_path / "undisturbed", plan)


def test_a_worker_that_always_dies_fails_alone(tmp_path: Path, scene: Path, ray: Any, play: Play) -> None:
    (scene / "always").touch()
    plan = plan_of(agents=["toy_killer", "random"], tasks=["toy-latency-v0"], seeds=1)
    tally = play(plan, tmp_path, serial=False)
    assert tally.complete == 1
    assert tally.failures == ["toy-latency-v0, toy_killer, seed 0: its worker died 4 times (WorkerCrashedError)"]


@pytest.mark.parametrize("damage", ["half a record", "rubbish", "cut", "flipped", "empty"])
def test_a_torn_log(tmp_path: Path, scene: Path, play: Play, damage: str) -> None:
    plan = plan_of(agents=["toy_broken"], tasks=["toy-latency-v0"], seeds=[1])
    assert len(play(plan, tmp_path / "out").failures) == 1
    (log,) = (tmp_path / "out").glob("*/trials.log")
    data = log.read_bytes()
    flipped = data[:-200] + bytes([data[-200] ^ 1]) + data[-199:]
    torn = {"half a record": data + data[-50:], "rubbish": data + bytes(range(256)), "cut": data[:-17], "flipped": flipped}
    log.write_bytes(torn.get(damage, b""))
    (scene / "repaired").touch()
    for folder in ("out", "undisturbed"):
        assert play(plan, tmp_path / folder).complete == 1
    assert digests(tmp_path / "out", plan) == digests(tmp_path / "undisturbed", plan)


def test_the_disk_is_full(tmp_path: Path, file: Path, undisturbed: tuple[Plan, dict[str, str]]) -> None:
    out, (plan, expected) = tmp_path / "out", undisturbed

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    full = archgym("study", file, "--out", out, "--serial", preexec_fn=small_disk)
    lines = full.stderr.splitlines()
    assert full.returncode == 1 and "Traceback" not in full.stderr
    first = plan.specs[0].id
    assert (
        lines[0]
        == f"failed: toy-latency-v0, toy_slow(wait_ms=8), seed 0: {out}/{first}/trials.log: cannot be written: File too large"
    )
    assert lines[-1] == "error: 4 of 4 runs failed; the same command tries them again"
    again = archgym("study", file, "--out", out, "--serial")
    assert again.returncode == 0, again.stderr
    assert digests(out, plan) == expected


def test_ctrl_c_on_ray(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "out"
    driver = start("study", file, "--out", out, "--cpus", 2, start_new_session=True)
    wait_for(lambda: stamps(out))
    os.killpg(driver.pid, signal.SIGINT)
    printed, error = driver.communicate(timeout=30)
    assert driver.returncode == 130 and printed == ""
    assert error.count("\n") == 1 and error.startswith("interrupted with ") and "of 4 runs complete" in error
    before = stamps(out)
    time.sleep(1.0)
    assert stamps(out) == before and not (out / ".driver.lock").exists()


@pytest.mark.slow
def test_a_node_is_lost(tmp_path: Path) -> None:
    """In a process of its own: this one may have another Ray."""
    script = Path(__file__).parent / "plugin" / "lose_a_node.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
