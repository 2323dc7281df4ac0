"""What an environment family brings: its tasks, and the commands that prove and time it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archgym.strings import resolve
from archgym.task import Task


@dataclass(frozen=True)
class Table:
    """A titled table that a command prints, or writes as JSON.

    Args:
        title: one line.
        columns: headings, with units.
        rows: cells as plain values.
        notes: lines below the table: what is compared with what, what is left out.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fidelity:
    """The answer of ``archgym fidelity FAMILY``.

    Args:
        tables: what a person reads.
        figures: per metric: rows, exact share, share within 1 %, mean and largest absolute error in per cent (``--json``).
        columns: the reference file's columns with ``<metric>_predicted`` beside them (``--out``).
        passed: whether every figure the family promises is met.
    """

    tables: Sequence[Table]
    figures: dict[str, Any]
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)
    passed: bool = True


@dataclass(frozen=True)
class Family:
    """One environment family, described by strings that are resolved only where they are used.

    Args:
        name: as in task ids.
        title: one line.
        source: ``"module:function"`` returning the family's tasks; importing it must be light.
        fidelity_source: ``"module:function"``, called as ``fn(reference: Path | None, workloads: Path | None) -> Fidelity``.
        bench_source: ``"module:function"``, called as ``fn() -> list[Table]``.
        environments: first words of its task ids, where they are others than its name.
        fidelity_parts: further names that ``archgym fidelity`` answers to, each with its ``"module:function"`` as above.
    """

    name: str
    title: str
    source: str
    fidelity_source: str = ""
    bench_source: str = ""
    environments: tuple[str, ...] = ()
    fidelity_parts: Mapping[str, str] = field(default_factory=dict)

    def tasks(self) -> tuple[Task, ...]:
        """All tasks of the family; no model is built."""
        return tuple(resolve(self.source)())

    @property
    def fidelity_sources(self) -> dict[str, str]:
        """Where to find what ``archgym fidelity NAME`` calls, by name; empty where the family has no reference figures."""
        return ({self.name: self.fidelity_source} if self.fidelity_source else {}) | dict(self.fidelity_parts)

    def fidelity(self, reference: Path | None = None, workloads: Path | None = None, part: str = "") -> Fidelity:
        """The model's error against the family's (or one part's) reference figures, or against a file with the same columns."""
        found: Fidelity = resolve(self.fidelity_sources[part or self.name])(reference, workloads)
        return found

    def bench(self) -> list[Table]:
        """Evaluations per second, scaling over cores."""
        tables: list[Table] = resolve(self.bench_source)()
        return tables
