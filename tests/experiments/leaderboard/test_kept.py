"""The baselines that come with ArchGym: whole, of today's suites, and what the agents still find."""

from __future__ import annotations

from pathlib import Path

import pytest

from archgym.experiments.leaderboard import stored, suites
from archgym.experiments.leaderboard.baseline import summary
from archgym.experiments.leaderboard.checks import designs
from archgym.running import run

KEPT = sorted((Path(__file__).parents[3] / "docs" / "leaderboard").glob("*.parquet"))
CHEAP = ("genetic", "systolic-resnet50-edp-v0", 2)  # agent, task and seed


def test_every_suite_has_a_baseline() -> None:
    assert [path.stem for path in KEPT] == suites.names()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_baseline_is_whole_and_verified(path: Path) -> None:
    suite, entrants = suites.load(path.stem), stored.load(path)
    assert all([(p.spec.task, p.spec.seed) for p in e.played] == suite.cells() for e in entrants)
    assert {e.standing for e in entrants} == {"re-run"} and "random" in {e.name for e in entrants}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_its_text_is_what_its_board_says(path: Path) -> None:
    assert path.with_suffix(".md").read_text(encoding="utf-8") == summary(suites.load(path.stem), stored.load(path))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_an_agent_finds_again_what_the_baseline_says(path: Path) -> None:
    agent, task, seed = CHEAP
    entrant = next(e for e in stored.load(path) if e.name == agent)
    kept = next(p for p in entrant.played if (p.spec.task, p.spec.seed) == (task, seed))
    assert designs(run(kept.spec)) == kept.designs  # the last bit of a cost is the machine's business
