"""The static figures, by matplotlib: each function draws one task and returns a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.experiments.report import curves
from archgym.experiments.report.axes import evaluations_axis, gap_axis, metric_axis, plain_powers, seconds_axis, write_nothing
from archgym.experiments.report.front import AgentFront, Axis, cloud, known_points, staircase
from archgym.experiments.report.front import axes as front_axes
from archgym.experiments.report.reading import Run, Section
from archgym.experiments.report.style import GRID, INK, KNOWN, RC, Style
from archgym.experiments.statistics import median
from archgym.space import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0
Styles = Mapping[str, Style]


@dataclass(frozen=True)
class Measure:
    """How good a score is, as shown: relative regret where the best is known, the score itself elsewhere."""

    label: str
    of: Callable[[FloatArray], FloatArray]
    floor: float | None

    @classmethod
    def of_section(cls, section: Section) -> Measure:
        """The measure for one task."""
        known = section.known
        if known is None:
            return cls("best score (higher is better)", lambda s: np.where(s > 0.0, s, np.nan), None)
        floor = curves.regret_floor(curves.regret_curve(np.stack([r.best for r in section.runs]), known.score, 0.0))
        against = "optimum" if known.optimal else "best known"
        return cls(f"regret to the {against} (%)", lambda s: curves.regret_curve(s, known.score, floor), floor)


def draw(section: Section, styles: Styles, fronts: Mapping[str, AgentFront]) -> dict[str, Figure]:
    """All figures of one task by name."""
    from matplotlib import rc_context

    with rc_context(RC):
        design = best_design(section)
        return {
            **({"design": design} if design is not None else {}),
            "anytime": anytime(section, styles),
            "hypervolume": volume(section, styles),
            "final": finals(section, styles),
            "overhead": overhead(section, styles),
            "front": front(section, styles, fronts),
        }


def best_design(section: Section) -> Figure | None:
    """The model's own picture of the design with the best score of all runs; None where it has none to give."""
    winners = [run.winner for run in section.runs if len(run.winner.score)]
    if not winners:
        return None
    best = max(winners, key=lambda winner: float(winner.score[0]))
    picture: Figure | None = section.task.model.render(best.x[0])
    for ax in picture.axes if picture else ():
        plain_powers(ax)
    return picture


def anytime(section: Section, styles: Styles) -> Figure:
    """Median and quartiles of the best so far, against evaluations."""
    measure = Measure.of_section(section)
    what = "Best score so far" if measure.floor is None else "Regret of the best so far"
    figure, ax = _canvas(what, section.title, 3.4 + _legend_height(section))
    for label, runs in section.groups.items():
        bands = measure.of(curves.quartiles(np.stack([r.best for r in runs])))
        _band(ax, curves.checkpoints(section.budget), bands, styles[label], label, len(runs) > 1)
    evaluations_axis(ax, section.budget)
    gap_axis(ax, "y", measure.label, measure.floor)
    return _finished(figure, ax, section)


def volume(section: Section, styles: Styles) -> Figure:
    """Median and quartiles of the hypervolume, against evaluations."""
    whole = section.known.hypervolume if section.known and section.known.hypervolume > 0 else None
    figure, ax = _canvas("Hypervolume of the front", section.title, 3.4 + _legend_height(section))
    for label, runs in section.groups.items():
        if not any(r.feasible for r in runs):
            continue
        bands = np.quantile(np.stack([r.volume for r in runs]), (0.25, 0.5, 0.75), axis=0) / (whole or 1.0)
        _band(ax, curves.checkpoints(section.budget), bands, styles[label], label, len(runs) > 1)
    evaluations_axis(ax, section.budget)
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("hypervolume (share of best known)" if whole else "hypervolume (share of reference box)")
    return _finished(figure, ax, section)


