"""The leaderboard as a static site: pages that need no network and no server.

Nothing on it rests on what a submission says of itself. Every trial is evaluated again while the site is built, or was by an
earlier build of the same site from the same files: ``SITE/verification`` keeps what was found, by the hash of a submission's
files, and nothing else is believed; a ``verification.json`` that lies in a submission's folder is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from archgym.experiments.leaderboard import stored
from archgym.experiments.leaderboard.board import Board, Entrant, Refused, assemble
from archgym.experiments.leaderboard.pages import index, method, names, suite, task
from archgym.experiments.leaderboard.pages.markup import Page, render
from archgym.experiments.leaderboard.records import Records
from archgym.experiments.leaderboard.rerun import NONE, Wanted
from archgym.experiments.leaderboard.sealed import shown
from archgym.experiments.leaderboard.standings import Place, Ranking, places, rankings
from archgym.experiments.leaderboard.tables import write_results
from archgym.experiments.report.svg import Drawing
from archgym.files import write_text

PAGE = "index.html"


def build(
    folders: Sequence[Path],
    out: Path,
    wanted: Wanted = NONE,
    baselines: Sequence[Path] = (),
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Verify submissions and write the site; the path of its first page.

    A submission that cannot be read, or of which something is wrong, is listed and not ranked. Where two have the same runs or
    the same name, the one given first keeps them.

    Args:
        folders: of the submissions, the earliest first.
        out: the site; pages there are replaced.
        wanted: how many runs of each to play again: a number, ``"all"`` or ``"none"``.
        baselines: boards that were kept by :func:`archgym.experiments.leaderboard.stored.save`; yours, not a stranger's.
        say: told what is being looked at.

    Raises:
        BadInput: a baseline cannot be read, or the same folder is given twice.
    """
    entrants, refused = gather(folders, Records(out / "verification"), wanted, say)
    shipped = [entrant for path in baselines for entrant in stored.load(path)]
    boards = assemble([*shipped, *entrants])
    found = {board.suite.name: rankings(board) for board in boards}
    for board in boards:
        say(f"{board.suite.name}: pages")
        _suite(board, found[board.suite.name], _Folder(out / board.suite.name))
    write_text(out / PAGE, render(index.page(boards, found, refused)))
    return out / PAGE


def gather(
    folders: Sequence[Path], records: Records, wanted: Wanted, say: Callable[[str], None]
) -> tuple[list[Entrant], list[Refused]]:
    """Submissions, each verified or known from the records to have been, and those that cannot be read."""
    entrants, refused = [], []
    for done in records.verified(folders, wanted, say):
        if done.submission is None:
            name = done.folder.resolve().name
            refused.append(Refused(name, done.reason.replace(shown(done.folder, 300), name)))
        else:
            entrants.append(Entrant.of(done.submission, done.checks))
    return entrants, refused


# -- inside ----------------------------------------------------------------------------------------------------------------


class _Folder:
    """A suite's part of the site; knows what was written, and removes what an earlier build left there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: set[Path] = set()

    def place(self, name: str) -> Path:
        """Where a file goes."""
        self.written.add(self.path / name)
        return self.path / name

    def page(self, name: str, page: Page) -> None:
        """Write a page."""
        write_text(self.place(name), render(page))

    def draw(self, drawing: Drawing) -> None:
        """Write a figure's files."""
        drawing.save(self.path / "figures")
        self.written |= {self.path / "figures" / f"{drawing.name}.{suffix}" for suffix in ("svg", "png")}

    def tidy(self) -> None:
        """Remove pages, tables and figures of those who are no longer entered."""
        for part in ("tasks", "methods", "failed", "designs", "figures"):
            for path in (self.path / part).glob("*"):
                if path.is_file() and path not in self.written and path.suffix in (".html", ".csv", ".svg", ".png"):
                    path.unlink()


def _suite(board: Board, found: list[Ranking], folder: _Folder) -> None:
    ids = [t.id for t in board.suite.of_role("search", "held-out")] if board.ranked else []
    placed = {task_id: places(board, task_id) for task_id in ids}
    drawings = [suite.draw(board, ranking) for ranking in found]
    for drawing in (d for made in drawings for d in made):
        folder.draw(drawing)
    folder.page(PAGE, suite.page(board, found, placed, drawings))
    write_results(board, folder.place("results.csv"))
    for task_id in ids:
        _task(board, task_id, placed[task_id], folder)
    for entrant in board.ranked:
        folder.page(names.method_page(entrant.name), method.page(board, entrant, found, placed))
    for k, entrant in enumerate(board.failed):
        folder.page(names.method_page(entrant.name, k), method.failed(board, entrant))
    folder.tidy()


def _task(board: Board, task_id: str, placed: list[Place], folder: _Folder) -> None:
    made = task.draw(board, task_id)
    for drawing in made.values():
        folder.draw(drawing)
    task.write_fronts(board, task_id, folder.place(names.front_table(task_id)))
    folder.page(names.task_page(task_id), task.page(board, task_id, placed, made))
