"""Rows of the full space while they are worked on: fixed places for every slot's knobs, and what the net of buses says.

A *wide* row holds, for B buses, M memories, P elements and T nodes: width, clock, parent of each bus; kind, width, clock, bus
of each memory; type, unroll, clock, bus of each element; the element of each node; the memory of each node. A parent is 0 for
none or 1 + a lower slot, so buses are forests by construction. All functions here are compiled.
"""

from __future__ import annotations

from archgym.jit import inlined, outlined

WIDTH, CLOCK, PARENT = 0, 1, 2  # of a bus
KIND, MEM_WIDTH, MEM_CLOCK, MEM_BUS = 0, 1, 2, 3  # of a memory
TYPE, UNROLL, PE_CLOCK, PE_BUS = 0, 1, 2, 3  # of an element
BUS_KNOBS, SLOT_KNOBS = 3, 4


@inlined
def bus_at(dims, b):
    return BUS_KNOBS * b


@inlined
def mem_at(dims, m):
    return BUS_KNOBS * dims[0] + SLOT_KNOBS * m


@inlined
def pe_at(dims, p):
    return BUS_KNOBS * dims[0] + SLOT_KNOBS * (dims[1] + p)


@inlined
def task_at(dims, t):
    return BUS_KNOBS * dims[0] + SLOT_KNOBS * (dims[1] + dims[2]) + t


@inlined
def store_at(dims, t):
    return BUS_KNOBS * dims[0] + SLOT_KNOBS * (dims[1] + dims[2]) + dims[3] + t


@inlined
def mem_kind(w, dims, m):
    return w[mem_at(dims, m) + KIND]


@inlined
def pe_type(w, dims, p):
    return w[pe_at(dims, p) + TYPE]


@inlined
def root(w, dims, b):
    """The lowest bus slot that bus ``b`` is joined with."""
    while w[bus_at(dims, b) + PARENT] > 0:
        b = w[bus_at(dims, b) + PARENT] - 1
    return b


@inlined
def pe_root(w, dims, p):
    return root(w, dims, w[pe_at(dims, p) + PE_BUS])


@inlined
def mem_root(w, dims, m):
    return root(w, dims, w[mem_at(dims, m) + MEM_BUS])


@inlined
def runs(kind, node, own, processors):
    """Whether an element of type ``kind`` runs a node."""
    return (kind > 0 and kind <= processors) or (kind > 0 and kind == own[node])


@inlined
def join(w, dims, a, b):
    """Join the nets of two buses: the higher of their roots hangs on the lower."""
    low, high = root(w, dims, a), root(w, dims, b)
    if low != high:
        w[bus_at(dims, max(low, high)) + PARENT] = min(low, high) + 1


@outlined
def legal_slot(w, dims, t, own, processors):
    """A slot that may run node ``t``, its own accelerator's first, each in turn from the slot it is on; -1 where none may."""
    wished = w[task_at(dims, t)]
    for wanted in range(2):
        for k in range(dims[2]):
            p = (wished + k) % dims[2]
            kind = pe_type(w, dims, p)
            if (wanted == 0 and kind > 0 and kind == own[t]) or (wanted == 1 and kind > 0 and kind <= processors):
                return p
    return -1


@outlined
def slot_for_processor(w, dims, t):
    """The first empty slot in turn from node ``t``'s own; its own where all are taken."""
    wished = w[task_at(dims, t)]
    for k in range(dims[2]):
        p = (wished + k) % dims[2]
        if pe_type(w, dims, p) == 0:
            return p
    return wished


@outlined
def repair_row(w, dims, own, processors, placed, stores, reads):
    """Make a wide row buildable, in place; a buildable one stays as it is. See `full.FullSpace.repair`."""
    for t in range(dims[3]):
        if placed[t] and not runs(pe_type(w, dims, w[task_at(dims, t)]), t, own, processors):
            p = legal_slot(w, dims, t, own, processors)
            if p < 0:
                p = slot_for_processor(w, dims, t)
                w[pe_at(dims, p) + TYPE] = 1
            w[task_at(dims, t)] = p
    for t in range(dims[3]):
        if stores[t] and mem_kind(w, dims, w[store_at(dims, t)]) == 0:
            wished, found = w[store_at(dims, t)], -1
            for k in range(dims[1]):
                m = (wished + k) % dims[1]
                if found < 0 and mem_kind(w, dims, m) > 0:
                    found = m
            if found < 0:
                found = wished
                w[mem_at(dims, found) + KIND] = 1
            w[store_at(dims, t)] = found
    for t in range(dims[3]):
        if placed[t] and stores[t]:
            join(w, dims, w[pe_at(dims, w[task_at(dims, t)]) + PE_BUS], w[mem_at(dims, w[store_at(dims, t)]) + MEM_BUS])
    for r in range(reads.shape[0]):
        consumer, producer = reads[r, 0], reads[r, 1]
        bus = w[mem_at(dims, w[store_at(dims, producer)]) + MEM_BUS]
        join(w, dims, w[pe_at(dims, w[task_at(dims, consumer)]) + PE_BUS], bus)
