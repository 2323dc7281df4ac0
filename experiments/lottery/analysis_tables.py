"""The analysis as tables of plain values, for CSV files, the command line and the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_rank import Place, thresholds
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.units import percent
from archgym.family import Table
from archgym.space import FloatArray

Rows = list[tuple[Any, ...]]

MAIN_COLUMNS = (
    "agent",
    "tasks",
    "defaults",
    "random draw",
    "best draw",
    "luck of the draw",
    "ticket price",
    "wins, one ticket",
    "wins, counted",
    "agent, s / run",
)
_MAIN_NOTES = (
    "performance: best score of a run over the best known; interquartile mean over tasks, seeds and (where drawn) draws, with "
    "95 % interval",
    "best draw: chosen task by task on the first seed, scored on the others; luck of the draw: standard deviation of the mean "
    "over tasks",
    "ticket price: evaluations of tuning per task before one setting for all tasks beats default random search with 95 % "
    "confidence",
)


def main_table(analysis: Analysis) -> Table:
    """The lottery at a glance, a row per agent: what the command prints."""
    facts = analysis.field.digest
    title = f"{facts.lottery.name}: {len(analysis.field.tasks)} tasks, {facts.lottery.budget:,} evaluations per run"
    return Table(title, MAIN_COLUMNS, [_main_row(analysis, i) for i in range(len(analysis.standings))], _MAIN_NOTES)


def _main_row(analysis: Analysis, place: int) -> tuple[Any, ...]:
    row = analysis.standings[place]
    spread = next(s for s in analysis.spreads if s.agent == row.agent and not s.task)
    luck = float(np.sqrt(spread.parts.draw.variance.value)) if row.draws > 1 else float("nan")
    ticket = next((t.text for t in analysis.tickets if t.agent == row.agent and not t.task), "-")
    wins = wins_of(analysis, row.agent)
    return (
        row.agent,
        row.tasks,
        in_words(row.defaults),
        in_words(row.drawn) if row.draws else "-",
        in_words(row.tuned) if row.tuned else "-",
        percent(luck),
        ticket,
        percent(wins[0]),
        percent(wins[3]),
        float(f"{agent_seconds(analysis, row.agent):.3g}"),
    )


def in_words(found: Interval) -> str:
    """``86.8 [85.0, 88.1]`` in per cent."""
    ends = f" [{100 * found.low:.1f}, {100 * found.high:.1f}]" if np.isfinite([found.low, found.high]).all() else ""
    return f"{100 * found.value:.1f}{ends}"


def wins_of(analysis: Analysis, agent: str) -> list[float]:
    """Share of the plays an agent wins in each game; NaN where it does not take part."""
    found = analysis.claim
    if found is None or agent not in found.agents:
        return [float("nan")] * 5
    return [float(game.pooled[found.agents.index(agent)]) for game in found.games]


def agent_seconds(analysis: Analysis, agent: str) -> float:
    """Median seconds of an agent's own per run of its defaults."""
    field = analysis.field
    return float(np.median(np.concatenate([field.cell(agent, task, False).agent_s.ravel() for task in field.tasks_of(agent)])))


def csv_tables(analysis: Analysis) -> dict[str, Table]:
    """Everything there is, by file name without ending; shares are shares, not per cent."""
    return {
        "agents": _agents(analysis),
        "tasks": _tasks(analysis),
        "components": _components(analysis),
        "decisions": _decisions(analysis),
        "wins": _wins(analysis),
        "trends": _flat("trends", ("what", "tasks", "rank_correlation", "p"), analysis.trends),
        "profiles": _profiles(analysis),
        "improvement": _improvement(analysis),
        "ranks": _ranks(analysis),
        "rulesets": _rulesets(analysis),
        "tuning": _tuning(analysis),
        "tickets": _flat("tickets", ("agent", "task", "evaluations", "censored_at"), analysis.tickets),
        "anytime": _anytime(analysis),
        "targets": _targets(analysis),
        "reached": _reached(analysis),
        "hypervolume": _volumes(analysis),
        "attainment": _surfaces(analysis),
    }


