"""Designs of a system-on-chip: blocks in slots, a net of buses, and where every task and its outputs live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import BoolArray, IntArray

from .graph import Workload
from .library import Library


@dataclass(frozen=True)
class Batch:
    """``N`` designs over ``P`` slots for processing elements, ``M`` for memories and ``B`` for buses, as indices.

    Args:
        pe: block in each slot, ``int64 (N, P)``: its index in the library, -1 for an empty slot.
        pe_bus: bus slot that each element hangs on, ``int64 (N, P)``.
        mem: block in each memory slot, ``int64 (N, M)``, -1 for an empty slot.
        mem_bus: bus slot of each memory, ``int64 (N, M)``, -1 where it is on none.
        bus: block in each bus slot, ``int64 (N, B)``, -1 for an empty slot.
        links: which buses are joined, ``bool (N, B, B)``, symmetric.
        task_pe: slot that runs each node, ``int64 (N, T)``; of dummies it matters in FARSI's own rules only.
        task_mem: memory slot of each node's outputs, ``int64 (N, T)``.
    """

    pe: IntArray
    pe_bus: IntArray
    mem: IntArray
    mem_bus: IntArray
    bus: IntArray
    links: BoolArray
    task_pe: IntArray
    task_mem: IntArray

    def __len__(self) -> int:
        return len(self.pe)

    def take(self, rows: slice) -> Batch:
        """Some of the designs."""
        return Batch(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Design:
    """One design by names, as files and pictures speak of it; slots are numbered as listed.

    Args:
        pes: names of the blocks that compute.
        mems: names of the memories.
        buses: names of the buses.
        pe_bus: bus of each element.
        mem_bus: bus of each memory.
        bus_links: pairs of joined buses.
        task_pe: element of each task, by the task's name.
        task_mem: memory of each task's outputs, by the task's name.
    """

    pes: tuple[str, ...]
    mems: tuple[str, ...]
    buses: tuple[str, ...]
    pe_bus: tuple[int, ...]
    mem_bus: tuple[int, ...]
    bus_links: tuple[tuple[int, int], ...]
    task_pe: dict[str, int]
    task_mem: dict[str, int]


def pack(designs: list[Design], workload: Workload, library: Library) -> Batch:
    """Designs by names as one batch; slots beyond a design's own are empty, its missing tasks sit in slot 0."""
    n, nodes = len(designs), workload.names
    sizes = [max((len(getattr(d, part)) for d in designs), default=0) for part in ("pes", "mems", "buses")]
    (pe, pe_bus), (mem, mem_bus), (bus, _) = (_slots(n, size) for size in sizes)
    links = np.zeros((n, sizes[2], sizes[2]), np.bool_)
    task_pe, task_mem = np.zeros((2, n, len(nodes)), np.int64)
    for i, design in enumerate(designs):
        for blocks, names in ((pe, design.pes), (mem, design.mems), (bus, design.buses)):
            blocks[i, : len(names)] = [library.index[name] for name in names]
        pe_bus[i, : len(design.pes)], mem_bus[i, : len(design.mems)] = design.pe_bus, design.mem_bus
        for a, b in design.bus_links:
            links[i, a, b] = links[i, b, a] = True
        task_pe[i] = [design.task_pe.get(name, 0) for name in nodes]
        task_mem[i] = [design.task_mem.get(name, 0) for name in nodes]
    return Batch(pe, pe_bus, mem, mem_bus, bus, links, task_pe, task_mem)


def _slots(n: int, size: int) -> tuple[IntArray, IntArray]:
    return np.full((n, size), -1, np.int64), np.full((n, size), -1, np.int64)


def unpack(batch: Batch, i: int, workload: Workload, library: Library) -> Design:
    """Design ``i`` of a batch by names, its empty slots left out."""
    used = [np.flatnonzero(blocks[i] >= 0) for blocks in (batch.pe, batch.mem, batch.bus)]
    new = [{int(old): k for k, old in enumerate(slots)} for slots in used]
    names = [
        [library.blocks[blocks[i, s]].name for s in slots]
        for blocks, slots in zip((batch.pe, batch.mem, batch.bus), used, strict=True)
    ]
    pairs = [
        (new[2][int(a)], new[2][int(b)])
        for a, b in np.argwhere(np.triu(batch.links[i], 1))
        if int(a) in new[2] and int(b) in new[2]
    ]
    return Design(
        tuple(names[0]),
        tuple(names[1]),
        tuple(names[2]),
        tuple(new[2].get(int(batch.pe_bus[i, s]), -1) for s in used[0]),
        tuple(new[2].get(int(batch.mem_bus[i, s]), -1) for s in used[1]),
        tuple(pairs),
        {name: new[0].get(int(batch.task_pe[i, k]), -1) for k, name in enumerate(workload.names)},
        {name: new[1].get(int(batch.task_mem[i, k]), -1) for k, name in enumerate(workload.names)},
    )
