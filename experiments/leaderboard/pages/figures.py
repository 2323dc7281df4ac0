"""Figures of the site that a study's report has not got: over several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.experiments.leaderboard.board import Board
from archgym.experiments.leaderboard.standings import Ranking, mean_curve
from archgym.experiments.report import curves
from archgym.experiments.report.axes import evaluations_axis
from archgym.experiments.report.style import GRID, INK, MUTED, RC, Style
from archgym.experiments.report.words import plural
from archgym.space import FloatArray, IntArray

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
        _title(figure, f"Mean rank over {_tasks(ranking)}")
        for row, line in enumerate(ranking.lines):
            _mark(ax, line.mean_rank, count - 1 - row, styles[line.entrant.name])
        for place, group in enumerate(ranking.groups):
            _join(ax, count, group, place)
        _ruler(ax, count, ranking.difference)
        _axes(ax, ranking)
    return figure


def anytime(board: Board, ranking: Ranking, styles: Mapping[str, Style]) -> Figure:
    """Interquartile mean of performances over tasks and seeds, against evaluations."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    steps = curves.checkpoints(board.suite.budget)
    with rc_context(RC):
        figure = Figure(figsize=(6.4, 3.6 + 0.2 * (len(ranking.lines) // 3)), layout="constrained")
        ax = figure.add_subplot()
        _title(figure, f"Performance over {_tasks(ranking)}")
        for line in ranking.lines:
            _curve(ax, steps, mean_curve(board, line.entrant, ranking.tasks), styles[line.entrant.name], line.entrant.name)
        evaluations_axis(ax, board.suite.budget)
        ax.set_ylabel("score / best known, IQM")
        ax.set_ylim(bottom=0.0)
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9, handlelength=3.4)
    return figure


def _title(figure: Figure, words: str) -> None:
    figure.suptitle(words, x=0.02, ha="left", fontsize=10, fontweight="bold")


def _tasks(ranking: Ranking) -> str:
    return plural(len(ranking.tasks), f"{ranking.role} task")


def _curve(ax: Axes, steps: IntArray, values: FloatArray, style: Style, label: str) -> None:
    look: dict[str, Any] = {"color": style.colour, "dashes": style.dashes, "drawstyle": "steps-post", "label": label}
    look |= {"marker": np.array(style.marker), "markersize": 5.5 * style.extent, "mew": 0}
    look["markevery"] = (0.08 + 0.04 * (style.index % 4), 0.24)
    keep = curves.corners(values[None])
    ax.plot(steps[keep], values[keep], gid=f"agent-{style.index}-line", **look)


def _mark(ax: Axes, value: float, row: int, style: Style) -> None:
    look: dict[str, Any] = {"marker": np.array(style.marker), "markersize": 6.5 * style.extent, "color": style.colour, "mew": 0}
    ax.plot([value], [row], linestyle="none", zorder=3, gid=f"agent-{style.index}-rank", **look)


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
