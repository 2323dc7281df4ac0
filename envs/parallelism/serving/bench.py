"""Designs per second on one core, of a dense model and of a mixture."""

from __future__ import annotations

import time

import numpy as np

from archgym.family import Table
from archgym.timing import one_thread

from .model import build

N, REPEATS = 65536, 3
WORKLOADS = ("llama3-70b@chat", "deepseek-v3@reasoning")
NOTES = ("random designs in one batch, CPU time of one thread; invalid ones are counted, they take less",)


def bench() -> list[Table]:
    """The goal is 200 thousand per second and core."""
    with one_thread():
        rows = [_row(workload) for workload in WORKLOADS]
    return [Table("serving designs per second, one core", ("workload", "batch", "designs/s", "first, s"), rows, NOTES)]


def _row(workload: str) -> tuple[str, int, str, str]:
    model = build(workload, {})
    x = model.space.sample(np.random.default_rng(0), N)
    started = time.process_time()
    model.evaluate(x[:1])
    first, spent = time.process_time() - started, []
    for _ in range(REPEATS):
        started = time.process_time()
        model.evaluate(x)
        spent.append(time.process_time() - started)
    return workload, N, f"{N / min(spent):,.0f}", f"{first:.2f}"
