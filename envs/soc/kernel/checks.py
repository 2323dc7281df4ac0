"""A design's slots for the run, and which rules it breaks, and how often: what can be told from the design alone."""

from __future__ import annotations

from archgym.jit import inlined

from .layout import (
    ANY_TASK,
    BUILT,
    BUS,
    BUS_RATE,
    HOSTED,
    IN_AT,
    IN_BYTES,
    IN_END,
    MEM,
    MEM_BUS,
    MEM_KIND,
    MEM_RATE,
    MEM_USED,
    MEMORY,
    NO_TASK,
    ORDER,
    OWNER,
    PE,
    PE_BUS,
    PE_HOSTS,
    PEAK_RATE,
    RATE,
    STORES,
)
from .net import collapse, find_ways, join
from .rules import CYCLE, EMPTY_SLOT, FOREIGN, NO_MEMORY, NO_ROUTE, OFF_BUS


@inlined
def check(rows, i, work, blocks, s, broken, compat):
    """Sets the slots of design ``i`` in the scratch space, counts violations into ``broken (N, len(RULES))``, gives their sum.

    Each offending task, memory, way (of an edge's write or read) and cycle counts 1; what hangs on another offence (a way from
    an empty slot) is not counted again.
    """
    for k in range(broken.shape[1]):
        broken[i, k] = 0
    _read_buses(i, rows.bus, blocks.roles, blocks.figures, s.bus, s.bus_f)
    _read_elements(i, rows.pe_bus, s.pe, s.bus)
    _read_memories(i, rows.mem, rows.mem_bus, blocks.roles, blocks.figures, s.mem, s.mem_f, s.bus)
    links = join(rows.links, i, s.bus)
    groups = find_ways(s.bus, s.up)
    broken[i, CYCLE] = links - (s.bus.shape[0] - groups)
    _place_tasks(i, rows.pe, rows.task_pe, work.flags, blocks.roles, blocks.figures, s.task, s.task_f, s.pe, broken)
    _place_outputs(i, rows.task_mem, work.flags, s.task, s.mem, broken)
    _check_ways(i, work.flags, work.spans, work.parents, work.moved, s.task, s.pe, s.mem, s.up, broken)
    total = 0
    for k in range(broken.shape[1]):
        total += broken[i, k]
    if compat and total == 0:
        collapse(i, rows.pe, rows.mem, s.pe, s.mem, s.bus, s.up)
        find_ways(s.bus, s.up)
    return total


@inlined
def _read_buses(i, rows_bus, roles, figures, bus, bus_f):
    for b in range(bus.shape[0]):
        block = rows_bus[i, b]
        bus[b, ORDER] = -1
        if 0 <= block < roles.shape[0] and roles[block, BUS]:
            bus[b, ORDER] = 0
            bus_f[b, BUS_RATE] = figures[block, RATE]


@inlined
def _read_elements(i, rows_pe_bus, pe, bus):
    for p in range(pe.shape[0]):
        b = rows_pe_bus[i, p]
        pe[p, PE_BUS] = b if 0 <= b < bus.shape[0] and bus[b, ORDER] >= 0 else -1
        pe[p, PE_HOSTS] = 0


@inlined
def _read_memories(i, rows_mem, rows_mem_bus, roles, figures, mem, mem_f, bus):
    for m in range(mem.shape[0]):
        b, block = rows_mem_bus[i, m], rows_mem[i, m]
        mem[m, MEM_BUS] = b if 0 <= b < bus.shape[0] and bus[b, ORDER] >= 0 else -1
        mem[m, MEM_USED], mem[m, MEM_KIND] = 0, -1
        if 0 <= block < roles.shape[0] and roles[block, MEMORY] >= 0:
            mem[m, MEM_KIND] = roles[block, MEMORY]
            mem_f[m, MEM_RATE] = figures[block, RATE]


@inlined
def _place_tasks(i, rows_pe, rows_task_pe, flags, roles, figures, task, task_f, pe, broken):
    for t in range(task.shape[0]):
        task[t, PE] = -1
        if not flags[t, HOSTED]:
            continue
        p = rows_task_pe[i, t]
        block = rows_pe[i, p] if 0 <= p < pe.shape[0] else -1
        if not 0 <= block < roles.shape[0] or roles[block, OWNER] < NO_TASK:
            broken[i, EMPTY_SLOT] += 1
            continue
        broken[i, FOREIGN] += roles[block, OWNER] != ANY_TASK and roles[block, OWNER] != t
        task[t, PE] = p
        task_f[t, PEAK_RATE] = figures[block, RATE]
        if flags[t, BUILT]:
            pe[p, PE_HOSTS] = 1


@inlined
def _place_outputs(i, rows_task_mem, flags, task, mem, broken):
    for t in range(task.shape[0]):
        task[t, MEM] = -1
        if flags[t, STORES]:
            m = rows_task_mem[i, t]
            if 0 <= m < mem.shape[0] and mem[m, MEM_KIND] >= 0:
                task[t, MEM] = m
                mem[m, MEM_USED] = 1
            else:
                broken[i, NO_MEMORY] += 1
    for m in range(mem.shape[0]):
        broken[i, OFF_BUS] += mem[m, MEM_USED] and mem[m, MEM_BUS] < 0


@inlined
def _check_ways(i, flags, spans, parents, moved, task, pe, mem, up, broken):
    for t in range(task.shape[0]):
        for e in range(spans[t, IN_AT], spans[t, IN_END]):
            m = task[parents[e], MEM]
            if moved[e, IN_BYTES] <= 0 or m < 0 or mem[m, MEM_BUS] < 0:
                continue
            for k in (parents[e], t):
                p = task[k, PE]
                if p >= 0:
                    broken[i, NO_ROUTE] += pe[p, PE_BUS] < 0 or up[pe[p, PE_BUS], mem[m, MEM_BUS]] < 0
