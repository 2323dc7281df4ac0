"""Axes of the static figures: evaluations, regret in per cent on a log scale that shows zero, seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from archgym.experiments.report.style import MUTED
from archgym.experiments.units import plain, seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def evaluations_axis(ax: Axes, budget: int) -> None:
    """Evaluations on a log axis, the budget as its end."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("log")
    ax.set_xlim(1, max(budget, 2))
    powers = [float(4**k) for k in range(12) if 4**k <= budget / 1.9] + [float(budget)]
    ax.xaxis.set_major_locator(FixedLocator(powers))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("evaluations")


def gap_axis(ax: Axes, which: Literal["x", "y"], label: str, floor: float | None) -> None:
    """A score's axis, or where there is a ``floor`` a regret's: log, in per cent, the floor standing for zero."""
    set_label = ax.set_xlabel if which == "x" else ax.set_ylabel
    set_label(label)
    if floor is not None:
        _log_percent(ax, which, floor)
    if not np.isfinite(_values(ax, which)).any():
        write_nothing(ax)


def metric_axis(ax: Axes, which: Literal["x", "y"], log: bool) -> None:
    """A metric's axis, linear or log, with plain figures."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis: Any = ax.xaxis if which == "x" else ax.yaxis
    if log:
        (ax.set_xscale if which == "x" else ax.set_yscale)("log")
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=7))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: plain(float(f"{v:.6g}"))))


def plain_powers(ax: Axes) -> None:
    """Log axes of a model's own picture with plain figures: the page's text is never read as mathematics."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,g}" if 1e-3 <= v < 1e6 else f"{v:.0e}"))
            axis.set_minor_formatter(NullFormatter())


def seconds_axis(ax: Axes) -> None:
    """Seconds with SI prefixes on a log axis, at least a decade wide."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_xlabel("time per evaluation (s, median over runs)")
    values = _values(ax, "x")
    values = values[np.isfinite(values) & (values > 0)]
    if len(values) == 0:
        write_nothing(ax, "no times recorded")
        return
    ax.set_xscale("log")
    ax.set_xlim(10 ** np.floor(np.log10(values.min()) - 0.1), 10 ** np.ceil(np.log10(values.max()) + 0.1))
    ax.xaxis.set_major_locator(LogLocator(numticks=9))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{v:g} s" if 1 <= v < 1e3 else seconds(float(v)).replace(".00 ", " ").replace(".0 ", " "))
    )
    ax.xaxis.set_minor_formatter(NullFormatter())


def write_nothing(ax: Axes, text: str = "no feasible design was found") -> None:
    """Say in the empty plot why it is empty, and show no made-up scale."""
    if not any(t.get_text() == text for t in ax.texts):
        _without_scale(ax)
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED)


def _without_scale(ax: Axes) -> None:
    """Drop the ticks of numeric axes; evaluations and rows of agents keep theirs."""
    from matplotlib.ticker import FixedLocator, NullLocator

    for axis in (ax.xaxis, ax.yaxis):
        if not isinstance(axis.get_major_locator(), FixedLocator):
            axis.set_major_locator(NullLocator())
            axis.set_minor_locator(NullLocator())


def _log_percent(ax: Axes, which: Literal["x", "y"], floor: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    values = _values(ax, which)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    (ax.set_xlim if which == "x" else ax.set_ylim)(floor * 0.85, max(top * 1.3, floor * 20))
    axis: Any = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(FixedLocator([floor, *_ticks(floor, max(top * 1.3, floor * 20))]))
    axis.set_major_formatter(FuncFormatter(lambda v, _: "0" if abs(v / floor - 1) < 1e-6 else plain(100 * float(v))))
    axis.set_minor_locator(NullLocator())


def _ticks(floor: float, top: float) -> list[float]:
    decades = np.arange(np.ceil(np.log10(floor * 1.5)), np.floor(np.log10(top)) + 1)
    steps = (1.0,) if len(decades) > 3 else (1.0, 3.0)
    ticks = [s * 10.0**d for d in [decades[0] - 1, *decades] for s in steps]
    return [float(t) for t in ticks if 1.5 * floor < t <= top]


def _values(ax: Axes, which: Literal["x", "y"]) -> Any:
    lines = [line.get_xdata() if which == "x" else line.get_ydata() for line in ax.lines]
    return np.concatenate([np.asarray(v, dtype=np.float64).ravel() for v in lines]) if lines else np.zeros(0)
