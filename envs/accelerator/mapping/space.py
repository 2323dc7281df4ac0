"""The design space of one layer on one architecture: a knob per prime factor and per loop order.

Every row factorises every bound perfectly, so a row is illegal only where a tile or a fan-out is too large. Places at which a
factor could never be legal, even alone, are not offered; orders that could never make a difference are not offered either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.mapper.space import ALONG_X, ALONG_Y, TEMPORAL, Limits, MapSpace
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.errors import BadInput
from archgym.space import DesignSpace, IntArray, Param

from .folds import RELEVANT, distinct_orders, fold_table, signature, tensors_inside

Place = tuple[int, int]  # level, and TEMPORAL, ALONG_X or ALONG_Y
MAX_FACTORS = 64


@dataclass(frozen=True)
class Factor:
    """One prime factor of a bound.

    Args:
        name: of its knob: ``C_3``, or ``C_2a``, ``C_2b``, … where the prime divides the bound more than once.
        dim: number of the dim.
        prime: the factor.
        places: where it may go, from DRAM inwards.
    """

    name: str
    dim: int
    prime: int
    places: tuple[Place, ...]


class MappingSpace:
    """Knobs of a (layer, architecture) pair and the tables that turn rows into mappings and back.

    Args:
        layer, architecture: of what.

    Attributes:
        factors: in the order of their knobs; those with one place have no knob and stay at the outermost level.
        orders: per level its loop orders on offer, innermost first; levels with fewer than two have no knob.
        space: the knobs: all factors, then all orders.
    """

    def __init__(self, layer: Layer, architecture: Architecture) -> None:
        self.layer, self.architecture = layer, architecture
        every = [self._factor(*part) for part in _named_primes(layer)]
        self.factors = tuple(f for f in every if len(f.places) > 1)
        self.fixed = tuple(f for f in every if len(f.places) == 1)
        if not self.factors or len(every) > MAX_FACTORS:
            raise BadInput(f"layer '{layer.name}' on '{architecture.name}': {len(self.factors)} factors to place (1 to 64)")
        self.orders = tuple(self._orders(i) for i in range(len(architecture.levels)))
        self.space = DesignSpace([*(self._place_knob(f) for f in self.factors), *self._order_knobs()])

    @cached_property
    def tables(self) -> tuple[IntArray, ...]:
        """What the compiled loops read.

        Dims and primes ``(K,)``; places ``(K, V)`` as 3 * level + axis, -1 beyond a knob's values; the factors of a mapping
        before any knob ``(3, L, 8)``; order choices ``(L, 5, 8)`` of dims, innermost first; columns of the order knobs
        ``(L,)``, -1 where a level has none.
        """
        dims, primes = (np.array([getattr(f, key) for f in self.factors], dtype=np.int64) for key in ("dim", "prime"))
        places = np.full((len(self.factors), max(len(f.places) for f in self.factors)), -1, np.int64)
        for k, factor in enumerate(self.factors):
            places[k, : len(factor.places)] = [3 * level + axis for level, axis in factor.places]
        base = np.ones((3, len(self.orders), 8), np.int64)
        for factor in self.fixed:
            base[TEMPORAL, 0, factor.dim] *= factor.prime
        choices = np.zeros((len(self.orders), max(map(len, self.orders)), 8), np.int64)
        for i, orders in enumerate(self.orders):
            choices[i, : len(orders)] = [_full(order) for order in orders]
        return dims, primes, places, base, choices, self.order_columns

    @cached_property
    def order_columns(self) -> IntArray:
        """``int64 (L,)``: column of each level's order knob, -1 where it has none."""
        names = [f"order_{level.name}" for level in self.architecture.levels]
        return np.array([self.space.names.index(n) if n in self.space.names else -1 for n in names], dtype=np.int64)

    @cached_property
    def folds(self) -> list[IntArray]:
        """Per level the table of :func:`~archgym.envs.accelerator.mapping.folds.fold_table`."""
        return [fold_table(o, tensors_inside(self.architecture, i)) for i, o in enumerate(self.orders)]

    @cached_property
    def twins(self) -> list[slice]:
        """Columns of equal primes of one dim: which of them is where makes no difference."""
        keys = [(f.dim, f.prime) for f in self.factors]
        starts = [k for k in range(len(keys)) if k == 0 or keys[k] != keys[k - 1]]
        return [slice(a, b) for a, b in pairwise([*starts, len(keys)]) if b - a > 1]

    @cached_property
    def map_space(self) -> MapSpace:
        """The mapper's space with the same mappings and the unbeaten orders: its optimum is this space's optimum."""
        dims = [["", "", ""] for _ in self.orders]
        dims[0][TEMPORAL] = "".join(DIMS)
        for factor in (*self.factors, *self.fixed):
            for level, axis in factor.places:
                if DIMS[factor.dim] not in dims[level][axis]:
                    dims[level][axis] += DIMS[factor.dim]
        return MapSpace(f"{self.layer.name} on {self.architecture.name}", tuple(Limits(*axes) for axes in dims))

    def row_of(self, mapping: Mapping) -> IntArray:
        """The row ``int64 (D,)`` of a mapping; its loop orders become those on offer that cost the same, or no more.

        Raises:
            BadInput: the mapping is of another layer or architecture, or has a factor where no legal mapping has one.
        """
        temporal, order, along_x, along_y = mapping.arrays()
        levels = len(self.orders)
        if len(temporal) != levels or tuple((temporal * along_x * along_y).prod(axis=0)) != self.layer.bounds:
            raise BadInput(f"the mapping is not one of layer '{self.layer.name}' on '{self.architecture.name}'")
        left = np.stack([temporal, along_x, along_y], axis=-1)
        for factor in self.fixed:
            left[0, factor.dim, TEMPORAL] //= factor.prime if left[0, factor.dim, TEMPORAL] % factor.prime == 0 else 1
        row = np.zeros(len(self.space), np.int64)
        for k, factor in enumerate(self.factors):
            row[k] = _take(factor, left)
        if (left != 1).any():
            raise BadInput(f"the mapping has a factor in a place where it cannot fit '{self.architecture.name}'")
        for level, column in enumerate(self.order_columns):
            if column >= 0:
                row[column] = self._nearest_order(level, order[level], temporal[level])
        return row

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _factor(self, name: str, dim: int, prime: int) -> Factor:
        places = [(i, axis) for i in range(len(self.architecture.levels)) for axis in self._axes(i, prime)]
        return Factor(name, dim, prime, tuple(p for p in places if p[0] == 0 or self._fits(p[0], dim, prime)))

    def _axes(self, level: int, prime: int) -> list[int]:
        fanout = self.architecture.levels[level].fanout
        return [TEMPORAL, *(axis for axis in (ALONG_X, ALONG_Y) if prime <= fanout[axis - 1])]

    def _fits(self, innermost: int, dim: int, prime: int) -> bool:
        """Whether the tiles of a level and those around it can hold the factor when all others are at the outermost."""
        shape: dict[str, Any] = {DIMS[dim]: prime, "stride": self.layer.stride}
        tile = Layer("", **shape)
        words = dict(zip(RELEVANT, tile.words, strict=True))
        return all(sum(words[t] for t in x.keeps) <= x.capacity for x in self.architecture.levels[: innermost + 1])

    def _orders(self, level: int) -> tuple[str, ...]:
        dims = {f.dim for f in (*self.factors, *self.fixed) if (level, TEMPORAL) in f.places}
        return distinct_orders("".join(DIMS[d] for d in sorted(dims)), tensors_inside(self.architecture, level))

    def _place_knob(self, factor: Factor) -> Param:
        names = [self.architecture.levels[i].name + ("", "_x", "_y")[axis] for i, axis in factor.places]
        doc = f"place of a factor {factor.prime} of {DIMS[factor.dim]}: loops of a level, or an axis of the fan-out below it"
        return Param(factor.name, tuple(names), ordered=True, doc=doc)

    def _order_knobs(self) -> list[Param]:
        named = zip(self.architecture.levels, self.orders, strict=True)
        doc = "order of the level's loops, innermost first"
        return [Param(f"order_{level.name}", orders, doc=doc) for level, orders in named if len(orders) > 1]

    def _nearest_order(self, level: int, order: IntArray, temporal: IntArray) -> int:
        """The choice that costs the same; else one led by the same loop, which by `MapSpace`'s argument costs no more."""
        tensors = tensors_inside(self.architecture, level)
        loops = "".join(DIMS[d] for d in order if temporal[d] > 1)
        seen = [signature(choice, frozenset(loops), tensors) for choice in self.orders[level]]
        given = signature(loops, frozenset(loops), tensors)
        wanted = given if given in seen else signature(_unbeaten(loops), frozenset(loops), tensors)
        return seen.index(wanted)


