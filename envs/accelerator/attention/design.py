"""A batch of designs as arrays of values, with the tiling that a workload gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.space import BoolArray, FloatArray, IntArray

from .space import CASCADES, OPERANDS, SPACE
from .workload import Attention

COLUMN = {name: j for j, name in enumerate(SPACE.names)}


@dataclass(frozen=True)
class Designs:
    """N designs on one workload; every field is an array ``(N,)``.

    Args:
        cascade, operands: numbers of the names in `space`.
        on_array: whether maximum, exponential and sum run on the array.
        pipelined, offchip: schedule and place of the scores.
        edge: of the array, D.
        slowness: array edge / vector lanes: vector cycles for one value per array column.
        buffer: bytes on chip.
        bandwidth: of DRAM in B/s.
        block: query tiles on chip, at most all of them.
        keys: key tiles between two corrections, at most all of them; 1 where there are none.
    """

    cascade: IntArray
    operands: IntArray
    on_array: BoolArray
    pipelined: BoolArray
    offchip: BoolArray
    edge: FloatArray
    slowness: FloatArray
    buffer: FloatArray
    bandwidth: FloatArray
    block: FloatArray
    keys: FloatArray

    def is_cascade(self, name: str) -> BoolArray:
        """Which designs use the cascade."""
        found: BoolArray = self.cascade == CASCADES.index(name)
        return found

    def has_operands(self, *names: str) -> BoolArray:
        """Which designs place operands in one of these ways."""
        found: BoolArray = self.operands == OPERANDS.index(names[0])
        for name in names[1:]:
            found = found | (self.operands == OPERANDS.index(name))
        return found


_VALUES = [np.array(p.values) if not isinstance(p.values[0], str) else np.arange(len(p.values)) for p in SPACE.params]


def designs(x: IntArray, attention: Attention) -> Designs:
    """The designs of index rows ``int64 (N, D)`` of the space on a workload."""
    return from_values({name: _VALUES[j][x[:, j]] for name, j in COLUMN.items()}, attention)


def from_values(values: Mapping[str, NDArray[Any]], attention: Attention) -> Designs:
    """Designs from knob values (names by number), inside the space or outside it."""
    edge = values["array_edge"].astype(np.float64)
    tiles = attention.length / edge
    cascade = values["cascade"].astype(np.int64)
    blocked = cascade >= CASCADES.index("two_pass")
    return Designs(
        cascade=cascade,
        operands=values["operands"].astype(np.int64),
        on_array=values["softmax_unit"] == 1,
        pipelined=values["schedule"] == 1,
        offchip=values["scores"] == 1,
        edge=edge,
        slowness=edge / values["vector_lanes"],
        buffer=values["buffer_bytes"].astype(np.float64),
        bandwidth=values["dram_gib_per_s"] * 2.0**30,
        block=np.minimum(values["query_tiles"], tiles),
        keys=np.where(blocked, np.minimum(values["key_tiles"], tiles), 1.0),
    )
