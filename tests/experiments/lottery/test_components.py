"""Are variance components and their intervals right?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from archgym.experiments.lottery.components import components
from archgym.experiments.lottery.crossed import crossed_mean, error_bound, mean_squares, t_interval
from archgym.space import FloatArray

# Zones of inhibition (mm) of 6 penicillin samples on 24 plates: Davies and Goldsmith 1972, table 6.6; lme4's Penicillin.
PENICILLIN = """
27 23 26 23 23 21  27 23 26 23 23 21  25 21 25 24 24 20  26 23 25 23 23 20  25 22 26 22 23 20  24 22 25 23 22 19
24 20 23 21 22 19  26 22 26 24 24 21  24 21 24 22 22 20  24 21 24 23 22 19  26 23 26 24 24 21  25 22 26 24 24 20
26 24 26 24 25 22  26 23 26 23 23 20  26 23 25 24 24 22  25 22 25 23 23 20  25 21 24 23 23 20  25 22 24 23 23 19
24 21 23 21 21 19  26 23 26 24 24 21  25 21 24 22 22 18  25 22 25 22 22 20  24 21 24 22 24 19  24 21 24 22 21 18
"""
REML_SD = (0.8467, 1.9316, 0.5499)  # plate, sample, residual, as published with lme4; of a balanced table the ANOVA estimates


@pytest.fixture
def penicillin() -> FloatArray:
    return np.array(PENICILLIN.split(), dtype=np.float64).reshape(24, 6)


@pytest.fixture
def crossed() -> FloatArray:
    rng = np.random.default_rng(7)
    return rng.normal(size=(20, 1)) + 0.5 * rng.normal(size=(1, 5)) + rng.normal(size=(20, 5))


def test_published_components_are_found(penicillin: FloatArray) -> None:
    found = components(penicillin)
    assert_allclose([np.sqrt(part.variance.value) for part in found], REML_SD, atol=5e-5)
    assert_allclose(sum(part.share.value for part in found), 1.0)
    assert crossed_mean(penicillin).value == pytest.approx(22.9722, abs=5e-5)


def test_mean_squares_are_those_of_a_least_squares_fit(crossed: FloatArray) -> None:
    draws, seeds = (np.eye(n)[index] for n, index in zip(crossed.shape, np.indices(crossed.shape).reshape(2, -1), strict=True))

    def squares(*blocks: FloatArray) -> float:
        design = np.column_stack([np.ones(crossed.size), *blocks])
        return float(np.square(crossed.ravel() - design @ np.linalg.lstsq(design, crossed.ravel())[0]).sum())

    full = squares(draws, seeds)
    assert_allclose(mean_squares(crossed), [(squares(seeds) - full) / 19, (squares(draws) - full) / 4, full / 76])


def test_an_interval_begins_at_zero_exactly_where_the_f_test_finds_nothing() -> None:
    critical = stats.f.ppf(0.975, 4, 76)
    rng = np.random.default_rng(1)
    rows = np.stack([rng.permutation([-2.0, -1.0, 0.5, 1.0, 1.5]) for _ in range(10)])
    noise = np.concatenate([rows, -rows])  # no effect of draw or seed, and all draws scatter alike
    effect = np.arange(5.0) - 2.0
    rest = mean_squares(noise).rest
    for ratio, positive in ((0.999, False), (1.001, True)):
        size = np.sqrt(ratio * critical * rest / mean_squares(noise + effect).seed)  # which makes F what it should be
        low = components(noise + size * effect).seed.variance.low
        assert (low > 0.0) == positive
        assert low == pytest.approx(0.0, abs=0.01)


def test_a_rest_that_scatters_evenly_has_the_exact_interval() -> None:
    square = np.array([[1.0, -1.0], [-1.0, 1.0]])
    y = np.tile(square, (4, 1))  # every draw scatters alike: degrees of freedom stay (8 - 1)(2 - 1)
    rest = components(y).rest.variance
    assert_allclose((rest.low, rest.high), 16.0 / stats.chi2.ppf((0.975, 0.025), 7))


def test_a_negative_estimate_is_shown_as_zero_with_its_raw_value() -> None:
    y = np.array([[1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0], [1.0, -1.0, -1.0, 1.0]])  # draws differ by less than seeds do
    draw = components(y + np.array([[0.3], [-0.3], [0.0]])).draw
    assert draw.raw < 0.0
    assert draw.variance.value == draw.variance.low == draw.share.value == 0.0 < draw.variance.high


def test_intervals_hold_their_estimates_and_scale_with_them(crossed: FloatArray) -> None:
    once, thrice = components(crossed), components(5.0 - 3.0 * crossed)
    for part, other in zip(once, thrice, strict=True):
        assert part.variance.low <= part.variance.value <= part.variance.high
        assert 0.0 <= part.share.low <= part.share.value <= part.share.high <= 1.0
        assert_allclose(other.variance, 9.0 * np.array(part.variance))
        assert_allclose(other.share, part.share)


def test_a_batch_of_tables_is_each_table_by_itself(crossed: FloatArray) -> None:
    tables = np.stack([crossed, crossed**2, np.exp(crossed), np.zeros_like(crossed)]).reshape(2, 2, 20, 5)
    batch = components(tables)
    for at in np.ndindex(2, 2):
        for part, alone in zip(batch, components(tables[at]), strict=True):
            assert_allclose([x[at] for x in part.variance], alone.variance)
            assert_allclose([x[at] for x in part.share], alone.share)


def test_constant_runs_have_no_variance_to_share() -> None:
    found = components(np.full((20, 5), 0.1))
    assert_array_equal([part.variance for part in found], np.zeros((3, 3)))
    assert np.isnan([part.share for part in found]).all()
    mean = t_interval(crossed_mean(np.full((20, 5), 0.1)))
    assert mean.low == mean.high == pytest.approx(0.1)


def test_one_draw_leaves_the_seed_alone_and_one_seed_the_draw() -> None:
    y = np.array([3.0, 1.0, 4.0, 1.5, 5.0])
    seeds = components(y[None, :])
    assert seeds.seed.variance.value == pytest.approx(y.var(ddof=1))
    assert_allclose(seeds.seed.variance[1:], 4.0 * y.var(ddof=1) / stats.chi2.ppf((0.975, 0.025), 4))
    assert np.isnan(seeds.draw.variance.value) and np.isnan(seeds.rest.variance.value)
    draws = components(y[:, None])
    assert draws.draw.variance.value == pytest.approx(y.var(ddof=1))
    assert np.isnan(draws.seed.variance.value)


def test_one_configuration_has_students_interval() -> None:
    y = np.array([3.0, 1.0, 4.0, 1.5, 5.0])
    assert_allclose(t_interval(crossed_mean(y[None, :]))[1:], stats.ttest_1samp(y, 0.0).confidence_interval())


def test_a_seed_effect_widens_the_interval_of_the_mean_and_a_missing_one_is_no_effect() -> None:
    rng = np.random.default_rng(3)
    draws, noise = rng.normal(size=(20, 1)), 1e-3 * rng.normal(size=(20, 5))
    plain = crossed_mean(draws + noise - noise.mean(axis=0))
    assert plain.variance == pytest.approx(draws.var(ddof=1) / 20, rel=0.01)
    assert plain.df == 19.0
    seeded = crossed_mean(draws + noise + 3.0 * np.arange(5.0))
    assert seeded.variance == pytest.approx(draws.var(ddof=1) / 20 + 9.0 * 2.5 / 5, rel=0.01)
    assert 4.0 <= seeded.df < 6.0


def test_skewed_draws_move_the_interval_towards_their_tail() -> None:
    skewed = 1.0 - np.random.default_rng(5).exponential(size=(20, 1)) * np.ones((1, 2))
    found = crossed_mean(skewed)
    assert found.third < 0.0
    value, low, high = t_interval(found)
    assert value - low > high - value > 0.0
    assert error_bound(found._replace(third=np.zeros(())), 0.95) == pytest.approx(
        stats.t.ppf(0.975, 19) * np.sqrt(found.variance)
    )


def test_missing_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="finite values"):
        components([[1.0, np.nan]])
    with pytest.raises(ValueError, match="finite values"):
        components(np.zeros(3))
