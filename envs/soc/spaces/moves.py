"""Structural moves on representative wide rows: what a designer would change in one step. Compiled; layout as in `rows`.

Rows come as `canonical` leaves them: used slots first, so the first unused slot of a kind is the number of used ones. A move may
leave a row that needs repair; where it finds nothing to do it leaves the row as it is, and the caller draws another.
"""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined, outlined

from .rows import (
    CLOCK, KIND, MEM_BUS, MEM_CLOCK, MEM_WIDTH, PARENT, PE_BUS, PE_CLOCK, TYPE, UNROLL, WIDTH, bus_at, mem_at, mem_kind, pe_at,
    pe_type, runs, store_at, task_at,
)  # fmt: skip

MOVES = 16


@inlined
def draw(state, n):
    """A number from 0 to n - 1 (SplitMix64: Steele, Lea and Flood, OOPSLA 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.int64((z >> np.uint64(33)) % np.uint64(max(n, 1)))


@inlined
def step(value, n, state):
    """A neighbour of ``value`` in half of the cases, else any of ``n`` values."""
    if draw(state, 2) == 0:
        return draw(state, n)
    return min(max(value + 2 * draw(state, 2) - 1, 0), n - 1)


@inlined
def used_elements(w, dims):
    count = 0
    while count < dims[2] and pe_type(w, dims, count) > 0:
        count += 1
    return count


@inlined
def used_memories(w, dims):
    count = 0
    while count < dims[1] and mem_kind(w, dims, count) > 0:
        count += 1
    return count


@inlined
def used_buses(w, dims):
    count = 0
    for p in range(dims[2]):
        if pe_type(w, dims, p) > 0:
            count = max(count, w[pe_at(dims, p) + PE_BUS] + 1)
    for m in range(dims[1]):
        if mem_kind(w, dims, m) > 0:
            count = max(count, w[mem_at(dims, m) + MEM_BUS] + 1)
    return count


@inlined
def _some(flags, state):
    """A random node that has a flag."""
    count = 0
    for t in range(flags.shape[0]):
        count += flags[t]
    left = draw(state, count)
    for t in range(flags.shape[0]):
        if flags[t]:
            if left == 0:
                return t
            left -= 1
    return 0


@outlined
def migrate_task(w, state, dims, own, processors, placed):
    """A task to another element that runs it."""
    t = _some(placed, state)
    here, slots = w[task_at(dims, t)], dims[2]
    start = draw(state, slots)
    for k in range(slots):
        p = (start + k) % slots
        if p != here and runs(pe_type(w, dims, p), t, own, processors):
            w[task_at(dims, t)] = p
            return


@outlined
def build_accelerator(w, state, dims, own, processors, placed, shapes):
    """An accelerator of its own for a task, in a free slot or else in place of an element; on the bus where the task ran."""
    t = _some(placed, state)
    here, free = w[task_at(dims, t)], used_elements(w, dims)
    if own[t] < 0 or pe_type(w, dims, here) == own[t]:
        return
    slot = free if free < dims[2] else draw(state, dims[2])
    bus = w[pe_at(dims, here) + PE_BUS]
    at = pe_at(dims, slot)
    w[at + TYPE], w[at + UNROLL], w[at + PE_CLOCK], w[at + PE_BUS] = own[t], draw(state, shapes[5]), draw(state, shapes[6]), bus
    w[task_at(dims, t)] = slot


@outlined
def empty_element(w, state, dims):
    """One element less: its tasks go where repair finds a place."""
    used = used_elements(w, dims)
    if used > 1:
        w[pe_at(dims, draw(state, used)) + TYPE] = 0


@outlined
def add_processor(w, state, dims, own, processors):
    """One more processor, which takes about half of the tasks of another element, or an element of another type in its place."""
    used = used_elements(w, dims)
    other = draw(state, used)
    kind = 1 + draw(state, processors)
    if used == dims[2] or draw(state, 4) == 0:
        w[pe_at(dims, other) + TYPE] = kind
        return
    at = pe_at(dims, used)
    w[at + TYPE], w[at + PE_BUS] = kind, w[pe_at(dims, other) + PE_BUS]
    for t in range(dims[3]):
        if w[task_at(dims, t)] == other and draw(state, 2) == 0:
            w[task_at(dims, t)] = used


@outlined
def tune_element(w, state, dims, processors, shapes, pe_twin):
    """Unroll or clock of an accelerator; in one case of eight, one clock for all accelerators."""
    used = used_elements(w, dims)
    start, clock = draw(state, used), draw(state, shapes[6])
    if draw(state, 8) == 0:
        for p in range(used):
            w[pe_at(dims, p) + PE_CLOCK] = clock
        return
    for k in range(used):
        at = pe_at(dims, (start + k) % used)
        if w[at + TYPE] > processors:
            if draw(state, 2) == 0:
                w[at + UNROLL] = step(w[at + UNROLL], shapes[5], state)
            else:
                w[at + PE_CLOCK] = step(w[at + PE_CLOCK], shapes[6], state)
            return


@outlined
def move_outputs(w, state, dims, stores, shapes):
    """A node's outputs to another memory; in one case of three to a new one."""
    t = _some(stores, state)
    used, here = used_memories(w, dims), w[store_at(dims, t)]
    if used < dims[1] and draw(state, 3) == 0:
        add_memory(w, state, dims, used, here, shapes)
        w[store_at(dims, t)] = used
    elif used > 1:
        w[store_at(dims, t)] = (here + 1 + draw(state, used - 1)) % used


