"""``archgym replay``: prove that a log is what its models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archgym.errors import BadInput
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import print_json, say

if TYPE_CHECKING:
    from archgym.task import Task


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a study or of one run.")], json: Json = False
) -> int:
    """Evaluate every logged design again; exit code 1 on the first difference in any bit."""
    from archgym.experiments.replaying import replay_run

    places, open_runs = _places(folder)
    built: dict[str, Task] = {}
    trials = 0
    for place in places:
        count, difference = replay_run(place, built)
        trials += count
        if difference:
            _answer(json, f"{place}: {difference}", identical=False, runs=len(places), trials=trials)
            return 1
    rest = f"; {open_runs} not complete" if open_runs else ""
    line = f"{len(places):,} runs, {trials:,} trials: every bit the same{rest}"
    _answer(json, line, identical=True, runs=len(places), trials=trials)
    return 0


def _answer(json: bool, line: str, **facts: object) -> None:
    if json:
        print_json({**facts, "message": line})
    else:
        say(line)


def _places(folder: Path) -> tuple[list[Path], int]:
    """Folders of the complete runs, and how many are not complete."""
    from archgym.runlog import MANIFEST, load_manifest

    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder")
    found = list(_runs(folder))
    complete = [p for p in found if (p / MANIFEST).is_file() and load_manifest(p).get("status") == "complete"]
    if not complete:
        raise BadInput(f"{folder}: no complete run is there")
    return complete, len(found) - len(complete)


def _runs(folder: Path) -> Iterator[Path]:
    """The folders of a study's planned runs, or the folder of a single run."""
    from archgym.experiments.store import STUDY, load_plan
    from archgym.runlog import MANIFEST

    if (folder / STUDY).is_file():
        yield from (folder / spec.id for spec in load_plan(folder).specs)
    elif (folder / MANIFEST).is_file():
        yield folder
    else:
        raise BadInput(f"{folder}: neither a study nor a run is there")
