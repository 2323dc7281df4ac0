"""ArchGym's design space of 2023: three slots of each kind, two types of element, four clocks of one memory and of one bus.

Knobs and values are the original's: an element is a processor or the smallest accelerator of one task; each bus may point to a
bus and to a memory. Their order differs: slots come first, then what is joined, then tasks, so that masks can help.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from archgym.envs.soc.design import Batch
from archgym.envs.soc.graph import Workload
from archgym.envs.soc.library import Block, Library
from archgym.errors import BadInput
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray, Param

from .choices import needs
from .full import identifiers
from .masks import Nets, TaskMasks

SLOTS = 3
PE, MEM, BUS, PE_BUS, BUS_BUS, BUS_MEM, TASKS = (SLOTS * k for k in range(7))  # first column of each group
ON_SEVERAL = 3  # the reason bit of a memory on several buses, which a `Batch` cannot say


class LimitedSpace:
    """Rows of the original's encoding; the attributes are those of :class:`~.full.FullSpace`.

    Args:
        workload, library: what runs, and what chips are made of: the first processor, the first accelerator, and the first
            DRAM and the first bus at every clock of theirs.
        compat: whether dummies have to be placed like tasks, as FARSI's own rules ask.
    """

    def __init__(self, workload: Workload, library: Library, compat: bool = False) -> None:
        self.workload, self.library = workload, library
        self.elements = (*library.of("processor")[:1], *library.of("accelerator")[:1])
        self.memories, self.buses = _clocks(library.of("dram")), _clocks(library.of("bus"))
        if len(self.elements) < 2 or not self.memories or not self.buses:
            raise BadInput(f"workload {workload.name}: the limited space needs a processor, an accelerator, a DRAM and a bus")
        self.needs = needs(workload, compat)
        self.runs = np.array([[True, node.name == self.elements[1].task] for node in workload.nodes])
        self.space = DesignSpace(self._params())
        knobs = [(t, kind) for t in range(len(workload.nodes)) for kind in range(2)]
        self._masks = TaskMasks(TASKS, knobs, self.needs, self._nets)

    def batch(self, x: IntArray, repaired: bool = False) -> Batch:
        """Rows ``(N, D)`` as designs; of their repairs where ``repaired``. A memory on several buses is on the first."""
        rows = self.canonical(x, repaired)
        tables = [
            np.array([self.library.index[b.name] for b in blocks]) for blocks in (self.elements, self.memories, self.buses)
        ]
        pe, mem, bus = (table[rows[:, k : k + SLOTS]] for table, k in zip(tables, (PE, MEM, BUS), strict=True))
        nodes = len(self.workload.nodes)
        places = (rows[:, TASKS : TASKS + 2 * nodes : 2], rows[:, TASKS + 1 : TASKS + 2 * nodes : 2])
        on = rows[:, BUS_MEM : BUS_MEM + SLOTS, None] - 1 == np.arange(SLOTS)  # (N, bus, memory)
        mem_bus = np.where(on.any(axis=1), on.argmax(axis=1), -1)
        arrays = (pe, rows[:, PE_BUS : PE_BUS + SLOTS], mem, mem_bus, bus, _links(rows), *places)
        return Batch(*(np.ascontiguousarray(a) for a in arrays))

    def faults(self, x: IntArray) -> FloatArray:
        """How many buses too many memories are on, ``(N,)``: a fault whether the memory is used or not, as in the original."""
        on = x[:, BUS_MEM : BUS_MEM + SLOTS, None] - 1 == np.arange(SLOTS)
        over: FloatArray = np.maximum(on.sum(axis=1) - 1, 0).sum(axis=1).astype(np.float64)
        return over

    def repair(self, x: IntArray) -> IntArray:
        """Rows ``(N, D)`` made buildable; buildable ones stay as they are.

        A memory stays on the first of its buses, and a used one that is on none takes a free one; a ring of buses is cut at
        the last; a task on a foreign accelerator moves to the next processor in turn, which is made of its own slot's where
        there is none; nets that have to reach each other are joined by a pointer that is free.
        """
        from .limited_repair import repair_rows

        rows = np.array(x)
        repair_rows(rows, len(self.workload.nodes), self.runs, self.needs.placed, self.needs.stores, self.needs.reads)
        return rows

    def canonical(self, x: IntArray, repaired: bool = False) -> IntArray:
        """Representatives of rows ``(N, D)``: slots that no task uses at their first values, dummies' places likewise.

        Unused elements stay on their buses and unused memories too: they break rules, or shape the net of FARSI's own rules.
        """
        rows = self.repair(x) if repaired else np.array(x)
        nodes = len(self.workload.nodes)
        pe, mem = rows[:, TASKS : TASKS + 2 * nodes : 2], rows[:, TASKS + 1 : TASKS + 2 * nodes : 2]
        pe[:, ~self.needs.placed], mem[:, ~self.needs.stores] = 0, 0
        for slot in range(SLOTS):
            rows[~(pe == slot)[:, self.needs.placed].any(axis=1), PE + slot] = 0
            rows[~(mem == slot)[:, self.needs.stores].any(axis=1), MEM + slot] = 0
            rows[rows[:, BUS_BUS + slot] == slot + 1, BUS_BUS + slot] = 0  # a bus that points to itself
        return rows

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values of a knob that can still lead to a buildable design; see `masks` for those of tasks."""
        if knob >= TASKS:
            return self._masks.mask(prefix, knob)
        if knob >= BUS_MEM:
            return self._free_memories(prefix[BUS_MEM:], knob == TASKS - 1)
        if knob == BUS_MEM - 1:
            return self._no_ring(prefix[BUS_BUS:])
        runs = self.runs[self.needs.placed]
        stuck = knob == PE + SLOTS - 1 and not runs[:, prefix[PE:]].any(axis=1).all()
        processors: BoolArray = np.logical_and.reduce(runs, axis=0)
        return processors if stuck else None

    def _free_memories(self, taken: IntArray, last: bool) -> BoolArray | None:
        """Memories that are on no bus yet; of the last bus, one of them where no memory is on any."""
        open_values = np.ones(SLOTS + 1, np.bool_)
        open_values[taken] = False
        open_values[0] = taken.any() or not last
        return open_values

    def _no_ring(self, to: IntArray) -> BoolArray | None:
        """Where the last bus may point: back to neither end of the others where they lead to it."""
        open_values = np.ones(SLOTS + 1, np.bool_)
        if tuple(to) == (2, 3):
            open_values[1] = False
        if tuple(to) == (3, 1):
            open_values[2] = False
        return open_values

    def _nets(self, slots: IntArray) -> Nets:
        links = _links(slots[None])[0] | np.eye(SLOTS, dtype=np.bool_)
        net = (links @ links).argmax(axis=1)  # the lowest bus within two steps
        on = slots[BUS_MEM : BUS_MEM + SLOTS, None] - 1 == np.arange(SLOTS)
        memory = np.where(on.any(axis=0), net[on.argmax(axis=0)], -1)
        return Nets(net[slots[PE_BUS : PE_BUS + SLOTS]], memory, self.runs[:, slots[PE : PE + SLOTS]])

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        """None: one knob at a time is as good here."""
        return None

    def row_of(self, batch: Batch) -> IntArray:
        """Designs by blocks are the full space's.

        Raises:
            BadInput: always.
        """
        raise BadInput("only the full space takes designs by their blocks")

    def _params(self) -> list[Param]:
        slots = range(SLOTS)
        names = tuple(b.name for b in self.elements)
        params = [Param(f"pe_{p}_type", names, doc="what computes here") for p in slots]
        for what, blocks in (("mem", self.memories), ("bus", self.buses)):
            clocks = tuple(b.clock_hz for b in blocks)
            params += [Param(f"{what}_{k}_clock", clocks, "Hz", ordered=True, doc="its clock") for k in slots]
        others = ("none", *slots)
        params += [Param(f"pe_{p}_bus", tuple(slots), doc="bus that an element hangs on") for p in slots]
        params += [Param(f"bus_{b}_to_bus", others, doc="a bus that this one is joined with") for b in slots]
        params += [Param(f"bus_{b}_to_mem", others, doc="the memory on this bus") for b in slots]
        for name in identifiers(self.workload.names):
            params.append(Param(f"{name}_on_pe", tuple(slots), doc="element that runs a task"))
            params.append(Param(f"{name}_in_mem", tuple(slots), doc="memory of a task's outputs"))
        return params


def _clocks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks as wide as the first, by clock."""
    same = sorted((b for b in blocks if b.width_bytes == blocks[0].width_bytes), key=lambda b: b.clock_hz)
    return tuple(b for b, after in pairwise([*same, None]) if after is None or after.clock_hz != b.clock_hz)  # type: ignore[misc, union-attr]


def _links(rows: IntArray) -> BoolArray:
    """Which buses are joined, ``bool (N, 3, 3)``; a bus that points to itself is joined with nothing."""
    to: BoolArray = rows[:, BUS_BUS : BUS_BUS + SLOTS, None] - 1 == np.arange(SLOTS)
    links: BoolArray = (to | to.transpose(0, 2, 1)) & ~np.eye(SLOTS, dtype=np.bool_)
    return links
