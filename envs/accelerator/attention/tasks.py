"""Attention tasks: which model and length, what is searched for, within what chip.

Bounds are round figures near what good designs reach; a score of 1 is the reference value, a round figure near the best known.
"""

from __future__ import annotations

from archgym.task import Task

CARDS = "archgym.envs.accelerator"
BUILD = "archgym.envs.accelerator.attention.model:build"


def tasks() -> list[Task]:
    """Every attention task; no model is built."""
    return []