def _flat(title: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Table:
    return Table(title, tuple(columns), [tuple(row) for row in rows])


def _three(*names: str) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]


def _ends(*found: Interval | None) -> list[float]:
    return [float(end) for one in found for end in (one or (np.nan, np.nan, np.nan))]


def _agents(analysis: Analysis) -> Table:
    columns = ["agent", "tasks", "draws", *_three("defaults", "random_draw", "best_draw", "random_draw_bootstrap"), "agent_s"]
    rows = [
        (r.agent, r.tasks, r.draws, *_ends(r.defaults, r.drawn, r.tuned, r.drawn_bootstrap), agent_seconds(analysis, r.agent))
        for r in analysis.standings
    ]
    return _flat("interquartile means of performance", columns, rows)


def _tasks(analysis: Analysis) -> Table:
    columns = ("number", "task", "family", "random_regret", "easy", "group", "reference", "best_score")
    field = analysis.field
    rows = [
        (p.number, p.task, p.family, p.difficulty, p.easy, field.side_of(p.task), p.reference, field.digest.best(p.task))
        for p in field.problems
    ]
    return _flat("tasks, easiest first", columns, rows)


def _components(analysis: Analysis) -> Table:
    names = [f"{part}_{what}" for part in ("draw", "seed", "rest") for what in ("variance", "share")]
    columns = ["agent", "task", "draws", "seeds", "mean", *_three(*names), *(f"{p}_raw" for p in ("draw", "seed", "rest"))]
    rows = [
        (
            *(s.agent, s.task, s.draws, s.seeds, s.mean),
            *(end for part in s.parts for end in _ends(part.variance, part.share)),
            *(float(part.raw) for part in s.parts),
        )
        for s in analysis.spreads
    ]
    return _flat("variance components of performance; no task: of the mean over tasks", columns, rows)


def _decisions(analysis: Analysis) -> Table:
    names = ("agent", "draw", "seed", "rest")
    columns = ("task", *(f"{n}_variance" for n in names), *(f"{n}_share" for n in names))
    return _flat("what decides a run", columns, [(*d, *d.shares.tolist()) for d in analysis.decisions])


def _wins(analysis: Analysis) -> Table:
    found = analysis.claim
    columns = ("rules", "task", "agent", "share")
    if found is None:
        return _flat("wins", columns, [])
    rows = [
        (game.name, task, agent, float(game.wins[t, a]))
        for game in found.games
        for t, task in enumerate(found.tasks)
        for a, agent in enumerate(found.agents)
    ]
    return _flat("share of plays won", columns, rows)


def _profiles(analysis: Analysis) -> Table:
    rows: Rows = []
    for what, profiles in (("random draw", analysis.profiles), ("defaults", analysis.default_profiles)):
        rows += [(what, agent, *point) for agent, found in profiles.items() for point in _points(thresholds(), found)]
    return _flat("performance profiles", ("of", "agent", "threshold", *_three("share")), rows)


def _points(at: FloatArray, found: Interval) -> Iterable[tuple[float, ...]]:
    return zip(at.tolist(), *(np.asarray(part).tolist() for part in found), strict=True)


def _improvement(analysis: Analysis) -> Table:
    rows: Rows = []
    for what, matrix in (("random draw", analysis.improvements), ("defaults", analysis.default_improvements)):
        for i, j in np.ndindex(matrix.value.shape):
            if i != j:
                figures = [float(part[i, j]) for part in (matrix.value, matrix.low, matrix.high)]
                rows.append((what, matrix.agents[i], matrix.agents[j], *figures))
    return _flat("probability of improvement", ("of", "agent", "over", *_three("probability")), rows)


