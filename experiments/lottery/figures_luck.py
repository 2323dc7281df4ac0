"""Figures of the claim and of variances: who wins, what decides a run, how it goes with difficulty."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

import numpy as np

from archgym.experiments.lottery import figures as kit
from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_claim import Claim
from archgym.experiments.lottery.analysis_luck import Decision, Spread
from archgym.experiments.report.style import INK, LIGHT, MUTED
from archgym.experiments.report.words import plural
from archgym.space import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARTS = (("agent", LIGHT[7]), ("draw", kit.DRAW), ("seed", kit.SEED), ("rest", kit.REST))


def winners(analysis: Analysis) -> Figure | None:
    """Share of the plays each agent wins under each set of rules; groups of tasks side by side."""
    found = analysis.claim
    if found is None:
        return None
    groups = _groups(analysis, found)
    order = np.argsort(-found.games[0].pooled, kind="stable")
    figure = kit.blank(
        "Who wins? Share of plays (%)", 1.75 + kit.ROW * len(order), kit.WIDE if len(groups) > 1 else kit.NARROW + 1
    )
    for ax, (name, rows) in zip(np.atleast_1d(figure.subplots(1, len(groups), sharey=True)), groups, strict=True):
        shares = np.stack([game.wins[rows].mean(axis=0)[order] for game in found.games], axis=1)
        texts = [[_whole(v) for v in line] for line in shares]
        kit.cells(ax, shares, texts, [found.agents[i] for i in order], [g.name for g in found.games], 1.0, LIGHT[0])
        ax.set_title(name)
    return figure


def _groups(analysis: Analysis, found: Claim) -> list[tuple[str, list[int]]]:
    sides = analysis.field.sides
    if len(sides) < 2:
        return [(f"all {len(found.tasks)} tasks", list(range(len(found.tasks))))]
    return [
        (f"{name}: {plural(len(tasks), 'task')}", [found.tasks.index(task) for task in tasks]) for name, tasks in sides.items()
    ]


def _whole(share: float) -> str:
    return "·" if share < 0.005 else f"{100 * share:.0f}"


def decides(analysis: Analysis) -> Figure | None:
    """Shares of the variance of a run's performance per task, easiest on top."""
    rows = analysis.decisions
    if not rows:
        return None
    names = {p.task: p.label for p in analysis.field.problems}
    figure, ax = kit.canvas("What decides a run's performance? (easiest on top)", max(1.5 + 0.3 * len(rows), 3.6), kit.WIDE)
    for row, decision in enumerate(rows):
        _bar(ax, row, decision)
    kit.name_rows(ax, [names[d.task] for d in rows])
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("share of the variance over agents, draws and seeds (%)")
    kit.percent_axis(ax, "x")
    _totals(ax, rows)
    words = ("the agent", "its draw of hyperparameters", "the seed", "draw and seed together (rest)")
    kit.key(figure, [kit.mark(word, colour, "s") for word, (_, colour) in zip(words, _PARTS, strict=True)])
    return figure


def _bar(ax: Axes, row: int, decision: Decision) -> None:
    start = 0.0
    for share, (_, colour) in zip(np.nan_to_num(decision.shares), _PARTS, strict=True):
        ax.barh(row, share, left=start, color=colour, height=0.72, linewidth=0)
        if share >= 0.06:
            ax.text(start + share / 2, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=kit.ON_MARK)
        start += share


def _totals(ax: Axes, rows: Sequence[Decision]) -> None:
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(rows)), [f"{100 * np.sqrt(d.total):.2g}" for d in rows])
    right.tick_params(length=0)
    right.set_ylabel("standard deviation of a run (% of best known)", fontsize=8.5)
    right.spines["right"].set_visible(False)


def difficulty(analysis: Analysis) -> Figure | None:
    """How the shares, the sizes and the luck of the winner go with the task's difficulty."""
    hard = {p.task: p for p in analysis.field.problems if np.isfinite(p.difficulty)}
    rows = [d for d in analysis.decisions if d.task in hard]
    if len(rows) < 2:
        return None
    figure = kit.blank("Luck and difficulty: each number is a task", 3.6, kit.WIDE)
    axes = figure.subplots(1, 3)
    _numbers(
        axes[0], analysis, rows, [([100 * d.shares[1] for d in rows], kit.DRAW), ([100 * d.shares[0] for d in rows], LIGHT[7])]
    )
    axes[0].set_ylim(0, 100)
    axes[0].set_ylabel("share of the variance (%)")
    sizes = [([100 * np.sqrt(d.draw) for d in rows], kit.DRAW), ([100 * np.sqrt(d.agent) for d in rows], LIGHT[7])]
    _numbers(axes[1], analysis, rows, sizes)
    axes[1].set_ylabel("standard deviation (% of best known)")
    axes[1].set_ylim(bottom=0)
    _changes(axes[2], analysis, hard)
    for ax, title in zip(axes, ("Share due to draws, agents", "Spread of draws, agents", "Another agent wins"), strict=True):
        ax.set_title(title)
        ax.set_xlabel("regret of random search at 256 (%)")
    marks = [kit.mark("draws", kit.DRAW, "s"), kit.mark("agents", LIGHT[7], "s")]
    kit.key(figure, [*marks, kit.mark("one ticket", LIGHT[3], "s"), kit.mark("counted", LIGHT[2], "s")], 4)
    return figure


