"""What the figures of a lottery share: canvases, grids of small panels, tables in colour, axes, keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.report.style import GRID, INK, LIGHT, MUTED, Style
from archgym.space import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NARROW, WIDE = 5.0, 10.0  # inches
ROW = 0.27  # of one agent
DRAW, SEED, REST, AGENT = LIGHT[1], LIGHT[0], LIGHT[5], LIGHT[7]
ON_MARK = "#ffffff"  # on an agent's colour: the page turns it dark where that turns light
_ON_LIGHT, _ON_DARK, _PALE = "#1f2431", "#fefefe", "#eef3f9"  # in cells, whose colour is the same in both themes
_COLUMNS = 5


def canvas(title: str, height: float, width: float = NARROW) -> tuple[Figure, Axes]:
    """A figure with one plot; ``title`` may have several lines."""
    figure = blank(title, height, width)
    return figure, figure.add_subplot()


def blank(title: str, height: float, width: float = WIDE) -> Figure:
    """A figure without a plot, of so many inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


def panels(title: str, names: Sequence[str], draw: Callable[[Axes, str], None], labels: tuple[str, str]) -> Figure:
    """One small panel per name, all with the same axes, whose ``labels`` stand at their edges."""
    columns = min(_COLUMNS, max(len(names), 1))
    rows = -(-len(names) // columns)
    figure = blank(title, 0.9 + 1.55 * max(rows, 1), WIDE if columns > 2 else NARROW)
    axes = figure.subplots(max(rows, 1), columns, sharex=True, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, names, strict=False):
        draw(ax, name)
        ax.set_title(name, fontsize=9)
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    for column in axes.T:  # the lowest panel of a column shows its ticks though panels below it are left out
        shown = [ax for ax in column if ax.get_visible()]
        if shown:
            shown[-1].tick_params(labelbottom=True)
            shown[-1].set_xlabel(labels[0], fontsize=8.5)
    figure.supylabel(labels[1], fontsize=9)
    return figure


def cells(
    ax: Axes,
    values: FloatArray,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    top: float,
    hue: str = LIGHT[0],
    bold: BoolArray | None = None,
) -> None:
    """A table in colour: ``values (R, C)`` from 0 (pale) to ``top`` (``hue``), NaN blank; ``texts`` in the cells."""
    from matplotlib.colors import LinearSegmentedColormap

    fixed = hue[:-1] + ("1" if hue[-1] == "0" else "0")  # no agent's colour, which the page would turn light in the dark
    shades = LinearSegmentedColormap.from_list("shades", [_PALE, fixed])
    shown = np.ma.masked_invalid(np.clip(values / top, 0.0, 1.0)) if top > 0 else np.ma.zeros(values.shape)
    ax.pcolormesh(shown, cmap=shades, vmin=0.0, vmax=1.0, edgecolors="#fdfdfd", linewidth=1.2)
    for i, j in np.ndindex(*values.shape):
        blank_cell = bool(np.ma.getmaskarray(shown)[i, j])
        colour = MUTED if blank_cell else _ON_DARK if float(shown[i, j]) > 0.62 else _ON_LIGHT
        weight = "bold" if bold is not None and bold[i, j] else "normal"
        ax.text(j + 0.5, i + 0.5, texts[i][j], ha="center", va="center", fontsize=8, color=colour, fontweight=weight)
    ax.set_ylim(len(rows), 0)
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(rows))
    ax.set_xticks(np.arange(len(columns)) + 0.5, list(columns), rotation=32, ha="right", rotation_mode="anchor", fontsize=8.5)
    ax.tick_params(length=0)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def interval(
    ax: Axes, row: float, value: float, ends: tuple[float, float], colour: str, marker: Any = "o", **more: Any
) -> None:
    """A mark with its interval on a row; ends that are not known are left out."""
    if np.isfinite(ends).all():
        ax.plot(ends, [row, row], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=2)
    look: dict[str, Any] = {"markersize": 5.5, "markerfacecolor": colour, "markeredgecolor": colour, "zorder": 3, **more}
    ax.plot([value], [row], linestyle="none", marker=marker, **look)


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Rows named from top to bottom: row 0 is the uppermost."""
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="y", color=GRID)


def percent_axis(ax: Axes, which: str, decimals: int = 0) -> None:
    """Shares as per cent."""
    from matplotlib.ticker import FuncFormatter

    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.{decimals}f}" if decimals else f"{100 * v:g}"))


def log_percent_axis(ax: Axes, which: str, values: Sequence[float]) -> None:
    """Positive shares as per cent on a log axis with plain figures."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    found = np.array([v for v in values if np.isfinite(v) and v > 0.0])
    low, high = (found.min() / 1.5, found.max() * 1.5) if len(found) else (0.01, 1.0)
    (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    (ax.set_xlim if which == "x" else ax.set_ylim)(low, high)
    steps = (1.0, 2.0, 5.0) if high / low < 60 else (1.0, 3.0) if high / low < 3e3 else (1.0,)
    every = 2 if high / low > 1e5 else 1
    ticks = [s * 10.0**d for d in range(-8, 5, every) for s in steps if low <= s * 10.0**d <= high]
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:,.4g}"))