def finals(section: Section, styles: Styles) -> Figure:
    """Every run's final result, agent by agent, the best median on top."""
    measure = Measure.of_section(section)
    ranked = sorted(section.groups, key=lambda k: float(np.median([r.score for r in section.groups[k]])))
    figure, ax = _canvas("Final results", section.title, 1.7 + 0.26 * len(ranked))
    for row, label in enumerate(ranked):
        scores = np.array([r.score for r in section.groups[label]])
        middle = measure.of(curves.quartiles(scores[:, None]))[1]
        _dots(ax, row, measure.of(scores), styles[label])
        _median_bar(ax, row, float(middle[0]), styles[label])
    _rows(ax, [_counted(k, section.groups[k]) for k in ranked])
    gap_axis(ax, "x", measure.label, measure.floor)
    _key(figure, [_handle("o", "one run"), _handle("|", "median")])
    return figure


def overhead(section: Section, styles: Styles) -> Figure:
    """Median seconds per evaluation: the agent's own, and the cost model's."""
    agent = {k: median([r.seconds("agent_s") for r in runs]) for k, runs in section.groups.items()}
    model = {k: median([r.seconds("evaluate_s") for r in runs]) for k, runs in section.groups.items()}
    ranked = sorted(agent, key=lambda k: (-agent[k] if np.isfinite(agent[k]) else 0.0, k))
    figure, ax = _canvas("Time per evaluation", section.title, 1.7 + 0.26 * len(ranked))
    for row, label in enumerate(ranked):
        _dumbbell(ax, row, agent[label], model[label], styles[label])
    _rows(ax, ranked)
    seconds_axis(ax)
    _key(figure, [_handle("o", "agent"), _handle("o", "cost model", hollow=True)])
    return figure


def front(section: Section, styles: Styles, fronts: Mapping[str, AgentFront]) -> Figure:
    """The first two axes of the Pareto front: every agent's, and the best known beneath."""
    x, y = front_axes(section, fronts.values())[:2]
    figure, ax = _canvas("Pareto front", section.title, 3.4 + _legend_height(section))
    _scales(ax, x, y)
    _known_line(ax, section, x, y)
    for label, found in fronts.items():
        style, values = styles[label], found.designs.values
        place = values[:, x.column] * x.scale.factor, values[:, y.column] * y.scale.factor
        ax.plot(*place, **_marks(style), label=label, gid=f"agent-{style.index}-front")
    _cloud(ax, section, x, y)
    return _finished(figure, ax, section)


# -- parts ----------------------------------------------------------------------------------------------------------------


def _canvas(title: str, task: str, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    ax = figure.add_subplot()
    lines = (line if len(line) <= 48 else line[:47] + "…" for line in (title, task))
    figure.suptitle("\n".join(lines), x=0.02, ha="left", fontsize=10, fontweight="bold")
    return figure, ax


def _band(ax: Axes, at: Any, bands: FloatArray, style: Style, label: str, several: bool) -> None:
    keep = curves.corners(bands)
    keep = keep[np.isfinite(bands[1, keep])]
    if len(keep) == 0:
        return
    low, middle, high = bands[:, keep]
    marks: dict[str, Any] = {
        "marker": np.array(style.marker),
        "markersize": 5.5 * style.extent,
        "markevery": (0.08 + 0.04 * (style.index % 4), 0.24),
        "mew": 0,
    }
    line: dict[str, Any] = {"color": style.colour, "dashes": style.dashes, "drawstyle": "steps-post", "label": label}
    ax.plot(at[keep], middle, **line, **marks, gid=f"agent-{style.index}-line")
    if several:
        fill: dict[str, Any] = {"step": "post", "color": style.colour, "alpha": 0.12, "linewidth": 0}
        ax.fill_between(at[keep], low, high, **fill, gid=f"agent-{style.index}-band")


def _dots(ax: Axes, row: int, values: FloatArray, style: Style) -> None:
    wave = 0.16 * np.sin(2.4 * np.arange(len(values))) if len(values) > 1 else np.zeros(1)
    ax.plot(values, row + wave, **_marks(style, 0.85), zorder=3, clip_on=False, gid=f"agent-{style.index}-dots")


def _median_bar(ax: Axes, row: int, value: float, style: Style) -> None:
    ax.plot(
        [value, value],
        [row - 0.36, row + 0.36],
        color=INK,
        linewidth=2.0,
        zorder=2,
        clip_on=False,
        gid=f"agent-{style.index}-median",
    )


def _dumbbell(ax: Axes, row: int, agent: float, model: float, style: Style) -> None:
    ax.plot([model, agent], [row, row], color=style.colour, linewidth=1.2, gid=f"agent-{style.index}-bar")
    ax.plot([agent], [row], "o", color=style.colour, markersize=7, gid=f"agent-{style.index}-agent")
    hollow: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": style.colour, "markeredgewidth": 1.5}
    ax.plot([model], [row], "o", **hollow, markersize=7, gid=f"agent-{style.index}-model")


def _marks(style: Style, alpha: float = 0.9) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": np.array(style.marker),
        "markersize": 6.0 * style.extent,
        "color": style.colour,
        "mew": 0,
        "alpha": alpha,
    }


