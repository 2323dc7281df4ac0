"""The page of a task: its card, ranks with intervals, anytime curves, fronts with their designs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archgym.experiments.designs import write_table
from archgym.experiments.leaderboard.board import Board
from archgym.experiments.leaderboard.pages import badges, names
from archgym.experiments.leaderboard.pages.markup import (
    Cell,
    Page,
    downloads,
    fill,
    link,
    method_cell,
    number,
    rank,
    styles,
    table,
    text,
)
from archgym.experiments.leaderboard.standings import Place
from archgym.experiments.report import figures, tables
from archgym.experiments.report.front import agent_front, payload
from archgym.experiments.report.header import knobs, task_facts
from archgym.experiments.report.page import script_json
from archgym.experiments.report.reading import Section
from archgym.experiments.report.style import RC, Style
from archgym.experiments.report.svg import Drawing, render
from archgym.experiments.report.tables import Column, swatch
from archgym.pareto import nondominated
from archgym.task import Task

_COLUMNS = [
    Column("method", numeric=False),
    Column("rank", "with its 95 % interval for other seeds of all methods"),
    Column("performance", "interquartile mean over seeds of score / best known score; above 1 is better than the best known"),
    Column("verified", numeric=False, short=True),
    Column("tuning", "evaluations that tuning took, as declared"),
]


def page(board: Board, task_id: str, placed: list[Place], drawings: Mapping[str, Drawing]) -> Page:
    """The page of a task on which somebody is ranked."""
    look = styles([e.name for e in board.ranked])
    section = section_of(board, task_id)
    fronts = {label: agent_front(section.task, runs) for label, runs in section.groups.items()}
    # the report says "study" of what is compared here
    about = task_facts(section).replace("Best of this study", "Best of this leaderboard")
    body = fill(
        "task.html",
        task=text(task_id),
        doc=text(section.task.doc),
        facts=about.replace("best of this study", "best of this leaderboard"),
        knobs=knobs(section.task),
        ranks=table(f"Ranks on {task_id}", _COLUMNS, [_row(p, look) for p in placed]),
        new=_new(section),
        chips=_chips(section, look),
        figures="\n".join(_figure(d) for d in drawings.values()),
        table=link(f"../{names.front_table(task_id)}", "the fronts' designs as CSV"),
        results=tables.results(section, look),
    )
    data: dict[str, Any] = {"agents": _agents(look), "tasks": [payload(section, fronts, look)]}
    trail = ((board.suite.name, "../index.html"), (task_id, f"{task_id}.html"))
    return Page(task_id, body, "../../", trail, script_json(data))


def section_of(board: Board, task_id: str) -> Section:
    """The ranked runs on a task, as the report's figures take them."""
    groups = {e.name: e.runs[task_id] for e in board.ranked}
    return Section("task-1", task_id, board.suite.tasks[task_id], board.suite.budget, groups)


def draw(board: Board, task_id: str) -> dict[str, Drawing]:
    """The static figures of a task: anytime curves, final results, and its model's picture of the best design."""
    from matplotlib import rc_context

    section, look = section_of(board, task_id), styles([e.name for e in board.ranked])
    with rc_context(RC):
        made = {"anytime": figures.anytime(section, look), "final": figures.finals(section, look)}
        if section.task.primary == "hypervolume":
            made = {"hypervolume": figures.volume(section, look), **made}
        design = figures.best_design(section)
        made |= {"design": design} if design is not None else {}
    return {name: render(f, f"{task_id}-{name}", f"{name} of {task_id}") for name, f in made.items()}


def write_fronts(board: Board, task_id: str, path: Path) -> None:
    """Every method's front over its seeds as a table: method, seed, trial, knobs, metrics, score."""
    task = board.suite.tasks[task_id]
    columns: dict[str, list[Any]] = {n: [] for n in ("method", "seed", "trial", *task.space.names)}
    columns |= {name: [] for name in (*(m.name for m in task.model.metrics), "score")}
    for entrant in board.ranked:
        for row in _front_rows(task, entrant.name, entrant.runs[task_id]):
            for name, value in row.items():
                columns[name].append(value)
    write_table(path, columns)


# -- inside ----------------------------------------------------------------------------------------------------------------


def _front_rows(task: Task, method: str, runs: list[Any]) -> list[dict[str, Any]]:
    owner = np.concatenate([np.full(len(r.front.trial), r.spec.seed) for r in runs])
    x, values, trial, score = (np.concatenate([getattr(r.front, n) for r in runs]) for n in ("x", "values", "trial", "score"))
    kept = np.flatnonzero(nondominated(task.front_values(task.model.evaluate(x)))) if len(x) else np.arange(0)
    metrics = [m.name for m in task.model.metrics]
    return [
        {
            "method": method,
            "seed": int(owner[i]),
            "trial": int(trial[i]),
            **task.space.decode(x[i]),
            **dict(zip(metrics, values[i].tolist(), strict=True)),
            "score": float(score[i]),
        }
        for i in kept
    ]


def _row(place: Place, look: Mapping[str, Style]) -> list[Cell]:
    entrant = place.entrant
    return [
        method_cell(f"../{names.method_page(entrant.name)}", entrant.name, look[entrant.name]),
        rank(place.rank),
        number(place.performance),
        badges.cell(entrant),
        badges.tuning(entrant),
    ]


def _new(section: Section) -> str:
    """Whether the best known was beaten."""
    best = max(run.score for run in section.runs)
    if section.known is None or best <= section.known.score * (1 + 1e-9):
        return ""
    return text(f"A run here is better than the best known score, by {100 * (best / section.known.score - 1):.3g} %.")


def _figure(drawing: Drawing) -> str:
    wide, heading = (" wide", "<h3>Best design entered</h3>") if drawing.name.endswith("-design") else ("", "")
    files = downloads(*((s.upper(), f"../figures/{drawing.name}.{s}") for s in ("svg", "png")))
    return f'<figure class="panel{wide}">{heading}{drawing.inline}{files}</figure>'


def _chips(section: Section, look: Mapping[str, Style]) -> str:
    return "".join(
        f'<button type="button" class="chip" aria-pressed="true" data-chip="{style.index}">{swatch(style)}{text(name)}</button>'
        for name, style in look.items()
        if name in section.groups
    )


def _agents(look: Mapping[str, Style]) -> list[dict[str, Any]]:
    return [{"label": k, "colour": s.variable, "dash": list(s.dashes), "path": s.path} for k, s in look.items()]
