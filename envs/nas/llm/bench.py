"""Shapes of language models per second on one core: at random, and in the order of the space."""

from __future__ import annotations

import time

import numpy as np

from archgym.family import Table
from archgym.space import IntArray
from archgym.timing import one_thread

from .model import LlmModel
from .tasks import tasks

N, REPEATS = 65536, 3
NOTES = (
    "one batch, CPU time of one thread; random: repaired shapes, some still too large; each tries ten layouts of training",
    "in order: the first designs of the list that is enumerated for the optimum, which share what a shape costs",
)


def bench() -> list[Table]:
    """The goal is 100 thousand per second and core."""
    with one_thread():
        rows = [_row(task.id, task.model) for task in tasks()[:1] + tasks()[-1:] if isinstance(task.model, LlmModel)]
    heads = ("task", "batch", "random, designs/s", "valid", "in order, designs/s", "first, s")
    return [Table("shapes of language models per second, one core", heads, rows, NOTES)]


def _row(name: str, model: LlmModel) -> tuple[object, ...]:
    random = model.repair(model.space.sample(np.random.default_rng(0), N))
    first = _seconds(model, random[:1])
    ordered = next(model.legal())[:N]
    rates = [len(x) / min(_seconds(model, x) for _ in range(REPEATS)) for x in (random, ordered)]
    return name, N, f"{rates[0]:,.0f}", f"{model.evaluate(random).valid.mean():.0%}", f"{rates[1]:,.0f}", f"{first:.2f}"


def _seconds(model: LlmModel, x: IntArray) -> float:
    started = time.process_time()
    model.evaluate(x)
    return time.process_time() - started
