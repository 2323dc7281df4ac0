"""Tables of a layer's mappings, thinned by dominance: made once per layer, searched for every hardware design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.space import FloatArray, IntArray

from .plan import FILLS, INPUTS, READS, make_plan, make_work
from .space import MapSpace


@dataclass(frozen=True)
class Table:
    """The mappings of one layer that can be best for some hardware within the limits, and a few that cannot.

    Args:
        layer, space: of what.
        choices: ``int64 (K, 9)``: per dim which split, then which order.
        needs: ``int64 (K, 3 L)``: per level the least words, columns and rows; words rounded up to those on offer.
        counts: ``float64 (K, 1 + A)``: compute steps, then the words of each active count per instance.
        active: ``int64 (A, 3)``: level, tensor and kind (reads, fills, updates) of each count.
        walked: mappings within the limits, before thinning.
    """

    layer: Layer
    space: MapSpace
    choices: IntArray
    needs: IntArray
    counts: FloatArray
    active: IntArray
    walked: int

    @cached_property
    def least(self) -> IntArray:
        """``int64 (3 L,)``: what hardware must offer at least for any of the mappings, column by column."""
        return np.asarray(self.needs.min(axis=0, initial=1 << 62))

    def arrays(self, row: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Temporal factors, order, factors along X and Y of one row, ``int64 (L, 8)`` each."""
        return arrays_of(self.layer, self.space, self.choices[row])

    def mapping(self, row: int) -> Mapping:
        """One row as a mapping."""
        return Mapping.from_arrays(*self.arrays(row))


def arrays_of(layer: Layer, space: MapSpace, choice: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Temporal factors, order, factors along X and Y of one choice ``(9,)``, ``int64 (L, 8)`` each."""
    splits = space.splits(layer)
    factors = np.ones((3, len(space.levels), 8), np.int64)
    for d, dim in enumerate(DIMS):
        for factor, (level, axis) in zip(splits[d][choice[d]], space.places[dim], strict=True):
            factors[axis, level, d] = factor
    return factors[0], space.orders()[choice[8]], factors[1], factors[2]


def build_table(layer: Layer, space: MapSpace, keep: IntArray, fanouts: IntArray, capacities: Sequence[IntArray]) -> Table:
    """Every mapping of the space that fits the largest hardware, thinned.

    A mapping may go if another one spreads the same factors along the mesh, and no level of the other needs a larger capacity
    among those on offer or has a higher access count per instance: steps and fan-outs are the same then, and cycles, energy
    and every requirement are monotone in the rest, whatever energies, bandwidths and block sizes the hardware has.

    Args:
        layer, space: of what.
        keep: ``int64 (L, 3)``, 1 where a level keeps a tensor.
        fanouts: ``int64 (L, 2)``, the largest columns and rows.
        capacities: per level the words on offer, ascending.
    """
    from .front import front
    from .walk import spreads

    plan = make_plan(layer, space, keep, np.column_stack([[offered[-1] for offered in capacities], fanouts]))
    levels, number = len(plan.keep), np.ones(len(plan.keep), np.int64)
    offered = plan.limits[:, :1].repeat(max(map(len, capacities)), axis=1)
    for i, words in enumerate(capacities):
        number[i], offered[i, : len(words)] = len(words), words
    several = np.flatnonzero(number > 1)
    choices, needs, counts, fit = front(plan, make_work(levels), spreads(plan), offered, number, several, _telling(plan.active))
    return Table(layer, space, choices, needs[:, : 3 * len(keep)], counts, plan.active, fit * len(space.orders()))


def _telling(active: IntArray) -> IntArray:
    """Columns of the counts that the others follow from where mappings spread alike: fills, and reads of inputs."""
    follows = (active[:, 2] != FILLS) & ((active[:, 2] != READS) | (active[:, 1] != INPUTS))
    return np.asarray(1 + np.flatnonzero(~follows))
