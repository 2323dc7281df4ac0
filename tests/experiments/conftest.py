"""The toy plug-in for every test here, and one local Ray for all of them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from archgym import registry
from archgym.experiments.plan import Plan
from archgym.experiments.runner import How, Tally, run_study

HERE = Path(__file__).parent
PLUGIN = HERE / "plugin"
sys.path.append(str(HERE))  # for experiment_helpers: pytest imports tests without touching the path


def _forget() -> None:
    registry._plugins.cache_clear()
    registry._catalogue.cache_clear()


@contextmanager
def _installed() -> Iterator[None]:
    """The toy plug-in is there, in this process and in every one started from here."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PLUGIN), before]))
    sys.path.insert(0, str(PLUGIN))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(PLUGIN))
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
        _forget()


@pytest.fixture(scope="module", autouse=True)
def _plugin() -> Iterator[None]:
    with _installed():
        yield


@pytest.fixture(scope="session")
def scene_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where misbehaving agents keep their notes; workers of the one Ray know it from its start on."""
    root = tmp_path_factory.mktemp("scene")
    os.environ["ARCHGYM_TOY_SCENE"] = str(root)
    return root


@pytest.fixture
def scene(scene_root: Path) -> Path:
    """The scene, swept."""
    for path in scene_root.iterdir():
        path.unlink()
    return scene_root


@pytest.fixture(scope="session")
def ray(scene_root: Path) -> Iterator[Any]:
    """One local Ray for all tests; the runner uses a Ray that is there."""
    from archgym.experiments.pool import ray_pool

    with ExitStack() as held:
        with _installed():
            held.enter_context(ray_pool(cpus=2))
        import ray

        yield ray


@pytest.fixture
def play() -> Callable[..., Tally]:
    """Execute a plan; what it says goes nowhere."""

    def execute(plan: Plan, folder: Path, **how: Any) -> Tally:
        return run_study(plan, folder, How(**{"serial": True, **how}), Console(file=io.StringIO()))

    return execute
