"""``archgym leaderboard baseline``: ArchGym's own agents on a suite, with their site, by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archgym.errors import ArchGymError
from archgym.experiments.cli.arguments import reruns
from archgym.experiments.cli.output import console, say


def command(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite to play.")],
    agent: Annotated[list[str] | None, typer.Option(help="Agents to play; all that are installed where left out.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="results/baseline-SUITE where left out.")] = None,
    rerun: Annotated[str, typer.Option(metavar="N|all|none", help="Runs of each to play again in verification.")] = "3",
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A kept baseline: exit 1 where a run came out otherwise.")
    ] = None,
    serial: Annotated[bool, typer.Option("--serial", help="In this process, without Ray; the same results.")] = False,
    cpus: Annotated[int | None, typer.Option(min=1, help="Cores to use; all where left out.")] = None,
) -> None:
    """Play, submit and verify every agent with its defaults, and build the site. Run it again after an interruption."""
    from archgym.experiments.leaderboard import baseline as made
    from archgym.experiments.leaderboard import stored, suites
    from archgym.experiments.runner import How

    wanted = reruns(rerun)
    chosen, folder = suites.load(suite), out or Path("results") / f"baseline-{suite}"
    how = How(serial=serial, cpus=cpus)
    path = made.baseline(chosen, agent or made.available(), folder, how, wanted, console(stderr=True))
    if check is not None:
        found = made.differences(stored.load(check), stored.load(path))
        for line in found:
            say(line, stderr=True)
        if found:
            raise ArchGymError(f"{len(found)} runs differ from {check}")
    say(str(path))
    say(str(folder / "site" / "index.html"))
