"""``archgym lottery``: draw hyperparameters, play them with many seeds, and tell the luck of the one from that of the other."""

from __future__ import annotations

import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import console, print_json, print_table, say

if TYPE_CHECKING:
    from archgym.experiments.lottery.digest import Digest
    from archgym.experiments.lottery.play import Session


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="The lottery, FILE.toml; with --digest, its digests.")],
    digest: Annotated[
        bool, typer.Option("--digest", help="Play nothing: read digests, those of several machines as one.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Results folder; results/NAME where left out.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Play part I of N, in this folder or another.")] = None,
    hours: Annotated[float | None, typer.Option(min=0.0, help="Begin no run after so many hours.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Read what there is, though runs are missing.")] = False,
    serial: Annotated[bool, typer.Option("--serial", help="In this process, without Ray; the same results.")] = False,
    cpus: Annotated[int | None, typer.Option(min=1, help="Cores to use; all where left out.")] = None,
    extend: Annotated[bool, typer.Option("--extend", help="Add to the folder of a lottery that is part of this one.")] = False,
    json: Json = False,
) -> int:
    """Play a hyperparameter lottery. Run it again after an interruption: it completes what is missing and repeats nothing.

    Exit code 1 says that some runs failed; another try plays those again.
    """
    if digest:
        if shard or hours is not None or serial or cpus or extend:
            raise BadInput("--digest plays nothing: it takes --out, --partial and --json alone")
        return _read(files, out, partial, json)
    if len(files) != 1:
        raise BadInput(f"play one lottery at a time, got {len(files)} files; --digest joins digests")
    session, folder = _play(files[0], out, shard, hours, (serial, cpus, extend))
    again = _again(files[0], out, shard, hours, (serial, cpus, extend))
    return _conclude(session, folder, partial, json, again)


def _play(
    file: Path, out: Path | None, shard: str | None, hours: float | None, how: tuple[bool, int | None, bool]
) -> tuple[Session, Path]:
    from archgym.experiments.lottery.plan import read_shard
    from archgym.experiments.lottery.play import play
    from archgym.experiments.lottery.study import load_lottery
    from archgym.experiments.runner import How

    serial, cpus, extend = how
    part = read_shard(shard) if shard is not None else (1, 1)
    until = None if hours is None else time.time() + 3600.0 * hours
    lottery = load_lottery(file)
    folder = out or Path("results") / lottery.name
    plan = How(serial=serial, cpus=cpus, extend=extend, until=until)
    return play(lottery, folder, plan, console(stderr=True), part), folder


def _conclude(session: Session, folder: Path, partial: bool, json: bool, again: str) -> int:
    tally, digest = session.tally, session.digest
    if tally.failures:
        raise ArchGymError(f"{len(tally.failures)} of {tally.runs} runs failed; the same command tries them again")
    if digest.rows and (partial or not digest.missing):
        _show(digest, folder, json)
    if session.left:
        say(f"{session.left:,} of {tally.runs:,} runs are left; go on with: {again}", stderr=True)
    elif digest.missing:
        say(f"this part is complete, {digest.missing:,} runs of the lottery are not; digest: {session.path}", stderr=True)
    return 0


def _read(files: list[Path], out: Path | None, partial: bool, json: bool) -> int:
    from archgym.experiments.lottery.digest import join
    from archgym.experiments.lottery.parquet import read_digest

    if out is None:
        raise BadInput("--digest needs --out DIR, where tables and figures are to go")
    if len(set(files)) < len(files):
        raise BadInput("a digest is named twice")
    joined = join({str(path): read_digest(path) for path in files})
    if not joined.rows or (joined.missing and not partial):
        left = f"{joined.missing:,} of {joined.planned:,} runs are missing"
        raise BadInput(f"{left}; name the other digests, too, or read what there is with --partial")
    _show(joined, out, json)
    return 0


def _show(digest: Digest, folder: Path, json: bool) -> None:
    """Write the analysis, print its tables and where it is."""
    from archgym.experiments.lottery.play import analyse
    from archgym.experiments.lottery.tables import standings, tables

    page, overall = analyse(digest, folder)
    if json:
        found = [asdict(row) for task in (*digest.tasks, *digest.tuning) for row in standings(digest, task)]
        print_json({"lottery": digest.lottery.name, "page": str(page), "missing": digest.missing, "standings": found})
        return
    for table in (*tables(digest), overall):
        print_table(table)
    say(str(page))


def _again(file: Path, out: Path | None, shard: str | None, hours: float | None, how: tuple[bool, int | None, bool]) -> str:
    """The command that goes on; it needs no --extend any more."""
    serial, cpus, _ = how
    given = {"--out": out, "--shard": shard, "--hours": hours and f"{hours:g}", "--cpus": cpus}
    words = ["archgym", "lottery", str(file), *(word for name, value in given.items() if value for word in (name, str(value)))]
    return shlex.join([*words, *(["--serial"] if serial else [])])
