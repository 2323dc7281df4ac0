"""Least energy of one spread over the mesh: a chain of decisions from the innermost level outwards, by dynamic programming.

With all spatial factors fixed, what a tensor's tile at a level costs is decided by three things: how large the tile is, which
loops outside it are the first that it depends on, and what all loops from there on multiply to. Both products are known as soon
as that loop is placed: its level's tile says how many iterations remain. So the energy of a mapping is a sum over levels, each
term known from the tile bounds below and above one level's loops, that level's order, and which tiles are still waiting for
their first relevant loop. The chain keeps the cheapest way to every (tile bounds, waiting tiles).

Two things are bounded from below instead, and make the result a bound rather than the optimum where they matter: input windows
that coincide under one fan-out (`spreads.Spread.below`), and two adjacent sliding loops, the inner one of two iterations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.accelerator import nest
from archgym.envs.accelerator.nest.counts import INPUTS, OUTPUTS, P, R, S, fresh_words, relevant, tile_words
from archgym.jit import inlined

BLOCK, READ_BANDWIDTH, WRITE_BANDWIDTH, READ_PJ, WRITE_PJ = 0, 1, 2, 3, 4
INFEASIBLE = np.inf


@inlined
def edge_energy(t, k, words, parent, below, used, part, ports, cap, price):
    """Energy in pJ of filling one level's tiles with ``words`` per instance from the next outer level; infinite above the cap.

    The cap is in cycles, on each port by itself. ``price`` (L, 2) in pJ per word and instance comes on top at read and write
    ports.
    """
    p = parent[k, t]
    served = words * below[k, t]
    reads, updates, filled = served, 0.0, words
    if t == OUTPUTS:
        reads, updates, filled = served - part[p], served, words - part[k]
    if math.ceil(reads / ports[p, READ_BANDWIDTH]) > cap or math.ceil(updates / ports[p, WRITE_BANDWIDTH]) > cap:
        return INFEASIBLE
    if math.ceil(filled / ports[k, WRITE_BANDWIDTH]) > cap:
        return INFEASIBLE
    above = math.ceil(reads / ports[p, BLOCK]) * ports[p, READ_PJ] + math.ceil(updates / ports[p, BLOCK]) * ports[p, WRITE_PJ]
    toll = reads * price[p, 0] + updates * price[p, 1] + filled * price[k, 1]
    return toll + used[p] * above + used[k] * math.ceil(filled / ports[k, BLOCK]) * ports[k, WRITE_PJ]


@inlined
def room_for(level, keep, capacity, bounds, stride):
    """Whether the tiles that a level keeps fit it."""
    words = 0.0
    for t in range(3):
        if keep[level, t]:
            words += tile_words(t, bounds, stride)
    return words <= capacity[level]


@inlined
def divisors_of(totals, table, number):
    """Fill the divisors of every dim's temporal factor, ascending; return how many combinations there are."""
    states = 1
    for d in range(8):
        number[d] = 0
        for n in range(1, totals[d] + 1):
            if totals[d] % n == 0:
                if number[d] < table.shape[1]:
                    table[d, number[d]] = n
                number[d] += 1
        states *= number[d]
    return states


@inlined
def unpack(state, number, table, at, values):
    """Mixed radix, the last dim fastest: which divisor of each dim."""
    for d in range(7, -1, -1):
        at[d] = state % number[d]
        values[d] = table[d, at[d]]
        state //= number[d]


@inlined
def sequence_of(order, n, sequence):
    """Dims with more than one iteration, innermost first; how many."""
    length = 0
    for i in range(8):
        if n[order[i]] > 1:
            sequence[length] = order[i]
            length += 1
    return length


@inlined
def repeats(t, sequence, length, n, rest):
    """Iterations of the first loop that concerns a tensor and of all loops outside it; 0 where there is none."""
    for i in range(length):
        if relevant(t, sequence[i]):
            total = rest
            for k in range(i, length):
                total *= n[sequence[k]]
            return total
    return 0.0


