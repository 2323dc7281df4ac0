"""Figures that compare agents: aggregates, profiles, pairs, ranks, tuning, prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.experiments.lottery import figures as kit
from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_field import RANDOM
from archgym.experiments.lottery.analysis_rank import Matrix, Ranking, thresholds
from archgym.experiments.lottery.analysis_tune import Curve
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.report.style import GRID, INK, LIGHT, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN, DRAWN, TUNED = LIGHT[0], LIGHT[1], LIGHT[2]


def aggregates(analysis: Analysis) -> Figure:
    """Interquartile means of defaults, random draws and tuned draws."""
    rows = analysis.standings
    figure, ax = kit.canvas("Interquartile mean of performance, 95 % intervals", 1.5 + 0.3 * len(rows), kit.WIDE)
    for row, found in enumerate(rows):
        series = ((-0.24, found.defaults, OWN, "D"), (0.0, found.drawn, DRAWN, "o"), (0.24, found.tuned, TUNED, "^"))
        for shift, value, colour, marker in series:
            if value is not None and (colour != DRAWN or found.draws):
                _interval(ax, row + shift, value, colour, marker)
    whole = len(analysis.field.tasks)
    kit.name_rows(ax, [r.agent if r.tasks == whole else f"{r.agent} ({r.tasks} of {whole} tasks)" for r in rows])
    kit.percent_axis(ax, "x")
    ax.set_xlabel("performance (% of best known)")
    kit.key(figure, [kit.mark("defaults", OWN, "D"), kit.mark("a random draw", DRAWN), kit.mark("best draw", TUNED, "^")], 3)
    return figure


def _interval(ax: Axes, row: float, found: Interval, colour: str, marker: str) -> None:
    kit.interval(ax, row, float(found.value), (float(found.low), float(found.high)), colour, marker)


def profiles(analysis: Analysis) -> Figure | None:
    """Performance profiles, a panel per agent, the others in grey."""
    if not analysis.profiles:
        return None
    tau = thresholds()

    def draw(ax: Axes, agent: str) -> None:
        for other in analysis.profiles.values():
            ax.plot(tau[::4], other.value[::4], color=GRID, linewidth=0.8, zorder=1)
        found = analysis.profiles[agent]
        ax.fill_between(tau, found.low, found.high, color=DRAWN, alpha=0.2, linewidth=0)
        ax.plot(tau, found.value, color=DRAWN, zorder=3)
        ax.plot(tau, analysis.default_profiles[agent].value, color=OWN, zorder=3, linestyle=(0, (4, 1.5)))
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        kit.percent_axis(ax, "x")
        kit.percent_axis(ax, "y")

    labels = ("performance τ (%)", "runs that reach τ (%)")
    figure = kit.panels("Performance profiles over all tasks (pointwise 95 % bands)", _order(analysis), draw, labels)
    keys = [kit.stroke("a random draw", DRAWN), kit.stroke("defaults", OWN, (0, (4, 1.5))), kit.stroke("other agents", GRID)]
    kit.key(figure, keys)
    return figure


def _order(analysis: Analysis) -> list[str]:
    return [row.agent for row in analysis.standings if row.agent in analysis.profiles]


def improvement(analysis: Analysis) -> Figure:
    """Probability that a run of the row's agent beats one of the column's: random draws and defaults."""
    order = [row.agent for row in analysis.standings]
    size = 1.5 + 0.3 * len(order)
    figure = kit.blank(
        "Probability of improvement (%): the row's agent beats the column's; bold: not 50 %, with confidence", size
    )
    parts = (("random draws", analysis.improvements), ("defaults", analysis.default_improvements))
    for ax, (name, matrix) in zip(figure.subplots(1, 2, sharey=True), parts, strict=True):
        _matrix(ax, matrix, order)
        ax.set_title(name)
    return figure


def _matrix(ax: Axes, matrix: Matrix, order: list[str]) -> None:
    places = [matrix.agents.index(agent) for agent in order]
    value, low, high = (part[np.ix_(places, places)].copy() for part in matrix[1:])
    sure = (low > 0.5) | (high < 0.5)
    texts = [["–" if np.isnan(v) else f"{100 * v:.0f}" for v in line] for line in value]
    for i in range(len(order)):
        texts[i][i], value[i, i] = "", np.nan
    kit.cells(ax, value, texts, order, order, 1.0, LIGHT[2], sure)


def ranks(analysis: Analysis) -> Figure | None:
    """Critical-difference diagrams of random draws and of the defaults."""
    found = analysis.rankings
    if not found:
        return None
    most = max(len(r.agents) for r in found)
    figure = kit.blank(
        "Mean ranks over tasks (1 is best); bars join agents that are not told apart", 0.6 + len(found) * (1.15 + 0.1 * most)
    )
    axes = np.atleast_1d(figure.subplots(len(found), 1))
    for ax, ranking in zip(axes, found, strict=True):
        _diagram(ax, ranking)
    return figure


def _diagram(ax: Axes, ranking: Ranking) -> None:
    """Demšar's (2006) diagram: a scale of ranks, names hung below it on both sides, cliques as bars."""
    k = len(ranking.agents)
    half = -(-k // 2)
    bars = len(ranking.cliques)
    first = 0.7 + 0.34 * bars
    for i, (agent, rank) in enumerate(zip(ranking.agents, ranking.ranks, strict=True)):
        left = i < half
        depth = first + 0.55 * (i if left else k - 1 - i)
        edge = 0.6 if left else k + 0.4
        ax.plot([rank, rank, edge], [0, depth, depth], color=MUTED, linewidth=0.9)
        name = f"{agent}  {rank:.1f}" if left else f"{rank:.1f}  {agent}"
        ax.text(edge + (-0.08 if left else 0.08), depth, name, ha="right" if left else "left", va="center", fontsize=8.5)
    for bar, clique in enumerate(ranking.cliques):
        ends = ranking.ranks[clique[0]] - 0.06, ranking.ranks[clique[-1]] + 0.06
        ax.plot(ends, [0.4 + 0.34 * bar] * 2, color=LIGHT[1], linewidth=3, solid_capstyle="butt")
    ax.plot([1, 1 + ranking.critical], [-0.85, -0.85], color=INK, linewidth=1.4, marker="|", markersize=6)
    ax.text(1 + ranking.critical + 0.1, -0.85, f"critical difference {ranking.critical:.2f}", va="center", fontsize=8.5)
    _scale(ax, k, first + 0.55 * half)
    ax.set_title(f"{ranking.name}, {ranking.tasks} tasks")


def _scale(ax: Axes, k: int, depth: float) -> None:
    ax.set_ylim(depth, -1.3)
    ax.set_xlim(-1.2 - 0.05 * k, k + 2.2 + 0.05 * k)
    ax.plot([1, k], [0, 0], color=INK, linewidth=1)
    for rank in range(1, k + 1):
        ax.plot([rank, rank], [0, -0.12], color=INK, linewidth=1)
        ax.text(rank, -0.18, str(rank), ha="center", va="bottom", fontsize=8)
    ax.axis("off")


def tuning(analysis: Analysis) -> Figure:
    """Expected performance against total evaluations, tuning included; a panel per agent."""
    found = {curve.agent: curve for curve in analysis.curves}
    rival = found.get(RANDOM)
    budget = analysis.field.budget
    high = max((float(c.evaluations[-1]) for c in found.values() if len(c.evaluations)), default=budget * 4.0)

    def draw(ax: Axes, agent: str) -> None:
        curve = found[agent]
        if rival is not None and rival.tasks == curve.tasks:
            _restarts(ax, rival, budget, MUTED)
        _restarts(ax, curve, budget, OWN)
        _tuned(ax, curve, budget)
        kit.interval_up(ax, budget, curve.defaults, OWN)
        kit.budget_axis(ax, [float(budget * 4**i) for i in range(6) if budget * 4**i <= max(high, 4 * budget)], 1.25)
        ax.set_xlim(right=1.2 * max(high, 2.0 * budget))
        kit.percent_axis(ax, "y")

    labels = ("total evaluations per task", "expected performance (%)")
    order = [row.agent for row in analysis.standings]
    figure = kit.panels("What tuning buys: expected best of k draws", order, draw, labels)
    keys = [
        kit.mark("defaults, one run", OWN, "D"),
        kit.stroke("best of k draws, one run with it", TUNED),
        kit.stroke("best design of k draws", DRAWN, (0, (5, 1.5))),
        kit.stroke("best design of k restarts", OWN, (0, (1, 1))),
        kit.stroke("the same of random search", MUTED, (0, (1, 1))),
    ]
    kit.key(figure, keys, 3)
    return figure


def _restarts(ax: Axes, curve: Curve, budget: int, colour: str) -> None:
    spent = budget * np.arange(1, len(curve.restarts) + 1)
    ax.plot(spent, curve.restarts, color=colour, linestyle=(0, (1, 1)), linewidth=1.4)


def _tuned(ax: Axes, curve: Curve, budget: int) -> None:
    known = np.isfinite(curve.low)
    ax.fill_between(curve.evaluations[known], curve.low[known], curve.high[known], color=TUNED, alpha=0.2, linewidth=0)
    ax.plot(curve.evaluations, curve.value, color=TUNED, linewidth=1.6)
    spent = budget * np.arange(1, len(curve.designs) + 1)
    ax.plot(spent, curve.designs, color=DRAWN, linewidth=1.4, linestyle=(0, (5, 1.5)))


def tickets(analysis: Analysis) -> Figure | None:
    """Ticket prices per agent and task, and for one setting that serves all tasks."""
    if not analysis.tickets:
        return None
    agents = [r.agent for r in analysis.standings if any(t.agent == r.agent for t in analysis.tickets)]
    columns = [("", "all tasks, one setting"), *((p.task, p.label) for p in analysis.field.problems)]
    price = {(t.agent, t.task): t for t in analysis.tickets}
    values = np.full((len(agents), len(columns)), np.nan)
    texts = [["–"] * len(columns) for _ in agents]
    for i, agent in enumerate(agents):
        for j, (task, _) in enumerate(columns):
            ticket = price.get((agent, task))
            if ticket is not None:
                values[i, j] = min(ticket.evaluations, 1.6 * ticket.censored_at) / (1.6 * ticket.censored_at)
                texts[i][j] = ticket.text
    title = "Ticket price: evaluations of tuning before an agent beats default random search (95 % confidence)"
    figure, ax = kit.canvas(
        f"{title}\n0: its defaults do; >: no tuning that can be judged does", 2.4 + kit.ROW * len(agents), kit.WIDE
    )
    kit.cells(ax, values, texts, agents, [name for _, name in columns], 1.0, LIGHT[6])
    return figure
