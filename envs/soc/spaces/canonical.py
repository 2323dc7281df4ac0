"""The representative of a wide row: slots in the order in which nodes use them, buses in the order of what hangs on them.

The cost model sees representatives only, so designs that differ by the numbers of their slots cost the same bit for bit.
Compiled; see `rows` for the layout.
"""

from __future__ import annotations

from archgym.jit import inlined, outlined

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
    store_at,
    task_at,
)  # fmt: skip

FAR = 1 << 30  # the key of a bus on which nothing hangs


@inlined
def _number_used(w, first, wanted, nodes, new):
    """Number slots by the first node that uses each, -1 where none does; the slot of node ``t`` is ``w[first + t]``."""
    new[:] = -1
    used = 0
    for t in range(nodes):
        if wanted[t] and new[w[first + t]] < 0:
            new[w[first + t]] = used
            used += 1
    return used


@inlined
def _linked(w, dims, a, b):
    return w[bus_at(dims, a) + PARENT] == b + 1 or w[bus_at(dims, b) + PARENT] == a + 1


@inlined
def _bus_keys(w, dims, new_pe, new_mem, key):
    """Lowest new number of what hangs on each bus, elements before memories."""
    for b in range(dims[0]):
        key[b] = FAR
    for p in range(dims[2]):
        at = pe_at(dims, p)
        if new_pe[p] >= 0 and w[at + TYPE] > 0:
            key[w[at + PE_BUS]] = min(key[w[at + PE_BUS]], new_pe[p])
    for m in range(dims[1]):
        at = mem_at(dims, m)
        if new_mem[m] >= 0 and w[at + KIND] > 0:
            key[w[at + MEM_BUS]] = min(key[w[at + MEM_BUS]], dims[2] + new_mem[m])


@inlined
def _prune(w, dims, key, alive):
    """Which buses carry something or lie between two that do: ends on which nothing hangs fall off."""
    buses = dims[0]
    for b in range(buses):
        alive[b] = True
    for _ in range(buses):
        for b in range(buses):
            if alive[b] and key[b] == FAR:
                links = 0
                for a in range(buses):
                    if a != b and alive[a] and _linked(w, dims, a, b):
                        links += 1
                alive[b] = links > 1


@inlined
def _spread_keys(w, dims, key, alive, new_bus, reach):
    """Lowest key in the part of the net behind each unnumbered bus; numbered buses are walls."""
    buses = dims[0]
    for b in range(buses):
        reach[b] = key[b]
    for _ in range(buses):
        for a in range(buses):
            for b in range(buses):
                if alive[a] and alive[b] and new_bus[a] < 0 and new_bus[b] < 0 and _linked(w, dims, a, b):
                    reach[a] = min(reach[a], reach[b])


@inlined
def _number_buses(w, dims, key, alive, new_bus, parent, reach):
    """Number buses outwards from the one with the lowest key, the part with the lowest key behind it first."""
    buses = dims[0]
    for b in range(buses):
        new_bus[b], parent[b] = -1, 0
    used = 0
    while True:
        _spread_keys(w, dims, key, alive, new_bus, reach)
        best, onto, chosen = FAR, -1, -1
        for b in range(buses):
            if alive[b] and new_bus[b] < 0:
                for a in range(buses):
                    if new_bus[a] >= 0 and _linked(w, dims, a, b) and reach[b] < best:
                        best, onto, chosen = reach[b], a, b
        if chosen < 0:  # the next net of its own, from the bus that carries its lowest key
            for b in range(buses):
                if alive[b] and new_bus[b] < 0 and key[b] < best:
                    best, chosen = key[b], b
        if chosen < 0:
            return
        new_bus[chosen] = used
        parent[chosen] = new_bus[onto] + 1 if onto >= 0 else 0
        used += 1


@outlined
def canonical_row(
    w, out, dims, processors, placed, stores, bus_twin, mem_twin, pe_twin, new_pe, new_mem, new_bus, parent, key, reach, alive
):
    """Write the representative of ``w`` to ``out``; the last seven arguments are room to work in."""
    out[:] = 0
    _number_used(w, task_at(dims, 0), placed, dims[3], new_pe)
    _number_used(w, store_at(dims, 0), stores, dims[3], new_mem)
    _bus_keys(w, dims, new_pe, new_mem, key)
    _prune(w, dims, key, alive)
    _number_buses(w, dims, key, alive, new_bus, parent, reach)
    clocks = bus_twin.shape[2]
    for b in range(dims[0]):
        if new_bus[b] >= 0:
            at, to = bus_at(dims, b), bus_at(dims, new_bus[b])
            twin = bus_twin[0, w[at + WIDTH], w[at + CLOCK]]
            out[to + WIDTH], out[to + CLOCK], out[to + PARENT] = twin // clocks, twin % clocks, parent[b]
    clocks = mem_twin.shape[2]
    for m in range(dims[1]):
        at, to = mem_at(dims, m), mem_at(dims, new_mem[m])
        if new_mem[m] >= 0 and w[at + KIND] > 0:
            twin = mem_twin[w[at + KIND] - 1, w[at + MEM_WIDTH], w[at + MEM_CLOCK]]
            out[to + KIND], out[to + MEM_WIDTH], out[to + MEM_CLOCK] = w[at + KIND], twin // clocks, twin % clocks
            out[to + MEM_BUS] = new_bus[w[at + MEM_BUS]]
    clocks = pe_twin.shape[2]
    for p in range(dims[2]):
        at, to = pe_at(dims, p), pe_at(dims, new_pe[p])
        if new_pe[p] >= 0 and w[at + TYPE] > 0:
            twin = pe_twin[w[at + TYPE] - 1, w[at + UNROLL], w[at + PE_CLOCK]]
            out[to + TYPE], out[to + UNROLL], out[to + PE_CLOCK] = w[at + TYPE], twin // clocks, twin % clocks
            out[to + PE_BUS] = new_bus[w[at + PE_BUS]]
    for t in range(dims[3]):
        if placed[t]:
            out[task_at(dims, t)] = new_pe[w[task_at(dims, t)]]
        if stores[t]:
            out[store_at(dims, t)] = new_mem[w[store_at(dims, t)]]
