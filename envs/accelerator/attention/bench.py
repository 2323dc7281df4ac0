"""Designs per second of the attention model on one core."""

from __future__ import annotations

import numpy as np

from archgym.family import Table
from archgym.timing import cpu_seconds, one_thread

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
    with one_thread():
        return n / min(cpu_seconds(lambda: model.evaluate(x)) for _ in range(REPEATS))