def _ranks(analysis: Analysis) -> Table:
    columns = ("of", "agent", "mean_rank", "tasks", "critical_difference", "friedman_p", "told_holm", "told_nemenyi")
    rows = [
        (r.name, agent, float(rank), r.tasks, r.critical, r.p, *r.told)
        for r in analysis.rankings
        for agent, rank in zip(r.agents, r.ranks, strict=True)
    ]
    return _flat("mean ranks", columns, rows)


def _rulesets(analysis: Analysis) -> Table:
    columns = ("ruleset", "agent", "tasks", *_three("performance"), "mean_rank", "first", "tuning_evaluations", "draws")
    rows = [*_placed("external", analysis.externally_tuned), *_placed("self", analysis.self_tuned)]
    return _flat("rulesets", columns, rows)


def _placed(name: str, places: list[Place]) -> Rows:
    chosen = [" ".join(f"{family}={draw}" for family, draw in p.draws.items()) for p in places]
    rows = zip(places, chosen, strict=True)
    return [(name, p.agent, p.tasks, *_ends(p.mean), p.rank, p.first, p.tuning, text) for p, text in rows]


def _tuning(analysis: Analysis) -> Table:
    rows: Rows = []
    budget = analysis.field.budget
    for c in analysis.curves:
        rows.append((c.agent, "defaults", 1, budget, *_ends(c.defaults)))
        rows += [(c.agent, "defaults restarted", k, budget * k, float(v), *[np.nan] * 2) for k, v in enumerate(c.restarts, 1)]
        rows += [
            (c.agent, "best design of k draws", k, budget * k, float(v), *[np.nan] * 2) for k, v in enumerate(c.designs, 1)
        ]
        found = zip(c.evaluations, c.value, c.low, c.high, strict=True)
        rows += [(c.agent, "best of k draws", k, *map(float, point)) for k, point in enumerate(found, 1)]
    return _flat("what tuning buys", ("agent", "how", "k", "evaluations", *_three("performance")), rows)


def _anytime(analysis: Analysis) -> Table:
    rows: Rows = []
    for row in analysis.anytime:
        columns = (row.evaluations, row.defaults, *row.draws)
        rows += [(row.agent, row.tasks, *point) for point in zip(*(c.tolist() for c in columns), strict=True)]
    heads = ("agent", "tasks", "evaluations", "defaults", "draws_lower_quartile", "draws_median", "draws_upper_quartile")
    return _flat("shortfall over time", heads, rows)


def _targets(analysis: Analysis) -> Table:
    columns = ("agent", "task", "target", "ert_defaults", "low", "high", "reached", "ert_random_draw", "reached_random_draw")
    rows = [
        (r.agent, r.task, r.target, r.defaults, *r.defaults_ends, r.reached, r.drawn, r.drawn_reached) for r in analysis.running
    ]
    return _flat("evaluations to what random search ends at", columns, rows)


def _reached(analysis: Analysis) -> Table:
    rows: Rows = []
    for r in analysis.reaches:
        points = zip(r.evaluations.tolist(), r.defaults.tolist(), r.drawn.tolist(), strict=True)
        rows += [(r.agent, *point) for point in points]
    return _flat("share of targets reached", ("agent", "evaluations", "defaults", "random_draw"), rows)


def _volumes(analysis: Analysis) -> Table:
    columns = ("agent", "task", "relative_to_best_known", *_three("defaults", "random_draw"), "luckiest_draw")
    rows = [(v.agent, v.task, v.share, *_ends(v.defaults, v.drawn), v.best_draw) for v in analysis.volumes]
    return _flat("hypervolume of the final front", columns, rows)


def _surfaces(analysis: Analysis) -> Table:
    rows: Rows = [(s.agent, s.task, *s.axes, *corner.tolist()) for s in analysis.surfaces for corner in s.corners]
    columns = ("agent", "task", "first", "second", "share_of_first", "share_of_second")
    return _flat("corners of median attainment surfaces, as shares of the reference point", columns, rows)
