"""``archgym search``: one agent on one task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.cli.arguments import Json, Options, Settings, Workload, pairs, task_options
from archgym.experiments.cli.output import print_json, print_table, say
from archgym.experiments.units import objective_unit, percent, plain, si
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.runlog import RunLog
    from archgym.spec import RunSpec


def command(
    task: Annotated[str, typer.Argument(help="A task's id.")],
    agent: Annotated[str, typer.Option(help="An agent's name.")],
    set_: Settings = None,
    budget: Annotated[int | None, typer.Option(help="Evaluations; the task's own where left out.")] = None,
    seed: Annotated[int, typer.Option(help="A whole number, 0 or more.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Log every trial there; takes up an interrupted search.")
    ] = None,
    option: Options = None,
    workload: Workload = None,
    json: Json = False,
) -> None:
    """Search one task with one agent; prints the best design and the Pareto front. --set sets a hyperparameter."""
    from archgym.spec import RunSpec

    spec = RunSpec.create(task, agent, pairs(set_, "--set"), seed, budget, task_options(option, workload))
    log = _search(spec, out)
    if json:
        print_json(_record(log))
    else:
        _print(log)
    if out:
        say(f"logged: {out}", stderr=True)


def _search(spec: RunSpec, out: Path | None) -> RunLog:
    from archgym.experiments.interrupts import stoppable
    from archgym.running import run

    with stoppable():
        return run(spec) if out is None else _search_into(spec, out)


def _search_into(spec: RunSpec, out: Path) -> RunLog:
    from archgym.experiments.locks import Busy, locked
    from archgym.experiments.store import STUDY
    from archgym.runlog import RunLog
    from archgym.running import is_complete, run

    if (out / STUDY).exists():
        raise BadInput(f"{out}: results folder of a study; choose another --out")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: not a folder")
    try:
        with locked(out / ".lock"):
            return RunLog.load(out) if is_complete(out, spec) else run(spec, out)
    except Busy as holder:
        raise ArchGymError(f"{out}: another archgym is at work there ({holder})") from None


def _record(log: RunLog) -> dict[str, Any]:
    from archgym.experiments.summary import front_records

    facts = {name: log.manifest[name] for name in ("id", "spec", "summary", "timing", "digest")}
    return {**facts, "front": front_records(_front(log))}


def _print(log: RunLog) -> None:
    from archgym.experiments.summary import front_table, text

    summary, task = log.manifest["summary"], log.task
    design = [(name, text(value)) for name, value in summary["best_design"].items()]
    title = f"{task.id}: best design of {log.spec.agent}, seed {log.spec.seed}"
    print_table(Table(title, ("knob", "value"), design, _notes(log)))
    print_table(front_table(_front(log)))


def _notes(log: RunLog) -> tuple[str, ...]:
    summary, timing, task = log.manifest["summary"], log.manifest["timing"], log.task
    best = f"{task.objective}: {si(summary['best_value'], objective_unit(task))}, score {plain(summary['best_score'])}"
    if task.best_known and summary["best_score"] > 0:
        best += f", regret {percent(task.best_known.score / summary['best_score'] - 1.0)}"
    spent = f"{summary['evaluations']:,} evaluations, {summary['unique']:,} different, {summary['feasible']:,} feasible"
    where = f"{si(timing['agent_s'], 's')} in the agent, {si(timing['evaluate_s'], 's')} in the model"
    return best, f"{spent}; {where}; hypervolume {plain(summary['hypervolume'])}"


def _front(log: RunLog) -> Any:
    from archgym.experiments.summary import front_of

    return front_of(log.task, log.x, log.costs)
