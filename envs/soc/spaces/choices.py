"""What a slot may hold, as grids over a library: processors, accelerators by unroll and clock, memories and buses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.envs.soc.graph import Workload
from archgym.envs.soc.library import Block, Kind, Library
from archgym.errors import BadInput
from archgym.space import BoolArray, IntArray


@dataclass(frozen=True)
class Grid:
    """Blocks of some types by two of their facts.

    Args:
        first: values of the first fact: unrolls by rank, or widths in bytes.
        clocks: clocks in Hz, rising.
        block: position in the library of each, ``int64 (types, first, clocks)``; the nearest where there is none.
        twin: ``first * len(clocks) + clock`` of the first place of its type that holds an equal block, likewise.
    """

    first: tuple[int, ...]
    clocks: tuple[float, ...]
    block: IntArray
    twin: IntArray


@dataclass(frozen=True)
class Choices:
    """Everything that the slots of a design choose from.

    Args:
        processors: processor blocks; types 1 to G of an element's slot (0 is an empty one).
        tasks: nodes with accelerators, in order; the types after the processors'.
        elements: ranks of unrolls, and clocks, of those types; a processor is the same at all places.
        kinds: kinds of memory in the library; types 1 and up of a memory slot.
        memories: widths and clocks of those kinds.
        buses: widths and clocks of buses, one type.
        own: type of each node's own accelerator, ``int64 (T,)``, -1 where it has none.
    """

    processors: tuple[Block, ...]
    tasks: tuple[str, ...]
    elements: Grid
    kinds: tuple[Kind, ...]
    memories: Grid
    buses: Grid
    own: IntArray


def choices(workload: Workload, library: Library) -> Choices:
    """The choices of a library for a workload.

    Raises:
        BadInput: the library has no processor, no memory or no bus.
    """
    for what, blocks in (
        ("processor", library.of("processor")),
        ("memory", library.of("sram", "dram")),
        ("bus", library.of("bus")),
    ):
        if not blocks:
            raise BadInput(f"workload {workload.name}: its library has no {what}, so nothing can be built")
    kinds: tuple[Kind, ...] = tuple(kind for kind in ("sram", "dram") if library.of(kind))
    processors = library.of("processor")
    tasks = tuple(node.name for node in workload.nodes if not node.dummy and library.accelerators(node.name))
    types = {name: len(processors) + 1 + k for k, name in enumerate(tasks)}
    own = np.array([types.get(name, -1) for name in workload.names], dtype=np.int64)
    memories = _grid(library, [library.of(kind) for kind in kinds])
    return Choices(processors, tasks, _elements(library, tasks), kinds, memories, _grid(library, [library.of("bus")]), own)


def _elements(library: Library, tasks: tuple[str, ...]) -> Grid:
    lists = [library.accelerators(task) for task in tasks]
    ranks = tuple(range(max((len({b.unroll for b in blocks}) for blocks in lists), default=1)))
    clocks = tuple(sorted({b.clock_hz for blocks in lists for b in blocks})) or (0.0,)
    processors = [np.full((len(ranks), len(clocks)), library.index[b.name], np.int64) for b in library.of("processor")]
    block = np.stack([*processors, *(_accelerators(library, blocks, len(ranks), clocks) for blocks in lists)])
    return Grid(ranks, clocks, block, _twins(library, block))


def _accelerators(library: Library, blocks: tuple[Block, ...], ranks: int, clocks: tuple[float, ...]) -> IntArray:
    """One task's variants: those of its k-th unroll in row k, its last unroll in all rows behind."""
    unrolls = sorted({b.unroll for b in blocks})
    rows = [[b for b in blocks if b.unroll == unrolls[min(k, len(unrolls) - 1)]] for k in range(ranks)]
    return np.array([[library.index[_nearest(row, clock).name] for clock in clocks] for row in rows], dtype=np.int64)


def _nearest(blocks: list[Block], clock: float) -> Block:
    return min(blocks, key=lambda b: abs(b.clock_hz - clock))


def _grid(library: Library, lists: list[tuple[Block, ...]]) -> Grid:
    every = [b for blocks in lists for b in blocks]
    widths = sorted({b.width_bytes for b in every})
    clocks = tuple(sorted({b.clock_hz for b in every}))
    near = [[[b for b in blocks if b.width_bytes == _near_width(blocks, w)] for w in widths] for blocks in lists]
    block = np.array(
        [[[library.index[_nearest(row, c).name] for c in clocks] for row in rows] for rows in near], dtype=np.int64
    )
    return Grid(tuple(round(w) for w in widths), clocks, block, _twins(library, block))


def _near_width(blocks: tuple[Block, ...], width: float) -> float:
    return min((b.width_bytes for b in blocks), key=lambda w: abs(w - width))


def _twins(library: Library, block: IntArray) -> IntArray:
    """First place of each type whose block has the same rate, energy and area: all that a design's costs depend on."""
    facts = np.stack([library.rates, library.energies, library.areas], axis=1)
    twin = np.empty_like(block)
    for kind, blocks in enumerate(block):
        flat = facts[blocks.reshape(-1)]
        equal = (flat[:, None, :] == flat[None, :, :]).all(axis=2)
        twin[kind] = equal.argmax(axis=1).reshape(blocks.shape)
    return twin


@dataclass(frozen=True)
class Needs:
    """What of a workload has to be placed, by rule set.

    Args:
        placed: which nodes run on an element, ``bool (T,)``: all but dummies, which FARSI's own rules place too.
        stores: which nodes have outputs that need a memory, ``bool (T,)``; a sink's do under FARSI's own rules.
        reads: consumer and producer of each edge that is read from a memory, ``int64 (R, 2)``.
        group: nodes that have to reach one another's memories, numbered, ``int64 (T,)``.
    """

    placed: BoolArray
    stores: BoolArray
    reads: IntArray
    group: IntArray


def needs(workload: Workload, compat: bool) -> Needs:
    """What of a workload has to be placed under FARSI's own rules (``compat``) or the clean ones."""
    placed = np.array([compat or not node.dummy for node in workload.nodes], dtype=np.bool_)
    counts = [sum(node.outputs.values()) if compat or node.role != "sink" else 0.0 for node in workload.nodes]
    stores, edges = np.array(counts) > 0, workload.edges
    reads = edges[stores[edges[:, 0]] & placed[edges[:, 1]] & (workload.edge_bytes > 0)][:, ::-1]
    group = np.arange(len(placed))
    for consumer, producer in [*reads.tolist(), *reads.tolist()[::-1]]:
        group[group == group[consumer]] = group[producer]
    return Needs(placed, stores, np.ascontiguousarray(reads), group.astype(np.int64))
