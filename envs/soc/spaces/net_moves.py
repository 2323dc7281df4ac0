"""Moves of outputs, memories and buses. Compiled; see `moves`."""

from __future__ import annotations

from archgym.jit import inlined, outlined

from .draws import draw, some, step, used_buses, used_elements, used_memories
from .rows import (
    CLOCK,
    KIND,
    MEM_BUS,
    MEM_CLOCK,
    MEM_WIDTH,
    PARENT,
    PE_BUS,
    WIDTH,
    bus_at,
    mem_at,
    pe_at,
    store_at,
    task_at,
)  # fmt: skip


@inlined
def add_memory(w, state, dims, slot, like, shapes):
    """A memory in a free slot on the bus of another, as fast, of any kind."""
    at, old = mem_at(dims, slot), mem_at(dims, like)
    w[at + KIND], w[at + MEM_WIDTH], w[at + MEM_CLOCK] = 1 + draw(state, shapes[2]), w[old + MEM_WIDTH], w[old + MEM_CLOCK]
    w[at + MEM_BUS] = w[old + MEM_BUS]


@outlined
def move_outputs(w, state, dims, stores, shapes):
    """A node's outputs to another memory; in one case of three to a new one."""
    t = some(stores, state)
    used, here = used_memories(w, dims), w[store_at(dims, t)]
    if used < dims[1] and draw(state, 3) == 0:
        add_memory(w, state, dims, used, here, shapes)
        w[store_at(dims, t)] = used
    elif used > 1:
        w[store_at(dims, t)] = (here + 1 + draw(state, used - 1)) % used


@outlined
def split_memory(w, state, dims, shapes):
    """About half of what is in one memory to a new one."""
    used = used_memories(w, dims)
    if used == dims[1]:
        return
    like = draw(state, used)
    add_memory(w, state, dims, used, like, shapes)
    for t in range(dims[3]):
        if w[store_at(dims, t)] == like and draw(state, 2) == 0:
            w[store_at(dims, t)] = used


@outlined
def merge_memories(w, state, dims):
    """All that is in one memory to another."""
    used = used_memories(w, dims)
    if used < 2:
        return
    gone = draw(state, used)
    other = (gone + 1 + draw(state, used - 1)) % used
    for t in range(dims[3]):
        if w[store_at(dims, t)] == gone:
            w[store_at(dims, t)] = other


@outlined
def tune_memory(w, state, dims, shapes):
    """Kind, width or clock of a memory."""
    at, what = mem_at(dims, draw(state, used_memories(w, dims))), draw(state, 4)
    if what == 0:
        w[at + KIND] = 1 + draw(state, shapes[2])
    elif what == 1:
        w[at + MEM_WIDTH] = step(w[at + MEM_WIDTH], shapes[3], state)
    elif what == 2:
        w[at + MEM_CLOCK] = step(w[at + MEM_CLOCK], shapes[4], state)
    else:
        w[at + MEM_WIDTH], w[at + MEM_CLOCK] = draw(state, shapes[3]), draw(state, shapes[4])


@outlined
def tune_bus(w, state, dims, shapes):
    """Width or clock of a bus; in one case of eight, of all buses alike."""
    buses = used_buses(w, dims)
    first, count = draw(state, buses), 1
    if draw(state, 8) == 0:
        first, count = 0, buses
    width, clock, what = draw(state, shapes[0]), draw(state, shapes[1]), draw(state, 3)
    for b in range(first, first + count):
        at = bus_at(dims, b)
        if what != 1:
            w[at + WIDTH] = width if count > 1 or what == 2 else step(w[at + WIDTH], shapes[0], state)
        if what != 0:
            w[at + CLOCK] = clock if count > 1 or what == 2 else step(w[at + CLOCK], shapes[1], state)


@outlined
def move_block(w, state, dims):
    """An element or a memory to another bus."""
    elements, memories, buses = used_elements(w, dims), used_memories(w, dims), used_buses(w, dims)
    if buses < 2:
        return
    block = draw(state, elements + memories)
    at = pe_at(dims, block) + PE_BUS if block < elements else mem_at(dims, block - elements) + MEM_BUS
    w[at] = (w[at] + 1 + draw(state, buses - 1)) % buses


@outlined
def split_bus(w, state, dims):
    """A new bus joined to an old one, like it, which takes about half of its blocks."""
    buses = used_buses(w, dims)
    if buses == dims[0]:
        return
    old = draw(state, buses)
    at = bus_at(dims, buses)
    w[at + WIDTH], w[at + CLOCK], w[at + PARENT] = w[bus_at(dims, old) + WIDTH], w[bus_at(dims, old) + CLOCK], old + 1
    for p in range(dims[2]):
        if w[pe_at(dims, p) + PE_BUS] == old and draw(state, 2) == 0:
            w[pe_at(dims, p) + PE_BUS] = buses
    for m in range(dims[1]):
        if w[mem_at(dims, m) + MEM_BUS] == old and draw(state, 2) == 0:
            w[mem_at(dims, m) + MEM_BUS] = buses


@outlined
def merge_buses(w, state, dims):
    """A bus into its parent, or into any lower one: blocks and what hangs on it go along."""
    buses = used_buses(w, dims)
    if buses < 2:
        return
    gone = 1 + draw(state, buses - 1)
    into = w[bus_at(dims, gone) + PARENT] - 1
    if into < 0 or draw(state, 4) == 0:
        into = draw(state, gone)
    for p in range(dims[2]):
        if w[pe_at(dims, p) + PE_BUS] == gone:
            w[pe_at(dims, p) + PE_BUS] = into
    for m in range(dims[1]):
        if w[mem_at(dims, m) + MEM_BUS] == gone:
            w[mem_at(dims, m) + MEM_BUS] = into
    for b in range(gone + 1, buses):
        if w[bus_at(dims, b) + PARENT] == gone + 1:
            w[bus_at(dims, b) + PARENT] = into + 1


@outlined
def hang_bus(w, state, dims):
    """A bus, with all behind it, on another one."""
    buses = used_buses(w, dims)
    if buses > 2:
        b = 2 + draw(state, buses - 2)
        w[bus_at(dims, b) + PARENT] = 1 + draw(state, b)


@outlined
def settle(w, state, dims, placed, stores):
    """A task and the memory of its outputs onto one bus: a new one for both, or that of either."""
    t = some(placed, state)
    if not stores[t]:
        return
    p, m, buses = pe_at(dims, w[task_at(dims, t)]), mem_at(dims, w[store_at(dims, t)]), used_buses(w, dims)
    if buses < dims[0] and draw(state, 2) == 0:
        at, old = bus_at(dims, buses), w[p + PE_BUS]
        w[at + WIDTH], w[at + CLOCK], w[at + PARENT] = w[bus_at(dims, old) + WIDTH], w[bus_at(dims, old) + CLOCK], old + 1
        w[p + PE_BUS] = w[m + MEM_BUS] = buses
    elif draw(state, 2) == 0:
        w[m + MEM_BUS] = w[p + PE_BUS]
    else:
        w[p + PE_BUS] = w[m + MEM_BUS]
