"""A layer's map space laid out for the walk: splits sorted by stages, orders by what they can change, and scratch room."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.architecture import UNLIMITED
from archgym.space import BoolArray, FloatArray, IntArray

from .space import TEMPORAL, Limits, MapSpace

READS, FILLS, UPDATES = 0, 1, 2
INPUTS, OUTPUTS = 1, 2


class Plan(NamedTuple):
    """What a walk reads. A dim's split is decided in three stages: along the mesh, in the inner levels, in the outer two.

    Choices of all dims stand in one array per stage; a choice of one stage knows where those of the next begin, and how many.
    Larger factors come first: they beat others more often than they are beaten, so fewer rows of a table come and go.

    Attributes:
        stride, total: of the layer; bounds ``(8,)``.
        keep, limits: ``(L, 3)``: tensors kept; capacity in words, columns and rows.
        spread: ``(S, L, 2)`` factors along X and Y; ``spread_start``, ``spread_number`` ``(8,)`` per dim.
        inner: ``(I, L)`` temporal factors of the levels from the third on; ``inner_start``, ``inner_number`` ``(S,)``.
        outer: ``(O, 2)`` temporal factors of the first two levels; ``outer_start``, ``outer_number`` ``(I,)``.
        split: ``(O,)`` number of the split that a full choice is.
        orders: ``(L, K, 8)`` on offer, innermost first; ``radix`` ``(L,)``: what one step counts in the number of all orders.
        picks: ``(L, 256, K)`` per set of dims with a loop the orders that differ, ``(L, 256)`` ``pick_number`` how many.
        active: ``(A, 3)`` level, tensor and kind of each count; ``slots`` ``(L, 3)`` column of the first one of a tensor.
    """

    stride: int
    total: IntArray
    keep: IntArray
    limits: IntArray
    spread: IntArray
    spread_start: IntArray
    spread_number: IntArray
    inner: IntArray
    inner_start: IntArray
    inner_number: IntArray
    outer: IntArray
    outer_start: IntArray
    outer_number: IntArray
    split: IntArray
    orders: IntArray
    radix: IntArray
    picks: IntArray
    pick_number: IntArray
    active: IntArray
    slots: IntArray


class Work(NamedTuple):
    """What a walk writes: where it stands, and what it knows there. Shapes as in `nest.counts`."""

    classes: IntArray  # (8,) choice along the mesh, per dim
    steps: FloatArray  # (1,)
    temporal: IntArray
    spatial: IntArray
    bounds: IntArray
    share: IntArray  # (L, 8) of the bounds, what one instance of a level goes through
    words: FloatArray  # (L, 3) of the tiles
    need: FloatArray  # (L,) words of all tiles kept
    elements: FloatArray  # (L,) outputs that one instance touches
    below: FloatArray  # (L, 3) different tiles below a level, down to the next one that keeps the tensor
    dims: IntArray  # (2, 8) inner and outer: dims with a choice
    at: IntArray  # (2, 8) their choices
    cursor: IntArray  # (2, 2) dim to go on with, number of dims with a choice
    inner: IntArray  # (8,) choice of the inner levels, per dim
    outer: IntArray  # (8,) choice of the outer levels, per dim
    pick: IntArray  # (L,) order
    looped: IntArray  # (L,) set of dims with a loop
    relay: IntArray  # (1,) innermost of the levels whose order can change while the inner choice stays, 1 at least
    nest: IntArray  # (8 L, 3) dim, iterations and level of all loops, innermost first
    outside: IntArray  # (L + 1,) first loop of the nest that is outside a level's tile
    trips: FloatArray  # (8 L + 1,) iterations of this loop and all outside it


def make_work(levels: int) -> Work:
    """Scratch room for one walk."""
    n = 8 * levels
    return Work(
        classes=np.zeros(8, np.int64),
        steps=np.ones(1),
        temporal=np.ones((levels, 8), np.int64),
        spatial=np.ones((levels, 8), np.int64),
        bounds=np.ones((levels + 1, 8), np.int64),
        share=np.ones((levels, 8), np.int64),
        words=np.zeros((levels, 3)),
        need=np.zeros(levels),
        elements=np.zeros(levels),
        below=np.ones((levels, 3)),
        dims=np.zeros((2, 8), np.int64),
        at=np.zeros((2, 8), np.int64),
        cursor=np.zeros((2, 2), np.int64),
        inner=np.zeros(8, np.int64),
        outer=np.zeros(8, np.int64),
        pick=np.zeros(levels, np.int64),
        looped=np.zeros(levels, np.int64),
        relay=np.ones(1, np.int64),
        nest=np.zeros((n, 3), np.int64),
        outside=np.zeros(levels + 1, np.int64),
        trips=np.ones(n + 1),
    )


def make_plan(layer: Layer, space: MapSpace, keep: IntArray, limits: IntArray) -> Plan:
    """Lay out a space; one of a single level gets an empty second one.

    Args:
        layer, space: of what.
        keep: ``int64 (L, 3)``, 1 where a level keeps a tensor.
        limits: ``int64 (L, 3)``: capacity in words, columns and rows.

    Raises:
        BadInput: a dim greater than 1 has no place.
    """
    if len(space.levels) == 1:  # an inner level without loops and tensors changes nothing
        keep, limits = np.vstack([keep, [[0, 0, 0]]]), np.vstack([limits, [[UNLIMITED, 1, 1]]])
        space = MapSpace(space.name, (*space.levels, Limits()))
    levels = len(space.levels)
    stages = [_stages(part, space.places[dim], levels) for dim, part in zip(DIMS, space.splits(layer), strict=True)]
    spread, inner, outer, split, inner_number, outer_number = (np.concatenate(parts) for parts in zip(*stages, strict=True))
    spread_number = np.array([len(stage[0]) for stage in stages], dtype=np.int64)
    starts = (_starts(spread_number), _starts(inner_number), _starts(outer_number))
    orders, numbers, picks, pick_number = _orders(space)
    active = active_counts(keep)
    return Plan(
        layer.stride,
        np.array(layer.bounds, dtype=np.int64),
        keep,
        np.ascontiguousarray(limits),
        *(spread, starts[0], spread_number),
        *(inner, starts[1], inner_number),
        *(outer, starts[2], outer_number, split),
        *(orders, np.append(np.cumprod(numbers[:0:-1])[::-1], 1), picks, pick_number),
        *(active, _slots(active, levels)),
    )


def active_counts(keep: IntArray) -> IntArray:
    """``int64 (A, 3)``: the counts that can be other than zero, outermost level first."""
    found = []
    for i, t in zip(*np.nonzero(keep), strict=True):
        kinds = [READS, *([FILLS] if i > 0 else []), *([UPDATES] if t == OUTPUTS else [])]
        found += [(i, t, kind) for kind in kinds]
    return np.array(found, dtype=np.int64)


def _stages(splits: IntArray, places: IntArray, levels: int) -> tuple[IntArray, ...]:
    """One dim: choices along the mesh ``(S, L, 2)``, inner ``(I, L)``, outer ``(O, 2)`` and their split numbers, and how
    many inner choices each of the first has, how many outer ones each of the second."""
    stage = np.where(places[:, 1] != TEMPORAL, 0, np.where(places[:, 0] > 1, 1, 2))
    columns = np.lexsort((-places[:, 0], stage))
    order = np.lexsort(-splits[:, columns[::-1]].T) if len(columns) else np.zeros(1, np.int64)
    factors = np.ones((len(splits), levels, 3), np.int64)
    factors[:, places[:, 0], places[:, 1]] = splits[order]
    new_spread = _changes(splits[order][:, stage == 0])
    new_inner = new_spread | _changes(splits[order][:, stage == 1])
    first_spread, first_inner = np.flatnonzero(new_spread), np.flatnonzero(new_inner)
    inner_number = np.diff(np.append(np.searchsorted(first_inner, first_spread), len(first_inner)))
    outer_number = np.diff(np.append(first_inner, len(splits)))
    spread, inner = factors[first_spread, :, 1:], factors[first_inner, :, TEMPORAL]
    return spread, inner, factors[:, :2, TEMPORAL], order, inner_number, outer_number


def _changes(rows: IntArray) -> BoolArray:
    """``bool (N,)``: where a row differs from the one before it; the first one does."""
    return np.append(True, (rows[1:] != rows[:-1]).any(axis=1))


def _starts(numbers: IntArray) -> IntArray:
    return np.asarray(np.cumsum(numbers) - numbers)


def _slots(active: IntArray, levels: int) -> IntArray:
    slots = np.full((levels, 3), -1, np.int64)
    for column, (level, tensor, _) in reversed(list(enumerate(active))):
        slots[level, tensor] = 1 + column
    return slots


@lru_cache(maxsize=64)
def _orders(space: MapSpace) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Orders ``(L, K, 8)``, how many per level, and per set of looped dims those that differ ``(L, 256, K)``, how many."""
    found = [space.orders_of(level) for level in space.levels]
    numbers = np.array([len(orders) for orders in found], dtype=np.int64)
    table = np.zeros((len(found), numbers.max(), 8), np.int64)
    picks, pick_number = np.zeros((len(found), 256, numbers.max()), np.int64), np.ones((len(found), 256), np.int64)
    for i, orders in enumerate(found):
        table[i, : len(orders)] = [[DIMS.index(dim) for dim in order] for order in orders]
        for mask in range(256 if len(orders) > 1 else 0):
            different = {tuple(d for d in order if mask >> d & 1): k for k, order in reversed(list(enumerate(table[i])))}
            pick_number[i, mask] = len(different)
            picks[i, mask, : len(different)] = sorted(different.values())
    return table, numbers, picks, pick_number
