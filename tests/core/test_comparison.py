"""Figures of a model against a reference, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.comparison import compare, comparison_table, summary


def test_rows_without_a_reference_are_left_out() -> None:
    found = compare(np.array([np.nan, 0.0, 200.0]), np.array([1.0, 1.0, 201.0]))
    assert found == pytest.approx(
        {"rows": 1, "exact": 0.0, "within_1_percent": 1.0, "mean_error_percent": 0.5, "max_error_percent": 0.5}
    )
    assert compare(np.array([np.nan]), np.array([1.0])) == {"rows": 0}


def test_exact_is_to_the_last_digit_printed() -> None:
    want, have = np.array([1.25, 1.25, 1.25]), np.array([1.2549, 1.255, 1.2551])
    assert compare(want, have, 0.005)["exact"] == pytest.approx(2 / 3)
    assert compare(want, have)["exact"] == 0.0


def test_errors_are_relative() -> None:
    found = summary(np.array([0.0, 3.0]), np.array([10.0, 100.0]), np.array([True, False]))
    assert (found["exact"], found["within_1_percent"]) == (0.5, 0.5)
    assert (found["mean_error_percent"], found["max_error_percent"]) == (1.5, 3.0)


def test_the_table_has_a_row_per_metric_with_rows() -> None:
    figures = {"a": compare(np.array([100.0]), np.array([102.0])), "b": {"rows": 0}}
    assert list(comparison_table("t", figures, {}, ()).rows) == [("a", 1, "0.0 %", "0.0 %", "2.0000 %", "2.000 %", "")]
