"""Puzzle designs per second on one core, and seconds of the program that proves the optimum."""

from __future__ import annotations

import time

import numpy as np

from archgym.family import Table
from archgym.task import Task
from archgym.timing import one_thread

from .model import PuzzleModel
from .tasks import tasks

N, REPEATS = 65536, 3
NOTES = ("random designs in one batch, CPU time of one thread; program: CPU time of HiGHS to the proved optimum",)


def bench() -> list[Table]:
    """The goal is a million per second and core."""
    with one_thread():
        rows = [_row(task) for task in tasks()]
    return [Table("puzzle designs per second, one core", ("task", "batch", "designs/s", "program, s"), rows, NOTES)]


def _row(task: Task) -> tuple[object, ...]:
    model = task.model
    assert isinstance(model, PuzzleModel)
    x = model.space.sample(np.random.default_rng(0), N)
    model.evaluate(x[:1])
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        model.evaluate(x)
        spent.append(time.process_time() - started)
    started = time.process_time()
    model.optimum(task.objective)
    return task.id, N, f"{N / min(spent):,.0f}", f"{time.process_time() - started:.1f}"
