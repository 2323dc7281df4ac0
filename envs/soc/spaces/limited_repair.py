"""Repair of rows of the limited space; see `limited` for what a row holds. Compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.jit import inlined, outlined

SLOTS = 3
PE, PE_BUS, BUS_BUS, BUS_MEM, TASKS = 0, 9, 12, 15, 18  # as in `limited`


@outlined
def _net(row, net):
    """The lowest bus that each bus is joined with."""
    for b in range(SLOTS):
        net[b] = b
    for _ in range(SLOTS):
        for b in range(SLOTS):
            to = row[BUS_BUS + b] - 1
            if to >= 0:
                net[b] = net[to] = min(net[b], net[to])


@inlined
def _cut_ring(row):
    """Three buses that point round in a circle: the last points nowhere."""
    a, b, c = row[BUS_BUS] - 1, row[BUS_BUS + 1] - 1, row[BUS_BUS + 2] - 1
    if (a == 1 and b == 2 and c == 0) or (a == 2 and b == 0 and c == 1):
        row[BUS_BUS + 2] = 0


@outlined
def _bus_of(row, m):
    """The first bus of a memory, -1 for none."""
    for b in range(SLOTS):
        if row[BUS_MEM + b] == m + 1:
            return b
    return -1


@outlined
def _attach(row, m):
    """Put a memory on a bus that has none, unless it is on one; there is such a bus, for no memory is on two."""
    if _bus_of(row, m) < 0:
        for b in range(SLOTS):
            if row[BUS_MEM + b] == 0:
                row[BUS_MEM + b] = m + 1
                return


@outlined
def _join(row, a, b, net):
    """Join the nets of two buses by the first pointer of either that is free or says what another says already.

    A net of k buses without a ring has k - 1 links and k pointers: there is one.
    """
    _net(row, net)
    if net[a] == net[b]:
        return
    for k in range(SLOTS):
        to = row[BUS_BUS + k] - 1
        spare = to < 0 or to == k or row[BUS_BUS + to] == k + 1
        if spare and net[k] == net[a]:
            row[BUS_BUS + k] = b + 1
            return
        if spare and net[k] == net[b]:
            row[BUS_BUS + k] = a + 1
            return


@outlined
def _place(row, t, runs):
    """Put a node on the next slot in turn that runs it; its own slot becomes a processor where none does."""
    at = TASKS + 2 * t
    for k in range(SLOTS):
        p = (row[at] + k) % SLOTS
        if runs[t, row[PE + p]]:
            row[at] = p
            return
    row[PE + row[at]] = 0


def make_repair(source: int) -> Callable[..., None]:
    """Make rows buildable, in place."""

    @njit(nogil=True, cache=True)
    def repair_rows(x, nodes, runs, placed, stores, reads):
        net = np.zeros(SLOTS, np.int64)
        for n in range(x.shape[0] if source else 0):
            row = x[n]
            for b in range(SLOTS):
                if row[BUS_MEM + b] and _bus_of(row, row[BUS_MEM + b] - 1) < b:
                    row[BUS_MEM + b] = 0
            _cut_ring(row)
            for t in range(nodes):
                if placed[t]:
                    _place(row, t, runs)
                if stores[t]:
                    _attach(row, row[TASKS + 2 * t + 1])
            for t in range(nodes):
                if placed[t] and stores[t]:
                    _join(row, row[PE_BUS + row[TASKS + 2 * t]], _bus_of(row, row[TASKS + 2 * t + 1]), net)
            for r in range(reads.shape[0]):
                consumer, producer = reads[r, 0], reads[r, 1]
                _join(row, row[PE_BUS + row[TASKS + 2 * consumer]], _bus_of(row, row[TASKS + 2 * producer + 1]), net)

    kernel: Callable[..., None] = repair_rows
    return kernel


repair_rows = make_repair(source_hash(Path(__file__).parent))
