"""A small frozen suite on the toy family, and an honest submission to it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archgym import registry
from archgym.experiments.leaderboard import suites

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # for the helpers beside: pytest imports tests without touching the path

from leaderboard_helpers import honest  # noqa: E402
from watching import state, watched  # noqa: E402

from archgym.experiments.leaderboard.verification import verify  # noqa: E402

ROOT = HERE.parents[2]
KNOWN = (str(ROOT), sys.prefix, sys.base_prefix, tempfile.gettempdir() + "/pytest", "/proc", "/sys", "/dev")


@pytest.fixture(scope="module")
def toy_suites(_plugin: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Suites: toy-v0 alone, with a ranked task and one for tuning."""
    folder = tmp_path_factory.mktemp("suites")
    prints = {name: registry.get_task(name).fingerprint for name in ("toy-latency-v0", "toy-energy-v0")}
    lines = ["format = 1", 'name = "toy-v0"', 'title = "Toys"', "seeds = [0, 1]", "budget = 24"]
    for name, role in (("toy-latency-v0", "search"), ("toy-energy-v0", "tuning")):
        lines += ["[[task]]", f'id = "{name}"', f'role = "{role}"', f'fingerprint = "{prints[name]}"']
    (folder / "toy-v0.toml").write_text("\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "FOLDER", folder)
        yield folder


@pytest.fixture(scope="module")
def good(toy_suites: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest submission of random search; never written to."""
    return honest(tmp_path_factory.mktemp("good") / "good", "random")


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A fresh copy of the honest submission, by folder name."""

    def make(name: str = "sub") -> Path:
        return Path(shutil.copytree(good, tmp_path / name))

    return make


@pytest.fixture(scope="module")
def usual(good: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All code that runs where an honest submission is verified, once everything is imported."""
    folder = Path(shutil.copytree(good, tmp_path_factory.mktemp("usual") / "sub"))
    verify([folder], "all")
    registry.get_agent("genetic")
    with watched() as (seen, _):
        verify([folder], "all")
    return set(seen)


@pytest.fixture
def judge(usual: set[str], tmp_path: Path) -> Callable[..., Any]:
    """Verify, every run played again; proves on the way that no code comes from the submission, that nothing outside of the
    test's folder and the installation is opened, and that nothing but ``verification.json`` is written."""

    def look(*folders: Path) -> Any:
        before = state(tmp_path)
        with watched() as (seen, opened):
            found = verify(folders, "all")
        assert not seen - usual, seen - usual
        abroad = [p for p in opened if not Path(p).is_relative_to(tmp_path) and not p.startswith(KNOWN)]
        assert not abroad, abroad
        after = state(tmp_path)
        changed = {p for p in before | after if before.get(p) != after.get(p)}
        assert changed <= {str(f / "verification.json") for f in folders}, changed
        return found if len(found) > 1 else found[0]

    return look
