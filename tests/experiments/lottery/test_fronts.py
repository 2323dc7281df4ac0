"""Are hypervolumes and attainment surfaces those of the runs?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from archgym.experiments.lottery.fronts import attained, attainment_surface, hypervolumes

A = [(0.2, 0.8), (0.6, 0.4)]
B = [(0.4, 0.6)]
C = [(0.8, 0.2), (0.3, 0.9)]


def test_hypervolumes_by_hand() -> None:
    beyond = [(0.5, 1.5), (np.nan, 0.1)]
    assert_allclose(hypervolumes([A, B, np.empty((0, 2)), beyond]), (0.32, 0.24, 0.0, 0.0))


def test_attainment_surfaces_by_hand() -> None:
    fronts = [A, B, C]
    assert_allclose(attainment_surface(fronts, 1 / 3), [(0.2, 0.8), (0.4, 0.6), (0.6, 0.4), (0.8, 0.2)])
    assert_allclose(attainment_surface(fronts, 0.5), [(0.3, 0.9), (0.4, 0.8), (0.6, 0.6), (0.8, 0.4)])
    assert_allclose(attainment_surface(fronts, 1.0), [(0.4, 0.9), (0.8, 0.6)])


@pytest.mark.parametrize(("runs", "objectives"), [(5, 2), (7, 2), (10, 2), (5, 3)])
def test_a_quantile_is_attained_by_that_share_of_runs_and_nothing_below_it_is(runs: int, objectives: int) -> None:
    rng = np.random.default_rng(runs)
    fronts = [rng.integers(0, 20, size=(6, objectives)) / 20.0 for _ in range(runs)]
    grid = np.stack(np.meshgrid(*[np.arange(21) / 20.0] * objectives), axis=-1).reshape(-1, objectives)
    share = attained(fronts, grid)
    for level in range(1, runs + 1):
        surface = attainment_surface(fronts, level / runs)
        inside = (surface[:, None, :] <= grid).all(axis=2).any(axis=0)
        assert (inside == (share >= level / runs - 1e-9)).all()


def test_runs_that_found_nothing_count() -> None:
    nothing = np.empty((0, 2))
    assert_allclose(attainment_surface([A, A, nothing], 2 / 3), A)
    assert attainment_surface([A, A, nothing], 1.0).shape == (0, 2)
    assert_allclose(attained([A, nothing], A), 0.5)
    assert attainment_surface([nothing], 0.5).shape == (0, 2)


def test_quantiles_out_of_range_are_refused() -> None:
    for fronts, quantile in (([], 0.5), ([A], 0.0), ([A], 1.1)):
        with pytest.raises(ValueError, match="above 0 and up to 1"):
            attainment_surface(fronts, quantile)
    with pytest.raises(ValueError, match=r"shape \(N, K\)"):
        hypervolumes([(0.1, 0.2)])
