"""The whole library as a design space: what is in every slot, how buses are joined, where every task and its outputs live."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.envs.soc.design import Batch
from archgym.envs.soc.graph import Workload
from archgym.envs.soc.library import Library
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray, Param

from .choices import Choices, Needs, choices, needs
from .masks import Nets, TaskMasks

CHUNK = 2048


@dataclass(frozen=True)
class Slots:
    """How many blocks a design may have, used or not.

    Args:
        elements: processors and accelerators.
        memories: memories.
        buses: buses.
    """

    elements: int
    memories: int
    buses: int


class FullSpace:
    """Rows over all blocks of a library.

    A row whose buses, memories and elements differ from another's by nothing but their slots' numbers is the same design, and
    slots that no task uses are no part of it: :meth:`canonical` folds both, and :meth:`batch` reads representatives only.

    Args:
        workload, library: what runs, and what chips are made of.
        slots: how many blocks.
        compat: whether dummies have to be placed like tasks, as FARSI's own rules ask.
    """

    def __init__(self, workload: Workload, library: Library, slots: Slots, compat: bool = False) -> None:
        self.workload, self.library, self.slots = workload, library, slots
        self.choices: Choices = choices(workload, library)
        self.needs: Needs = needs(workload, compat)
        self.space = DesignSpace(self._params())
        self.columns = self._columns()
        self.dims = np.array([slots.buses, slots.memories, slots.elements, len(workload.nodes)], dtype=np.int64)
        self.width = 3 * slots.buses + 4 * (slots.memories + slots.elements) + 2 * len(workload.nodes)
        own = (self.choices.own, len(self.choices.processors))
        self._rules = (self.dims, *own, self.needs.placed, self.needs.stores, self.needs.reads)
        self._first = int((self.columns < self.width - 2 * len(workload.nodes)).sum())
        self._masks = TaskMasks(self._first, self._knobs(), self.needs, self._nets)
        self._twins = (self.choices.buses.twin, self.choices.memories.twin, self.choices.elements.twin)

    def batch(self, x: IntArray, repaired: bool = False) -> Batch:
        """Rows ``(N, D)`` as designs, with the slots of their representatives; of their repairs where ``repaired``."""
        from .compiled import FOLD, REPAIR, read_rows

        wide = self._tidy(x, FOLD | REPAIR if repaired else FOLD)
        batch = self._empty(len(x))
        blocks = (self.choices.buses.block, self.choices.memories.block, self.choices.elements.block)

        def read(part: slice) -> None:
            arrays = [getattr(batch, name)[part] for name in batch.__dataclass_fields__]
            read_rows(wide[part], self.dims, self.needs.placed, self.needs.stores, *blocks, *arrays)

        in_parallel(read, slices(len(x), CHUNK))
        return batch

    def faults(self, x: IntArray) -> FloatArray:
        """Faults of rows ``(N, D)`` that a `Batch` cannot say: there are none."""
        return np.zeros(len(x))

    def repair(self, x: IntArray) -> IntArray:
        """Rows ``(N, D)`` made buildable; buildable ones stay as they are.

        A task on an empty slot or on another task's accelerator moves to its own accelerator, else to a processor, the next
        slot in turn from the one it is on; only where there is no processor does an empty slot (or its own) become one. Outputs
        in an empty slot move to the next memory in turn, which is built where there is none. Nets of buses that have to reach
        each other are joined at their roots. Whether memories are large enough is not looked at.
        """
        from .compiled import REPAIR

        return self._tidy(x, REPAIR).take(self.columns, axis=1)

    def canonical(self, x: IntArray, repaired: bool = False) -> IntArray:
        """Representatives of rows ``(N, D)``: slots in the order of their nodes, unused ones empty, equal blocks one."""
        from .compiled import FOLD, REPAIR

        return self._tidy(x, FOLD | REPAIR if repaired else FOLD).take(self.columns, axis=1)

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray:
        """Rows ``(N, D)`` after one structural move each, as representatives; see `moves`."""
        from .compiled import FOLD, REPAIR, vary_rows

        wide = self._tidy(x, FOLD | REPAIR)
        seeds = rng.integers(0, np.iinfo(np.uint64).max, size=len(x), dtype=np.uint64)
        vary_rows(wide, seeds, *self._rules, *self._twins)
        return wide.take(self.columns, axis=1)

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values of a knob that can still lead to a buildable design: the last slots must hold what is missing; see `masks`."""
        if knob >= self._first:
            return self._masks.mask(prefix, knob)
        place = int(self.columns[knob]) - 3 * self.slots.buses
        slot, fact = divmod(place, 4)
        if place < 0 or fact:
            return None
        if slot == self.slots.memories - 1:
            return self._last_memory(prefix)
        return self._last_element(prefix) if slot == self.slots.memories + self.slots.elements - 1 else None

    def _last_memory(self, prefix: IntArray) -> BoolArray | None:
        kinds = self._wide(prefix)[3 * self.slots.buses :: 4][: self.slots.memories]
        filled: BoolArray = np.arange(1 + len(self.choices.kinds), dtype=np.int64) > 0
        return None if kinds.any() else filled

    def _last_element(self, prefix: IntArray) -> BoolArray | None:
        types = self._types(self._wide(prefix))[:-1]
        left = self.needs.placed & ~self._runs(types).any(axis=1)
        every = np.arange(1 + len(self.choices.elements.block))
        open_values: BoolArray = np.logical_and.reduce(self._runs(every)[left], axis=0)
        return None if open_values.all() else open_values

    def _wide(self, prefix: IntArray) -> IntArray:
        wide = np.zeros(self.width, np.int64)
        wide[self.columns[: len(prefix)]] = prefix
        return wide

    def _types(self, wide: IntArray) -> IntArray:
        return wide[3 * self.slots.buses + 4 * self.slots.memories :: 4][: self.slots.elements]

    def _runs(self, types: IntArray) -> BoolArray:
        """Whether elements of types ``(K,)`` run the nodes, ``bool (T, K)``."""
        processor = (types > 0) & (types <= len(self.choices.processors))
        runs: BoolArray = processor | ((types > 0) & (types == self.choices.own[:, None]))
        return runs

    def _nets(self, slots: IntArray) -> Nets:
        wide = self._wide(slots)
        root = list(range(self.slots.buses))
        for b in root[1:]:
            parent = int(wide[3 * b + 2])
            root[b] = root[parent - 1] if parent else b
        facts = wide[3 * self.slots.buses :].reshape(-1, 2)[: 2 * (self.slots.memories + self.slots.elements)].reshape(-1, 4)
        net = np.where(facts[:, 0] > 0, np.array(root)[facts[:, 3]], -1)
        memories = self.slots.memories
        return Nets(net[memories:], net[:memories], self._runs(facts[memories:, 0]))

    def _knobs(self) -> list[tuple[int, int]]:
        """Node and kind of each knob behind the slots'."""
        start, nodes = self.width - 2 * len(self.workload.nodes), len(self.workload.nodes)
        return [((at - start) % nodes, (at - start) // nodes) for at in self.columns[self._first :].tolist()]

    def row_of(self, batch: Batch) -> IntArray:
        """Representative rows ``(N, D)`` of designs that use blocks of this library.

        Raises:
            BadInput: a design does not fit: too many blocks, a block that no slot offers, buses that form a cycle.
        """
        from .writing import write_rows

        return self.canonical(write_rows(self, batch).take(self.columns, axis=1))

    def _tidy(self, x: IntArray, steps: int) -> IntArray:
        from .compiled import tidy_rows

        wide = np.zeros((len(x), self.width), np.int64)
        rules = (*self._rules, *self._twins)
        in_parallel(lambda part: tidy_rows(x[part], self.columns, steps, *rules, wide[part]), slices(len(x), CHUNK))
        return wide

    def _empty(self, n: int) -> Batch:
        buses, memories, elements, nodes = (int(d) for d in self.dims)
        pe, pe_bus, mem, mem_bus, bus = (np.full((n, k), -1, np.int64) for k in (elements, elements, memories, memories, buses))
        links, task_pe, task_mem = np.zeros((n, buses, buses), np.bool_), *np.zeros((2, n, nodes), np.int64)
        return Batch(pe, pe_bus, mem, mem_bus, bus, links, task_pe, task_mem)

    def _params(self) -> list[Param]:
        c = self.choices
        memories = ("none", *c.kinds)
        elements = ("none", *(b.name for b in c.processors), *(f"accelerator of {task}" for task in c.tasks))
        buses = tuple(range(self.slots.buses))
        params: list[Param] = []
        for b in range(self.slots.buses):
            params += _two(f"bus_{b}", "width", c.buses.first, "B", "bytes per cycle of a bus", c.buses.clocks)
            if b:
                doc = "the lower bus it hangs on; those that hang on none are nets of their own"
                params.append(Param(f"bus_{b}_parent", ("none", *range(b)), doc=doc))
        for m in range(self.slots.memories):
            params.append(Param(f"mem_{m}_kind", memories, doc="kind of a memory; none: an empty slot"))
            params += _two(f"mem_{m}", "width", c.memories.first, "B", "bytes per cycle of a memory", c.memories.clocks)
            params.append(Param(f"mem_{m}_bus", buses, doc="bus that a memory hangs on"))
        for p in range(self.slots.elements):
            params.append(Param(f"pe_{p}_type", elements, doc="what computes here; none: an empty slot"))
            rank = "rank of an accelerator's unroll among its task's, 0 the smallest; beyond its last the last"
            params += _two(f"pe_{p}", "unroll", c.elements.first, "", rank, c.elements.clocks)
            params.append(Param(f"pe_{p}_bus", buses, doc="bus that an element hangs on"))
        return params + self._places()

    def _places(self) -> list[Param]:
        params = []
        for t, name in enumerate(identifiers(self.workload.names)):
            if self.needs.placed[t]:
                params.append(Param(f"{name}_on_pe", tuple(range(self.slots.elements)), doc="element that runs a task"))
            if self.needs.stores[t]:
                params.append(Param(f"{name}_in_mem", tuple(range(self.slots.memories)), doc="memory of a task's outputs"))
        return params

    def _columns(self) -> IntArray:
        """Place of every knob in a wide row."""
        slots, nodes = self.slots, len(self.workload.nodes)
        start = 3 * slots.buses + 4 * (slots.memories + slots.elements)
        places = [(start + t, start + nodes + t) for t in range(nodes)]
        wanted = zip(self.needs.placed, self.needs.stores, strict=True)
        tasks = [at for pair, flags in zip(places, wanted, strict=True) for at, flag in zip(pair, flags, strict=True) if flag]
        return np.array([k for k in range(start) if k != 2] + tasks, dtype=np.int64)


def _two(slot: str, fact: str, values: tuple[int, ...], unit: str, doc: str, clocks: tuple[float, ...]) -> list[Param]:
    clock = "its clock, where it is an accelerator" if fact == "unroll" else "its clock"
    return [
        Param(f"{slot}_{fact}", values, unit, ordered=True, doc=doc),
        Param(f"{slot}_clock", clocks, "Hz", ordered=True, doc=clock),
    ]


def identifiers(names: tuple[str, ...]) -> list[str]:
    """Names of nodes as knobs take them: letters, digits and underscores, all different."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain.isidentifier() else f"task_{plain}"
        while plain in found:
            plain += "_"
        found.append(plain)
    return found


__all__ = ["FullSpace", "Slots", "identifiers"]
