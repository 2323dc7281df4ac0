"""Tables of a layer's mappings, thinned by dominance: made once per layer, searched for every hardware design."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.space import FloatArray, IntArray

from .space import TEMPORAL, MapSpace

READS, FILLS, UPDATES = 0, 1, 2
OUTPUTS = 2
ROOM = 1 << 21  # mappings that memory is set aside for without counting them first: untouched pages cost nothing
Rows = tuple[IntArray, IntArray, FloatArray]


@dataclass(frozen=True)
class Table:
    """The mappings of one layer that can be best for some hardware within the limits.

    Args:
        layer, space: of what.
        choices: ``int64 (K, 9)``: per dim which split, then which order.
        needs: ``int64 (K, 3 L)``: per level the least words, columns and rows; words rounded up to those on offer.
        counts: ``float64 (K, 1 + A)``: compute steps, then the words of each active count per instance.
        active: ``int64 (A, 3)``: level, tensor and kind (reads, fills, updates) of each count.
        walked: mappings within the limits before thinning.
    """

    layer: Layer
    space: MapSpace
    choices: IntArray
    needs: IntArray
    counts: FloatArray
    active: IntArray
    walked: int

    def arrays(self, row: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Temporal factors, order, factors along X and Y of one row, ``int64 (L, 8)`` each."""
        splits = self.space.splits(self.layer)
        factors = np.ones((3, len(self.space.levels), 8), np.int64)
        for d, dim in enumerate(DIMS):
            for factor, (level, axis) in zip(splits[d][self.choices[row, d]], self.space.places[dim], strict=True):
                factors[axis, level, d] = factor
        return factors[0], self.space.orders()[self.choices[row, 8]], factors[1], factors[2]

    def mapping(self, row: int) -> Mapping:
        """One row as a mapping."""
        return Mapping.from_arrays(*self.arrays(row))


def active_counts(keep: IntArray) -> IntArray:
    """``int64 (A, 3)``: the counts that can be other than zero, outermost level first."""
    found = []
    for i, t in zip(*np.nonzero(keep), strict=True):
        kinds = [READS, *([FILLS] if i > 0 else []), *([UPDATES] if t == OUTPUTS else [])]
        found += [(i, t, kind) for kind in kinds]
    return np.array(found, dtype=np.int64)


def build_table(layer: Layer, space: MapSpace, keep: IntArray, fanouts: IntArray, capacities: Sequence[IntArray]) -> Table:
    """Every mapping of the space that fits the largest hardware, thinned.

    A mapping may go if another one spreads over the mesh alike, takes as many steps, and no level of the other needs a larger
    capacity among those on offer or has a higher access count per instance: cycles, energy and every requirement are monotone
    in these, whatever energies, bandwidths and block sizes the hardware has.

    Args:
        layer, space: of what.
        keep: ``int64 (L, 3)``, 1 where a level keeps a tensor.
        fanouts: ``int64 (L, 2)``, the largest columns and rows.
        capacities: per level the words on offer, ascending.
    """
    from .walk import walk

    limits = np.column_stack([[offered[-1] for offered in capacities], fanouts])
    splits, active, orders = space.splits(layer), active_counts(keep), space.orders()
    arguments = (layer.stride, keep, limits, *_flat(space, splits), orders, active)
    most = math.prod(len(part) for part in splits) * len(orders)
    if most > ROOM:  # count first
        most = walk(*arguments, *_room(0, keep, active))
    rows = _room(most, keep, active)
    n = walk(*arguments, *rows)
    rows = _take(rows, slice(n))
    for i, offered in enumerate(capacities):
        rows[1][:, 3 * i] = offered[np.searchsorted(offered, rows[1][:, 3 * i])]
    rows = _take(rows, _thin(_inner(space, splits, rows[0]), *rows[1:]))  # small groups, quick: most rows go here
    return Table(layer, space, *_take(rows, _thin(_spread(rows[1]), *rows[1:])), active, n)


def _room(n: int, keep: IntArray, active: IntArray) -> Rows:
    return np.empty((n, 9), np.int64), np.empty((n, 3 * len(keep)), np.int64), np.empty((n, 1 + len(active)))


def _take(rows: Rows, which: slice | IntArray) -> Rows:
    return rows[0][which], rows[1][which], rows[2][which]


def _flat(space: MapSpace, splits: list[IntArray]) -> tuple[IntArray, ...]:
    """Dims in the order walked (fewest splits first), all splits in one array, where each dim's begin, how many, places."""
    number = np.array([len(part) for part in splits], dtype=np.int64)
    width = max(1, *(part.shape[1] for part in splits))
    places = np.full((8, width, 2), -1, np.int64)
    flat = np.ones((int(number.sum()), width), np.int64)
    start = np.concatenate([[0], np.cumsum(number)[:-1]])
    for d, (dim, part) in enumerate(zip(DIMS, splits, strict=True)):
        flat[start[d] : start[d] + len(part), : part.shape[1]] = part
        places[d, : part.shape[1]] = space.places[dim]
    return np.argsort(number, kind="stable"), flat, start, number, places


def _inner(space: MapSpace, splits: list[IntArray], choices: IntArray) -> IntArray:
    """Group numbers ``(N,)``: equal where all factors are, but the temporal ones of the two outermost levels."""
    group = np.zeros(len(choices), np.int64)
    for d, dim in enumerate(DIMS):
        places = space.places[dim]
        inside = splits[d][:, (places[:, 0] > 1) | (places[:, 1] != TEMPORAL)]
        _, number = np.unique(inside, axis=0, return_inverse=True)
        group = group * (int(number.max()) + 1) + number.ravel()[choices[:, d]]
    return group


def _spread(needs: IntArray) -> IntArray:
    """Group numbers ``(N,)``: equal where every fan-out is used alike."""
    group = np.zeros(len(needs), np.int64)
    for column in needs[:, np.arange(needs.shape[1]) % 3 != 0].T:
        group = group * (int(column.max(initial=1)) + 1) + column
    return group


def _thin(group: IntArray, needs: IntArray, counts: FloatArray) -> IntArray:
    """Row numbers to keep: those that no other row of their group beats or equals in all words needed and all counts."""
    from .walk import thin

    columns = np.concatenate([needs[:, ::3].astype(np.float64), counts], axis=1)
    columns = np.ascontiguousarray(columns[:, np.ptp(columns, axis=0) > 0] if len(columns) else columns)
    order = np.lexsort((columns @ (1.0 / columns.max(axis=0, initial=1.0)), group))
    kept = np.empty(len(order), np.int64)
    n = thin(group[order], columns[order], kept)
    return np.asarray(np.sort(order[kept[:n]]))
