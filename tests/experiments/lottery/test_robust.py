"""Are aggregates, their intervals and profiles right?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from archgym.experiments.lottery.robust import (
    aggregate_iqm,
    interquartile_mean,
    iqm_interval,
    mean_interval,
    performance_profile,
    stratified_bootstrap,
)

Y = np.random.default_rng(11).beta(4.0, 2.0, size=(3, 20, 5))


@pytest.mark.parametrize("n", [1, 3, 4, 5, 20, 100])
def test_the_interquartile_mean_is_scipys(n: int) -> None:
    y = np.random.default_rng(n).normal(size=n)
    assert interquartile_mean(y, 1) == pytest.approx(stats.trim_mean(y, 0.25))


def test_the_interquartile_mean_is_the_middle_half_by_hand() -> None:
    assert interquartile_mean([[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 100.0]]]) == 3.5


def test_the_interval_of_independent_runs_is_that_of_their_winsorised_values() -> None:
    y = np.sort(np.random.default_rng(2).normal(size=40))
    winsorised = np.clip(y, y[10], y[29])
    found = aggregate_iqm(y[None, None, :])
    assert found.value == pytest.approx(stats.trim_mean(y, 0.25))
    assert found.variance == pytest.approx(4.0 * winsorised.var(ddof=1) / 40)


def test_wild_runs_move_the_mean_and_not_the_interquartile_mean() -> None:
    wild = Y.copy()
    wild[:, 0, 0] = -50.0
    assert_allclose(iqm_interval(wild), iqm_interval(Y), atol=0.02)
    assert mean_interval(wild).value < mean_interval(Y).value - 0.4


def test_tasks_are_fixed_and_do_not_widen_the_interval() -> None:
    apart = Y + np.array([0.0, 5.0, 10.0])[:, None, None]
    assert_allclose(np.ptp(mean_interval(apart)[1:]), np.ptp(mean_interval(Y)[1:]))


def test_the_bootstrap_agrees_with_scipys_on_one_task() -> None:
    runs = Y[:1, :, :1]
    ours = stratified_bootstrap(runs, np.random.default_rng(0), lambda y: y.mean(axis=(-3, -2, -1)), resamples=20_000)
    tail = stats.norm.cdf(-np.sqrt(20 / 19) * stats.t.ppf(0.975, 19))
    theirs = stats.bootstrap(
        (runs.ravel(),),
        np.mean,
        n_resamples=20_000,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    assert_allclose(ours[1:], theirs.confidence_interval, atol=2e-3)


def test_the_bootstrap_repeats_itself_from_its_seed_and_keeps_draws_whole() -> None:
    first, second = (stratified_bootstrap(Y, np.random.default_rng(4), resamples=200) for _ in range(2))
    assert first == second
    whole = np.repeat(Y[:, :, :1], 5, axis=2)  # five seeds that say the same are no more than one
    alone = stratified_bootstrap(Y[:, :, :1], np.random.default_rng(4), resamples=200)
    assert_allclose(stratified_bootstrap(whole, np.random.default_rng(4), resamples=200), alone)


def test_tasks_with_draws_of_their_own_are_resampled_apart() -> None:
    common = np.random.default_rng(6).normal(size=(1, 20, 1)) * np.ones((8, 1, 1))
    together = stratified_bootstrap(common, np.random.default_rng(0), resamples=500)
    apart = stratified_bootstrap(common, np.random.default_rng(0), shared=False, resamples=500)
    assert np.ptp(apart[1:]) < 0.6 * np.ptp(together[1:])


def test_a_bootstrap_of_one_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="two or more"):
        stratified_bootstrap(Y[:, :1], np.random.default_rng(0), resamples=2)


def test_a_profile_counts_runs_at_or_above_each_threshold() -> None:
    y = np.array([[[0.0, 0.5], [1.0, 1.0]], [[0.5, 0.5], [0.5, 1.0]]])
    found = performance_profile(y, (0.0, 0.5, 0.75, 1.0, 1.1))
    assert_allclose(found.value, (1.0, 7 / 8, 3 / 8, 3 / 8, 0.0))
    assert (found.low <= found.value).all() and (found.value <= found.high).all()
    assert found.high[0] == 1.0 and found.low[-1] == 0.0
    assert found.low[0] < 1.0 and found.high[-1] > 0.0  # what no run shows may still be


def test_the_band_of_independent_runs_is_wilsons() -> None:
    y = (np.arange(400) % 4 == 0).astype(float)
    found = performance_profile(y[None, None, :], [1.0])
    expected = stats.binomtest(100, 400).proportion_ci(method="wilson")
    assert_allclose((found.low[0], found.high[0]), (expected.low, expected.high), atol=1e-3)
