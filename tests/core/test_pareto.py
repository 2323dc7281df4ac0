"""Do fronts and volumes agree with their definitions?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archgym.pareto import hypervolume, hypervolume_curve, nondominated

COARSE = st.integers(-2, 12).map(lambda k: k / 8)
POINTS = st.integers(2, 3).flatmap(
    lambda k: arrays(np.float64, st.tuples(st.integers(0, 14), st.just(k)), elements=COARSE | st.sampled_from([np.inf, np.nan]))
)


def brute_front(points: np.ndarray) -> list[bool]:
    finite = np.isfinite(points).all(axis=1)

    def beaten(i: int) -> bool:
        others = (j for j in range(len(points)) if j != i and finite[j])
        return any((points[j] <= points[i]).all() and ((points[j] < points[i]).any() or j < i) for j in others)

    return [bool(finite[i]) and not beaten(i) for i in range(len(points))]


def brute_volume(points: np.ndarray) -> float:
    """Count the cells of the grid of eighths that some point dominates."""
    finite = points[np.isfinite(points).all(axis=1)]
    low = -2
    cells = itertools.product(range(low, 8), repeat=points.shape[1])
    return sum(bool((finite * 8 <= np.array(c)).all(axis=1).any()) for c in cells) / 8 ** points.shape[1]


@given(POINTS)
def test_nondominated_is_its_definition(points: np.ndarray) -> None:
    assert nondominated(points).tolist() == brute_front(points)


@given(POINTS)
def test_hypervolume_is_its_definition(points: np.ndarray) -> None:
    assert hypervolume(points) == pytest.approx(brute_volume(points), abs=1e-12)


@given(POINTS)
def test_the_curve_is_the_volume_of_every_prefix(points: np.ndarray) -> None:
    curve = hypervolume_curve(points)
    assert curve.tolist() == pytest.approx([hypervolume(points[: i + 1]) for i in range(len(points))], abs=1e-12)
    assert (np.diff(curve) >= -1e-12).all()


def test_the_ideal_dominates_the_whole_box_and_the_reference_nothing() -> None:
    assert hypervolume(np.array([[0.0, 0.0]])) == 1.0
    assert hypervolume(np.array([[1.0, 0.0], [0.5, 1.0], [2.0, 2.0], [np.inf, np.inf]])) == 0.0
    assert hypervolume(np.empty((0, 2))) == 0.0
    assert hypervolume_curve(np.empty((0, 3))).tolist() == []
