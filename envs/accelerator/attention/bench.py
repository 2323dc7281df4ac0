"""Designs per second of the attention model on one core."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from archgym.batch import set_threads
from archgym.family import Table

from .model import build

WORKLOADS = ("bert@4k", "xlm@1m", "bert@1k + xlm@64k + llama2_7b@1m")
DESIGNS = 1 << 18
REPEATS = 3


def tables() -> list[Table]:
    """Random designs per CPU second on one thread, best of a few repeats."""
    rows = [(workload, f"{rate(workload) / 1e6:.2f}") for workload in WORKLOADS]
    return [Table(f"attention, million designs per second and core ({DESIGNS} at once)", ("workload", "designs"), rows)]


def rate(workload: str, n: int = DESIGNS) -> float:
    """Designs per CPU second on one thread."""
    model = build(workload, {})
    x = model.space.sample(np.random.default_rng(0), n)
    set_threads(1)
    try:
        return n / min(_seconds(lambda: model.evaluate(x)) for _ in range(REPEATS))
    finally:
        set_threads(None)


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
