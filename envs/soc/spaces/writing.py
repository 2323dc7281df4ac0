"""Designs from elsewhere as rows of the full space: FARSI's own, or a user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.envs.soc.design import Batch
from archgym.errors import BadInput
from archgym.space import IntArray

from .choices import Grid

if TYPE_CHECKING:
    from .full import FullSpace


def write_rows(space: FullSpace, batch: Batch) -> IntArray:
    """Wide rows of designs; see :meth:`FullSpace.row_of`."""
    wide = np.zeros((len(batch), space.width), np.int64)
    for i in range(len(batch)):
        _write(space, batch, i, wide[i])
    return wide


def _write(space: FullSpace, batch: Batch, i: int, w: IntArray) -> None:
    buses, memories, elements = (int(d) for d in space.dims[:3])
    c = space.choices
    order, parent = _forest(batch, i)
    used = [np.flatnonzero(batch.pe[i] >= 0), np.flatnonzero(batch.mem[i] >= 0)]
    for what, count, most in (
        ("bus", len(order), buses),
        ("memory", len(used[1]), memories),
        ("element", len(used[0]), elements),
    ):
        if count > most:
            raise BadInput(f"the design has {count} {what} slots, the space {most}")
    for new, old in enumerate(order):
        w[3 * new : 3 * new + 3] = [*_find(c.buses, int(batch.bus[i, old]), space)[1:], parent[new]]
    at = {old: new for new, old in enumerate(order)}
    for k, slot in enumerate(used[1]):
        start = 3 * buses + 4 * k
        w[start : start + 4] = [*_find(c.memories, int(batch.mem[i, slot]), space), at.get(int(batch.mem_bus[i, slot]), 0)]
    for k, slot in enumerate(used[0]):
        start = 3 * buses + 4 * (memories + k)
        w[start : start + 4] = [*_find(c.elements, int(batch.pe[i, slot]), space), at.get(int(batch.pe_bus[i, slot]), 0)]
    start = 3 * buses + 4 * (memories + elements)
    new_pe, new_mem = ({int(old): new for new, old in enumerate(slots)} for slots in used)
    nodes = len(space.workload.nodes)
    w[start : start + nodes] = [new_pe.get(int(p), 0) for p in batch.task_pe[i]]
    w[start + nodes :] = [new_mem.get(int(m), 0) for m in batch.task_mem[i]]


def _find(grid: Grid, block: int, space: FullSpace) -> tuple[int, int, int]:
    """Type (from 1), first fact and clock of a block."""
    places = np.argwhere(grid.block == block)
    if not len(places):
        raise BadInput(f"no slot offers block '{space.library.blocks[block].name}'")
    kind, first, clock = (int(k) for k in places[0])
    return kind + 1, first, clock


def _forest(batch: Batch, i: int) -> tuple[list[int], list[int]]:
    """Buses so that each comes behind the one it hangs on, and 1 + the place of that one, 0 where there is none."""
    order: list[int] = []
    parent: list[int] = []
    waiting: list[tuple[int, int]] = []
    for first in np.flatnonzero(batch.bus[i] >= 0).tolist():
        if first not in order:
            waiting.append((first, -1))
        while waiting:
            bus, onto = waiting.pop(0)
            if bus in order:
                raise BadInput("the design's buses form a cycle")
            order.append(bus)
            parent.append(order.index(onto) + 1 if onto >= 0 else 0)
            waiting += [(other, bus) for other in np.flatnonzero(batch.links[i, bus]).tolist() if other not in (onto, bus)]
    return order, parent