def _changes(ax: Axes, analysis: Analysis, hard: Container[str]) -> None:
    found = analysis.claim
    if found is None:
        return
    rows = [i for i, task in enumerate(found.tasks) if task in hard]
    series = [(100 * found.games[g].another[rows], colour) for g, colour in ((0, LIGHT[3]), (3, LIGHT[2]))]
    _numbers(ax, analysis, [found.tasks[i] for i in rows], series)
    ax.set_ylim(0, 100)
    ax.set_ylabel("chance (%)")


def _numbers(
    ax: Axes,
    analysis: Analysis,
    rows: Sequence[Decision] | Sequence[str],
    series: Sequence[tuple[Sequence[float] | FloatArray, str]],
) -> None:
    """Each task's number at its difficulty and value, one colour per series."""
    problems = {p.task: p for p in analysis.field.problems}
    chosen = [problems[row if isinstance(row, str) else row.task] for row in rows]
    floor = min((p.difficulty for p in chosen if p.difficulty > 0.0), default=1e-3) / 2.0
    for values, colour in series:
        x = [max(p.difficulty, floor) for p in chosen]
        ax.plot(x, values, linestyle="none", marker="o", markersize=12, color=colour, mew=0, alpha=0.9, clip_on=False)
        for at, value, problem in zip(x, values, chosen, strict=True):
            if np.isfinite(value):
                ax.text(
                    at, value, str(problem.number), ha="center", va="center", fontsize=7, color=kit.ON_MARK, fontweight="bold"
                )
    kit.log_percent_axis(ax, "x", [max(p.difficulty, floor) for p in chosen])


def spread(analysis: Analysis) -> Figure | None:
    """Standard deviations of draw, seed and rest of the mean over tasks, with their intervals."""
    rows = [s for s in _ordered(analysis) if s.draws > 1 and s.seeds > 1]
    if not rows:
        return None
    figure, ax = kit.canvas(
        "Luck in an agent's mean over its tasks (standard deviations, 95 % intervals)", 1.5 + 0.3 * len(rows), kit.WIDE
    )
    for row, found in enumerate(rows):
        for shift, part, colour in zip((-0.24, 0.0, 0.24), found.parts, (kit.DRAW, kit.SEED, kit.REST), strict=True):
            value, low, high = (100 * float(np.sqrt(end)) for end in part.variance)
            kit.interval(ax, row + shift, value, (low, high), colour)
    kit.name_rows(ax, [s.agent for s in rows])
    ax.set_xlim(left=0.0)
    ax.set_xlabel("standard deviation (% of best known)")
    words = (("draw", kit.DRAW), ("seed", kit.SEED), ("rest (draw × seed)", kit.REST))
    kit.key(figure, [kit.mark(word, colour) for word, colour in words], 3)
    return figure


def _ordered(analysis: Analysis) -> list[Spread]:
    """Pooled rows in the order of the standings."""
    pooled = {s.agent: s for s in analysis.spreads if not s.task}
    return [pooled[row.agent] for row in analysis.standings]


def shares(analysis: Analysis) -> Figure | None:
    """Share of the variance that is due to the draw, per agent and task."""
    tasks = analysis.field.problems
    agents = [s.agent for s in _ordered(analysis) if s.draws > 1 and s.seeds > 1]
    if not agents:
        return None
    found = {(s.agent, s.task): s.parts.draw.share for s in analysis.spreads}
    values = np.full((len(agents), len(tasks)), np.nan)
    texts = [["–"] * len(tasks) for _ in agents]
    sure = np.zeros(values.shape, dtype=np.bool_)
    for i, agent in enumerate(agents):
        for j, problem in enumerate(tasks):
            share = found.get((agent, problem.task))
            if share is not None and np.isfinite(share.value):
                values[i, j], texts[i][j], sure[i, j] = share.value, f"{100 * share.value:.0f}", share.low > 0.5
    figure, ax = kit.canvas(
        "Share of the variance between an agent's runs that is due to its draw (%)\nbold: more than half, with confidence",
        2.3 + kit.ROW * len(agents), kit.WIDE,
    )  # fmt: skip
    kit.cells(ax, values, texts, agents, [p.label for p in tasks], 1.0, kit.DRAW, sure)
    return figure


def draws_on(analysis: Analysis, task: str) -> Figure:
    """Every draw's mean over seeds on one task, and the defaults."""
    field = analysis.field
    agents = [a for a in field.agents if task in field.tasks_of(a)]
    agents.sort(key=lambda a: -float(field.drawn(a, [task]).mean()))
    figure, ax = kit.canvas("Draws and defaults: means over seeds", 1.5 + kit.ROW * len(agents))
    for row, agent in enumerate(agents):
        index = field.digest.lottery.agents.index(agent)
        colour = LIGHT[index % len(LIGHT)]
        own, drawn = field.defaults(agent, [task])[0], field.drawn(agent, [task])[0].mean(axis=1)
        ends = (float(own.min()), float(own.max()))
        ax.plot(ends, [row, row], color=MUTED, linewidth=1.2, gid=f"agent-{index}-seeds")
        if field.tunable(agent):
            wave = row + 0.2 * np.sin(2.4 * np.arange(len(drawn)))
            ax.plot(drawn, wave, "o", color=colour, markersize=4, mew=0, alpha=0.75, gid=f"agent-{index}-draws")
        ax.plot([own.mean()], [row], "D", color=INK, markersize=5, mew=0, gid=f"agent-{index}-defaults")
    kit.name_rows(ax, agents)
    kit.percent_axis(ax, "x")
    ax.set_xlabel("performance (% of best known)")
    kit.key(
        figure,
        [kit.mark("one draw", MUTED), kit.mark("defaults", INK, "D"), kit.stroke("defaults, range over seeds", MUTED)],
        3,
    )
    return figure
