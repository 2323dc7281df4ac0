"""Do 95 % intervals hold the truth 95 % of the time?

Where a component is truly 0 an interval that is cut off there holds it 97.5 % of the time, and an interval for little but
noise is wide: more than 97 % is no fault. Components of heavy-tailed draws are known to fall short; their floors are what was
measured.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from archgym.experiments.lottery.compare import probability_of_improvement
from archgym.experiments.lottery.coverage import MIXES, Covered, coverage, coverage_table
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.lottery.robust import iqm_interval, mean_interval, performance_profile

HEAVY = ("t(3) draws", "exponential draws", "performances")
SHORT = {"component: draw": 0.85, "share: draw": 0.85, "component: rest": 0.91, "share: rest": 0.88}  # with heavy tails
WIDE = ("small draws", "seeds", "seeds, no draws", "no interaction", "noise")
STUDIES = 300


def floor(row: Covered) -> float:
    """The least coverage the interval is said to have; of a bootstrap over draws, none where seeds have an effect."""
    if row.interval.endswith("bootstrap"):
        return 0.0 if MIXES[row.mix].seed > 0.0 else 0.93
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


def held(interval: Interval, truth: float) -> bool:
    """Is the coverage of 1,000 studies one that chance makes of 93-97 %, but one time in 1,000?"""
    share = ((interval.low <= truth) & (interval.high >= truth)).mean()
    return bool(stats.binom.ppf(1e-3, 1000, 0.93) <= 1000 * share <= stats.binom.ppf(0.999, 1000, 0.97))


def test_intervals_over_several_tasks_cover() -> None:
    rng = np.random.default_rng(8)
    level = np.array([-2.0, -0.5, 0.5, 2.0])[:, None, None]
    common, own = rng.normal(size=(1000, 1, 20, 1)), rng.normal(size=(1000, 4, 20, 1))
    tuned = common + 0.5 * own + rng.normal(size=(1000, 4, 20, 5))
    fixed = rng.normal(size=(1000, 4, 1, 5))  # one configuration, such as random search
    assert held(mean_interval(tuned + level), 0.0)
    assert held(iqm_interval(tuned + level), 0.0)  # by symmetry
    better = stats.norm.cdf((1.0 + level) / np.sqrt(2.25 + 1.0)).mean()
    assert held(probability_of_improvement(tuned + level + 1.0, fixed), better)
    reached = performance_profile(tuned + level, [1.0])
    assert held(Interval(*(part[:, 0] for part in reached)), stats.norm.cdf((level - 1.0) / 1.5).mean())


def test_coverage_repeats_itself_and_makes_a_table() -> None:
    once, again = (coverage(20, mixes=("draws",), seed=3) for _ in range(2))
    assert once == again
    table = coverage_table(once)
    assert table.columns == ("interval", "draws")
    assert [row[0] for row in table.rows] == [row.interval for row in once]
