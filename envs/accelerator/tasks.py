"""All tasks of the accelerator family, environment by environment; no model is built."""

from __future__ import annotations

from archgym.task import Task

from .attention.tasks import tasks as attention
from .hardware.tasks import tasks as hardware
from .mapping.tasks import tasks as mapping
from .systolic.tasks import tasks as systolic


def tasks() -> list[Task]:
    """Hardware with the mapper inside, mappings, systolic arrays, attention."""
    return [*hardware(), *mapping(), *systolic(), *attention()]
