"""The page of a suite: its rankings, its tasks, and what is not ranked."""

from __future__ import annotations

from collections.abc import Mapping

from archgym.experiments.leaderboard.board import Board, Entrant
from archgym.experiments.leaderboard.pages import badges, figures
from archgym.experiments.leaderboard.pages.markup import (
    Cell,
    Page,
    bar,
    downloads,
    estimate,
    facts,
    link,
    method_cell,
    number,
    section,
    styles,
    table,
    text,
)
from archgym.experiments.leaderboard.pages.names import method_page, task_page
from archgym.experiments.leaderboard.standings import Line, Place, Ranking
from archgym.experiments.report.style import Style
from archgym.experiments.report.svg import Drawing, render
from archgym.experiments.report.tables import Column
from archgym.experiments.report.words import plural
from archgym.experiments.units import percent

ROLES = {
    "search": "open to everyone while a method is being developed",
    "held-out": "other workloads of the same families, for how well a method carries over",
    "tuning": "for tuning hyperparameters; not ranked",
}
_COLUMNS = [
    Column("method", numeric=False),
    Column("mean rank", "rank on each task by the interquartile mean over seeds, 1 is best; mean over the tasks"),
    Column("performance", "score / best known score: interquartile mean over tasks and seeds, 95 % interval for other seeds"),
    Column("0 … 1", "performance and its interval as a drawing", numeric=False, short=True),
    Column("beats random", "probability that a run beats one of random search on the same task, 95 % interval for other seeds"),
    Column("verified", "what was verified; explained below", numeric=False, short=True),
    Column(
        "rules",
        "self: the method's defaults; external: tuned on the suite's tuning tasks",
        numeric=False,
        short=True,
    ),
    Column("tuning", "evaluations that tuning took, as declared"),
]


def page(board: Board, rankings: list[Ranking], placed: Mapping[str, list[Place]], drawings: list[list[Drawing]]) -> Page:
    """The page; ``placed`` are by task, ``drawings`` by ranking."""
    look = styles([e.name for e in board.ranked])
    parts = [f'<p class="lead">{text(board.suite.title)}</p>', section("The suite", _about(board))]
    if not rankings:
        parts.append('<p class="panel">Nothing is ranked yet.</p>')
    parts += [_ranking(r, look, made) for r, made in zip(rankings, drawings, strict=True)]
    if rankings:
        parts.append(_matrix(board, placed, look))
    parts += [_tasks(board), _failed(board)]
    return Page(board.suite.name, "\n".join(parts), "../", ((board.suite.name, "index.html"),))


def draw(board: Board, ranking: Ranking) -> list[Drawing]:
    """The static figures of a ranking: mean ranks, where there are several methods and tasks, and performance over time."""
    look = styles([e.name for e in board.ranked])
    made = [render(figures.anytime(board, ranking, look), f"anytime-{ranking.role}", f"performance, {ranking.role} tasks")]
    if ranking.difference == ranking.difference:  # no NaN
        figure = figures.critical_difference(ranking, look)
        made.insert(0, render(figure, f"ranks-{ranking.role}", f"mean ranks, {ranking.role} tasks"))
    return made


# -- inside ----------------------------------------------------------------------------------------------------------------


def _about(board: Board) -> str:
    suite = board.suite
    pairs = [
        ("Runs of a submission", f"{len(suite.cells())}: seeds {text(', '.join(map(str, suite.seeds)))} on every ranked task"),
        ("Budget", f"{suite.budget:,} evaluations a run"),
        ("Tasks", text(", ".join(f"{len(suite.of_role(role))} {role}" for role in ("search", "held-out", "tuning")))),
        ("Frozen as", f"hash {text(suite.hash)}"),
        ("Entered", text(f"{plural(len(board.ranked), 'method')} ranked, {len(board.failed)} failed")),
        ("All results", f"{link('results.csv', 'results.csv')}: every run"),
    ]
    return facts(pairs) + badges.legend()


def _ranking(ranking: Ranking, look: Mapping[str, Style], drawings: list[Drawing]) -> str:
    rows = [_line(line, look) for line in ranking.lines]
    marks = [line.entrant.manifest.ruleset for line in ranking.lines]
    parts = [
        f'<p class="lead">{text(ROLES[ranking.role])}</p>',
        _filter(set(marks)),
        table(f"Methods on {plural(len(ranking.tasks), f'{ranking.role} task')}", _COLUMNS, rows, marks),
        f'<p class="note">{_reading(ranking)}</p>',
        *(_figure(d) for d in drawings),
    ]
    return section(ranking.role, "".join(parts), f"{ranking.role.capitalize()} tasks")


