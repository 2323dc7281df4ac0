"""The loops over rows of the full space: tidy them, and read them as designs. See `rows` for the layout of a wide row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash

from .canonical import canonical_row
from .moves import vary_row
from .rows import (
    CLOCK,
    KIND,
    MEM_BUS,
    MEM_CLOCK,
    MEM_WIDTH,
    PARENT,
    PE_BUS,
    PE_CLOCK,
    TYPE,
    UNROLL,
    WIDTH,
    bus_at,
    mem_at,
    pe_at,
    repair_row,
    store_at,
    task_at,
)  # fmt: skip

Kernel = Callable[..., None]
REPAIR, FOLD = 1, 2


def make_tidy(source: int) -> Kernel:
    """Rows ``x (N, D)`` repaired or folded or both, as ``steps`` says, to wide rows."""

    @njit(nogil=True, cache=True)
    def tidy_rows(x, columns, steps, dims, own, processors, placed, stores, reads, bus_twin, mem_twin, pe_twin, wide):
        new_pe, new_mem = np.empty(dims[2], np.int64), np.empty(dims[1], np.int64)
        new_bus, parent = np.empty(dims[0], np.int64), np.empty(dims[0], np.int64)
        key, reach, alive = np.empty(dims[0], np.int64), np.empty(dims[0], np.int64), np.empty(dims[0], np.bool_)
        w = np.zeros(wide.shape[1], np.int64)
        for n in range(x.shape[0] if source else 0):
            for k in range(columns.shape[0]):
                w[columns[k]] = x[n, k]
            if steps & 1:
                repair_row(w, dims, own, processors, placed, stores, reads)
            if steps & 2:
                canonical_row(
                    w, wide[n], dims, processors, placed, stores, bus_twin, mem_twin, pe_twin,
                    new_pe, new_mem, new_bus, parent, key, reach, alive,
                )  # fmt: skip
            else:
                wide[n] = w

    kernel: Kernel = tidy_rows
    return kernel


def make_read(source: int) -> Kernel:
    """Wide rows as designs: the arrays of a `Batch`, filled with -1, False and 0. Slots on which nothing hangs stay empty."""

    @njit(nogil=True, cache=True)
    def read_rows(
        wide, dims, placed, stores, bus_block, mem_block, pe_block, pe, pe_bus, mem, mem_bus, bus, links, task_pe, task_mem
    ):
        for n in range(wide.shape[0] if source else 0):
            w = wide[n]
            for p in range(dims[2]):
                at = pe_at(dims, p)
                if w[at + TYPE] > 0:
                    pe[n, p], pe_bus[n, p] = pe_block[w[at + TYPE] - 1, w[at + UNROLL], w[at + PE_CLOCK]], w[at + PE_BUS]
                    bus[n, w[at + PE_BUS]] = 0
            for m in range(dims[1]):
                at = mem_at(dims, m)
                if w[at + KIND] > 0:
                    mem[n, m], mem_bus[n, m] = (
                        mem_block[w[at + KIND] - 1, w[at + MEM_WIDTH], w[at + MEM_CLOCK]],
                        w[at + MEM_BUS],
                    )
                    bus[n, w[at + MEM_BUS]] = 0
            for b in range(dims[0]):
                parent = w[bus_at(dims, b) + PARENT]
                if parent > 0:
                    links[n, b, parent - 1] = links[n, parent - 1, b] = True
                    bus[n, b] = bus[n, parent - 1] = 0
            for b in range(dims[0]):
                if bus[n, b] == 0:
                    bus[n, b] = bus_block[0, w[bus_at(dims, b) + WIDTH], w[bus_at(dims, b) + CLOCK]]
            for t in range(dims[3]):
                if placed[t]:
                    task_pe[n, t] = w[task_at(dims, t)]
                if stores[t]:
                    task_mem[n, t] = w[store_at(dims, t)]

    kernel: Kernel = read_rows
    return kernel


def make_vary(source: int) -> Kernel:
    """One move on each representative row, repaired, so that the design differs where any move can make it differ.

    ``wide`` holds representatives on entry and the moved rows on return; ``seeds`` one random number each.
    """

    @njit(nogil=True, cache=True)
    def vary_rows(wide, seeds, dims, own, processors, placed, stores, reads, bus_twin, mem_twin, pe_twin):
        new_pe, new_mem = np.empty(dims[2], np.int64), np.empty(dims[1], np.int64)
        new_bus, parent = np.empty(dims[0], np.int64), np.empty(dims[0], np.int64)
        key, reach, alive = np.empty(dims[0], np.int64), np.empty(dims[0], np.int64), np.empty(dims[0], np.bool_)
        w, folded, state = np.zeros(wide.shape[1], np.int64), np.zeros(wide.shape[1], np.int64), np.zeros(1, np.uint64)
        shapes = np.array([bus_twin.shape[1], bus_twin.shape[2], mem_twin.shape[0], mem_twin.shape[1], mem_twin.shape[2],
                           pe_twin.shape[1], pe_twin.shape[2]])  # fmt: skip
        for n in range(wide.shape[0] if source else 0):
            state[0] = seeds[n]
            for _ in range(16):
                w[:] = wide[n]
                vary_row(w, state, dims, own, processors, placed, stores, shapes)
                repair_row(w, dims, own, processors, placed, stores, reads)
                canonical_row(
                    w, folded, dims, processors, placed, stores, bus_twin, mem_twin, pe_twin,
                    new_pe, new_mem, new_bus, parent, key, reach, alive,
                )  # fmt: skip
                if (folded != wide[n]).any():
                    break
            wide[n] = folded

    kernel: Kernel = vary_rows
    return kernel


_SOURCE = source_hash(Path(__file__).parent)
tidy_rows, read_rows, vary_rows = make_tidy(_SOURCE), make_read(_SOURCE), make_vary(_SOURCE)
