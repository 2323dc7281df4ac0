"""Random numbers inside compiled code, and how many slots of a representative row are used."""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined

from .rows import MEM_BUS, PE_BUS, mem_at, mem_kind, pe_at, pe_type


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
def some(flags, state):
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
