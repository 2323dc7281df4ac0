"""Block libraries of a system-on-chip: processors, accelerators, memories, buses, and what memory of a capacity costs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from archgym.space import FloatArray, IntArray

Kind = Literal["processor", "accelerator", "sram", "dram", "bus"]
KINDS: tuple[Kind, ...] = ("processor", "accelerator", "sram", "dram", "bus")  # their index is the kernel's code


@dataclass(frozen=True)
class Block:
    """One block of a library.

    Args:
        name: unique in its library.
        kind: what it is.
        rate: instructions per s of a processor or an accelerator (of its own task), bytes per s of a memory or a bus.
        energy_j: J per instruction of a processor or an accelerator; 0 for others (a memory's depends on its capacity).
        area_m2: of a processor or an accelerator, in m2; 0 for others.
        clock_hz: its clock.
        width_bytes: bytes per cycle of a memory or a bus; 0 for others.
        unroll: of an accelerator, how often its loop is unrolled; 0 for others.
        task: name of the node that an accelerator runs; empty for others.
    """

    name: str
    kind: Kind
    rate: float
    energy_j: float = 0.0
    area_m2: float = 0.0
    clock_hz: float = 0.0
    width_bytes: float = 0.0
    unroll: int = 0
    task: str = ""


@dataclass(frozen=True, eq=False)
class Capacities:
    """What memory costs by capacity: ``size_bytes (S,)`` rising, and energies and area of either kind for each size.

    Args:
        size_bytes: capacities on offer; a memory takes the smallest that holds its peak.
        read_j: J per byte read, ``(2, S)``: SRAM, DRAM.
        write_j: J per byte written, ``(2, S)``.
        area_m2: ``(2, S)``.
    """

    size_bytes: FloatArray
    read_j: FloatArray
    write_j: FloatArray
    area_m2: FloatArray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Capacities) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)

    @property
    def content(self) -> tuple[bytes, ...]:
        """The four arrays as bytes, to compare and to hash."""
        return tuple(getattr(self, name).astype(np.float64).tobytes() for name in self.__dataclass_fields__)


@dataclass(frozen=True)
class Library:
    """All blocks that a design may use, and the table of memory capacities."""

    blocks: tuple[Block, ...]
    capacities: Capacities

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each block by its name."""
        return {block.name: k for k, block in enumerate(self.blocks)}

    @cached_property
    def digest(self) -> str:
        """Changes with anything that decides a number."""
        return hashlib.sha256(repr((self.blocks, self.capacities.content)).encode()).hexdigest()

    def of(self, *kinds: Kind) -> tuple[Block, ...]:
        """All blocks of these kinds, in the library's order."""
        return tuple(block for block in self.blocks if block.kind in kinds)

    def accelerators(self, task: str) -> tuple[Block, ...]:
        """The variants that run one task, in the library's order; empty where only processors can."""
        return tuple(block for block in self.blocks if block.kind == "accelerator" and block.task == task)

    @cached_property
    def rates(self) -> FloatArray:
        """Rate of each block, ``(K,)``."""
        return np.array([block.rate for block in self.blocks])

    @cached_property
    def energies(self) -> FloatArray:
        """J per instruction of each block, ``(K,)``."""
        return np.array([block.energy_j for block in self.blocks])

    @cached_property
    def areas(self) -> FloatArray:
        """Area of each block but memories, ``(K,)`` m2."""
        return np.array([block.area_m2 for block in self.blocks])

    @cached_property
    def kinds(self) -> IntArray:
        """Position in :data:`KINDS` of each block's kind, ``int64 (K,)``."""
        return np.array([KINDS.index(block.kind) for block in self.blocks], dtype=np.int64)
