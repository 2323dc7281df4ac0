"""A design of a batch as its picture shows it: the blocks that are in use, and by whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from archgym.space import FloatArray, IntArray

from ..design import Batch
from ..graph import Workload
from ..library import Block, Library
from .pace import Held
from .parts import Bus, Element, Memory
from .text import quantity, short

KIND = {"sram": "SRAM", "dram": "DRAM"}


@dataclass(frozen=True)
class Chip:
    """Design ``i`` of a batch, and who uses which of its slots.

    Args:
        runs: per element slot in use the tasks on it, as node indices.
        holds: per memory slot in use the nodes whose outputs it holds.
        buses: bus slots on the way from an element in use to a memory that its tasks read or write.
    """

    batch: Batch
    i: int
    workload: Workload
    library: Library
    runs: dict[int, list[int]]
    holds: dict[int, list[int]]
    buses: tuple[int, ...]

    def block(self, kind: str, slot: int) -> Block | None:
        """What is in a slot of ``pe``, ``mem`` or ``bus``; None where it is empty."""
        row = getattr(self.batch, kind)[self.i]
        return self.library.blocks[row[slot]] if 0 <= slot < len(row) and row[slot] >= 0 else None


def chip(batch: Batch, i: int, workload: Workload, library: Library, compat: bool) -> Chip:
    """What of a design is in use; also of one that cannot be built, as far as it goes."""
    nodes = workload.nodes
    runs = _used(batch.task_pe[i], (k for k, node in enumerate(nodes) if not node.dummy))
    stores = [k for k, node in enumerate(nodes) if node.outputs and (compat or node.role != "sink")]
    holds = _used(batch.task_mem[i], stores)
    moved = [(k, k) for k in stores] + [(int(child), int(parent)) for parent, child in workload.edges]
    ways: set[int] = set()
    for task, holder in moved:
        if not nodes[task].dummy:
            start, end = batch.pe_bus[i, batch.task_pe[i, task]], batch.mem_bus[i, batch.task_mem[i, holder]]
            ways |= set(_way(batch, i, int(start), int(end)))
    return Chip(batch, i, workload, library, runs, holds, tuple(sorted(ways)))


def _used(slots: IntArray, nodes: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for k in nodes:
        found.setdefault(int(slots[k]), []).append(k)
    return dict(sorted(found.items()))


def _way(batch: Batch, i: int, start: int, end: int) -> list[int]:
    """Buses of the shortest way, both ends with it; only the ends that exist where there is none."""
    exists = [slot >= 0 for slot in batch.bus[i]]
    came = {start: start} if start >= 0 and exists[start] else {}
    queue = deque(came)
    while queue and end not in came:
        here = queue.popleft()
        for there in range(len(exists)):
            if batch.links[i, here, there] and exists[there] and there not in came:
                came[there] = here
                queue.append(there)
    if end not in came:
        return [*came][:1] + ([end] if end >= 0 and exists[end] else [])
    way = [end]
    while way[-1] != start:
        way.append(came[way[-1]])
    return way


def elements(c: Chip, held: Held) -> tuple[Element, ...]:
    """The elements in use."""
    found = []
    for slot, tasks in c.runs.items():
        names = tuple(short(c.workload.names[k]) for k in tasks)
        block = c.block("pe", slot)
        name, details = ("empty slot", ("",)) if block is None else _element(block)
        bus = int(c.batch.pe_bus[c.i, slot])
        found.append(Element(slot, name, details, bus, names, held.shares(slot)))
    return tuple(found)


def _element(block: Block) -> tuple[str, tuple[str, ...]]:
    clock = quantity(block.clock_hz, "Hz")
    if block.kind == "accelerator":
        small = f"unroll {block.unroll}, {clock}"
        return short(block.task), (f"accelerator, {small}", small)
    small = f"{quantity(block.rate, '')} instructions/s"
    return block.name.removesuffix("_pe"), (f"processor, {small}", small)


def memories(c: Chip, held: Held, peaks: FloatArray, sizes: FloatArray) -> tuple[Memory, ...]:
    """The memories in use; ``peaks`` and ``sizes`` are bytes used and on offer by slot."""
    found = []
    for slot, nodes in c.holds.items():
        block = c.block("mem", slot)
        names = tuple(short(c.workload.names[k]) for k in nodes)
        kind, detail = ("empty slot", "") if block is None else (KIND.get(block.kind, block.kind), _speed(block, rate=True))
        shares = held.share("read", slot), held.share("write", slot)
        bus = int(c.batch.mem_bus[c.i, slot])
        found.append(Memory(slot, kind, detail, bus, float(peaks[slot]), float(sizes[slot]), names, *shares))
    return tuple(found)


def buses(c: Chip, held: Held) -> tuple[Bus, ...]:
    """The buses in use."""
    blocks = [(slot, c.block("bus", slot)) for slot in c.buses]
    return tuple(Bus(s, _speed(b), b.rate, held.share("bus", s)) for s, b in blocks if b is not None)


def _speed(block: Block, rate: bool = False) -> str:
    text = f"{block.width_bytes:g} B at {quantity(block.clock_hz, 'Hz')}"
    return f"{quantity(block.rate, 'B/s')}: {text}" if rate else text


def links(c: Chip) -> tuple[tuple[int, int], ...]:
    """Links between buses in use, lower slot first."""
    return tuple((a, b) for a in c.buses for b in c.buses if a < b and c.batch.links[c.i, a, b])


def title(c: Chip) -> str:
    """``audio_decoder on 1 processor, 3 accelerators, 2 memories, 1 bus``."""
    kinds = [block.kind for slot in c.runs if (block := c.block("pe", slot)) is not None]
    counts = (
        (kinds.count("processor"), "processor", "processors"),
        (kinds.count("accelerator"), "accelerator", "accelerators"),
        (len(c.holds), "memory", "memories"),
        (len(c.buses), "bus", "buses"),
    )
    parts = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
    return f"{' + '.join(app.name for app in c.workload.applications)} on {parts}"
