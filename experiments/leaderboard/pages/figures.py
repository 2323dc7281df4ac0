"""Figures of the site that a study's report has not got: mean ranks with the critical difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archgym.experiments.leaderboard.standings import Ranking
from archgym.experiments.report.style import GRID, INK, MUTED, RC, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def critical_difference(ranking: Ranking, styles: Mapping[str, Style]) -> Figure:
    """Mean ranks, a row per method, the best on top; bars join methods that are not told apart (Demšar 2006, turned)."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(RC):
        count = len(ranking.lines)
        figure = Figure(figsize=(6.4, 1.7 + 0.25 * count), layout="constrained")
        ax = figure.add_subplot()
        figure.suptitle(
            f"Mean rank over {len(ranking.tasks)} {ranking.role} tasks", x=0.02, ha="left", fontsize=10, fontweight="bold"
        )
        for row, line in enumerate(ranking.lines):
            _mark(ax, line.mean_rank, count - 1 - row, styles[line.entrant.name])
        for place, group in enumerate(ranking.groups):
            _join(ax, count, group, place)
        _ruler(ax, count, ranking.difference)
        _axes(ax, ranking)
    return figure


def _mark(ax: Axes, value: float, row: int, style: Style) -> None:
    import numpy as np

    look = {"marker": np.array(style.marker), "markersize": 6.5 * style.extent, "color": style.colour, "mew": 0}
    ax.plot([value], [row], linestyle="none", zorder=3, gid=f"agent-{style.index}-rank", **look)  # type: ignore[arg-type]


def _join(ax: Axes, count: int, group: tuple[int, ...], place: int) -> None:
    """A bar beyond the worst possible rank, from the first to the last row of a group."""
    at = count + 0.5 + 0.35 * place
    ax.plot([at, at], [count - 1 - group[0] + 0.3, count - 1 - group[-1] - 0.3], color=INK, linewidth=2.4, clip_on=False)


def _ruler(ax: Axes, count: int, difference: float) -> None:
    """The critical difference as a length, above the first row; cut where it is longer than the scale."""
    end = min(1.0 + difference, float(count))
    ax.plot([1.0, end], [count - 0.25, count - 0.25], color=MUTED, linewidth=1.4)
    ax.text(1.0, count - 0.1, f"critical difference {difference:.2f}", color=MUTED, va="bottom", fontsize=8.5)


def _axes(ax: Axes, ranking: Ranking) -> None:
    count = len(ranking.lines)
    ax.set_yticks(range(count), [line.entrant.name for line in reversed(ranking.lines)])
    ax.set_ylim(-0.6, count + 0.5)
    ax.set_xlim(0.8, count + 0.6 + 0.35 * max(len(ranking.groups), 1))
    step = max(1, count // 10)
    ax.set_xticks(range(1, count + 1, step))
    ax.set_xlabel("mean rank, 1 is best")
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="both", color=GRID)
