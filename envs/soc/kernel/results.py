"""What the kernel answers: figures of a batch, and the course of one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.space import BoolArray, FloatArray


@dataclass(frozen=True)
class Results:
    """Figures of ``N`` designs; NaN where a design is invalid.

    Args:
        latency_s: end of each application ``(N, A)``.
        energy_j: of the whole run ``(N,)``.
        power_w: the largest over 10 ms ``(N,)``.
        area_m2: of all that is in use ``(N,)``.
        dram_area_m2: of its DRAM ``(N,)``.
        reason: one bit for each broken rule of `RULES`, ``uint64 (N,)``.
        distance: violations, 0 of a valid design ``(N,)``.
    """

    latency_s: FloatArray
    energy_j: FloatArray
    power_w: FloatArray
    area_m2: FloatArray
    dram_area_m2: FloatArray
    reason: NDArray[np.uint64]
    distance: FloatArray

    @property
    def valid(self) -> BoolArray:
        """Designs that break no rule ``bool (N,)``."""
        return np.equal(self.reason, 0)


@dataclass(frozen=True)
class Running:
    """A task in one phase.

    Args:
        task: node of the workload.
        pe: slot of its element.
        rate: instructions per s.
        energy_j: its share of the phase's energy.
        kind: what sets its rate: ``"pe"``, ``"mem"`` or ``"bus"``.
        slot: which of them.
        direction: ``"read"`` or ``"write"``, empty where the element itself does.
    """

    task: int
    pe: int
    rate: float
    energy_j: float
    kind: str
    slot: int
    direction: str


@dataclass(frozen=True)
class Trace:
    """The course of one design's run; a design that breaks a rule before the run has no phases, and NaN times and bytes.

    Args:
        results: the figures, of this one design.
        start_s, duration_s, energy_j: of each phase ``(F,)``; energies are NaN where a memory is beyond the largest capacity.
        running: the tasks that run in each phase.
        ready_s: when each task's inputs were there; it reserved its buffer then ``(T,)``.
        task_start_s: when it got its element ``(T,)``.
        task_end_s: when it completed ``(T,)``.
        peak_bytes: most bytes held at once, of each memory slot ``(M,)``.
        capacity_bytes: of each memory slot in use, NaN of others ``(M,)``.
        pe_area_m2: of each slot, 0 where no task is hosted ``(P,)``.
        mem_area_m2: of each slot, 0 where nothing is stored ``(M,)``.
    """

    results: Results
    start_s: FloatArray
    duration_s: FloatArray
    energy_j: FloatArray
    running: tuple[tuple[Running, ...], ...]
    ready_s: FloatArray
    task_start_s: FloatArray
    task_end_s: FloatArray
    peak_bytes: FloatArray
    capacity_bytes: FloatArray
    pe_area_m2: FloatArray
    mem_area_m2: FloatArray
