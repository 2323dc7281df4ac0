"""Are the expected best of k and the ticket price right?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from archgym.experiments.lottery.tuning import (
    chosen_weights,
    cross_fit,
    expected_best,
    ticket_price,
    tuned,
    tuned_interval,
    tuning_evaluations,
)

RNG = np.random.default_rng(9)
BUDGET = 256


def test_the_expected_best_is_the_mean_over_all_subsets() -> None:
    select, score = RNG.permutation(7).astype(float), RNG.normal(size=7)
    expected = [
        np.mean([score[max(subset, key=lambda i: select[i])] for subset in combinations(range(7), k)]) for k in range(1, 8)
    ]
    assert_allclose(expected_best(select, score, 7), expected)


def test_draws_that_tie_are_chosen_equally_often() -> None:
    weights = chosen_weights([0.0, 1.0, 1.0, 0.5], 4)
    assert_allclose(
        weights, [(1 / 4, 1 / 4, 1 / 4, 1 / 4), (0, 5 / 12, 5 / 12, 1 / 6), (0, 1 / 2, 1 / 2, 0), (0, 1 / 2, 1 / 2, 0)]
    )
    assert_allclose(chosen_weights(np.ones(6), 6), 1 / 6)


def test_many_draws_do_not_overflow_and_find_the_normal_maximum() -> None:
    z = stats.norm.ppf((np.arange(5000) + 0.5) / 5000)
    assert_allclose(expected_best(z, z, 5), (0.0, 0.5642, 0.8463, 1.0294, 1.1630), atol=2e-3)  # Harter 1961, table 1


def test_scores_of_other_seeds_do_not_credit_the_luck_of_the_seed() -> None:
    noise = np.random.default_rng(0).normal(size=(2000, 20, 5))  # all draws are equally good
    assert_allclose(cross_fit(noise, 5).mean(axis=0), 0.0, atol=0.03)
    naive = expected_best(noise.mean(axis=-1), noise.mean(axis=-1), 5).mean(axis=0)
    assert naive[-1] > 0.5


def test_the_cross_fit_is_the_mean_over_splits_by_hand() -> None:
    y = np.array([[1.0, 0.0], [0.0, 3.0]])  # seed 1 chooses draw 1, which scores 0; seed 2 chooses draw 2, which scores 0
    assert_allclose(cross_fit(y, 2), (1.0, 0.0))


def test_more_tuning_seeds_choose_better() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(500, 20, 1)) + 2.0 * rng.normal(size=(500, 20, 5))
    one, three = (cross_fit(y, 5, r).mean(axis=0)[-1] for r in (1, 3))
    assert three > 1.3 * one > 0.0
    with pytest.raises(ValueError, match="leaves none"):
        cross_fit(y, 5, 5)


def test_the_best_of_one_is_the_mean_and_its_interval() -> None:
    y = RNG.normal(size=(20, 1)) + 0.3 * RNG.normal(size=(20, 5))
    found = tuned(y)
    assert found.value[0] == pytest.approx(y.mean())
    of_draws, of_seeds = y.mean(axis=1).var(ddof=1) / 20, y.mean(axis=0).var(ddof=1) / 5
    assert found.variance[0] == pytest.approx(of_draws + of_seeds)


def test_an_interval_is_refused_where_too_few_draws_or_seeds_are_left() -> None:
    for shape, most, seeds in (((20, 5), 6, 1), ((3, 5), None, 1), ((20, 2), None, 1), ((20, 5), None, 4)):
        with pytest.raises(ValueError, match="allow no interval"):
            tuned(np.zeros(shape), most, seeds)


def test_an_interval_of_constant_runs_is_a_point() -> None:
    value, low, high = tuned_interval(np.full((20, 5), 0.7))
    assert_allclose([value, low, high], 0.7)


def test_tuning_costs_draws_times_seeds_times_budget() -> None:
    assert list(tuning_evaluations(3, BUDGET, 2)) == [512.0, 1024.0, 1536.0]


def test_a_price_is_zero_where_the_defaults_win_and_censored_where_nothing_does() -> None:
    y = 0.5 + 0.01 * RNG.normal(size=(20, 5))
    weak, strong = 0.3 + 0.01 * RNG.normal(size=5), 0.9 + 0.01 * RNG.normal(size=5)
    free = ticket_price(y, strong, weak, BUDGET)
    assert (free.evaluations, free.draws, bool(free.defaults_win)) == (0.0, 0.0, True)
    never = ticket_price(y, weak, strong, BUDGET)
    assert (never.evaluations, never.draws, never.censored_at) == (np.inf, np.inf, 5 * BUDGET)
    assert (never.margin < 0.0).all()


def test_nobody_wins_where_all_runs_find_the_optimum() -> None:
    """Means over subsets of 20 equal draws differ from their value in the last bit."""
    price = ticket_price(np.ones((20, 5)), np.ones(5), np.ones(5), BUDGET)
    assert (price.evaluations, bool(price.defaults_win)) == (np.inf, False)


def test_a_price_is_the_least_tuning_from_which_all_more_wins() -> None:
    good = np.where(np.arange(20) % 2 == 0, 0.9, 0.1)[:, None] + 0.01 * RNG.normal(size=(20, 5))  # every other draw is good
    other, defaults = 0.55 + 0.01 * RNG.normal(size=5), np.full(5, 0.1)
    price = ticket_price(good, defaults, other, BUDGET)
    assert 1 < price.draws <= 5
    k = int(price.draws)
    assert (price.margin[k - 1 :] > 0.0).all() and price.margin[k - 2] <= 0.0
    assert price.evaluations == k * BUDGET
    assert ticket_price(good, defaults, other, BUDGET, tuning_seeds=2).evaluations == 2 * k * BUDGET


def test_an_agent_no_better_than_random_search_is_rarely_given_a_price() -> None:
    rng = np.random.default_rng(2)
    studies = 1000
    y = rng.normal(size=(studies, 20, 5))
    found = ticket_price(y, rng.normal(size=(studies, 5)), rng.normal(size=(studies, 5)), BUDGET)
    assert np.isfinite(found.evaluations).mean() <= stats.binom.ppf(0.999, studies, 0.05) / studies