def _rows(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="y", color=GRID)


def _counted(label: str, runs: list[Run]) -> str:
    lost = sum(r.score <= 0.0 for r in runs)
    return f"{label} ({lost} of {len(runs)} infeasible)" if lost else label


def _scales(ax: Axes, x: Axis, y: Axis) -> None:
    metric_axis(ax, "x", x.log)
    metric_axis(ax, "y", y.log)
    ax.set_xlabel(x.title)
    ax.set_ylabel(y.title)


def _known_line(ax: Axes, section: Section, x: Axis, y: Axis) -> None:
    points = known_points(section)
    if not points:
        return
    pairs = np.array([[p.metrics[x.metric] * x.scale.factor, p.metrics[y.metric] * y.scale.factor] for p in points])
    label = "true front" if section.known and section.known.exact else "best-known front"
    sense = np.array([-1.0 if a.descending else 1.0 for a in (x, y)])
    corners = sense * np.stack(staircase(*(sense * pairs).T), axis=1)
    ax.plot(*corners.T, color=KNOWN, linewidth=1.2, drawstyle="steps-post", label=label)


def _cloud(ax: Axes, section: Section, x: Axis, y: Axis) -> None:
    """All designs in grey behind, without widening the axes beyond what the fronts need."""
    names = [f.metric for f in section.task.front]
    values = cloud(section)
    limits = ax.get_xlim(), ax.get_ylim()
    across, up = (values[:, names.index(a.metric)] * a.scale.factor for a in (x, y))
    ax.plot(across, up, ".", color=GRID, markersize=3, zorder=0, label="other designs")
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])


def _handle(marker: str, label: str, hollow: bool = False) -> Any:
    from matplotlib.lines import Line2D

    face = "white" if hollow else INK
    return Line2D([], [], linestyle="none", marker=marker, color=INK, markerfacecolor=face, markersize=7, mew=1.5, label=label)


def _key(figure: Figure, handles: list[Any]) -> None:
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def _columns(section: Section) -> int:
    longest = max(len(k) for k in section.groups)
    return max(1, min(4, 62 // (longest + 9)))


def _legend_height(section: Section) -> float:
    return 0.21 * (-(-(len(section.groups) + 2) // _columns(section)))


def _finished(figure: Figure, ax: Axes, section: Section) -> Figure:
    if not any(r.feasible for r in section.runs):
        write_nothing(ax)
        return figure
    handles, labels = ax.get_legend_handles_labels()
    look: dict[str, Any] = {"ncols": _columns(section), "frameon": False, "fontsize": 9, "handlelength": 3.4}
    figure.legend(handles, labels, loc="outside lower center", **look)
    return figure
