"""The page of a method: what it says of itself, what of that was verified, and how it did on every task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archgym.experiments.leaderboard.board import Board, Entrant
from archgym.experiments.leaderboard.pages import badges, names
from archgym.experiments.leaderboard.pages.markup import (
    Cell,
    Page,
    estimate,
    link,
    number,
    outward,
    paragraphs,
    rank,
    section,
    table,
    text,
)
from archgym.experiments.leaderboard.standings import Place, Ranking
from archgym.experiments.report.tables import Column
from archgym.experiments.statistics import median
from archgym.experiments.units import percent, seconds, si

_COLUMNS = [
    Column("task", numeric=False),
    Column("role", numeric=False, short=True),
    Column("rank", "with its 95 % interval for other seeds of all methods"),
    Column("performance", "interquartile mean over seeds of score / best known score"),
    Column("best run", "of its seeds: score / best known score"),
    Column("hypervolume", "median over seeds, as a share of the best-known front's where one is known"),
    Column("feasible", "share of evaluations that met every constraint"),
    Column("unique", "share of evaluations that were not repeats"),
    Column("agent time", "median seconds of its own per evaluation, as claimed"),
]


def page(board: Board, entrant: Entrant, rankings: list[Ranking], placed: Mapping[str, list[Place]]) -> Page:
    """The page of a ranked method."""
    parts = [
        *_head(entrant),
        _overall(entrant, rankings),
        _results(board, entrant, placed),
        _configuration(entrant),
        _checks(entrant),
        _runs(entrant),
    ]
    return Page(entrant.name, "\n".join(parts), "../../", ((board.suite.name, "../index.html"), (entrant.name, "")))


def failed(board: Board, entrant: Entrant) -> Page:
    """The page of a method that failed: no figure of it is shown."""
    parts = [*_head(entrant), _checks(entrant)]
    return Page(
        f"{entrant.name} (failed)", "\n".join(parts), "../../", ((board.suite.name, "../index.html"), (entrant.name, ""))
    )


# -- inside ----------------------------------------------------------------------------------------------------------------


def _head(entrant: Entrant) -> list[str]:
    words = paragraphs(entrant.manifest.method) or '<p class="note">It says nothing of itself.</p>'
    more = f"<p>More: {outward(entrant.manifest.url)}</p>" if entrant.manifest.url else ""
    return [
        section("The method, in its own words", f'<div class="words">{words}{more}</div>'),
        section("What it is", badges.description(entrant) + badges.legend()),
    ]


def _overall(entrant: Entrant, rankings: list[Ranking]) -> str:
    columns = [Column("tasks", numeric=False), Column("mean rank"), Column("of"), Column("performance"), Column("beats random")]
    rows = [
        [
            Cell(text(f"{ranking.role} ({len(ranking.tasks)})"), head=True),
            number(line.mean_rank, 2),
            Cell(str(len(ranking.lines))),
            estimate(line.iqm),
            estimate(line.improvement, 2),
        ]
        for ranking in rankings
        for line in ranking.lines
        if line.entrant is entrant
    ]
    return section("Overall", table("Over tasks", columns, rows))


def _results(board: Board, entrant: Entrant, placed: Mapping[str, list[Place]]) -> str:
    rows = [
        _row(board, entrant, entry.id, entry.role, next(p for p in placed[entry.id] if p.entrant is entrant))
        for entry in board.suite.of_role("search", "held-out")
    ]
    return section("Tasks", table("Task by task", _COLUMNS, rows))


def _row(board: Board, entrant: Entrant, task_id: str, role: str, place: Place) -> list[Cell]:
    runs, task = entrant.runs[task_id], board.suite.tasks[task_id]
    total = len(runs) * board.suite.budget
    known = task.best_known
    volume = float(np.median([r.volume[-1] for r in runs])) / (known.hypervolume if known and known.hypervolume > 0 else 1.0)
    best = max(r.score for r in runs) / known.score if known else float("nan")
    feasible, unique = (sum(getattr(r, n) for r in runs) / total for n in ("feasible", "unique"))
    spent = median([r.seconds("agent_s") for r in runs])
    return [
        Cell(link(f"../{names.task_page(task_id)}", task_id), head=True),
        Cell(text(role)),
        rank(place.rank),
        number(place.performance),
        number(max(best, 0.0)),
        number(volume),
        Cell(text(percent(feasible)), feasible),
        Cell(text(percent(unique)), unique),
        Cell(text(seconds(spent)), spent),
    ]


def _configuration(entrant: Entrant) -> str:
    """Hyperparameters, families as columns where they differ."""
    configs = entrant.by_family
    groups: dict[str, list[str]] = {}
    for family, config in configs.items():
        groups.setdefault(repr(sorted(config.items())), []).append(family)
    heads = ["value"] if len(groups) == 1 else [", ".join(families) for families in groups.values()]
    first = [configs[families[0]] for families in groups.values()]
    keys = list(dict.fromkeys(k for config in first for k in config))
    columns = [Column("hyperparameter", numeric=False), *(Column(h, numeric=False, short=True) for h in heads)]
    rows = [[Cell(text(k), head=True), *(Cell(text(c.get(k, "–"))) for c in first)] for k in keys]
    body = table(f"Hyperparameters of {entrant.manifest.agent}", columns, rows) if rows else "<p>It has no hyperparameters.</p>"
    return section("Configuration", body)


def _checks(entrant: Entrant) -> str:
    return section("Verification", badges.checks(entrant))


def _runs(entrant: Entrant) -> str:
    columns = [
        Column("run", numeric=False),
        Column("task", numeric=False, short=True),
        Column("seed"),
        Column("best score"),
        Column("digest of its trials", numeric=False),
    ]
    scores = {run.id: run.score for runs in entrant.runs.values() for run in runs}
    rows = [
        [
            Cell(f"<code>{text(p.spec.id)}</code>", head=True),
            Cell(text(p.spec.task)),
            Cell(str(p.spec.seed), p.spec.seed),
            Cell(text(si(scores[p.spec.id])), scores[p.spec.id]),
            Cell(f"<code>{text(p.digest)}</code>"),
        ]
        for p in entrant.played
    ]
    body = table("Runs", columns, rows)
    return section("Runs", f"<details><summary>All {len(rows)} runs</summary>{body}</details>")
