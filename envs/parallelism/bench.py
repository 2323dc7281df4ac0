"""``archgym bench parallelism``: designs per second and core of both environments."""

from __future__ import annotations

from archgym.family import Table

from .serving.bench import bench as serving
from .training.bench import bench as training


def bench() -> list[Table]:
    """Training, then serving."""
    return [*training(), *serving()]
