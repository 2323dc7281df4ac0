"""Options, profiles and fixtures that every test folder shares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from archgym import registry
from archgym.errors import MissingExtra
from archgym.task import Task
from archgym.testing import ToyModel, toy_task

ROOT = Path(__file__).resolve().parents[1]

# The same examples on every machine and in every run: a red test is red for everyone.
settings.register_profile(
    "archgym",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("archgym")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="record figures of new tasks and model versions in tests/golden (not with -n); moved figures stay an error",
    )


@pytest.fixture
def task(task_id: str) -> Task:
    """The task of a test's ``task_id``; the test is skipped where the task's data come with an extra that is not installed."""
    found = toy_task() if task_id == "toy-latency-v0" else registry.get_task(task_id)
    try:
        _ = found.model
    except MissingExtra as missing:
        pytest.skip(str(missing))
    return found


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Task:
    """The toy task, reachable by its id for the length of one test."""
    task = toy_task()
    monkeypatch.setitem(registry._tasks(), task.id, task)
    return task


class CountingToy(ToyModel):
    """The toy, remembering every row it was really asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def _evaluate(self, x):
        self.batches.append(len(x))
        return super()._evaluate(x)

    @property
    def rows(self) -> int:
        """Designs evaluated so far."""
        return sum(self.batches)


CountingToy.__name__ = ToyModel.__name__  # part of the fingerprint: it is the same model


@pytest.fixture
def counting(toy: Task) -> Task:
    """The toy task with a model that counts its calls: ``counting.model.rows``."""
    toy.__dict__["model"] = CountingToy()
    return toy


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Run a piece of Python in a fresh interpreter and give back what it prints; its failure is the test's."""

    def run(code: str, *options: str, path: Path | None = None, cwd: Path | None = None, hash_seed: str = "random") -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        if path:
            environment["PYTHONPATH"] = str(path)
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            cwd=cwd or tmp_path,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
