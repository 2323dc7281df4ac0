"""All tasks of the neural-architecture family; no model is built."""

from __future__ import annotations

from archgym.task import Task

from .cifar.tasks import tasks as cifar
from .graph.tasks import tasks as graph


def tasks() -> list[Task]:
    """Published tables."""
    return [*graph(), *cifar()]
