"""Accelerators as storage levels around multipliers, from the outermost (DRAM) inwards."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.envs.accelerator.layer import TENSORS
from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray

UNLIMITED = 1 << 60  # words: capacity of a level that holds everything


@dataclass(frozen=True)
class Level:
    """One storage level.

    Args:
        name: free text.
        keeps: tensors that it stores; the others pass through it.
        capacity: words per instance, shared by the tensors it keeps.
        block: words per access.
        read_bandwidth, write_bandwidth: words per cycle and instance; reads and writes have ports of their own.
        read_pj, write_pj: energy per access of one block.
        area_um2: of one instance.
        fanout: instances of the next inner level (multipliers below the last) per instance, along X and Y.
    """

    name: str
    keeps: tuple[str, ...] = TENSORS
    capacity: int = UNLIMITED
    block: int = 1
    read_bandwidth: float = math.inf
    write_bandwidth: float = math.inf
    read_pj: float = 0.0
    write_pj: float = 0.0
    area_um2: float = 0.0
    fanout: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        wrong = [tensor for tensor in self.keeps if tensor not in TENSORS]
        if wrong:
            raise BadInput(f"level '{self.name}': keeps no such tensor as {wrong[0]!r}; choose from {', '.join(TENSORS)}")
        if min(self.block, *self.fanout) < 1 or self.capacity < 0 or min(self.read_bandwidth, self.write_bandwidth) <= 0:
            raise BadInput(f"level '{self.name}': block, fan-out and bandwidths must be positive")


@dataclass(frozen=True)
class Architecture:
    """Storage levels, outermost first; the outermost keeps every tensor.

    Args:
        name: free text.
        levels: outermost first.
        mac_pj: energy of one multiply-accumulate.
        mac_area_um2: area of one multiplier with its adder.
    """

    name: str
    levels: tuple[Level, ...]
    mac_pj: float
    mac_area_um2: float = 0.0

    def __post_init__(self) -> None:
        if not self.levels or set(self.levels[0].keeps) != set(TENSORS):
            raise BadInput(f"architecture '{self.name}': the outermost level must keep every tensor")

    @cached_property
    def instances(self) -> tuple[int, ...]:
        """Instances of each level, then multipliers: ``(L + 1,)``."""
        counts = [1]
        for level in self.levels:
            counts.append(counts[-1] * level.fanout[0] * level.fanout[1])
        return tuple(counts)

    @cached_property
    def area_um2(self) -> float:
        """Area of all instances of all levels and multipliers; wires and the controller are left out."""
        storage = sum(level.area_um2 * n for level, n in zip(self.levels, self.instances, strict=False))
        return storage + self.mac_area_um2 * self.instances[-1]

    @cached_property
    def keep(self) -> IntArray:
        """``int64 (L, 3)``: 1 where a level keeps a tensor."""
        rows = [[int(tensor in level.keeps) for tensor in TENSORS] for level in self.levels]
        return np.array(rows, dtype=np.int64)

    @cached_property
    def limits(self) -> IntArray:
        """``int64 (L, 3)``: capacity in words, fan-out along X, along Y."""
        return np.array([(level.capacity, *level.fanout) for level in self.levels], dtype=np.int64)

    @cached_property
    def ports(self) -> FloatArray:
        """``float64 (L, 5)``: words per block, read and write bandwidth in words per cycle, read and write pJ per block."""
        rows = [(x.block, x.read_bandwidth, x.write_bandwidth, x.read_pj, x.write_pj) for x in self.levels]
        return np.array(rows, dtype=np.float64)

    def index(self, name: str) -> int:
        """Number of a level.

        Raises:
            BadInput: there is no such level.
        """
        return index_of(name, (level.name for level in self.levels), f"architecture '{self.name}' has no level")


def index_of(name: str, names: Iterable[str], complaint: str) -> int:
    """Place of a name; ``complaint`` opens the line where it is missing."""
    known = list(names)
    if name not in known:
        raise BadInput(f"{complaint} '{name}'; choose from {', '.join(known)}")
    return known.index(name)
