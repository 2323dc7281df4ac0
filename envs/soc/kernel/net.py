"""The net of buses: who is joined to whom, the ways between them, and FARSI's collapse pass."""

from __future__ import annotations

from archgym.jit import inlined

from .layout import ADJACENT, MEM_BUS, ORDER, PE_BUS


@inlined
def join(links, i, bus):
    """Sets which of a design's buses are joined (``links (N, B, B)``; empty slots have a negative mark in ``bus[:, ORDER]``).

    Gives the number of links.
    """
    n, count = bus.shape[0], 0
    for a in range(n):
        bus[a, ADJACENT] = 0
        for b in range(a):
            if links[i, a, b] and bus[a, ORDER] >= 0 and bus[b, ORDER] >= 0:
                bus[a, ADJACENT] |= 1 << b
                bus[b, ADJACENT] |= 1 << a
                count += 1
    return count


@inlined
def find_ways(bus, up):
    """Shortest ways between all buses; gives the number of groups that hang together (an empty slot is a group)."""
    n, groups = bus.shape[0], 0
    for root in range(n):
        for b in range(n):
            up[root, b] = -1
        up[root, root] = root
        bus[0, ORDER] = root
        first, last, lowest = 0, 1, root
        while first < last:
            a = bus[first, ORDER]
            first += 1
            lowest = min(lowest, a)
            if bus[a, ADJACENT]:
                for b in range(n):
                    if bus[a, ADJACENT] >> b & 1 and up[root, b] < 0:
                        up[root, b] = a
                        bus[last, ORDER] = b
                        last += 1
        groups += lowest == root
    return groups


@inlined
def collapse(i, rows_pe, rows_mem, pe, mem, bus, up):
    """FARSI's pass over the buses, once, depth first from the first element's bus, others in the order of their slots.

    A bus without memories and with one neighbour hands it its elements; one without elements and with one neighbour hands it
    its memories; these, and buses with neither, go, and their neighbours are joined to the first of them. Blocks that no task
    uses count here: a memory that holds nothing keeps its bus alive.
    """
    first = -1
    for p in range(pe.shape[0]):
        if rows_pe[i, p] >= 0:
            first = pe[p, PE_BUS]
            break
    if first < 0:
        return
    for k in range(_depth_first(first, bus, up)):
        _collapse_one(i, rows_pe, rows_mem, pe, mem, bus, bus[k, ORDER])


@inlined
def _depth_first(first, bus, up):
    """Lists buses in ``bus[:, ORDER]``, with ``up`` for a stack (ways are found anew afterwards); gives their number."""
    n, seen, last, depth = bus.shape[0], 0, 0, 1
    up[0, 0] = first
    while depth:
        depth -= 1
        a = up[depth // n, depth % n]
        if seen >> a & 1:
            continue
        seen |= 1 << a
        bus[last, ORDER] = a
        last += 1
        for b in range(n - 1, -1, -1):
            if bus[a, ADJACENT] >> b & 1 and not seen >> b & 1:
                up[depth // n, depth % n] = b
                depth += 1
    return last


@inlined
def _collapse_one(i, rows_pe, rows_mem, pe, mem, bus, a):
    n, pes, mems, others, head = bus.shape[0], 0, 0, 0, -1
    for p in range(pe.shape[0]):
        pes += rows_pe[i, p] >= 0 and pe[p, PE_BUS] == a
    for m in range(mem.shape[0]):
        mems += rows_mem[i, m] >= 0 and mem[m, MEM_BUS] == a
    for b in range(n - 1, -1, -1):
        if bus[a, ADJACENT] >> b & 1:
            others += 1
            head = b
    leaf = others == 1 and (mems == 0 or pes == 0)
    if head < 0 or (not leaf and (pes or mems)):
        return
    for p in range(pe.shape[0]):
        if pe[p, PE_BUS] == a:
            pe[p, PE_BUS] = head
    for m in range(mem.shape[0]):
        if mem[m, MEM_BUS] == a:
            mem[m, MEM_BUS] = head
    for b in range(n):
        if bus[a, ADJACENT] >> b & 1:
            bus[b, ADJACENT] &= ~(1 << a)
            if b != head:
                bus[b, ADJACENT] |= 1 << head
                bus[head, ADJACENT] |= 1 << b
    bus[a, ADJACENT] = 0
