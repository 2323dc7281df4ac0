"""Walk through a map space: every choice of factors within the limits, in three stages, and every order that differs.

First the factors along the mesh, then the temporal ones of the inner levels, then those of the two outermost levels: what a
stage decides is worked out once, for all mappings that share it. In a stage the walk goes depth first over the dims and leaves
a branch that does not fit: undecided factors count as 1, and no later choice makes a tile or a fan-out smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.accelerator import nest
from archgym.envs.accelerator.nest.counts import OUTPUTS, distinct, tile_words
from archgym.jit import inlined

INNER, OUTER = 0, 1
SOURCE = (source_hash(Path(__file__).parent) ^ source_hash(Path(nest.__file__).parent)) | 1


@inlined
def set_bounds(w, d, first, last):
    """Tile bounds of one dim at levels ``first`` down to ``last``."""
    for i in range(first, last - 1, -1):
        w.bounds[i, d] = w.bounds[i + 1, d] * w.temporal[i, d] * w.spatial[i, d]


@inlined
def fits(plan, w, first, last):
    """Whether the tiles of levels ``first`` … ``last - 1`` are within their capacities; keeps their words."""
    for i in range(first, last):
        need = 0.0
        for t in range(3):
            if plan.keep[i, t]:
                w.words[i, t] = tile_words(t, w.bounds[i], plan.stride)
                need += w.words[i, t]
        w.need[i] = need
        if need > plan.limits[i, 0]:
            return False
    return True


# -- first stage: along the mesh --------------------------------------------------------------------------------------------


@inlined
def within(plan, classes):
    """Whether all fan-outs are within columns and rows."""
    for i in range(plan.keep.shape[0]):
        x, y = 1, 1
        for d in range(8):
            if classes[d] >= 0:
                x *= plan.spread[classes[d], i, 0]
                y *= plan.spread[classes[d], i, 1]
        if x > plan.limits[i, 1] or y > plan.limits[i, 2]:
            return False
    return True


def make_spreads(source: int) -> Callable[..., Any]:
    """All choices along the mesh within its columns and rows, ``int64 (K, 8)``: numbers in ``plan.spread``."""

    @njit(nogil=True, cache=True)
    def spreads(plan):
        found, classes = np.empty((64, 8), np.int64), np.full(8, -1, np.int64)
        n, depth = 0, 0 if source else -1
        while depth >= 0:
            start = plan.spread_start[depth]
            classes[depth] = start if classes[depth] < 0 else classes[depth] + 1
            if classes[depth] == start + plan.spread_number[depth]:
                classes[depth] = -1
                depth -= 1
            elif within(plan, classes):
                if depth < 7:
                    depth += 1
                    continue
                if n == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[n] = classes
                n += 1
        return found[:n]

    kernel: Callable[..., Any] = spreads
    return kernel


@inlined
def enter_spread(plan, w, classes):
    """Take one choice along the mesh; whether it can fit. Dims with a single inner choice take it."""
    levels, free = plan.keep.shape[0], 0
    w.steps[0] = 1.0
    for d in range(8):
        s, share = classes[d], plan.total[d]
        w.classes[d] = s
        for i in range(levels):
            w.spatial[i, d] = plan.spread[s, i, 0] * plan.spread[s, i, 1]
            w.temporal[i, d] = 1
            w.share[i, d] = share
            share //= w.spatial[i, d]
        w.steps[0] *= share
        w.bounds[0, d], w.bounds[levels, d] = plan.total[d], 1
        set_bounds(w, d, levels - 1, 1)
        if plan.inner_number[s] == 1:
            take_inner(plan, w, d, plan.inner_start[s])
        else:
            w.dims[INNER, free], w.at[INNER, free] = d, -1
            free += 1
    w.cursor[INNER, 0], w.cursor[INNER, 1] = 0, free
    elements = tile_words(OUTPUTS, plan.total, plan.stride)
    for i in range(levels):
        w.elements[i] = elements
        elements /= distinct(OUTPUTS, w.spatial[i], plan.total, plan.stride)
    return fits(plan, w, 0, levels)


@inlined
def set_fanouts(plan, w, needs):
    """Columns and rows that each level must have at least, in ``needs`` ``(3 L,)``."""
    for i in range(plan.keep.shape[0]):
        needs[3 * i + 1] = needs[3 * i + 2] = 1
        for d in range(8):
            needs[3 * i + 1] *= plan.spread[w.classes[d], i, 0]
            needs[3 * i + 2] *= plan.spread[w.classes[d], i, 1]


# -- second stage: inner levels ---------------------------------------------------------------------------------------------


@inlined
def take_inner(plan, w, d, choice):
    """Temporal factors of a dim at the inner levels."""
    w.inner[d] = choice
    w.temporal[0, d] = w.temporal[1, d] = 1
    for i in range(2, plan.keep.shape[0]):
        w.temporal[i, d] = plan.inner[choice, i]
    set_bounds(w, d, plan.keep.shape[0] - 1, 1)


@inlined
def next_inner(plan, w):
    """Go on to the next choice of the inner levels that fits; False after the last one."""
    levels, k, n = plan.keep.shape[0], w.cursor[INNER, 0], w.cursor[INNER, 1]
    while k >= 0:
        if k == n:
            w.cursor[INNER, 0] = k - 1
            return True
        d = w.dims[INNER, k]
        s = w.classes[d]
        w.at[INNER, k] += 1
        if w.at[INNER, k] < plan.inner_number[s]:
            take_inner(plan, w, d, plan.inner_start[s] + w.at[INNER, k])
            if fits(plan, w, 1, levels):
                k += 1
            continue
        w.at[INNER, k] = -1
        for i in range(levels):
            w.temporal[i, d] = 1
        set_bounds(w, d, levels - 1, 1)
        k -= 1
    return False


@inlined
def enter_inner(plan, w):
    """Work out what all mappings of this inner choice share; whether they can fit. Dims with one outer choice take it."""
    levels, free = plan.keep.shape[0], 0
    for d in range(8):
        c = w.inner[d]
        w.temporal[0, d] = w.temporal[1, d] = 1
        if plan.outer_number[c] == 1:
            take_outer(plan, w, d, plan.outer_start[c])
        else:
            set_bounds(w, d, 1, 1)
            w.dims[OUTER, free], w.at[OUTER, free] = d, -1
            free += 1
    w.cursor[OUTER, 0], w.cursor[OUTER, 1] = 0, free
    for t in range(3):
        below = 1.0
        for i in range(levels - 1, -1, -1):
            if i > 0:
                below *= distinct(t, w.spatial[i], w.bounds[i + 1], plan.stride)
            w.below[i, t] = below
            if plan.keep[i, t]:
                below = 1.0
    w.relay[0] = 1
    for i in range(levels - 1, -1, -1):
        w.pick[i], w.looped[i] = 0, looped(w.temporal[i])
        if i > w.relay[0] and plan.pick_number[i, w.looped[i]] > 1:
            w.relay[0] = i
    lay(plan, w, levels - 1)
    return fits(plan, w, 1, levels)


# -- third stage: the two outermost levels, and orders ----------------------------------------------------------------------


@inlined
def take_outer(plan, w, d, choice):
    """Temporal factors of a dim at the two outermost levels."""
    w.outer[d] = choice
    w.temporal[0, d], w.temporal[1, d] = plan.outer[choice, 0], plan.outer[choice, 1]
    set_bounds(w, d, 1, 1)


@inlined
def next_outer(plan, w):
    """Go on to the next choice of the outer levels that fits; False after the last one."""
    k, n = w.cursor[OUTER, 0], w.cursor[OUTER, 1]
    while k >= 0:
        if k == n:
            w.cursor[OUTER, 0] = k - 1
            return True
        d = w.dims[OUTER, k]
        c = w.inner[d]
        w.at[OUTER, k] += 1
        if w.at[OUTER, k] < plan.outer_number[c]:
            take_outer(plan, w, d, plan.outer_start[c] + w.at[OUTER, k])
            if fits(plan, w, 1, 2):
                k += 1
            continue
        w.at[OUTER, k] = -1
        w.temporal[0, d] = w.temporal[1, d] = 1
        set_bounds(w, d, 1, 1)
        k -= 1
    return False


@inlined
def looped(temporal):
    """Set of the dims that have a loop, as bits."""
    found = 0
    for d in range(8):
        if temporal[d] > 1:
            found |= 1 << d
    return found


@inlined
def lay(plan, w, first):
    """Lay out the loops of levels ``first`` … 0 in the orders picked; those further in lie already."""
    k = w.outside[first + 1]
    for i in range(first, -1, -1):
        order = plan.orders[i, plan.picks[i, w.looped[i], w.pick[i]]]
        for j in range(8):
            d = order[j]
            if w.temporal[i, d] > 1:
                w.nest[k, 0], w.nest[k, 1], w.nest[k, 2] = d, w.temporal[i, d], i
                k += 1
        w.outside[i] = k
    w.trips[k] = 1.0
    for j in range(k - 1, -1, -1):
        w.trips[j] = w.trips[j + 1] * w.nest[j, 1]


@inlined
def first_order(plan, w):
    """The first order of a choice of all factors."""
    w.looped[0], w.looped[1] = looped(w.temporal[0]), looped(w.temporal[1])
    lay(plan, w, w.relay[0])


@inlined
def next_order(plan, w):
    """Go on to the next order that differs; False after the last one."""
    for i in range(plan.keep.shape[0]):
        w.pick[i] += 1
        if w.pick[i] < plan.pick_number[i, w.looped[i]]:
            lay(plan, w, i)
            return True
        w.pick[i] = 0
    return False


@inlined
def order_number(plan, w):
    """Number of the orders of all levels, as in `MapSpace.orders`."""
    number = 0
    for i in range(plan.keep.shape[0]):
        number += plan.radix[i] * plan.picks[i, w.looped[i], w.pick[i]]
    return number


spreads = make_spreads(SOURCE)
