"""Cost models whose figures were measured beforehand: a design is looked up, nothing is computed but its place.

A model of this kind knows all its designs, so its optima are proved by looking at every row, its masks are exact, and an
invalid design knows how many knobs lie between it and the nearest measured one, less up to a half: the more of the designs one
knob away were measured, the nearer it is. Of designs that are the same, the nearest counts for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from archgym.costs import Costs, Metric
from archgym.model import CostModel
from archgym.objective import Objective
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray

MISSING = -1
FAR = 1 << 20  # beyond any number of knobs


class TabularModel(CostModel):
    """Designs by number into rows of a table.

    Args:
        space: the knobs; ``N`` designs, numbered as :meth:`DesignSpace.enumerate` lists them.
        metrics: the ``M`` columns.
        table: ``float64 (R, M)``, finite.
        row: row of each design, ``int64 (N,)``; ``MISSING`` where it was not measured.
        version: as of every cost model.
        missing: why a design has no row, one line.
        facts: what decides the table's numbers, as names and hashes of its sources: part of the fingerprint. The numbers
            themselves are not, for a sum may end in another last digit on another machine.
        representative: number of the design that stands for each, ``int64 (N,)``: a design and its representative have the
            same row. Each design stands for itself where None.
    """

    def __init__(
        self,
        space: DesignSpace,
        metrics: Sequence[Metric],
        table: FloatArray,
        row: IntArray,
        version: str,
        missing: str,
        facts: Sequence[str],
        representative: IntArray | None = None,
    ) -> None:
        self.space, self.metrics, self.version, self.rules = space, tuple(metrics), version, (missing,)
        if table.shape[1:] != (len(self.metrics),) or row.shape != (space.size,) or not np.isfinite(table).all():
            raise ValueError(f"a table {table.shape} and {row.shape} rows do not fit {space} and {len(self.metrics)} metrics")
        self._table = np.vstack([table, np.full((1, len(self.metrics)), np.nan)])  # the last row answers MISSING
        self._row, self._facts = row, tuple(facts)
        self._stands = np.arange(space.size, dtype=np.int64) if representative is None else representative
        self._designs = space.enumerate(0, space.size)
        self._strides = np.append(np.cumprod(space.nvec[:0:-1])[::-1], 1).astype(np.int64)
        far, self._nearest = nearest(row != MISSING, space.nvec)
        self._distance = np.full(space.size, np.inf)
        np.minimum.at(self._distance, self._stands, far)
        self._distance = self._distance[self._stands]

    def number(self, x: IntArray) -> IntArray:
        """Numbers ``int64 (N,)`` of designs ``(N, D)`` in the order of the space."""
        number: IntArray = np.matmul(x, self._strides)
        return number

    def repair(self, x: IntArray) -> IntArray:
        """The measured design that differs in the fewest knobs, the lowest number among the first values that do."""
        repaired: IntArray = self._designs[self._nearest[self.number(x)]]
        return repaired

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Exactly the values after which a measured design remains."""
        rest = (self._row != MISSING).reshape(tuple(self.space.nvec))[tuple(int(i) for i in prefix)]
        return np.asarray(rest.any(axis=tuple(range(1, rest.ndim))), dtype=np.bool_)

    def legal(self) -> Iterator[IntArray]:
        """All canonical measured designs, in one batch."""
        yield self.measured

    def optimum(self, objective: Objective) -> IntArray:
        """The best row ``(D,)``, by looking at all."""
        best: IntArray = self.measured[int(np.argmax(objective.score(self.evaluate(self.measured))))]
        return best

    @cached_property
    def measured(self) -> IntArray:
        """All canonical measured designs, ``int64 (K, D)``, in the order of the space."""
        own = self._stands == np.arange(self.space.size)
        held: IntArray = self._designs[own & (self._row != MISSING)]
        return held

    def _evaluate(self, x: IntArray) -> Costs:
        number = self.number(x)
        row = self._row[number]
        valid = row != MISSING
        return Costs(self.metrics, self._table[row], valid, (~valid).astype(np.uint64), self.rules, self._distance[number])

    def _canonical(self, x: IntArray) -> IntArray:
        return self._designs[self._stands[self.number(x)]]

    def _identity(self) -> list[str]:
        held = (self._row, self._stands)
        return [*self._facts, *(hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()[:16] for a in held)]


def nearest(valid: BoolArray, nvec: IntArray) -> tuple[FloatArray, IntArray]:
    """How far each design is from a valid one ``float64 (N,)``, and the number of a nearest one ``int64 (N,)``.

    Fewest knobs that differ, less half of the share of its neighbours that are valid: among designs as far, one with more
    valid ones around it counts as nearer. One pass per knob is exact: the number of knobs is a sum over them, each of which is
    kept (0) or set to any value (1).
    """
    shape = tuple(int(n) for n in nvec)
    distance = np.where(valid, 0, FAR).reshape(shape)
    found = np.arange(valid.size, dtype=np.int64).reshape(shape)
    for knob in range(len(shape)):
        best = np.argmin(distance, axis=knob, keepdims=True)
        moved = np.take_along_axis(distance, best, knob) + 1
        closer = moved < distance
        found = np.where(closer, np.take_along_axis(found, best, knob), found)
        distance = np.where(closer, moved, distance)
    knobs = distance.reshape(-1)
    return np.where(knobs == 0, 0.0, knobs - 0.5 * _valid_neighbours(valid, nvec)), found.reshape(-1)


def _valid_neighbours(valid: BoolArray, nvec: IntArray) -> FloatArray:
    """Share of the designs that differ in one knob which are valid, ``float64 (N,)``."""
    shape = tuple(int(n) for n in nvec)
    grid = valid.reshape(shape).astype(np.float64)
    count = sum(grid.sum(axis=knob, keepdims=True) - grid for knob in range(len(shape)))
    share: FloatArray = np.asarray(count / max(sum(shape) - len(shape), 1)).reshape(-1)
    return share
