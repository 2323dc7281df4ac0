"""Tables of the lottery's page: sortable, with every cell escaped."""

from __future__ import annotations

import numpy as np

from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_rank import Place
from archgym.experiments.lottery.analysis_tables import agent_seconds, in_words, wins_of
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.report.style import Style
from archgym.experiments.report.tables import Cell, Column, table
from archgym.experiments.units import percent, seconds

_NONE = Cell("–", float("nan"))


def main(analysis: Analysis) -> str:
    """A row per agent."""
    columns = [
        Column("agent", numeric=False),
        Column("defaults", "interquartile mean of performance in %, 95 % interval"),
        Column("random draw", "the same over draws of its hyperparameters"),
        Column("best draw", "chosen task by task on the first seed, scored on the others"),
        Column("draw’s luck", "standard deviation between draws of the mean over tasks, in % of best known"),
        Column("ticket price", "evaluations of tuning per task before one setting for all beats default random search"),
        Column("one ticket wins", "share of plays won with one random draw and one seed each"),
        Column("counted wins", "share of plays won with seeds averaged and tuning counted"),
        Column("agent time", "median seconds of its own per run of the defaults"),
        Column("tasks", "held-out tasks it plays"),
    ]
    return table("The lottery at a glance", columns, [_main_row(analysis, i) for i in range(len(analysis.standings))])


def _main_row(analysis: Analysis, place: int) -> list[Cell]:
    row = analysis.standings[place]
    pooled = next(s for s in analysis.spreads if s.agent == row.agent and not s.task)
    luck = float(np.sqrt(pooled.parts.draw.variance.value)) if row.draws > 1 else float("nan")
    ticket = next((t for t in analysis.tickets if t.agent == row.agent and not t.task), None)
    wins, spent = wins_of(analysis, row.agent), agent_seconds(analysis, row.agent)
    return [
        _agent(analysis, row.agent),
        _interval(row.defaults),
        _interval(row.drawn if row.draws else None),
        _interval(row.tuned),
        _share(luck),
        Cell(ticket.text, ticket.evaluations) if ticket else _NONE,
        _share(wins[0]),
        _share(wins[3]),
        Cell(seconds(spent), spent),
        Cell(str(row.tasks), row.tasks),
    ]


def _agent(analysis: Analysis, agent: str) -> Cell:
    return Cell(agent, None, Style(analysis.field.digest.lottery.agents.index(agent)))


def _interval(found: Interval | None) -> Cell:
    return Cell(in_words(found), float(found.value)) if found is not None else _NONE


def _share(value: float) -> Cell:
    return Cell(f"{100 * value:.1f} %", value) if np.isfinite(value) else _NONE


def tasks(analysis: Analysis) -> str:
    """A row per task, easiest first."""
    columns = [
        Column("number", "as in the figures, easiest first"),
        Column("task", numeric=False, short=True),
        Column("family", numeric=False, short=True),
        Column("random's regret", "median relative regret of random search at 256 evaluations"),
        Column("label", numeric=False, short=True),
        Column("group", numeric=False, short=True),
        Column("regret is against", numeric=False, short=True),
        Column("winners, one ticket", "effective number of agents that win: 1 is a sure winner"),
        Column("winners, counted", "the same with seeds averaged and tuning counted"),
    ]
    found = analysis.claim
    counts = {t: (found.games[0].winners[i], found.games[3].winners[i]) for i, t in enumerate(found.tasks)} if found else {}
    rows = []
    for p in analysis.field.problems:
        label = "–" if p.easy is None else "easy" if p.easy else "discriminating"
        numbers = [Cell(f"{n:.1f}", float(n)) for n in counts.get(p.task, ())] or [_NONE, _NONE]
        words = [Cell(p.task), Cell(p.family), Cell(percent(p.difficulty), p.difficulty), Cell(label)]
        words += [Cell(analysis.field.side_of(p.task)), Cell(p.reference)]
        rows.append([Cell(str(p.number), p.number), *words, *numbers])
    return table("Tasks", columns, rows)


def trends(analysis: Analysis) -> str:
    """Rank correlations with difficulty; empty where there are none."""
    columns = [
        Column("what", numeric=False),
        Column("tasks"),
        Column("rank correlation", "Spearman's, with random search's regret"),
        Column("p", "of no correlation; not corrected for the number of rows"),
    ]
    rows = [
        [Cell(t.name), Cell(str(t.tasks), t.tasks), Cell(f"{t.rho:+.2f}", t.rho), Cell(f"{t.p:.2g}", t.p)]
        for t in analysis.trends
    ]
    return table("How luck goes with difficulty", columns, rows) if rows else ""


def rulesets(analysis: Analysis) -> str:
    """One table per ruleset that can be played."""
    named = (("External tuning", analysis.externally_tuned), ("Self-tuning", analysis.self_tuned))
    return "".join(_ruleset(analysis, name, places) for name, places in named if places)


def _ruleset(analysis: Analysis, name: str, places: list[Place]) -> str:
    columns = [
        Column("agent", numeric=False),
        Column("performance", "mean over tasks in %, 95 % interval over seeds"),
        Column("mean rank", "over tasks, 1 is best"),
        Column("first", "tasks on which nobody's mean is better"),
        Column("evaluations of tuning", "on all tuning tasks together"),
        Column("draws", "the one chosen, by family", numeric=False),
    ]
    rows = [
        [
            _agent(analysis, p.agent),
            _interval(p.mean),
            Cell(f"{p.rank:.2f}", p.rank),
            Cell(str(p.first), p.first),
            Cell(f"{p.tuning:,}", p.tuning),
            Cell(", ".join(f"{family} #{draw}" for family, draw in p.draws.items()) or "defaults"),
        ]
        for p in places
    ]
    return table(f"{name}, {places[0].tasks} held-out tasks", columns, rows)
