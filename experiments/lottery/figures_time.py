"""Figures of searches over time: regret at any time, evaluations to targets, hypervolumes, fronts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.experiments.lottery import figures as kit
from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_field import RANDOM
from archgym.experiments.lottery.analysis_time import TARGETS, Anytime, Surface, Volume, anytime_on
from archgym.experiments.lottery.figures_agents import DRAWN, OWN
from archgym.experiments.report.curves import corners
from archgym.experiments.report.style import GRID, LIGHT, MUTED, Style
from archgym.space import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FLOOR = 1e-4  # shortfalls below are drawn here


def anytime(analysis: Analysis) -> Figure:
    """Mean shortfall over tasks against evaluations, a panel per agent."""
    found = {row.agent: row for row in analysis.anytime}
    rival = found.get(RANDOM)
    whole = len(analysis.field.tasks)

    def draw(ax: Axes, agent: str) -> None:
        row = found[agent]
        if rival is not None and row.tasks == whole:
            ax.plot(rival.evaluations, _floored(rival.defaults), color=MUTED, linewidth=1.0, linestyle=(0, (1, 1)))
        if analysis.field.tunable(agent):
            low, middle, high = (_floored(part) for part in row.draws)
            ax.fill_between(row.evaluations, low, high, color=DRAWN, alpha=0.2, linewidth=0)
            ax.plot(row.evaluations, middle, color=DRAWN)
        ax.plot(row.evaluations, _floored(row.defaults), color=OWN, linestyle=(0, (4, 1.5)))
        kit.budget_axis(ax, kit.powers(analysis.field.budget, 3))

    labels = ("evaluations", "shortfall (%)")
    figure = kit.panels("Anytime: 1 − performance, mean over tasks", [r.agent for r in analysis.standings], draw, labels)
    _log_y(figure, [row.defaults for row in found.values()] + [row.draws for row in found.values()])
    keys = [kit.stroke("draws: median and quartiles", DRAWN), kit.stroke("defaults", OWN, (0, (4, 1.5)))]
    kit.key(figure, [*keys, *([kit.stroke("random search", MUTED, (0, (1, 1)))] if rival else [])])
    return figure


def _floored(values: FloatArray) -> FloatArray:
    return np.maximum(values, _FLOOR)


def _log_y(figure: Figure, values: list[FloatArray]) -> None:
    """One log scale for all panels that share their y axis."""
    every = _floored(np.concatenate([v.ravel() for v in values]))
    kit.log_percent_axis(figure.axes[0], "y", [float(every.min()) * 1.3, float(every.max()) / 1.3])


def anytime_of(analysis: Analysis, task: str) -> Figure:
    """Mean shortfall of the defaults on one task, all agents."""
    field = analysis.field
    rows = anytime_on(field, task)
    figure, ax = kit.canvas("Anytime: shortfall of the defaults, mean over seeds", 3.4 + 0.2 * -(-len(rows) // 4))
    for row in rows:
        _line(ax, row, Style(field.digest.lottery.agents.index(row.agent)))
    kit.budget_axis(ax, kit.powers(field.budget, 5))
    ax.set_xlabel("evaluations")
    least = min(float(row.defaults.min()) for row in rows)
    ax.set_ylabel("shortfall from the best known (%)" if least > _FLOOR else "shortfall (%; at the bottom: 0.01 or less)")
    _log_y(figure, [row.defaults for row in rows])
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8.5, handlelength=2.6)
    return figure


def _line(ax: Axes, row: Anytime, style: Style) -> None:
    keep = corners(row.defaults[None])
    marks: dict[str, Any] = {"marker": np.array(style.marker), "markersize": 5.0 * style.extent, "mew": 0}
    marks["markevery"] = (0.05 + 0.05 * (style.index % 4), 0.25)
    values = _floored(row.defaults[keep])
    ax.plot(row.evaluations[keep], values, **kit.look(style), **marks, label=row.agent, gid=f"agent-{style.index}-line")


def reaches(analysis: Analysis) -> Figure | None:
    """ECDF of evaluations to targets, a panel per agent."""
    found = {row.agent: row for row in analysis.reaches}
    if not found:
        return None

    def draw(ax: Axes, agent: str) -> None:
        for other in found.values():
            ax.plot(other.evaluations, other.defaults, color=GRID, linewidth=0.8, zorder=1)
        row = found[agent]
        if analysis.field.tunable(agent):
            ax.plot(row.evaluations, row.drawn, color=DRAWN, zorder=3)
        ax.plot(row.evaluations, row.defaults, color=OWN, linestyle=(0, (4, 1.5)), zorder=3)
        kit.budget_axis(ax, kit.powers(analysis.field.budget, 3))
        ax.set_ylim(0, 1)
        kit.percent_axis(ax, "y")

    goals = ", ".join(f"{100 * t:g}" for t in TARGETS)
    title = f"Evaluations to targets (ECDF over tasks and regrets of {goals} %)"
    names = [r.agent for r in analysis.standings if r.agent in found]
    figure = kit.panels(title, names, draw, ("evaluations", "targets reached (%)"))
    keys = [
        kit.stroke("random draws", DRAWN),
        kit.stroke("defaults", OWN, (0, (4, 1.5))),
        kit.stroke("other agents' defaults", GRID),
    ]
    kit.key(figure, keys)
    return figure


def running_times(analysis: Analysis) -> Figure | None:
    """Expected running times of the defaults to what random search reaches at the end of its budget."""
    if not analysis.running:
        return None
    agents = [r.agent for r in analysis.standings]
    problems = [p for p in analysis.field.problems if any(r.task == p.task for r in analysis.running)]
    found = {(r.agent, r.task): r for r in analysis.running}
    values = np.full((len(agents), len(problems)), np.nan)
    texts = [["–"] * len(problems) for _ in agents]
    budget = analysis.field.budget
    for i, agent in enumerate(agents):
        for j, problem in enumerate(problems):
            row = found.get((agent, problem.task))
            if row is not None:
                values[i, j] = min(row.defaults / (3 * budget), 1.0) ** 0.5
                texts[i][j] = f"{row.defaults:,.0f}" if np.isfinite(row.defaults) else "none"
    title = "Evaluations (ERT of the defaults) to the median that random search ends at; none: no run reaches it"
    figure, ax = kit.canvas(title, 2.2 + kit.ROW * len(agents), kit.WIDE)
    kit.cells(ax, values, texts, agents, [p.label for p in problems], 1.0, LIGHT[4])
    return figure


def volumes(analysis: Analysis) -> Figure | None:
    """Hypervolumes of the final fronts on the tasks that are ranked by them."""
    tasks = list(dict.fromkeys(row.task for row in analysis.volumes))
    if not tasks:
        return None
    playing = {row.agent for row in analysis.volumes}
    agents = [r.agent for r in analysis.standings if r.agent in playing]
    names = {p.task: p.label for p in analysis.field.problems}
    wide = kit.NARROW if len(tasks) == 1 else kit.WIDE
    figure = kit.blank("Hypervolume of the final front, 95 % intervals", 1.7 + 0.3 * len(agents), wide)
    axes = np.atleast_1d(figure.subplots(1, len(tasks), sharey=True))
    for ax, task in zip(axes, tasks, strict=True):
        rows = {row.agent: row for row in analysis.volumes if row.task == task}
        for place, agent in enumerate(agents):
            if agent in rows:
                _volume(ax, place, rows[agent])
        share = next(iter(rows.values())).share
        ax.set_xlabel("share of best known (%)" if share else "share of the reference box (%)")
        ax.set_title(names[task], fontsize=8.5)
        kit.percent_axis(ax, "x")
        kit.name_rows(ax, agents)
    kit.key(
        figure,
        [kit.mark("defaults", OWN, "D"), kit.mark("a random draw", DRAWN), kit.mark("luckiest draw (no interval)", MUTED, "|")],
        3,
    )
    return figure


def attainment_of(analysis: Analysis, task: str) -> Figure | None:
    """Median attainment surfaces of the defaults on a task of several metrics, a panel per pair of these."""
    rows = [s for s in analysis.surfaces if s.task == task and len(s.corners)]
    pairs = list(dict.fromkeys(s.axes for s in rows))
    if not rows:
        return None
    width = kit.NARROW if len(pairs) == 1 else kit.WIDE
    columns = min(len(pairs), 3)
    figure = kit.blank("What half of the runs of the defaults attain", 1.0 + 3.0 * -(-len(pairs) // columns), width)
    axes = np.atleast_1d(figure.subplots(-(-len(pairs) // columns), columns)).ravel()
    for ax, pair in zip(axes, pairs, strict=False):
        _surfaces(ax, analysis, [s for s in rows if s.axes == pair])
    named = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    look: dict[str, Any] = {"ncols": 4 if len(pairs) == 1 else 7, "frameon": False, "fontsize": 8.5, "handlelength": 2.6}
    figure.legend(list(named.values()), list(named), loc="outside lower center", **look)
    return figure


def _surfaces(ax: Axes, analysis: Analysis, rows: list[Surface]) -> None:
    far = np.max([s.corners.max(axis=0) for s in rows], axis=0) * 1.3  # beyond the axes' ends
    for row in rows:
        style = Style(analysis.field.digest.lottery.agents.index(row.agent))
        x = np.concatenate([row.corners[:1, 0], row.corners[:, 0], far[:1]])
        y = np.concatenate([far[1:], row.corners[:, 1], row.corners[-1:, 1]])
        ax.plot(x, y, drawstyle="steps-post", **kit.look(style), label=row.agent, gid=f"agent-{style.index}-surface")
    near = np.min([s.corners.min(axis=0) for s in rows], axis=0)
    kit.share_axis(ax, "x", float(near[0]), float(far[0]) / 1.3)
    kit.share_axis(ax, "y", float(near[1]), float(far[1]) / 1.3)
    ax.set_xlabel(f"{rows[0].axes[0]} (% of the reference point)")
    ax.set_ylabel(f"{rows[0].axes[1]} (% of the reference point)")


def _volume(ax: Axes, place: int, row: Volume) -> None:
    for shift, found, colour, marker in ((-0.15, row.defaults, OWN, "D"), (0.15, row.drawn, DRAWN, "o")):
        kit.interval(ax, place + shift, float(found.value), (float(found.low), float(found.high)), colour, marker)
    ax.plot([row.best_draw], [place + 0.15], marker="|", color=MUTED, markersize=8, mew=1.5)
