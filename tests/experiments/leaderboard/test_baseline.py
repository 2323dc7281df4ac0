"""The baseline: does one command make it, take it up where it was left, and find that a run came out otherwise?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from site_helpers import make_suite

from archgym.errors import ArchGymError
from archgym.experiments.cli import main
from archgym.experiments.leaderboard import baseline, stored, suites
from archgym.experiments.leaderboard.manifests import Manifest
from archgym.experiments.runner import How
from archgym.files import read_json

AGENTS = ("random", "genetic")


def _make(out: Path, agents: tuple[str, ...] = AGENTS) -> Path:
    return baseline.baseline(suites.load("pair-v0"), agents, out, How(serial=True), "all", Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def made(_plugin: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kept board of a baseline on a small suite."""
    folder = tmp_path_factory.mktemp("suites")
    make_suite(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "FOLDER", folder)
        yield _make(tmp_path_factory.mktemp("baseline"))


def test_everything_is_there_and_was_played_again(made: Path) -> None:
    kept = stored.load(made)
    assert [e.name for e in kept] == list(AGENTS) and {e.standing for e in kept} == {"re-run"}
    assert all(len(e.played) == 6 for e in kept)
    text = (made.parent / "pair-v0.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in text for name in AGENTS) and "Critical difference" in text
    assert (made.parent / "site" / "pair-v0" / "methods" / "genetic.html").is_file()


def test_what_agents_say_of_themselves_can_be_submitted(made: Path) -> None:
    for name in baseline.available():
        raw = read_json(made.parent / "submissions" / "random" / "submission.json")
        assert Manifest.model_validate({**raw, "method": baseline._words(name)}).method


def test_it_is_taken_up_and_nothing_is_played_twice(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made.read_bytes()
    monkeypatch.setattr(baseline, "run_study", lambda *_: pytest.fail("played again"))
    assert _make(made.parent).read_bytes() == before


def test_the_command_holds_it_against_a_kept_one(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["leaderboard", "baseline", "pair-v0", "--out", str(made.parent), "--rerun", "none"]
    agents = [word for name in AGENTS for word in ("--agent", name)]
    assert main([*command, *agents, "--serial", "--check", str(made)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(made), str(made.parent / "site" / "index.html")]
    kept, other = stored.load(made), tmp_path / "other.parquet"
    stored.save([replace(kept[0], played=tuple(replace(p, digest="0" * 64) for p in kept[0].played))], other)
    assert main([*command, *agents, "--serial", "--check", str(other)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"error: 6 runs differ from {other}"
    assert main([*command, "--rerun", "-1"]) == 2


def test_runs_that_came_out_otherwise_are_named(made: Path) -> None:
    kept = stored.load(made)
    assert baseline.differences(kept, kept) == []
    other = replace(kept[1], played=(replace(kept[1].played[0], digest="0" * 64), *kept[1].played[1:-1]))
    first, last = (kept[1].played[k].spec for k in (0, -1))
    assert baseline.differences(kept, [kept[0], other]) == [
        f"genetic: {first.task} seed {first.seed} has other trials",
        f"genetic: {last.task} seed {last.seed} was not played",
    ]


def test_a_run_that_fails_is_said_and_the_others_stay(made: Path, tmp_path: Path, scene: Path) -> None:
    with pytest.raises(ArchGymError, match="2 of 6 runs failed"):
        _make(tmp_path, ("random", "toy_broken"))
    assert (tmp_path / "submissions" / "random").is_dir() and not (tmp_path / "submissions" / "toy_broken").exists()
