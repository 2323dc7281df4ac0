"""``archgym study``: play a study file, take up where it was interrupted, and print what came out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import console, print_json, print_table, say

if TYPE_CHECKING:
    from archgym.experiments.plan import Plan


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The study.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Results folder; results/NAME where left out.")] = None,
    ray_address: Annotated[
        str | None, typer.Option(help="A running Ray cluster that shares the results folder's path.")
    ] = None,
    serial: Annotated[bool, typer.Option("--serial", help="In this process, without Ray; the same results.")] = False,
    cpus: Annotated[int | None, typer.Option(min=1, help="Cores to use; all where left out.")] = None,
    extend: Annotated[bool, typer.Option("--extend", help="Add to the folder of a study that is part of this one.")] = False,
    json: Json = False,
) -> int:
    """Play a study. Run it again after an interruption: it completes what is missing and repeats nothing.

    Exit code 1 says that some runs failed; another try plays those again.
    """
    from archgym.experiments.plan import load_study, make_plan
    from archgym.experiments.runner import How, run_study

    if serial and ray_address:
        raise BadInput("--serial and --ray-address exclude each other")
    plan = make_plan(load_study(file), str(file))
    folder = out or Path("results") / plan.name
    tally = run_study(plan, folder, How(serial, ray_address, cpus, extend), console(stderr=True))
    show(folder, plan, json)
    if tally.failures:
        raise ArchGymError(f"{len(tally.failures)} of {tally.runs} runs failed; the same command tries them again")
    return 0


def show(folder: Path, plan: Plan, json: bool) -> None:
    """Print a study's tables and the path of its report, which is written."""
    from archgym.experiments.summary import front_records, front_table, standing_table, summarise

    found = []
    for rows, front in summarise(folder, plan):
        if not json:
            print_table(standing_table(rows, front.task))
            print_table(front_table(front))
        found.append({"problem": rows[0].problem, "agents": [asdict(r) for r in rows], "front": front_records(front)})
    page = _report(folder) if found else None
    if json:
        print_json({"study": plan.name, "folder": str(folder), "problems": found, "report": str(page) if page else None})
    elif page:
        say(str(page))


def _report(folder: Path) -> Any:
    from archgym.experiments.report import write_report

    return write_report(folder)
