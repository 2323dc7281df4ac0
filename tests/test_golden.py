"""Has a number moved? ``tests/golden/<family>.json`` pins figures of every task, per version of its model.

A change that moves a metric bumps the model's ``version``, one that moves only a score the task's ``-vN``; then, and for new
tasks, ``make golden`` records the figures. It records nothing over figures that moved under an unchanged version: before a
release, where that is wanted, delete their entry first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archgym
from archgym import envs
from archgym.files import write_text
from archgym.task import Task
from archgym.testing import toy_task

FOLDER = Path(__file__).with_name("golden")
DESIGNS = 6
# Bit for bit on one machine type (conformance asks for that); between processors, sums of logarithms differ in last bits.
SAME = 1e-9
TASKS = ["toy-latency-v0", *(t for family in envs.FAMILIES for t in archgym.task_ids(family))]


def figures(task: Task, designs: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Every metric and the score of each design; None where it is invalid."""
    costs = task.model.evaluate(np.stack([task.space.encode(d) for d in designs]))
    columns = {m.name: costs[m.name] for m in task.model.metrics} | {"score": task.objective.score(costs)}
    return {name: [None if np.isnan(v) else float(v) for v in column] for name, column in columns.items()}


def record(task: Task) -> dict[str, Any]:
    """A new entry: designs drawn once and kept by value, whatever becomes of generators and of the order of knobs."""
    rows = task.space.sample(np.random.default_rng(2023), DESIGNS)
    designs = [task.space.decode(row) for row in rows]
    return {
        "version": task.model.version,
        "objective": str(task.objective),
        "designs": designs,
        "figures": figures(task, designs),
    }


def moved(task: Task, entry: dict[str, Any]) -> list[str]:
    """One line per figure that is not what was recorded."""
    try:
        now = figures(task, entry["designs"])
    except archgym.BadInput as error:
        return [f"the space changed: {error}"]
    lines = [f"metrics are {list(now)}, recorded {list(entry['figures'])}"] if list(now) != list(entry["figures"]) else []
    for name, recorded in entry["figures"].items():
        for k, (was, value) in enumerate(zip(recorded, now.get(name, recorded), strict=True)):
            if (was is None) != (value is None) or (was is not None and value != pytest.approx(was, rel=SAME)):
                lines.append(f"{name} of design {k} is {value}, recorded {was}")
    return lines


def load(family: str) -> dict[str, Any]:
    path = FOLDER / f"{family}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def save(family: str, task_id: str, entry: dict[str, Any]) -> None:
    whole = {**load(family), task_id: entry}
    text = json.dumps(dict(sorted(whole.items())), indent=1)
    text = re.sub(r"\{[^{}\[\]]*\}|\[[^{}\[\]]*\]", lambda inner: re.sub(r"\n\s*", " ", inner[0]), text)  # one design, one line
    write_text(FOLDER / f"{family}.json", text + "\n")


@pytest.mark.parametrize("task_id", TASKS)
def test_no_number_moved(task: Task, task_id: str, request: pytest.FixtureRequest) -> None:
    entry = load(task.family).get(task_id)
    update = request.config.getoption("--update-golden")
    if update and (entry is None or entry["version"] != task.model.version):
        save(task.family, task_id, record(task))
        return
    assert entry is not None, f"{task_id} has no golden figures yet: run make golden"
    was, now = entry["version"], task.model.version
    assert was == now, f"the golden figures of {task_id} are of model version {was}, not {now}: run make golden"
    lines = moved(task, entry)
    assert not lines, (
        f"{task_id} ('{task.objective}', was '{entry['objective']}'): numbers moved under version {now}: {lines[:5]}"
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_nothing_stale_is_recorded(path: Path) -> None:
    stale = set(json.loads(path.read_text(encoding="utf-8"))) - set(TASKS)
    assert not stale, f"{path.name} records tasks that are gone: remove {sorted(stale)}"


def test_a_moved_number_is_seen() -> None:
    task = toy_task()
    entry = record(task)
    assert moved(task, entry) == []
    entry["figures"]["energy_j"][2] *= 1 + 1e-8
    (line,) = moved(task, entry)
    assert line.startswith("energy_j of design 2 is")
    entry["designs"][0]["tile"] = 3
    assert "the space changed" in moved(task, entry)[0]
