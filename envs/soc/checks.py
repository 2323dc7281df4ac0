"""What a form alone cannot say of a user's file: whether the graph is one, whether tables fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from archgym.errors import did_you_mean

if TYPE_CHECKING:
    from .schema import SizeForm, TaskForm


def check_graph(tasks: Sequence[TaskForm], last: str) -> None:
    """One application's tasks and the name of its last one.

    Raises:
        ValueError: a name is used twice or unknown, a dummy is where it cannot be, the graph has a cycle, or there is a task
            that the last one does not wait for: its end would be no latency.
    """
    no_repeats("task", [task.name for task in tasks])
    by_name = {task.name: task for task in tasks}
    for task in tasks:
        for child in task.outputs:
            if child not in by_name:
                raise ValueError(f"outputs of {task.name!r}: there is no task {child!r}" + did_you_mean(child, by_name))
            if by_name[child].role == "source":
                raise ValueError(f"outputs of {task.name!r}: {child!r} is a source: it has no inputs")
            if task.role == "sink" and by_name[child].role != "sink":
                raise ValueError(f"outputs of {task.name!r}: a sink leads to nothing but other sinks")
    _no_cycle({task.name: task.outputs for task in tasks})
    _ends(tasks, by_name, last)


def no_repeats(what: str, names: Sequence[str]) -> None:
    """Raise a ``ValueError`` if a name is there twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name!r} is there twice")
        seen.add(name)


def _no_cycle(children: Mapping[str, Mapping[str, float]]) -> None:
    """Take away tasks whose inputs have all been taken away; what stays is, or hangs on, a cycle."""
    left = dict(children)
    while free := left.keys() - {child for outputs in left.values() for child in outputs}:
        left = {name: outputs for name, outputs in left.items() if name not in free}
    if left:
        raise ValueError("the tasks form a cycle: " + " -> ".join(_cycle(left)))


def _cycle(left: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A cycle among tasks each of which has an input from another: walk up to the first that comes again."""
    path = [next(iter(left))]
    while path[-1] not in path[:-1]:
        path.append(next(name for name, outputs in left.items() if path[-1] in outputs))
    return path[path.index(path[-1]) :][::-1]


def _ends(tasks: Sequence[TaskForm], by_name: Mapping[str, TaskForm], last: str) -> None:
    if last not in by_name:
        raise ValueError(f"last: there is no task {last!r}" + did_you_mean(last, by_name))
    before = {last}
    while more := {task.name for task in tasks if before & task.outputs.keys()} - before:
        before |= more
    if all(by_name[name].role != "task" for name in before):
        raise ValueError(f"last: no task leads to {last!r}")
    for task in tasks:
        if task.role == "task" and task.name not in before:
            raise ValueError(f"last: {last!r} does not wait for {task.name!r}; let both lead to one sink")
        if task.role == "source" and not task.outputs:
            raise ValueError(f"{task.name!r} is a source without outputs")


def check_capacities(sizes: Sequence[SizeForm], kinds: Collection[str]) -> None:
    """The table of capacities, if there is one: sizes rise, and every kind of memory in the file has its costs."""
    for before, after in pairwise(sizes):
        if after.size_bytes <= before.size_bytes:
            raise ValueError(f"capacity: sizes must rise, got {after.size_bytes:g} after {before.size_bytes:g}")
    for k, size in enumerate(sizes):
        for kind in sorted(kinds):
            if getattr(size, kind) is None:
                raise ValueError(f"capacity[{k + 1}].{kind}: is missing, and there is memory of that kind")
