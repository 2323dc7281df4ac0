"""Tables of a workload and a library for the compiled code: what depends on no design is worked out here, once."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np

from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray

from ..graph import BURST_BYTES, Workload
from ..library import KINDS, Library
from .layout import ANY_TASK, NO_TASK, NOT_AN_ELEMENT, Blocks, Work

KEPT = 32  # tables of this many pairs of a workload and a library stay in memory

_tables: OrderedDict[tuple[int, int, bool], tuple[Workload, Library, Work, Blocks]] = OrderedDict()


def tables(workload: Workload, library: Library, compat: bool) -> tuple[Work, Blocks]:
    """Both tables, kept while the same two objects come again.

    Raises:
        BadInput: a task has no work, a block no rate, an edge or the graph makes no sense.
    """
    key = (id(workload), id(library), compat)
    if key not in _tables:
        _tables[key] = workload, library, work_table(workload, compat), block_table(workload, library)
        while len(_tables) > KEPT:
            _tables.popitem(last=False)
    return _tables[key][2:]  # the objects are kept with them, so no other can take their ids


def work_table(workload: Workload, compat: bool) -> Work:
    """A workload under one of the two rule sets.

    FARSI's own rules seat dummies on processors, let their edges reserve and route like others', and never free what the
    source wrote; the clean ones know dummies as marks in time, only a source's bytes are real, and all buffers are freed.
    """
    _check(workload)
    n, edges, size = len(workload.names), workload.edges, workload.edge_bytes.copy()
    roles = np.array([node.role for node in workload.nodes])
    dummy, sink, source = roles != "task", roles == "sink", roles == "source"
    if not compat:
        size[sink[edges[:, 0]]] = 0.0
    hosted = np.ones(n, np.bool_) if compat else ~dummy
    built = ~dummy | (np.array(["dummy_last" in name for name in workload.names]) & compat)
    out_bytes = np.bincount(edges[:, 0], size, n)
    by_child = np.lexsort((edges[:, 0], edges[:, 1]))
    dice = _dice(workload, size)
    out_units = np.bincount(edges[:, 0], np.floor(size / dice[edges[:, 0]]), n)
    return Work(
        amounts=np.stack([workload.work, np.where(sink, 0.0, out_bytes), out_bytes, out_units], 1),
        flags=np.stack([dummy, hosted, built, out_bytes > 0, ~source | (not compat)], 1),
        spans=np.stack([*_spans(edges[:, 1], n), *_spans(edges[:, 0], n)], 1),
        parents=edges[by_child, 0].copy(),
        moved=np.stack([size, np.floor(size / dice[edges[:, 1]])], 1)[by_child],
        children=edges[:, 1].copy(),
        last=workload.last,
    )


def block_table(workload: Workload, library: Library) -> Blocks:
    """A library as seen from one workload."""
    at = {name: k for k, name in enumerate(workload.names)}
    owner = np.full(len(library.blocks), NOT_AN_ELEMENT, np.int64)
    for k, block in enumerate(library.blocks):
        if not (math.isfinite(block.rate) and block.rate > 0):
            raise BadInput(f"block {block.name!r}: its rate must be positive, got {block.rate:g}")
        if block.kind == "processor":
            owner[k] = ANY_TASK
        elif block.kind == "accelerator":
            owner[k] = at.get(block.task, NO_TASK)
    memory = np.select([library.kinds == KINDS.index("sram"), library.kinds == KINDS.index("dram")], [0, 1], -1)
    table = library.capacities
    return Blocks(
        figures=np.stack([library.rates, library.energies, library.areas], 1),
        roles=np.stack([owner, memory, library.kinds == KINDS.index("bus")], 1).astype(np.int64),
        size=np.ascontiguousarray(table.size_bytes, np.float64),
        memory=np.stack([table.read_j, table.write_j, table.area_m2]).astype(np.float64),
    )


def _dice(workload: Workload, size: FloatArray) -> FloatArray:
    """Into how many bursts each node cuts what it moves, ``(T,)``: as many as its smallest input has, if its smallest output
    and its work can be cut so; an edge that carries nothing counts for neither."""
    edges, n = workload.edges, len(workload.names)
    smallest = np.full((2, n), np.inf)
    np.minimum.at(smallest[0], edges[size > 0, 0], size[size > 0])
    np.minimum.at(smallest[1], edges[size > 0, 1], size[size > 0])
    written, read = np.where(np.isfinite(smallest), smallest, 0.0)
    dice = np.floor(read / BURST_BYTES)
    cut = np.maximum(dice, 1.0)
    fine = (dice > 0) & (np.floor(written / cut) > 0) & (np.floor(workload.work / cut) > 0)
    return np.where(fine, cut, 1.0)


def _spans(ends: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Where the edges of each node begin and end, once they are sorted by node."""
    stop = np.cumsum(np.bincount(ends, minlength=n)).astype(np.int64)
    return np.concatenate([[0], stop[:-1]]), stop


def _check(workload: Workload) -> None:
    """What the event loop relies on to end."""
    for node in workload.nodes:
        if not node.dummy and not (math.isfinite(node.work) and node.work > 0):
            raise BadInput(f"task {node.name!r}: its work must be positive, got {node.work:g}")
        for child, size in node.outputs.items():
            if not (math.isfinite(size) and size >= 0):
                raise BadInput(f"task {node.name!r}: the bytes for {child!r} must not be negative, got {size:g}")
    missing = np.bincount(workload.edges[:, 1], minlength=len(workload.names))
    ready = [k for k in range(len(missing)) if not missing[k]]
    for k in ready:
        for child in workload.edges[workload.edges[:, 0] == k, 1]:
            missing[child] -= 1
            ready += [int(child)] * (not missing[child])
    if len(ready) < len(missing):
        raise BadInput(f"workload {workload.name!r}: its tasks wait for each other in a circle")
