"""The site's first page: the suites, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archgym.experiments.leaderboard.board import Board, Refused
from archgym.experiments.leaderboard.pages.markup import Cell, Page, facts, link, section, table, text
from archgym.experiments.leaderboard.standings import Ranking
from archgym.experiments.report.tables import Column
from archgym.experiments.report.words import plural

_LEAD = (
    "Search methods for design-space exploration of computer systems, on frozen suites of tasks. Every trial shown here was "
    "evaluated again by the machine that made these pages; what a submission merely claims is marked as a claim."
)


def page(boards: Sequence[Board], rankings: Mapping[str, list[Ranking]], refused: Sequence[Refused]) -> Page:
    """The page; ``rankings`` by suite."""
    cards = "".join(_card(board, rankings[board.suite.name]) for board in boards)
    shown = cards or "<p>Nothing was entered.</p>"
    body = f'<p class="lead">{text(_LEAD, 600)}</p><div class="cards">{shown}</div>{_refused(refused)}'
    return Page("Leaderboards", body, "")


# -- inside ----------------------------------------------------------------------------------------------------------------


def _card(board: Board, rankings: list[Ranking]) -> str:
    suite = board.suite
    pairs = [
        ("Entered", text(f"{plural(len(board.ranked), 'method')} ranked, {len(board.failed)} failed")),
        ("Runs of each", text(f"{len(suite.cells())}, {suite.budget:,} evaluations each")),
        *((f"Best mean rank, {r.role}", text(_leaders(r))) for r in rankings),
    ]
    name = link(f"{suite.name}/index.html", suite.name)
    return f'<section class="panel"><h2>{name}</h2><p class="lead">{text(suite.title)}</p>{facts(pairs)}</section>'


def _leaders(ranking: Ranking) -> str:
    """The first, and how many are not told apart from it."""
    first = ranking.lines[0]
    group = next((g for g in ranking.groups if 0 in g), (0,))
    among = f"; {len(group) - 1} not told apart from it" if len(group) > 1 else ""
    return f"{first.entrant.name} ({first.mean_rank:.2f}{among})"


def _refused(refused: Sequence[Refused]) -> str:
    if not refused:
        return ""
    columns = [Column("folder", numeric=False, short=True), Column("why", numeric=False)]
    rows = [[Cell(text(r.folder), head=True), Cell(text(r.reason, 600))] for r in refused]
    return section("Refused", table("Refused: these cannot be read as submissions", columns, rows))
