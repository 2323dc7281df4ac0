"""Channels: what each task shares with others on its ways to memory, and the rate that they leave it.

A channel is a block on the way (a bus or the memory), a direction (reads or writes) and the link by which a flow leaves the
block; links point from elements to memories for both directions, and the directions never contend. A task that moves D bytes
through a block, by a link on which it has u burst units of the U that all running tasks have there, gets

    rate <= peak · u / (n U) / (D / work)

where n links bring running tasks to the channel: round robin over those links, and within a link in proportion to bursts
(Gables: Hill and Reddi, HPCA 2019, with FARSI's arbitration). One task runs on an element at a time, so its own link into the
net is never shared. Units are whole numbers, so loads are exact whatever the order in which tasks come and go.
"""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined

from .layout import (
    BOUND,
    BUS_BYTES,
    BUS_RATE,
    BUS_UNITS,
    CHANNEL_AT,
    CHANNEL_END,
    DUMMY,
    ENTERS,
    IN_AT,
    IN_BYTES,
    IN_END,
    IN_UNITS,
    INPUTS,
    LEAVES,
    LINK_AT,
    LINK_END,
    LOAD,
    MEM,
    MEM_BUS,
    MEM_BYTES,
    MEM_RATE,
    MEM_UNITS,
    ONE,
    OUT_BYTES,
    OUT_UNITS,
    PAIR,
    PE,
    PE_BUS,
    PEAK_RATE,
    PLACE,
    STORES,
    TASK_RATE,
    WORK,
)


@inlined
def plan_all(work, s):
    """Lists the channels and links of every task of a valid design."""
    amounts, flags, spans, parents, moved = work.amounts, work.flags, work.spans, work.parents, work.moved
    task, pe, mem, mem_f = s.task, s.pe, s.mem, s.mem_f
    c = k = 0
    for t in range(task.shape[0]):
        task[t, CHANNEL_AT], task[t, LINK_AT] = c, k
        if not flags[t, DUMMY]:
            root = pe[task[t, PE], PE_BUS]
            if flags[t, STORES]:
                m = task[t, MEM]
                mem_f[m, MEM_BYTES], mem_f[m, MEM_UNITS] = amounts[t, OUT_BYTES], amounts[t, OUT_UNITS]
                c, k = _plan_way(
                    s.up, mem, mem_f, s.bus_f, s.channel, s.limit, s.link, s.units, c, k, amounts[t, WORK], root, 1
                )
            reads = False
            for e in range(spans[t, IN_AT], spans[t, IN_END]):
                if moved[e, IN_BYTES] > 0:
                    m = task[parents[e], MEM]
                    mem_f[m, MEM_BYTES] += moved[e, IN_BYTES]
                    mem_f[m, MEM_UNITS] += moved[e, IN_UNITS]
                    reads = True
            if reads:
                c, k = _plan_way(
                    s.up, mem, mem_f, s.bus_f, s.channel, s.limit, s.link, s.units, c, k, amounts[t, WORK], root, 0
                )
        task[t, CHANNEL_END], task[t, LINK_END] = c, k