@inlined
def add_memory(w, state, dims, slot, like, shapes):
    """A memory in a free slot on the bus of another, as fast, of any kind."""
    at, old = mem_at(dims, slot), mem_at(dims, like)
    w[at + KIND], w[at + MEM_WIDTH], w[at + MEM_CLOCK] = 1 + draw(state, shapes[2]), w[old + MEM_WIDTH], w[old + MEM_CLOCK]
    w[at + MEM_BUS] = w[old + MEM_BUS]


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
def migrate_group(w, state, dims, own, processors):
    """All tasks of one element that another may run go there."""
    used = used_elements(w, dims)
    if used < 2:
        return
    source = draw(state, used)
    target = (source + 1 + draw(state, used - 1)) % used
    for t in range(dims[3]):
        if w[task_at(dims, t)] == source and runs(pe_type(w, dims, target), t, own, processors):
            w[task_at(dims, t)] = target


@outlined
def settle(w, state, dims, placed, stores):
    """A node's outputs into a memory on the bus of the element that makes or asks for them, a new bus for both where one is free."""
    t = _some(placed, state)
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


@inlined
def vary_row(w, state, dims, own, processors, placed, stores, shapes, pe_twin):
    """One random move, in place."""
    move = draw(state, MOVES)
    if move == 0:
        migrate_task(w, state, dims, own, processors, placed)
    elif move <= 2:
        build_accelerator(w, state, dims, own, processors, placed, shapes)
    elif move == 3:
        empty_element(w, state, dims)
    elif move == 4:
        add_processor(w, state, dims, own, processors)
    elif move <= 6:
        tune_element(w, state, dims, processors, shapes, pe_twin)
    elif move == 7:
        move_outputs(w, state, dims, stores, shapes)
    elif move == 8:
        if draw(state, 2) == 0:
            split_memory(w, state, dims, shapes)
        else:
            merge_memories(w, state, dims)
    elif move <= 10:
        tune_memory(w, state, dims, shapes)
    elif move == 11:
        tune_bus(w, state, dims, shapes)
    elif move == 12:
        move_block(w, state, dims)
    elif move == 13:
        if draw(state, 2) == 0:
            split_bus(w, state, dims)
        else:
            merge_buses(w, state, dims)
    elif move == 14:
        if draw(state, 2) == 0:
            migrate_group(w, state, dims, own, processors)
        else:
            hang_bus(w, state, dims)
    else:
        settle(w, state, dims, placed, stores)
