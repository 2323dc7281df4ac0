"""``archgym evaluate``: the cost model by hand, for one design or a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from archgym import registry
from archgym.errors import BadInput, did_you_mean
from archgym.experiments.cli.arguments import Json, Options, Settings, Workload, pairs, task_options
from archgym.experiments.cli.output import print_json, print_table, say
from archgym.experiments.units import objective_unit, percent, plain, si
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.costs import Costs
    from archgym.space import FloatArray, IntArray
    from archgym.task import Task

_MOST_ROWS = 20


def command(
    task: Annotated[str, typer.Argument(help="A task's id.")],
    set_: Settings = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="best|first", help="Where the knobs not set come from.")
    ] = None,
    designs: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV with one column per knob, by value.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a CSV: knobs, metrics, score, valid, reason.")] = None,
    option: Options = None,
    workload: Workload = None,
    json: Json = False,
) -> None:
    """Evaluate one design, knob by knob with --set, or every design of a CSV file.

    Every knob has to be set, unless --from says where the others come from: the best known design, or each knob's
    first value. Columns of the file that are no knobs are ignored.
    """
    chosen = registry.get_task(task, task_options(option, workload))
    x = _designs(chosen, pairs(set_, "--set"), start, designs)
    costs = chosen.model.evaluate(x)
    score = chosen.objective.score(costs)
    if out:
        from archgym.experiments.designs import evaluation_columns, write_table

        write_table(out, evaluation_columns(chosen.space, x, costs, score))
    if json:
        print_json({"task": chosen.id, "options": dict(chosen.options), "designs": records(chosen, x, costs, score)})
    elif designs is None:
        print_table(_single(chosen, x, costs, score))
    else:
        print_table(_many(chosen, x, costs, score, _MOST_ROWS if out is None else 0))
    if out:
        say(f"written: {out}", stderr=True)


def records(task: Task, x: IntArray, costs: Costs, score: FloatArray) -> list[dict[str, Any]]:
    """A batch as plain data, one object per design."""
    value = task.objective.value(costs)
    return [
        {
            "design": task.space.decode(row),
            "metrics": {m.name: float(costs.values[i, j]) for j, m in enumerate(costs.metrics)},
            "value": float(value[i]),
            "score": float(score[i]),
            "valid": bool(costs.valid[i]),
            "reason": costs.why(i),
        }
        for i, row in enumerate(x)
    ]


def _designs(task: Task, given: dict[str, str], start: str | None, designs: Path | None) -> IntArray:
    if designs is not None:
        if given or start:
            raise BadInput("give the designs by --designs, or one by --set and --from, not both")
        return _from_file(task, designs)
    if not given and not start:
        raise BadInput("no design is given: set its knobs with --set NAME=VALUE, or name a file with --designs")
    base = _base(task, start) if start else {}
    row = {**base, **_known(task, given)}
    absent = [name for name in task.space.names if name not in row]
    if absent:
        raise BadInput(f"knobs missing: {', '.join(absent)}; set them, or add --from best or --from first")
    return task.space.encode(row)[None, :]


def _from_file(task: Task, path: Path) -> IntArray:
    from archgym.experiments.designs import read_designs

    x, ignored = read_designs(path, task.space)
    if ignored:
        say(f"note: {path}: ignored columns that are no knobs: {', '.join(ignored)}", stderr=True)
    return x


def _known(task: Task, given: dict[str, str]) -> dict[str, Any]:
    """The knobs that are set, by value; unknown names and values are found here, before what is missing."""
    found = {}
    for name, text in given.items():
        param = next((p for p in task.space.params if p.name == name), None)
        if param is None:
            raise BadInput(f"unknown knob '{name}'" + did_you_mean(name, task.space.names))
        found[name] = param.values[param.index(text)]
    return found


def _base(task: Task, start: str) -> dict[str, Any]:
    if start == "first":
        return dict(task.space.decode(np.zeros(len(task.space), dtype=np.int64)))
    if start != "best":
        raise BadInput(f"--from takes best or first, got '{start}'")
    # with other options it is no longer the best, but still a sensible design to begin with
    known = registry.get_task(task.id).best_known
    if known is None:
        raise BadInput(f"no best design is known of {task.id}; use --from first")
    return dict(known.design)


def _single(task: Task, x: IntArray, costs: Costs, score: FloatArray) -> Table:
    rows = [(m.name, si(float(costs.values[0, j]), m.unit), m.doc) for j, m in enumerate(costs.metrics)]
    value = float(task.objective.value(costs)[0])
    rows.append(("objective", si(value, objective_unit(task)), str(task.objective)))
    rows.append(("score", plain(float(score[0])), "higher is better"))
    if task.best_known and score[0] > 0:
        rows.append(("regret", percent(task.best_known.score / float(score[0]) - 1.0), "against the best known"))
    notes = () if costs.valid[0] else (f"not valid: {costs.why(0)}",)
    return Table(f"{task.id}", ("metric", "value", "what it is"), rows, notes)


def _many(task: Task, x: IntArray, costs: Costs, score: FloatArray, most: int) -> Table:
    best = int(np.argmax(score))
    notes = [f"{int(costs.valid.sum()):,} of {len(x):,} designs are valid; the best is number {best + 1}"]
    if 0 < most < len(x):
        notes.append(f"{len(x) - most:,} more; --out or --json give them all")
    rows = [
        (
            i + 1,
            *(si(float(v), m.unit) for v, m in zip(costs.values[i], costs.metrics, strict=True)),
            float(score[i]),
            costs.why(i),
        )
        for i in range(min(most, len(x)))
    ]
    return Table(task.id, ("design", *(m.name for m in costs.metrics), "score", "not valid because"), rows, tuple(notes))
