"""The shipped study: its digest is whole, of the lottery as it is in the file, and its tables are what the digest says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from archgym.experiments.lottery.analysis import analyse
from archgym.experiments.lottery.analysis_tables import csv_tables
from archgym.experiments.lottery.parquet import read_digest
from archgym.experiments.lottery.report import as_csv
from archgym.experiments.lottery.study import load_lottery

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "docs" / "lottery"
SIZE = {"tasks", "tuning", "draws", "seeds", "budget", "draw_seed", "only", "group"}  # not "agents": tests register more


def test_its_digest_is_whole_and_of_the_lottery_in_the_file() -> None:
    digest = read_digest(KEPT / "digest.parquet")
    today = load_lottery(ROOT / "experiments" / "studies" / "lottery.toml")
    assert digest.missing == 0 and digest.planned == len(digest.rows)
    assert digest.lottery.model_dump(include=SIZE) == today.model_dump(include=SIZE)
    assert set(digest.lottery.agents) <= set(today.agents)


def test_its_tables_are_what_its_digest_says() -> None:
    tables = csv_tables(analyse(read_digest(KEPT / "digest.parquet")))
    for path in KEPT.glob("*.csv"):
        kept = list(csv.reader(path.open(encoding="utf-8", newline="")))
        made = list(csv.reader(as_csv(tables[path.stem]).splitlines()))
        assert [len(row) for row in made] == [len(row) for row in kept], path.stem
        assert all(_same(a, b) for old, new in zip(kept, made, strict=True) for a, b in zip(old, new, strict=True)), path.stem


def _same(a: str, b: str) -> bool:
    """The same text, or the same figure but for what another machine's last bits make of it."""
    try:
        return a == b or float(a) == pytest.approx(float(b), rel=1e-3, abs=1e-9)
    except ValueError:
        return False
