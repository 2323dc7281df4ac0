"""``archgym leaderboard``: suites, submissions, their verification, and the site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.cli import baseline as baselines
from archgym.experiments.cli.arguments import Json, Settings, pairs, reruns
from archgym.experiments.cli.output import console, print_json, print_table, say
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.experiments.leaderboard.verification import Verification

app = typer.Typer(help="Frozen suites, submissions that are checked by replay, and their site.")

SuiteName = Annotated[str, typer.Option("--suite", metavar="SUITE", help="Its name; `archgym leaderboard suites` lists them.")]
Submissions = Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Submissions.")]


@app.callback(invoke_without_command=True)
def _top(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit


@app.command()
def suites(
    name: Annotated[str | None, typer.Argument(metavar="SUITE", help="A suite, for its tasks.")] = None, json: Json = False
) -> None:
    """List the suites, or the tasks of one."""
    from archgym.experiments.leaderboard import suites as known

    if name is not None:
        _describe(name, json)
        return
    found = [known.load(suite) for suite in known.names()]
    if json:
        print_json([{**s.model_dump(mode="json"), "hash": s.hash} for s in found])
        return
    rows = [(s.name, s.title, len(s.task), len(s.cells()), s.budget, s.hash) for s in found]
    print_table(Table(f"{len(rows)} suites", ("suite", "what it is", "tasks", "runs", "budget", "hash"), rows))


def _describe(name: str, json: bool) -> None:
    from archgym import registry
    from archgym.experiments.leaderboard import suites as known

    suite = known.load(name)
    now = {t.id: registry.get_task(t.id).fingerprint for t in suite.task}
    if json:
        print_json({**suite.model_dump(mode="json"), "hash": suite.hash, "fingerprints": now})
        return
    rows = [(t.id, t.role, t.fingerprint, "this" if now[t.id] == t.fingerprint else "another") for t in suite.task]
    notes = (f"seeds {', '.join(map(str, suite.seeds))}; {suite.budget} evaluations a run; hash {suite.hash}",)
    print_table(Table(f"{suite.name}: {suite.title}", ("task", "role", "fingerprint", "model"), rows, notes))


@app.command()
def play(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite to play.")],
    agent: Annotated[str, typer.Option(help="An agent's name.")],
    set_: Settings = None,
    tuning: Annotated[bool, typer.Option("--tuning", help="Play its tuning tasks instead of the ranked ones.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Results folder; results/SUITE-AGENT where left out.")] = None,
    serial: Annotated[bool, typer.Option("--serial", help="In this process, without Ray; the same results.")] = False,
    cpus: Annotated[int | None, typer.Option(min=1, help="Cores to use; all where left out.")] = None,
) -> int:
    """Play every run that a submission needs. Run it again after an interruption: it completes what is missing."""
    from archgym.experiments.leaderboard import suites as known
    from archgym.experiments.leaderboard.submitting import plan_of
    from archgym.experiments.runner import How, run_study

    chosen = known.load(suite)
    plan = plan_of(chosen, agent, pairs(set_, "--set"), tuning)
    folder = out or Path("results") / plan.name
    _ = chosen.tasks  # another model version is refused before anything is played
    tally = run_study(plan, folder, How(serial=serial, cpus=cpus), console(stderr=True))
    if tally.failures:
        raise ArchGymError(f"{len(tally.failures)} of {tally.runs} runs failed; the same command tries them again")
    say(f"{folder}: {tally.complete} runs complete")
    if not tuning:
        say(f"submit them: archgym leaderboard submit {folder} --suite {suite} --name NAME")
    return 0


@app.command()
def submit(
    runs: Annotated[list[Path], typer.Argument(metavar="RUNS...", help="Results folders of `play` or of studies.")],
    suite: SuiteName,
    name: Annotated[str, typer.Option(help="The submission's name: letters, digits and . _ -")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Its folder; submissions/NAME where left out.")] = None,
    method: Annotated[str, typer.Option(help="A few lines on the method.")] = "",
    url: Annotated[str, typer.Option(help="Where to read more (https).")] = "",
    ruleset: Annotated[
        str, typer.Option(metavar="self|external", help="self: the agent's defaults; external: tuned.")
    ] = "self",
    agent: Annotated[list[str] | None, typer.Option(help="Agent or label to take, where RUNS hold several.")] = None,
    tuning: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Results folder of the tuning.")] = None,
    tuning_evaluations: Annotated[
        int | None, typer.Option(min=0, help="Evaluations of tuning in all, where --tuning does not hold them all.")
    ] = None,
) -> None:
    """Make a submission of complete runs: one folder with every trial of every seed. It is verified before it is written."""
    from archgym.experiments.leaderboard import suites as known
    from archgym.experiments.leaderboard.submitting import Entry, submit

    entry = Entry(name, method, url, ruleset, tuple(agent or ()), tuple(tuning or ()), tuning_evaluations)
    place = out or Path("submissions") / name
    made = submit(runs, known.load(suite), entry, place)
    trials = next(c.detail for c in made.checks if c.name == "trials")
    say(f"{place}: {trials}")


@app.command()
def verify(
    folders: Submissions,
    rerun: Annotated[str, typer.Option(metavar="N|all|none", help="Runs of each to play again.")] = "3",
    json: Json = False,
) -> int:
    """Check every claim of submissions; writes verification.json into each. Nothing in them is executed.

    Exit code 1: something claimed is wrong. Exit code 2: a submission cannot be read.
    """
    from archgym.experiments.leaderboard.verification import verify

    found = verify(folders, reruns(rerun), say=lambda line: say(line, stderr=True))
    if json:
        print_json([_record(v) for v in found])
    else:
        for one in found:
            _print(one)
    return max({"verified": 0, "wrong": 1, "refused": 2}[v.verdict] for v in found)


def _record(one: Verification) -> dict[str, Any]:
    return {"folder": str(one.folder), **one.to_dict()}


def _print(one: Verification) -> None:
    from archgym.experiments.leaderboard.sealed import shown

    title = f"{shown(one.folder, 300)}: {one.verdict}"
    rows = [(c.name, c.status, c.detail) for c in one.checks]
    print_table(Table(title, ("check", "status", "what was found"), rows, (one.reason,) if one.reason else ()))


@app.command()
def build(
    out: Annotated[Path, typer.Option(metavar="SITE", help="Folder of the site.")],
    folders: Annotated[list[Path] | None, typer.Argument(metavar="FOLDER...", help="Submissions, the earliest first.")] = None,
    baseline: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A board kept by ArchGym; trusted.")] = None,
    rerun: Annotated[str, typer.Option(metavar="N|all|none", help="Runs of each to play again.")] = "none",
) -> None:
    """Make a static site of submissions, and print the path of its first page. Each is verified first."""
    from archgym.experiments.leaderboard.site import build as build_site

    if not folders and not baseline:
        raise BadInput("no submission is given")
    page = build_site(folders or [], out, reruns(rerun), baseline or [], lambda line: say(line, stderr=True))
    say(str(page))


app.command("baseline")(baselines.command)
