"""Figure of a study's evaluations to a target, agents that know the model's structure against blind ones.

``python -m archgym.experiments.report.targets results/STUDY FIGURE.png [TARGET]``; the target is a score, by default that of a
specification met.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym import registry
from archgym.experiments.plan import Plan
from archgym.experiments.report.style import GRID, INK, LIGHT, MUTED, RC
from archgym.experiments.store import load_plan
from archgym.experiments.targets import SOLVED, Hits, study_hits
from archgym.spec import RunSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"blind": LIGHT[1], "masks": LIGHT[3], "repair": LIGHT[0], "moves": LIGHT[2]}
_BEYOND = 1.35  # where censored runs are drawn, in budgets


def knowledge(spec: RunSpec) -> str:
    """What an agent uses of its model's structure: ``"blind"``, ``"masks"``, ``"repair"`` or ``"moves"``."""
    config = registry.get_agent(spec.agent).config_class.from_settings(spec.config)
    masks = getattr(config, "masks", False)
    return str(getattr(config, "structure", "masks" if masks else "blind"))


def draw(found: Mapping[str, Mapping[str, Hits]], knows: Mapping[str, str], budget: int, titles: Mapping[str, str]) -> Figure:
    """Every run of every agent, a panel per problem.

    Args:
        found: hits by problem and label.
        knows: what each label's agent uses, see :func:`knowledge`.
        budget: of every run.
        titles: of the panels, by problem.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(label for labels in found.values() for label in labels))[::-1]
    with rc_context(RC):
        figure = Figure(figsize=(1.6 + 3.2 * len(found), 1.2 + 0.27 * len(rows)), layout="constrained", dpi=120)
        panels = np.atleast_1d(figure.subplots(1, len(found), sharey=True))
        for ax, (problem, labels) in zip(panels, found.items(), strict=True):
            _panel(ax, labels, rows, knows, budget)
            ax.set_title(titles[problem])
        panels[0].set_yticks(range(len(rows)), rows)
        _key(figure, knows)
    return figure


def _panel(ax: Axes, labels: Mapping[str, Hits], rows: list[str], knows: Mapping[str, str], budget: int) -> None:
    here = [(row, labels[label], COLOURS[knows[label]]) for row, label in enumerate(rows) if label in labels]
    for row, hits, colour in here:
        _runs(ax, row, hits, colour, budget)
    ax.axvline(budget, color=MUTED, linewidth=0.8)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.grid(True, axis="y", color=GRID)
    _evaluations(ax, budget)
    right = ax.twinx()
    right.set_ylim(ax.get_ylim())
    right.grid(False)
    right.tick_params(axis="y", length=0, labelsize=8)
    right.set_yticks([*(row for row, _, _ in here), len(rows) - 0.35], [*(_expected(hits) for _, hits, _ in here), "ERT"])


def _runs(ax: Axes, row: int, hits: Hits, colour: str, budget: int) -> None:
    """One dot per run, hollow and beyond the budget where it is censored; a bar at the expected running time."""
    at = np.where(hits.reached, hits.evaluations, _BEYOND * budget)
    height = row + np.linspace(0.28, -0.28, len(hits)) if len(hits) > 1 else np.full(1, float(row))
    for some, face in ((hits.reached, colour), (~hits.reached, "none")):
        marks: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 0.9, "alpha": 0.85}
        ax.plot(at[some], height[some], "o", markersize=4.2, zorder=3, **marks)
    if hits.successes and hits.ert <= budget:
        ax.plot([hits.ert, hits.ert], [row - 0.4, row + 0.4], color=INK, linewidth=1.8, zorder=2)


def _expected(hits: Hits) -> str:
    """The expected running time, with the share of the runs that hit where not all do."""
    if not hits.successes:
        return f"none of {len(hits)}"
    missed = "" if hits.successes == len(hits) else f"  ({hits.successes} of {len(hits)})"
    return f"{hits.ert:,.0f}{missed}"


def _evaluations(ax: Axes, budget: int) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("log")
    ax.set_xlim(1, 1.7 * budget)
    ax.xaxis.set_major_locator(FixedLocator([float(4**k) for k in range(12) if 4**k <= budget / 3] + [float(budget)]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("evaluations to the target")


def _key(figure: Figure, knows: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5}
    handles = [Line2D([], [], color=colour, label=name, **dot) for name, colour in COLOURS.items() if name in knows.values()]
    handles.append(Line2D([], [], color=MUTED, label="never within the budget", markerfacecolor="none", **dot))
    bar: dict[str, Any] = {"linestyle": "none", "marker": "|", "markersize": 9, "markeredgewidth": 1.8}
    handles.append(Line2D([], [], color=INK, label="expected running time (ERT)", **bar))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, handletextpad=0.3)


def of_study(folder: Path, target: float = SOLVED) -> Figure:
    """The figure of a study's folder, from the runs that are complete.

    Raises:
        BadInput: not a study's folder, or a run in it cannot be read.
    """
    plan = load_plan(folder)
    knows = {run.label: knowledge(run.spec) for run in plan.runs}
    found = study_hits(folder, plan, target)
    budget = max(run.spec.budget for run in plan.runs)
    return draw(_in_order(found, knows), knows, budget, _titles(plan))


def _in_order(found: Mapping[str, Mapping[str, Hits]], knows: Mapping[str, str]) -> dict[str, dict[str, Hits]]:
    """Agents in alphabetical order, each from blind to knowing."""
    order = {name: k for k, name in enumerate(COLOURS)}
    rank = {label: (label.rsplit("-", 1)[0], order[knows[label]]) for label in knows}
    return {
        problem: {label: labels[label] for label in sorted(labels, key=rank.__getitem__)} for problem, labels in found.items()
    }


def _titles(plan: Plan) -> dict[str, str]:
    from archgym.experiments.runner import problem

    return {problem(run): registry.get_task(run.spec.task, run.spec.options).workload for run in plan.runs}


if __name__ == "__main__":
    chosen = float(sys.argv[3]) if len(sys.argv) > 3 else SOLVED
    of_study(Path(sys.argv[1]), chosen).savefig(Path(sys.argv[2]))
