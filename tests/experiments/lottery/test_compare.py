"""Are comparisons right: against scipy, and against the worked example of Demšar (2006)?"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from archgym.experiments.lottery.compare import (
    cliques,
    friedman,
    holm,
    improvement,
    nemenyi_difference,
    nemenyi_separate,
    pairwise,
    probability_of_improvement,
    signed_rank_p,
)
from archgym.space import FloatArray

# AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets: Demšar 2006, table 6. Of "voting", the last but one, the last two
# figures are printed alike, 0.975, but ranked 2 and 3.
AUC = np.array(
    [
        (0.763, 0.768, 0.771, 0.798),
        (0.599, 0.591, 0.590, 0.569),
        (0.954, 0.971, 0.968, 0.967),
        (0.628, 0.661, 0.654, 0.657),
        (0.882, 0.888, 0.886, 0.898),
        (0.936, 0.931, 0.916, 0.931),
        (0.661, 0.668, 0.609, 0.685),
        (0.583, 0.583, 0.563, 0.625),
        (0.775, 0.838, 0.866, 0.875),
        (1.000, 1.000, 1.000, 1.000),
        (0.940, 0.962, 0.965, 0.962),
        (0.619, 0.666, 0.614, 0.669),
        (0.972, 0.981, 0.9751, 0.975),
        (0.957, 0.978, 0.946, 0.970),
    ]
)


def test_demsars_example_of_the_friedman_and_nemenyi_tests() -> None:
    found = friedman(AUC, correct_ties=False)
    assert_allclose(found.mean_ranks, (3.143, 2.000, 2.893, 1.964), atol=5e-4)
    assert found.chi2 == pytest.approx(9.28, abs=0.01)
    assert found.f == pytest.approx(3.69, abs=0.01)
    assert found.df == (3, 39)
    assert stats.f.ppf(0.95, *found.df) == pytest.approx(2.85, abs=0.01) and found.p < 0.05
    assert nemenyi_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert nemenyi_difference(4, 14, 0.1) == pytest.approx(1.12, abs=0.005)


def test_demsars_example_of_a_critical_difference_diagram() -> None:
    mean = friedman(AUC).mean_ranks
    assert [list(bar) for bar in cliques(mean, nemenyi_separate(mean, 14, 0.1))] == [[3, 1, 2], [2, 0]]
    assert [list(bar) for bar in cliques(mean, nemenyi_separate(mean, 14, 0.05))] == [[3, 1, 2, 0]]


def test_critical_values_are_those_of_demsars_table_5() -> None:
    values = [nemenyi_difference(k, 1) / np.sqrt(k * (k + 1) / 6.0) for k in range(2, 11)]
    assert_allclose(values, (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164), atol=1.1e-3)


def test_demsars_example_of_holms_procedure() -> None:
    p = (0.016, 0.019, 0.607)  # C4.5 against each other: the first two are rejected at 5 %
    assert_allclose(holm(p), (0.048, 0.048, 0.607))
    assert_allclose(holm(p[::-1]), (0.607, 0.048, 0.048))


@pytest.mark.parametrize("seed", range(3))
def test_friedmans_chi_squared_is_scipys_with_ties(seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, size=(9, 5)).astype(float)
    assert friedman(scores).chi2 == pytest.approx(stats.friedmanchisquare(*scores.T).statistic)


def test_agents_that_never_differ_and_that_always_differ_alike() -> None:
    never = friedman(np.ones((5, 3)))
    assert (never.chi2, never.p) == (0.0, 1.0)
    always = friedman(np.arange(3.0) + np.zeros((5, 1)))
    assert (always.f, always.p) == (np.inf, 0.0)
    with pytest.raises(ValueError, match="two or more"):
        friedman(np.ones((1, 3)))


@pytest.mark.parametrize("n", [5, 9, 14, 30])
def test_signed_ranks_have_scipys_exact_p(n: int) -> None:
    d = np.random.default_rng(n).normal(0.4, 1.0, size=n)
    assert signed_rank_p(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_signed_ranks_with_ties_and_zeros_are_exact_over_all_signs() -> None:
    d = np.array([0.0, 1.0, 1.0, -2.0, 3.0, 3.0, 3.0, 0.0, 4.0])
    rank = stats.rankdata(np.abs(d))[d != 0.0]
    observed = rank[d[d != 0.0] > 0.0].sum()
    sums = np.array([rank[np.array(signs)].sum() for signs in product((False, True), repeat=7)])
    assert signed_rank_p(d) == pytest.approx(2.0 * (sums >= observed).mean())
    assert signed_rank_p(np.zeros(6)) == 1.0


def test_published_critical_values_of_signed_ranks() -> None:
    def p(negative: set[int]) -> float:
        return signed_rank_p([-rank if rank in negative else rank for rank in range(1, 15)])

    assert p({10, 11}) <= 0.05 < p({10, 12})  # N = 14: 21 is critical at 5 % (Demšar 2006, section 3.1.3)


def test_pairs_are_compared_symmetrically_and_corrected() -> None:
    found = pairwise(AUC)
    assert_allclose(found.p, found.p.T)
    assert_allclose(np.diag(found.corrected), 1.0)
    upper = np.triu_indices(4, 1)
    assert_allclose(found.corrected[upper], holm(found.p[upper]))


def test_bars_join_no_two_agents_that_are_told_apart() -> None:
    separate = np.zeros((5, 5), dtype=bool)
    separate[0, 2] = separate[2, 0] = separate[1, 4] = separate[4, 1] = True
    assert [list(bar) for bar in cliques(np.arange(1.0, 6.0), separate)] == [[0, 1], [1, 2, 3], [2, 3, 4]]
    assert cliques(np.arange(3.0), ~np.eye(3, dtype=bool)) == []


def _runs(seed: int, tasks: int, draws: int, seeds: int) -> FloatArray:
    return np.random.default_rng(seed).integers(0, 6, size=(tasks, draws, seeds)).astype(float)


def test_the_probability_of_improvement_is_mann_whitneys() -> None:
    x, y = _runs(1, 3, 6, 4), _runs(2, 3, 5, 3)
    expected = np.mean([stats.mannwhitneyu(a.ravel(), b.ravel()).statistic / (24 * 15) for a, b in zip(x, y, strict=True)])
    assert probability_of_improvement(x, y).value == pytest.approx(expected)
    assert probability_of_improvement(y, x).value == pytest.approx(1.0 - expected)
    assert probability_of_improvement(x, x).value == pytest.approx(0.5)


def test_its_variance_is_delongs_for_independent_runs() -> None:
    x, y = np.array([1.0, 3.0, 5.0, 7.0]), np.array([0.0, 2.0, 6.0])
    wins = (x[:, None] > y).astype(float)
    expected = wins.mean(axis=1).var(ddof=1) / 4 + wins.mean(axis=0).var(ddof=1) / 3
    assert improvement(x[None, :, None], y[None, :, None]).variance == pytest.approx(expected)


def test_an_agent_that_always_wins_still_has_an_interval() -> None:
    always = probability_of_improvement(_runs(1, 2, 20, 5) + 10.0, _runs(2, 2, 20, 5))
    assert always.value == always.high == 1.0
    assert 0.7 < always.low < 1.0
    never = probability_of_improvement(_runs(2, 2, 20, 5), _runs(1, 2, 20, 5) + 10.0)
    assert_allclose(never, (0.0, 0.0, 1.0 - always.low), atol=1e-12)


def test_constant_agents_are_even() -> None:
    assert probability_of_improvement(np.ones((2, 20, 5)), np.ones((2, 1, 5))).value == 0.5