def _figure(drawing: Drawing) -> str:
    files = downloads(*((s.upper(), f"figures/{drawing.name}.{s}") for s in ("svg", "png")))
    box = '<figure class="wide-figure" tabindex="0" role="region" aria-label="Figure">'
    return f"{box}{drawing.inline}{files}</figure>"


def _line(line: Line, look: Mapping[str, Style]) -> list[Cell]:
    entrant = line.entrant
    return [
        method_cell(method_page(entrant.name), entrant.name, look[entrant.name]),
        number(line.mean_rank, 2),
        estimate(line.iqm),
        Cell(bar(line.iqm), float(line.iqm.value)),
        estimate(line.improvement, 2),
        badges.cell(entrant),
        Cell(text(entrant.manifest.ruleset)),
        badges.tuning(entrant),
    ]


def _filter(rules: set[str]) -> str:
    if len(rules) < 2:
        return ""
    named = {"": "all rules", "self": "self-tuning", "external": "external tuning"}
    options = "".join(f'<option value="{value}">{words}</option>' for value, words in named.items())
    return f'<p class="filter"><label>Show <select data-filters>{options}</select></label> ranks stay those among all</p>'


def _reading(ranking: Ranking) -> str:
    if ranking.difference != ranking.difference:
        return "Click a heading to sort. Of a single task or method no mean ranks can be compared."
    p = "below 0.001" if ranking.p < 0.001 else f"{ranking.p:.3f}"
    ways = "Click a heading to sort. Methods whose mean ranks differ by less than the critical difference"
    joined = f"({ranking.difference:.2f}; Nemenyi, 5 %) are not told apart: bars join them"
    return text(f"{ways} {joined}. Friedman's test that all are alike: p {p}.")


def _matrix(board: Board, placed: Mapping[str, list[Place]], look: Mapping[str, Style]) -> str:
    """Ranks on every task, tasks as columns."""
    columns = [Column("method", numeric=False), *(Column(t) for t in placed)]
    ranks = {t: {p.entrant.name: float(p.rank.value) for p in found} for t, found in placed.items()}
    rows = [
        [
            method_cell(method_page(e.name), e.name, look[e.name]),
            *(Cell(f"{ranks[t][e.name]:g}", ranks[t][e.name]) for t in placed),
        ]
        for e in board.ranked
    ]
    body = table("Rank of every method on every task", columns, rows)
    return section("Ranks by task", f"<details><summary>Ranks on every task</summary>{body}</details>")


def _tasks(board: Board) -> str:
    columns = [
        Column("task", numeric=False, short=True),
        Column("role", numeric=False, short=True),
        Column("family", numeric=False, short=True),
        Column("random's regret", "median regret of random search after 256 evaluations, by the task's card"),
        Column("what it is", numeric=False),
    ]
    rows = [_task(board, entry.id, entry.role) for entry in board.suite.task]
    roles = "".join(f"<li>{text(role)}: {text(doc)}</li>" for role, doc in ROLES.items())
    return section("tasks", f'{table(f"Tasks of {board.suite.name}", columns, rows)}<ul class="note">{roles}</ul>', "Tasks")


def _task(board: Board, task_id: str, role: str) -> list[Cell]:
    task = board.suite.tasks[task_id]
    regret = task.card.random_regret["256"] if task.card else None
    name = link(task_page(task_id), task_id) if role != "tuning" and board.ranked else text(task_id)
    return [
        Cell(f'<span class="name">{name}</span>', head=True),
        Cell(text(role)),
        Cell(text(task.family)),
        Cell(text(percent(regret)), regret),
        Cell(text(task.doc)),
    ]


def _failed(board: Board) -> str:
    if not board.failed:
        return ""
    columns = [
        Column("method", numeric=False),
        Column("check", numeric=False, short=True),
        Column("what is wrong", numeric=False),
    ]
    rows = [_failure(e, k) for k, e in enumerate(board.failed)]
    return section("failed", table("Submissions that failed", columns, rows), "Not ranked")


def _failure(entrant: Entrant, place: int) -> list[Cell]:
    first = next(c for c in entrant.checks if c.status == "failed")
    return [method_cell(method_page(entrant.name, place), entrant.name), Cell(text(first.name)), Cell(text(first.detail))]
