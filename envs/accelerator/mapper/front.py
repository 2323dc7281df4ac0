"""The table's kernel: all mappings of a walk, thinned by dominance as they come, one choice along the mesh after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from archgym.jit import inlined

from .count import count
from .walk import SOURCE, enter_inner, enter_spread, first_order, next_inner, next_order, next_outer, order_number, set_fanouts

TOP = np.uint64(0x8000800080008000)  # the top bit of four fields of 16 bits
WORDS = 3  # of a key: one for capacities, two for counts


class Rows(NamedTuple):
    """What is kept so far, and room for more; as in `Table`, with a key per row, ``uint64 (N, WORDS)``."""

    choices: Any
    needs: Any
    counts: Any
    keys: Any


@inlined
def in_order(a, b):
    """Whether no field of the key ``a`` exceeds that of ``b``: the differences then borrow no top bit."""
    left = (b[0] | TOP) - a[0]
    for j in range(1, WORDS):
        left &= (b[j] | TOP) - a[j]
    return left & TOP == TOP


@inlined
def no_more(needs, counts, other_needs, other_counts):
    """Whether a row needs no more words and has no higher count than another one; fan-outs are alike."""
    for j in range(0, needs.shape[0], 3):
        if needs[j] > other_needs[j]:
            return False
    for j in range(counts.shape[0]):
        if counts[j] > other_counts[j]:
            return False
    return True


@inlined
def make_key(place, several, bits, columns, key):
    """Pack places among the capacities on offer and the counts of some columns into fields of 15 bits.

    A count becomes the exponent and the first nine digits of its double: monotone, so keys in order are necessary for rows in
    order. They are nearly sufficient as well, but `no_more` has the last word.
    """
    for j in range(WORDS):
        key[j] = 0
    for j in range(min(4, several.shape[0])):
        key[0] |= np.uint64(min(place[several[j]], 0x7FFF)) << np.uint64(16 * j)
    for j in range(min(4 * (WORDS - 1), columns.shape[0])):
        field = min(max((bits[columns[j]] >> 43) - (1023 << 9), 0), 0x7FFF)
        key[1 + j // 4] |= np.uint64(field) << np.uint64(16 * (j % 4))


@inlined
def round_up(offered, number, w, i, place, needs):
    """The smallest capacity on offer that holds the words of level ``i``."""
    j = 0
    while j < number[i] - 1 and offered[i, j] < w.need[i]:
        j += 1
    place[i], needs[3 * i] = j, offered[i, j]


@inlined
def beaten(rows, first, kept, last, needs, counts, key):
    """Row that beats or equals another one, or -1: first the one that did so last, then from the newest to the oldest."""
    if first <= last < kept and in_order(rows.keys[last], key) and no_more(rows.needs[last], rows.counts[last], needs, counts):
        return last
    for j in range(kept - 1, first - 1, -1):
        if in_order(rows.keys[j], key) and no_more(rows.needs[j], rows.counts[j], needs, counts):
            return j
    return -1


@inlined
def put(rows, j, choices, needs, counts, key):
    """Write one row."""
    for k in range(choices.shape[0]):
        rows.choices[j, k] = choices[k]
    for k in range(needs.shape[0]):
        rows.needs[j, k] = needs[k]
    for k in range(counts.shape[0]):
        rows.counts[j, k] = counts[k]
    for k in range(WORDS):
        rows.keys[j, k] = key[k]


@inlined
def drop_beaten(rows, first, kept, needs, counts, key):
    """Drop the rows that a new one beats; how many are kept."""
    j = first
    while j < kept:
        if in_order(key, rows.keys[j]) and no_more(needs, counts, rows.needs[j], rows.counts[j]):
            kept -= 1
            put(rows, j, rows.choices[kept], rows.needs[kept], rows.counts[kept], rows.keys[kept])
        else:
            j += 1
    return kept


@njit(nogil=True)
def make_rows(n, levels, counts):
    """Room for ``n`` rows."""
    return Rows(
        np.empty((n, 9), np.int64), np.empty((n, 3 * levels), np.int64), np.empty((n, counts)), np.empty((n, WORDS), np.uint64)
    )


@njit(nogil=True)
def doubled(rows):
    """The same rows with twice the room."""
    n = rows.choices.shape[0]
    more = make_rows(2 * n, rows.needs.shape[1] // 3, rows.counts.shape[1])
    more.choices[:n], more.needs[:n], more.counts[:n], more.keys[:n] = rows.choices, rows.needs, rows.counts, rows.keys
    return more


def make_front(source: int) -> Callable[..., Any]:
    """Choices, needs and counts of a `Table`, and the choices of all factors that fit (each stands for all orders)."""

    @njit(nogil=True, cache=True)
    def front(plan, w, spreads, offered, number, several, columns):
        levels, width, walked, kept = plan.keep.shape[0], 1 + plan.active.shape[0], 0, 0
        rows, new = make_rows(256, levels, width), make_rows(1, levels, width)
        choices, needs, counts, key = new.choices[0], new.needs[0], new.counts[0], new.keys[0]
        bits, place = counts.view(np.int64), np.zeros(levels, np.int64)
        for s in range(spreads.shape[0] if source else 0):
            first, last = kept, -1
            if not enter_spread(plan, w, spreads[s]):
                continue
            set_fanouts(plan, w, needs)
            while next_inner(plan, w):
                if not enter_inner(plan, w):
                    continue
                for i in range(levels):
                    round_up(offered, number, w, i, place, needs)
                while next_outer(plan, w):
                    walked += 1
                    round_up(offered, number, w, 1, place, needs)
                    first_order(plan, w)
                    while True:
                        count(plan, w, counts)
                        make_key(place, several, bits, columns, key)
                        by = beaten(rows, first, kept, last, needs, counts, key)
                        if by >= 0:
                            last = by
                        else:
                            kept = drop_beaten(rows, first, kept, needs, counts, key)
                            if kept == rows.choices.shape[0]:
                                rows = doubled(rows)
                            for d in range(8):
                                choices[d] = plan.split[w.outer[d]]
                            choices[8] = order_number(plan, w)
                            put(rows, kept, choices, needs, counts, key)
                            kept += 1
                        if not next_order(plan, w):
                            break
        return rows.choices[:kept], rows.needs[:kept], rows.counts[:kept], walked

    kernel: Callable[..., Any] = front
    return kernel


front = make_front(SOURCE)
