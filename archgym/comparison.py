"""Figures of a model against a reference: per metric the share of exact rows, of rows within 1 %, and the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archgym.family import Table
from archgym.space import BoolArray, FloatArray

Figures = dict[str, Any]
HEADINGS = ("metric", "rows", "exact", "within 1 %", "mean error", "largest error", "promised")


def compare(want: FloatArray, have: FloatArray, rounding: float = 0.0) -> Figures:
    """Figures of one metric.

    Args:
        want: ``float64 (N,)`` as the reference prints it; NaN and 0 are left out.
        have: ``float64 (N,)`` as the model says.
        rounding: half a unit of the last digit printed.
    """
    used = np.isfinite(want) & (want != 0)
    if not used.any():
        return {"rows": 0}
    want, have = want[used], have[used]
    exact = np.abs(have - want) <= rounding * (1 + 1e-6) + 1e-12 * want
    return _figures(100.0 * np.abs(have / want - 1.0), exact)


def summary(difference: FloatArray, size: FloatArray, exact: BoolArray) -> Figures:
    """Figures out of absolute differences, what they are relative to, and which rows are exact: ``(N,)`` each, N > 0."""
    return _figures(100.0 * difference / size, exact)


def _figures(error_percent: FloatArray, exact: BoolArray) -> Figures:
    return {
        "rows": len(error_percent),
        "exact": float(exact.mean()),
        "within_1_percent": float((error_percent <= 1.0).mean()),
        "mean_error_percent": float(error_percent.mean()),
        "max_error_percent": float(error_percent.max()),
    }


def comparison_table(title: str, figures: Mapping[str, Figures], promised: Mapping[str, str], notes: Sequence[str]) -> Table:
    """The figures as a person reads them; metrics without rows are left out."""
    cells = [
        (
            name,
            f["rows"],
            f"{100 * f['exact']:.1f} %",
            f"{100 * f['within_1_percent']:.1f} %",
            f"{f['mean_error_percent']:.4f} %",
            f"{f['max_error_percent']:.3f} %",
            promised.get(name, ""),
        )
        for name, f in figures.items()
        if f["rows"]
    ]
    return Table(title, HEADINGS, cells, tuple(notes))
