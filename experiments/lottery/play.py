"""Play a lottery, a part of it or for some hours; then make its digest and read that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archgym.experiments.lottery.collect import collect
from archgym.experiments.lottery.digest import Digest
from archgym.experiments.lottery.parquet import write_digest
from archgym.experiments.lottery.plan import make_plan, shard
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.lottery.tables import write_standings
from archgym.experiments.runner import How, Tally, run_study

if TYPE_CHECKING:
    from rich.console import Console

    from archgym.family import Table

FOLDER = "lottery"  # of the analysis, inside the results folder
DIGEST = "digest.parquet"


@dataclass(frozen=True)
class Session:
    """What one call has come to.

    Args:
        tally: of the part that was to be played.
        digest: of all that is complete in the folder.
        path: of the digest's file.
    """

    tally: Tally
    digest: Digest
    path: Path

    @property
    def left(self) -> int:
        """Runs of the part that are still to be played; failed ones are counted apart."""
        return self.tally.runs - self.tally.complete - len(self.tally.failures)


def play(lottery: Lottery, folder: Path, how: How, console: Console, part: tuple[int, int] = (1, 1)) -> Session:
    """Play what is missing of one part of a lottery, and bring the folder's digest up to date.

    Args:
        lottery: names resolved.
        folder: of the results; may hold other parts of the same lottery.
        how: serial or on Ray, and until when.
        part: I and N, part I of N.

    Raises:
        BadInput: the folder is another study's, there is no such part, or a run's files are broken.
        ArchGymError: another driver is at work there, or Ray does not start.
        Interrupted: stopped by a signal; what was evaluated is on disk.
    """
    plan = make_plan(lottery)
    tally = run_study(plan, folder, how, console, shard(plan, *part))
    path = folder / FOLDER / DIGEST
    digest = collect(lottery, plan, folder, path)
    write_digest(path, digest)
    return Session(tally, digest, path)


def analyse(digest: Digest, folder: Path) -> tuple[Path, Table]:
    """Write the digest and all that can be read from it to ``folder / "lottery"``; the path of its page and the main table."""
    from archgym.experiments.lottery import analysis, analysis_tables, report  # draws figures

    out = folder / FOLDER
    write_digest(out / DIGEST, digest)
    write_standings(digest, out)
    found = analysis.analyse(digest)
    return report.write_analysis(found, out), analysis_tables.main_table(found)