def _unbeaten(loops: str) -> str:
    """An order that no count makes worse: the set of the tensor that gains from the first loop innermost, led by that loop."""
    first = loops[0]
    own = next((group for group in ("PQN", "M", "RSC") if first in group), first)
    lead = first if first in "PQRS" else ""
    inner = lead + "".join(d for d in own if d != lead)
    return "".join(d for d in inner + "".join(d for d in "GCMRSNPQ" if d not in inner) if d in loops)


def _take(factor: Factor, left: IntArray) -> int:
    """Take a factor out of the outermost place that still has it; the number of that place."""
    for value, (level, axis) in enumerate(factor.places):
        if left[level, factor.dim, axis] % factor.prime == 0:
            left[level, factor.dim, axis] //= factor.prime
            return value
    return 0


def _named_primes(layer: Layer) -> list[tuple[str, int, int]]:
    found = []
    for d, bound in enumerate(layer.bounds):
        primes = _primes(bound)
        for k, prime in enumerate(primes):
            letter = chr(ord("a") + k - primes.index(prime)) if primes.count(prime) > 1 else ""
            found.append((f"{DIMS[d]}_{prime}{letter}", d, prime))
    return found


def _primes(n: int) -> list[int]:
    found, p = [], 2
    while p * p <= n:
        while n % p == 0:
            found.append(p)
            n //= p
        p += 1
    return found + ([n] if n > 1 else [])


def _full(order: Sequence[str]) -> list[int]:
    inner = [DIMS.index(d) for d in order]
    return [*inner, *(d for d in range(8) if d not in inner)]