def share_axis(ax: Axes, which: str, low: float, high: float) -> None:
    """Shares from ``low`` to ``high`` as per cent: on a log axis where they differ threefold or more."""
    if low > 0.0 and high / low >= 3.0:
        log_percent_axis(ax, which, [low, high])
        (ax.set_xlim if which == "x" else ax.set_ylim)(low / 1.2, high * 1.2)
        return
    room = max(0.06 * (high - low), 0.002)
    (ax.set_xlim if which == "x" else ax.set_ylim)(low - room, high + room)
    percent_axis(ax, which)


def budget_axis(ax: Axes, ticks: Sequence[float], margin: float = 1.0) -> None:
    """Evaluations on a log axis with these ticks; ``margin`` beyond the first and the last, as a factor."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("log")
    ax.set_xlim(ticks[0] / margin, max(ticks[-1], 2 * ticks[0]) * margin)
    ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    ax.tick_params(labelsize=8)


def powers(budget: int, most: int) -> list[float]:
    """From 1 to the budget, at most ``most`` round numbers and the budget itself."""
    step = max(4, 2 ** int(np.ceil(np.log2(max(budget, 2)) / most)))
    return [*(float(step**i) for i in range(most) if step**i <= budget / 2), float(budget)]


def mark(label: str, colour: str = INK, marker: Any = "o", **more: Any) -> Any:
    """An entry of a key: a marker."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"linestyle": "none", "markersize": 6, "markerfacecolor": colour, "markeredgecolor": colour}
    return Line2D([], [], marker=marker, label=label, **{**look, **more})


def stroke(label: str, colour: str = INK, dashes: Any = "-", width: float = 1.6) -> Any:
    """An entry of a key: a line."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=label)


def key(figure: Figure, entries: Sequence[Any], columns: int = 4) -> None:
    """The key below a figure."""
    figure.legend(
        handles=list(entries), loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5, handlelength=2.2
    )


def look(style: Style) -> dict[str, Any]:
    """Colour and dashes of an agent's line."""
    return {"color": style.colour, "dashes": style.dashes}


def note(figure: Figure, ax: Axes, text: str) -> None:
    """Words in an empty plot."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED)
    ax.set_xticks([])
    ax.set_yticks([])


def interval_up(ax: Axes, at: float, found: Interval, colour: str) -> None:
    """A diamond with its interval, upright."""
    if np.isfinite([found.low, found.high]).all():
        ax.plot([at, at], [float(found.low), float(found.high)], color=colour, linewidth=1.3, zorder=3)
    ax.plot([at], [float(found.value)], "D", color=colour, markersize=5, mew=0, zorder=4)
