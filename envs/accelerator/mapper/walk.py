"""Walk through a map space: all mappings within the limits of the largest hardware, as rows of what they need and cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.accelerator import nest
from archgym.envs.accelerator.nest.counts import count_accesses, tile_bounds, tile_words
from archgym.envs.accelerator.nest.jit import inlined


@inlined
def fits(stride, keep, limits, along_x, along_y, spatial, bounds):
    """Whether tiles and fan-outs are within the limits. Undecided dims count as 1: no later choice makes anything smaller."""
    for i in range(keep.shape[0]):
        x, y, words = 1, 1, 0.0
        for d in range(8):
            x *= along_x[i, d]
            y *= along_y[i, d]
        if x > limits[i, 1] or y > limits[i, 2]:
            return False
        for t in range(3):
            if keep[i, t]:
                words += tile_words(t, bounds[i], stride)
        if words > limits[i, 0]:
            return False
    return True


@inlined
def place(choice, d, splits, start, places, factors):
    """Write one split of a dim into ``factors`` ``(3, L, 8)``: temporal, along X, along Y."""
    for p in range(places.shape[1]):
        if places[d, p, 0] >= 0:
            factors[places[d, p, 1], places[d, p, 0], d] = splits[start[d] + choice, p]


@inlined
def clear(d, factors):
    """Take a dim out again."""
    for a in range(3):
        for i in range(factors.shape[1]):
            factors[a, i, d] = 1


def make_walk(source: int) -> Callable[..., int]:
    """Depth first over the dims' splits; a branch that no longer fits is left. Counts leaves where there is no room."""

    @njit(nogil=True, cache=True)
    def walk(stride, keep, limits, sequence, splits, start, number, places, orders, active, choices, needs, counts):
        levels = keep.shape[0]
        factors = np.ones((3, levels, 8), np.int64)
        spatial = np.ones((levels, 8), np.int64)
        bounds = np.ones((levels + 1, 8), np.int64)
        words = np.zeros((levels, 3, 3))
        at = np.full(8, -1, np.int64)  # the split taken at each depth
        found, depth = 0, 0 if source else -1
        while depth >= 0:
            d = sequence[depth]
            at[depth] += 1
            if at[depth] >= number[d]:
                at[depth] = -1
                clear(d, factors)
                depth -= 1
                continue
            place(at[depth], d, splits, start, places, factors)
            for i in range(levels):
                spatial[i, d] = factors[1, i, d] * factors[2, i, d]
            for k in range(depth + 1, 8):
                for i in range(levels):
                    spatial[i, sequence[k]] = 1
            tile_bounds(factors[0], spatial, bounds)
            if not fits(stride, keep, limits, factors[1], factors[2], spatial, bounds):
                continue
            if depth < 7:
                depth += 1
                continue
            if choices.shape[0] == 0:
                found += orders.shape[0]
                continue
            for k in range(orders.shape[0]):
                steps = count_accesses(stride, keep, factors[0], orders[k], spatial, bounds, words)
                for j in range(8):
                    choices[found, sequence[j]] = at[j]
                choices[found, 8] = k
                _needs(stride, keep, factors, bounds, needs[found])
                counts[found, 0] = steps
                for j in range(active.shape[0]):
                    counts[found, 1 + j] = words[active[j, 0], active[j, 1], active[j, 2]]
                found += 1
        return found

    kernel: Callable[..., int] = walk
    return kernel


@inlined
def _needs(stride, keep, factors, bounds, row):
    """Words, columns and rows that each level must have at least, ``(3 L,)``."""
    for i in range(keep.shape[0]):
        words, x, y = 0, 1, 1
        for t in range(3):
            if keep[i, t]:
                words += int(tile_words(t, bounds[i], stride))
        for d in range(8):
            x *= factors[1, i, d]
            y *= factors[2, i, d]
        row[3 * i], row[3 * i + 1], row[3 * i + 2] = words, x, y


def make_thin(source: int) -> Callable[..., int]:
    """Drop the rows that another row of the same group beats or equals in every column; return how many stay.

    Rows come sorted by group and, inside it, by a sum that grows with every column: who beats a row comes before it.
    """

    @njit(nogil=True, cache=True)
    def thin(group, columns, keep):
        kept = 0
        first = 0  # of this group's rows among the kept ones
        for i in range(columns.shape[0] if source else 0):
            if i == 0 or group[i] != group[i - 1]:
                first = kept
            beaten = False
            for j in range(first, kept):
                k, worse = keep[j], False
                for c in range(columns.shape[1]):
                    if columns[k, c] > columns[i, c]:
                        worse = True
                        break
                if not worse:
                    beaten = True
                    break
            if not beaten:
                keep[kept] = i
                kept += 1
        return kept

    kernel: Callable[..., int] = thin
    return kernel


_SOURCE = (source_hash(Path(__file__).parent) ^ source_hash(Path(nest.__file__).parent)) | 1
walk = make_walk(_SOURCE)
thin = make_thin(_SOURCE)