@inlined
def sliding(d):
    """Whether input windows slide along a dim."""
    return d == R or d == S or d >= P


@inlined
def met(sequence, length, seen, lengths, known):
    """Whether another order of this level came to the same loops."""
    for q in range(known):
        if lengths[q] == length:
            same = True
            for i in range(length):
                if seen[q, i] != sequence[i]:
                    same = False
                    break
            if same:
                return True
    return False


@inlined
def unpack_waits(flag, base, level_of, waits):
    """Innermost waiting level of weights, inputs, outputs, and of the inputs that have seen no loop at all; 0 for none."""
    waits[2] = level_of[2, flag % base[2]]
    flag //= base[2]
    waits[1] = level_of[1, flag % base[1]]
    flag //= base[1]
    waits[3] = level_of[1, flag % base[1]]
    waits[0] = level_of[0, flag // base[1]]


@inlined
def join_waits(level, keep, waits):
    """The tiles of one more level wait, too."""
    for t in range(3):
        if keep[level, t] and waits[t] == 0:
            waits[t] = level
    if keep[level, INPUTS] and waits[3] == 0:
        waits[3] = level


@inlined
def slid_words(level, d, j, n, total, remaining, spread, bounds, stride):
    """Input words that come in where the innermost loop ``d`` of level ``j`` slides the window over all its iterations.

    ``total``: all iterations from this loop on; ``remaining``: those of ``d`` outside level ``j``, which go on sliding at
    best if this loop has two iterations.
    """
    step = bounds[d]
    for i in range(j, level):
        step *= spread[i, d]
    trips = n[d] * (remaining if n[d] == 2 else 1)
    tile = tile_words(INPUTS, bounds, stride)
    return (tile + (trips - 1) * fresh_words(d, step, bounds, stride)) * (total / trips)


def make_chain(source: int) -> Callable[..., float]:
    """See the module. Waiting tiles are told by the innermost one per tensor; for inputs also by those that saw no loop."""

    @njit(nogil=True, cache=True)
    def chain(stride, keep, capacity, allowed, orders, choices, spread, totals, inner, parent, below, used, part, ports, cap,
              price, factors, picked, work):  # fmt: skip
        """Least energy of all fills; writes temporal factors (L, 8) and order numbers (L,). ``work[0]`` counts transitions."""
        levels = keep.shape[0] if source else 0
        number, table = np.empty(8, np.int64), np.empty((8, 256), np.int64)
        states = divisors_of(totals, table, number)
        level_of = np.zeros((3, levels), np.int64)
        rank, base = np.zeros((3, levels), np.int64), np.ones(3, np.int64)
        for t in range(3):
            for k in range(1, levels):
                if keep[k, t]:
                    rank[t, k], level_of[t, base[t]] = base[t], k
                    base[t] += 1
        flags = base[0] * base[1] * base[1] * base[2]
        value = np.full((levels + 1, states, flags), INFEASIBLE)
        came = np.empty((levels, states, flags), np.int64)
        chosen = np.empty((levels, states, flags), np.int8)
        at, u, v, n = np.empty(8, np.int64), np.empty(8, np.int64), np.empty(8, np.int64), np.empty(8, np.int64)
        to, first, weight = np.empty(8, np.int64), np.empty(8, np.int64), np.ones(8, np.int64)
        sequence, bounds = np.empty(8, np.int64), np.empty(8, np.int64)
        seen, lengths = np.empty((orders.shape[1], 8), np.int64), np.empty(orders.shape[1], np.int64)
        live, waits = np.empty(flags, np.int64), np.empty((flags, 4), np.int64)
        memo = np.empty((3, levels, 2))
        value[levels, 0, 0] = 0.0
        for d in range(6, -1, -1):
            weight[d] = weight[d + 1] * number[d + 1]
        for j in range(levels - 1, -1, -1):
            for state in range(states):
                reached = 0
                for f in range(flags):
                    if value[j + 1, state, f] < INFEASIBLE:
                        live[reached] = f
                        unpack_waits(f, base, level_of, waits[reached])
                        if j + 1 < levels:
                            join_waits(j + 1, keep, waits[reached])
                        reached += 1
                if reached == 0:
                    continue
                unpack(state, number, table, at, u)
                for d in range(8):
                    first[d] = number[d] - 1 if j == 0 and allowed[0, d] else at[d]
                    to[d] = first[d]
                while True:
                    target, good, rest = 0, True, 1.0
                    for d in range(8):
                        v[d] = table[d, to[d]]
                        target += to[d] * weight[d]
                        if v[d] % u[d] or (j == 0 and v[d] != totals[d]):
                            good = False
                            break
                        n[d] = v[d] // u[d]
                        rest *= totals[d] // v[d]
                        bounds[d] = v[d] * inner[j, d]
                    good = good and room_for(j, keep, capacity, bounds, stride)
                    known = 0
                    for o in range(choices[j] if good else 0):
                        length = sequence_of(orders[j, o], n, sequence)
                        if met(sequence, length, seen, lengths, known):
                            continue
                        lengths[known] = length
                        seen[known, :length] = sequence[:length]
                        known += 1
                        work[0] += 1
                        memo[:, :, :] = -1.0
                        for r in range(reached):
                            cost, flag = value[j + 1, state, live[r]], 0
                            for t in range(3):
                                deepest, unmoved = waits[r, t], waits[r, 3]
                                total = repeats(t, sequence, length, n, rest)
                                waiting = deepest > 0 and total == 0.0 and j > 0
                                if t == INPUTS:
                                    still = unmoved if waiting and length == 0 else 0
                                    flag = flag * base[t] + rank[t, still]
                                flag = flag * base[t] + (rank[t, deepest] if waiting else 0)
                                if waiting:
                                    continue
                                for k in range(j + 1, deepest + 1):
                                    if not keep[k, t]:
                                        continue
                                    slides = 0
                                    if t == INPUTS and k <= unmoved and length > 0 and sliding(sequence[0]):
                                        slides = 1
                                    if memo[t, k, slides] < 0.0:
                                        for d in range(8):
                                            bounds[d] = u[d] * inner[k, d]
                                        if slides:
                                            d = sequence[0]
                                            left = totals[d] // v[d] if length == 1 else 1
                                            words = slid_words(k, d, j, n, total, left, spread, bounds, stride)
                                        else:
                                            words = tile_words(t, bounds, stride) * max(total, 1.0)
                                        memo[t, k, slides] = edge_energy(
                                            t, k, words, parent, below, used, part, ports, cap, price
                                        )
                                    cost += memo[t, k, slides]
                            if cost < value[j, target, flag]:
                                value[j, target, flag] = cost
                                came[j, target, flag] = state * flags + live[r]
                                chosen[j, target, flag] = o
                    d = 7
                    while d >= 0:
                        if j > 0 and allowed[j, d] and to[d] + 1 < number[d]:
                            to[d] += 1
                            break
                        to[d] = first[d]
                        d -= 1
                    if d < 0:
                        break
        # no tile waits once the outermost loops are placed
        state, flag, least = states - 1, 0, value[0, states - 1, 0]
        for j in range(levels if least < INFEASIBLE else 0):
            unpack(state, number, table, at, v)
            picked[j], back = chosen[j, state, flag], came[j, state, flag]
            state, flag = back // flags, back % flags
            unpack(state, number, table, at, u)
            for d in range(8):
                factors[j, d] = v[d] // u[d]
        return least

    kernel: Callable[..., float] = chain
    return kernel


_SOURCE = (source_hash(Path(__file__).parent) ^ source_hash(Path(nest.__file__).parent)) | 1
chain = make_chain(_SOURCE)
