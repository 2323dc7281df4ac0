"""All tasks of the parallelism family; no model is built."""

from __future__ import annotations

from archgym.task import Task

from .serving.tasks import tasks as serving
from .training.tasks import tasks as training


def tasks() -> list[Task]:
    """Training, then serving."""
    return [*training(), *serving()]
