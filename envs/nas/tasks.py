"""All tasks of the neural-architecture family; no model is built and no table is read."""

from __future__ import annotations

from archgym.task import Task

from .cifar.tasks import tasks as cifar
from .codesign.tasks import tasks as codesign
from .digits.tasks import tasks as digits
from .graph.tasks import tasks as graph
from .llm.tasks import tasks as llm
from .macro.tasks import tasks as macro
from .puzzle.tasks import tasks as puzzle


def tasks() -> list[Task]:
    """Published tables, our own, language models, networks together with their hardware."""
    return [*graph(), *cifar(), *digits(), *macro(), *llm(), *puzzle(), *codesign()]
