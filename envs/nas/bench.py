"""``archgym bench nas``: designs looked up per second, and the speed of the environments that compute."""

from __future__ import annotations

import time

import numpy as np

from archgym.errors import MissingExtra
from archgym.family import Table
from archgym.task import Task

from .cifar.tasks import tasks as cifar
from .codesign.bench import bench as codesign
from .digits.tasks import tasks as digits
from .graph.tasks import tasks as graph
from .llm.bench import bench as llm
from .macro.tasks import tasks as macro
from .puzzle.bench import bench as puzzle

DESIGNS = 1_000_000
REPEATS = 5


def bench() -> list[Table]:
    """Designs per second of one thread, the best of five, and seconds to build each table; then what computes."""
    rows = [_timed(tasks[0]) for tasks in (graph(), cifar(), digits(), macro()) if tasks]
    notes = ("Building reads and checks the table; cells are folded and priced once per process.",)
    looked_up = Table("Neural architectures looked up", ("task", "built in, s", "designs per s, million"), rows, notes)
    return [looked_up, *llm(), *puzzle(), *codesign()]


def _timed(task: Task) -> tuple[str, str, str]:
    begun = time.perf_counter()
    try:
        model = task.model
    except MissingExtra as error:
        return task.id, str(error), ""
    built = time.perf_counter() - begun
    x = model.space.sample(np.random.default_rng(0), DESIGNS)
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        model.evaluate(x)
        seconds.append(time.perf_counter() - begun)
    return task.id, f"{built:.2f}", f"{DESIGNS / min(seconds) / 1e6:.1f}"
