"""``archgym tasks``: what can be searched."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.cli.arguments import Json, Options, task_options
from archgym.experiments.cli.output import print_json, print_table
from archgym.experiments.units import count, percent, si
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.task import Task


def command(
    task: Annotated[str | None, typer.Argument(help="A task's id, for its knobs, metrics, objective and front.")] = None,
    family: Annotated[str | None, typer.Option(help="Only the tasks of this family.")] = None,
    option: Options = None,
    json: Json = False,
) -> None:
    """List the tasks, or describe one."""
    if task is None:
        _list([registry.get_task(name) for name in registry.task_ids(family)], json)
    else:
        _describe(registry.get_task(task, task_options(option)), json)


def difficulty_label(task: Task) -> str:
    """``easy``, ``hard`` or, where no card is shipped, nothing."""
    return "" if task.card is None else "easy" if task.card.easy else "hard"


def _list(tasks: list[Task], json: bool) -> None:
    if json:
        print_json([_facts_or_error(task) for task in tasks])
        return
    heads = ("task", "workload", "objective", "knobs", "designs", "budget", "difficulty")
    names = {t.family for t in tasks}
    notes = tuple(f"{n}: {f.title}" for n, f in registry.families().items() if n in names)
    print_table(Table(f"{len(tasks)} tasks", heads, [_row(t) for t in tasks], notes))


def _row(task: Task) -> list[Any]:
    """One line of the list; a model that cannot be built here hides its own size, not the other tasks."""
    try:
        size = [len(task.space), count(task.space.size)]
    except BadInput:
        size = [None, None]
    return [task.id, task.workload, str(task.objective), *size, task.budget, difficulty_label(task)]


def _facts_or_error(task: Task) -> dict[str, Any]:
    try:
        return facts(task)
    except BadInput as error:
        return {"id": task.id, "error": str(error)}


def facts(task: Task) -> dict[str, Any]:
    """All there is to know of a task, as plain data."""
    return {
        "id": task.id,
        "family": task.family,
        "doc": task.doc,
        "workload": task.workload,
        "options": dict(task.options),
        "objective": str(task.objective),
        "front": [{"metric": f.metric, "reference": f.reference, "ideal": f.ideal} for f in task.front],
        "budget": task.budget,
        "primary": task.primary,
        "tags": list(task.tags),
        "difficulty": difficulty_label(task),
        "designs": task.space.size,
        "knobs": [
            {"name": p.name, "values": list(p.values), "unit": p.unit, "ordered": p.ordered, "doc": p.doc}
            for p in task.space.params
        ],
        "metrics": [{"name": m.name, "unit": m.unit, "sense": m.sense, "doc": m.doc} for m in task.model.metrics],
        "model": {"version": task.model.version, "fingerprint": task.fingerprint, "source": _source(task)},
    }


def _source(task: Task) -> str:
    """The first paragraph of the model's docstring: what it is and where it comes from."""
    return " ".join((inspect.getdoc(type(task.model)) or "").split("\n\n")[0].split())


def _describe(task: Task, json: bool) -> None:
    if json:
        print_json(facts(task))
        return
    print_table(Table(task.id, ("", ""), _overview(task)))
    knobs = [(p.name, ", ".join(_text(v) for v in p.values), p.unit, p.ordered, p.doc) for p in task.space.params]
    title = f"{len(task.space)} knobs, {count(task.space.size)} designs"
    print_table(Table(title, ("knob", "values", "unit", "ordered", "what it does"), knobs))
    senses = {"min": "smaller is better", "max": "larger is better", "none": "for information"}
    metrics = [(m.name, m.unit, senses[m.sense], m.doc) for m in task.model.metrics]
    print_table(Table(f"{len(metrics)} metrics", ("metric", "unit", "sense", "what it is"), metrics))


def _overview(task: Task) -> list[tuple[str, str]]:
    units = {m.name: m.unit for m in task.model.metrics}
    front = "; ".join(f"{f.metric} (reference {si(f.reference, units[f.metric])})" for f in task.front)
    rows = [
        ("what", task.doc),
        ("objective", str(task.objective)),
        ("front", front),
        ("workload", task.workload),
        ("options", ", ".join(f"{k}={v}" for k, v in task.options.items())),
        ("budget", f"{task.budget:,} evaluations"),
        ("difficulty", _difficulty(task)),
        ("model", f"version {task.model.version}: {_source(task)}"),
        ("tags", ", ".join(task.tags)),
    ]
    return [row for row in rows if row[1]]


def _difficulty(task: Task) -> str:
    if task.card is None:
        return ""
    regret = task.card.random_regret["256"]
    found = "finds nothing feasible in 256" if math.isinf(regret) else f"is {percent(regret)} from the best after 256"
    return f"{difficulty_label(task)}: random search {found}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
