"""What a picture shows, read off a design and its trace: plain values, nothing of matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Limit = Literal["compute", "read", "write", "bus"]
LIMITS: tuple[Limit, ...] = ("compute", "read", "write", "bus")


@dataclass(frozen=True)
class Element:
    """A processor or an accelerator.

    Args:
        slot: its slot in the design.
        name: as the library calls a processor; the task of an accelerator.
        details: how large and how fast it is, in several lengths, the longest first.
        bus: slot of its bus.
        tasks: tasks that run on it.
        shares: share of the run that it is busy, by what holds its task up.
    """

    slot: int
    name: str
    details: tuple[str, ...]
    bus: int
    tasks: tuple[str, ...]
    shares: dict[Limit, float]


@dataclass(frozen=True)
class Memory:
    """A memory.

    Args:
        slot: its slot in the design.
        kind: SRAM or DRAM.
        detail: how wide and how fast it is.
        bus: slot of its bus.
        peak_bytes: what it holds at most.
        size_bytes: its capacity.
        tasks: tasks whose outputs it holds.
        reading: share of the run in which it sets the pace of a task that reads; ``writing`` likewise.
    """

    slot: int
    kind: str
    detail: str
    bus: int
    peak_bytes: float
    size_bytes: float
    tasks: tuple[str, ...]
    reading: float
    writing: float


@dataclass(frozen=True)
class Bus:
    """A bus, and the share of the run in which it sets the pace of a task."""

    slot: int
    detail: str
    rate: float
    limiting: float


@dataclass(frozen=True)
class Segment:
    """A task running on an element from ``start`` to ``end`` in s, held up all the time by one block."""

    element: int
    task: str
    start: float
    end: float
    limit: Limit
    block: str


@dataclass(frozen=True)
class Run:
    """One application: when it ends and when it should, in s."""

    name: str
    end: float
    budget: float


@dataclass(frozen=True)
class Gauge:
    """A figure of the header, with its budget where it has one."""

    name: str
    text: str
    value: float
    budget: float | None = None
    budget_text: str = ""


@dataclass(frozen=True)
class Scene:
    """All that one picture shows.

    Args:
        title: of the picture.
        reasons: why the design cannot be built; empty where it can.
        elements, memories, buses: blocks in use, by slot.
        links: pairs of bus slots that are joined.
        segments: what ran where and when, by start.
        runs: the applications.
        phases: begin of every phase, length in s and power in W.
        power: peak power of the design and its budget, in W.
        gauges: figures of the header.
    """

    title: str
    reasons: tuple[str, ...]
    elements: tuple[Element, ...]
    memories: tuple[Memory, ...]
    buses: tuple[Bus, ...]
    links: tuple[tuple[int, int], ...]
    segments: tuple[Segment, ...] = ()
    runs: tuple[Run, ...] = ()
    phases: tuple[tuple[float, float, float], ...] = ()
    power: tuple[float, float] = (0.0, 0.0)
    gauges: tuple[Gauge, ...] = ()
