"""Do 95 % intervals hold the truth 95 % of the time?

Where a component is truly 0 an interval that is cut off there holds it 97.5 % of the time, and an interval for little but
noise is wide: more than 97 % is no fault. Components of heavy-tailed draws are known to fall short; their floors are what was
measured.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from archgym.experiments.lottery.coverage import MIXES, Covered, coverage, coverage_table
from archgym.experiments.lottery.robust import iqm_interval, mean_interval

HEAVY = ("t(3) draws", "exponential draws", "performances")
SHORT = {"component: draw": 0.85, "share: draw": 0.85, "component: rest": 0.91, "share: rest": 0.88}  # with heavy tails
WIDE = ("small draws", "seeds", "seeds, no draws", "no interaction", "noise")
STUDIES = 300


def floor(row: Covered) -> float:
    """The least coverage the interval is said to have."""
    return SHORT.get(row.interval, 0.93) if row.mix in HEAVY else 0.93


def ceiling(row: Covered) -> float:
    """The most it may have: 97 % where nothing is 0 or near it, and the proportion is none at the edge."""
    edge = row.truth == 0.0 or row.interval.startswith(("profile", "improvement, 2", "tuned", "share"))
    return 1.0 if edge or row.mix in WIDE + HEAVY else 0.97


def misses(rows: list[Covered], studies: int) -> list[Covered]:
    """Rows whose coverage is outside its band by more than chance explains, one time in 10,000 each."""
    low = [stats.binom.ppf(1e-4, studies, floor(row)) / studies for row in rows]
    high = [stats.binom.ppf(1.0 - 1e-4, studies, ceiling(row)) / studies for row in rows]
    return [row for row, a, b in zip(rows, low, high, strict=True) if not a <= row.coverage <= b]


def test_intervals_cover() -> None:
    assert not misses(coverage(STUDIES, mixes=("all three", "draws, small seeds", "noise", "performances")), STUDIES)


@pytest.mark.slow
def test_intervals_cover_in_every_mix() -> None:
    rows = coverage(2000)
    assert {row.mix for row in rows} == set(MIXES)
    assert not misses(rows, 2000)


def test_aggregates_over_tasks_cover() -> None:
    rng = np.random.default_rng(8)
    studies, shape = 1000, (4, 20, 5)
    common, own = rng.normal(size=(studies, 1, 20, 1)), rng.normal(size=(studies, 4, 20, 1))
    y = np.array([-2.0, -0.5, 0.5, 2.0])[:, None, None] + common + 0.5 * own + rng.normal(size=(studies, *shape))
    for interval in (mean_interval(y), iqm_interval(y)):  # both are 0 by symmetry
        held = ((interval.low <= 0.0) & (interval.high >= 0.0)).mean()
        assert stats.binom.ppf(1e-3, studies, 0.93) / studies <= held <= stats.binom.ppf(0.999, studies, 0.97) / studies


def test_coverage_repeats_itself_and_makes_a_table() -> None:
    once, again = (coverage(20, mixes=("draws",), seed=3) for _ in range(2))
    assert once == again
    table = coverage_table(once)
    assert table.columns == ("interval", "draws")
    assert [row[0] for row in table.rows] == [row.interval for row in once]
