"""Moves of tasks and of the elements that run them. Compiled; see `moves`."""

from __future__ import annotations

from archgym.jit import outlined

from .draws import draw, some, step, used_elements
from .rows import PE_BUS, PE_CLOCK, TYPE, UNROLL, pe_at, pe_type, runs, task_at


@outlined
def migrate_task(w, state, dims, own, processors, placed):
    """A task to another element that runs it."""
    t = some(placed, state)
    here, slots = w[task_at(dims, t)], dims[2]
    start = draw(state, slots)
    for k in range(slots):
        p = (start + k) % slots
        if p != here and runs(pe_type(w, dims, p), t, own, processors):
            w[task_at(dims, t)] = p
            return


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
def build_accelerator(w, state, dims, own, processors, placed, shapes):
    """An accelerator of its own for a task, in a free slot or else in place of an element; on the bus where the task ran."""
    t = some(placed, state)
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
def add_processor(w, state, dims, processors):
    """One more processor, which takes about half of the tasks of another element; or a processor in its place."""
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
def tune_element(w, state, dims, processors, shapes):
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
