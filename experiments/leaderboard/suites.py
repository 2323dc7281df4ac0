"""Suites: the tasks, seeds and budgets that a leaderboard is played on, frozen under a versioned name.

::

    format = 1
    name = "quick-v0"
    title = "Four cheap tasks"
    seeds = [0, 1, 2, 3, 4]
    budget = 256                        # evaluations of every run

    [[task]]
    id = "memory-stream-tail-v0"
    role = "search"                     # search | tuning | held-out
    fingerprint = "0123456789abcdef"    # of the model that the suite was frozen with

What the roles mean (AlgoPerf's two rulesets on a suite of our tasks; Dahl et al. 2023, section 4):

``tuning``
    Hyperparameters may be tuned on these, and on nothing else of the suite. What that took is declared; they are not ranked.
``search``
    Ranked, and open: everyone sees how a method does on them while it is being developed.
``held-out``
    Ranked apart: other workloads of the same families, for how well a tuned method carries over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from archgym import registry
from archgym.errors import BadInput, did_you_mean
from archgym.experiments.validation import checked, read_toml
from archgym.task import Task

FOLDER = Path(__file__).parent / "suites"
FORMAT = 1

Role = Literal["search", "tuning", "held-out"]
RANKED: tuple[Role, ...] = ("search", "held-out")
_TaskId = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
_Hash = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{16}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class SuiteTask(BaseModel):
    """One task of a suite, its part in it, and the fingerprint it was frozen with."""

    model_config = _STRICT
    id: _TaskId
    role: Role
    fingerprint: _Hash


class Suite(BaseModel):
    """A frozen suite; what it is hashed from is all there is in its file."""

    model_config = _STRICT
    format: Literal[1]
    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,40}-v[0-9]{1,3}$")]
    title: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
    seeds: Annotated[tuple[Annotated[int, Field(strict=True, ge=0)], ...], Field(min_length=1)]
    budget: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    task: Annotated[tuple[SuiteTask, ...], Field(min_length=1)]

    @field_validator("task")
    @classmethod
    def _different(cls, tasks: tuple[SuiteTask, ...]) -> tuple[SuiteTask, ...]:
        if len({t.id for t in tasks}) != len(tasks):
            raise ValueError("a task is named twice")
        return tasks

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, 16 digits; a submission names it, a test freezes it."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def of_role(self, *roles: Role) -> list[SuiteTask]:
        """The tasks that have one of the roles, in the file's order."""
        return [t for t in self.task if t.role in roles]

    def cells(self) -> list[tuple[str, int]]:
        """Task and seed of every run that a submission must have."""
        return [(t.id, seed) for t in self.of_role(*RANKED) for seed in self.seeds]

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The tasks by id, each the same object every time, so that a model is built once.

        Raises:
            BadInput: this version of ArchGym has no such task, or has another model of it.
        """
        return dict(_as_frozen(self))


def names() -> list[str]:
    """The suites there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Suite:
    """A suite by name.

    Raises:
        BadInput: there is no such suite.
    """
    if name not in names():
        raise BadInput(f"there is no suite '{name}'" + did_you_mean(name, names()))
    path = FOLDER / f"{name}.toml"
    suite = checked(Suite, read_toml(path), str(path))
    if suite.name != name:
        raise BadInput(f"{path}: name: must be the file's, '{name}'")
    return _known(suite)


@cache
def _known(suite: Suite) -> Suite:
    """One object for all equal suites: its models are built once, however many submissions are read."""
    return suite


def _as_frozen(suite: Suite) -> Iterator[tuple[str, Task]]:
    for entry in suite.task:
        task = registry.get_task(entry.id)
        if task.fingerprint != entry.fingerprint:
            frozen = f"suite {suite.name} was frozen with another model version ({entry.fingerprint}, here {task.fingerprint})"
            raise BadInput(f"{entry.id}: {frozen}; play it with the ArchGym of that time, or a newer suite")
        yield entry.id, task