@inlined
def _plan_way(up, mem, mem_f, bus_f, channel, limit, link, units, c, k, instructions, root, writes):
    """The channels of one direction, from the bytes and units per memory, which are zero again afterwards.

    Gives the next free rows for channels ``c`` and links ``k``.
    """
    n_mems, n_buses = mem.shape[0], bus_f.shape[0]
    base, place = 1 + writes * (n_buses * n_buses + n_mems), writes * (n_buses + n_mems)
    for m in range(n_mems):
        if mem_f[m, MEM_BYTES] > 0:
            b = mem[m, MEM_BUS]
            while True:
                bus_f[b, BUS_BYTES] += mem_f[m, MEM_BYTES]
                bus_f[b, BUS_UNITS] += mem_f[m, MEM_UNITS]
                if b == root:
                    break
                b = up[root, b]
    for m in range(n_mems):
        if mem_f[m, MEM_BYTES] > 0:
            way, u = base + n_buses * n_buses + m, mem_f[m, MEM_UNITS]
            link[k], units[k] = way, u
            k += 1
            limit[c] = mem_f[m, MEM_RATE] * instructions / mem_f[m, MEM_BYTES] * u if u > 0 else np.inf
            _set(channel, c, way, ONE, -1, place + n_buses + m)
            limit[c + 1] = _bus(
                up, bus_f, channel, c + 1, instructions, root, mem[m, MEM_BUS], way, n_buses + m, n_mems, writes
            )
            c += 2
            mem_f[m, MEM_BYTES] = mem_f[m, MEM_UNITS] = 0.0
    for b in range(n_buses):
        if bus_f[b, BUS_BYTES] > 0 and b != root:
            way = base + up[root, b] * n_buses + b
            link[k], units[k] = way, bus_f[b, BUS_UNITS]
            k += 1
            limit[c] = _bus(up, bus_f, channel, c, instructions, root, up[root, b], way, b, n_mems, writes)
            c += 1
    for b in range(n_buses):
        bus_f[b, BUS_BYTES] = bus_f[b, BUS_UNITS] = 0.0
    return c, k


@inlined
def _bus(up, bus_f, channel, c, instructions, root, b, leaves, target, n_mems, writes):
    """The channel of bus ``b`` towards a bus or a memory ``target``; gives its limit, none without burst units."""
    n_buses, units = bus_f.shape[0], bus_f[b, BUS_UNITS]
    limit = bus_f[b, BUS_RATE] * instructions / bus_f[b, BUS_BYTES] if units > 0 else np.inf
    place = writes * (n_buses + n_mems) + b
    if b == root:
        _set(channel, c, ONE, leaves, -1, place)
        return limit
    way = up[root, b] * n_buses + b
    pair = (writes * n_buses * n_buses + way) * (n_buses + n_mems) + target
    _set(channel, c, 1 + writes * (n_buses * n_buses + n_mems) + way, leaves, pair, place)
    return limit * units


@inlined
def _set(channel, c, enters, leaves, pair, place):
    channel[c, ENTERS] = enters
    channel[c, LEAVES] = leaves
    channel[c, PAIR] = pair
    channel[c, PLACE] = place


@inlined
def enter(task, channel, link, units, load, pairs, t):
    """A task begins to run: it loads its links."""
    for k in range(task[t, LINK_AT], task[t, LINK_END]):
        load[link[k], LOAD] += units[k]
    for c in range(task[t, CHANNEL_AT], task[t, CHANNEL_END]):
        if channel[c, LEAVES] != ONE:
            pair = channel[c, PAIR]
            if pair < 0 or pairs[pair] == 0:
                load[channel[c, LEAVES], INPUTS] += 1.0
            if pair >= 0:
                pairs[pair] += 1


@inlined
def leave(task, channel, link, units, load, pairs, t):
    """A task ends: the reverse of `enter`, exactly."""
    for k in range(task[t, LINK_AT], task[t, LINK_END]):
        load[link[k], LOAD] -= units[k]
    for c in range(task[t, CHANNEL_AT], task[t, CHANNEL_END]):
        if channel[c, LEAVES] != ONE:
            pair = channel[c, PAIR]
            if pair >= 0:
                pairs[pair] -= 1
            if pair < 0 or pairs[pair] == 0:
                load[channel[c, LEAVES], INPUTS] -= 1.0


@inlined
def set_rate(task, task_f, channel, limit, load, t):
    """Sets and gives the rate of a running task, and the channel that sets it: the first listed where several bind alike."""
    rate, bound = task_f[t, PEAK_RATE], -1
    for c in range(task[t, CHANNEL_AT], task[t, CHANNEL_END]):
        x = limit[c] / (load[channel[c, ENTERS], LOAD] * load[channel[c, LEAVES], INPUTS])
        if x < rate:
            rate, bound = x, c
    task_f[t, TASK_RATE] = rate
    task[t, BOUND] = bound
    return rate
