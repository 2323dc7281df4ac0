"""Lower bounds of one spread's energy within a cap on cycles, by the chain and by prices on busy ports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.envs.accelerator.nest.evaluate import evaluate
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.space import FloatArray, IntArray

from .plan import active_counts
from .space import MapSpace, divisors
from .spreads import READ_BANDWIDTH, WRITE_BANDWIDTH, Spreads, all_spreads, parents

PORTS, ROUNDS = 3, 8  # priced one after the other, and chains per port, at most
ROOM = 2_000_000  # states of one chain, at most
Port = tuple[int, int]


@dataclass(frozen=True)
class Sample:
    """One mapping, its cycles, energy in pJ, and words at each read and write port per instance, ``float64 (L, 2)``."""

    mapping: Mapping
    cycles: float
    energy: float
    load: FloatArray

    def worst(self, bandwidth: FloatArray) -> Port:
        """The busiest port: level, then 0 for reads and 1 for writes."""
        level, kind = divmod(int(np.argmax(self.load / bandwidth)), 2)
        return level, kind

    def tolled(self, price: FloatArray, port: Port) -> float:
        """Energy with the tolls of all ports but one."""
        tolls = price * self.load
        return self.energy + float(tolls.sum() - tolls[port])


@dataclass
class Relaxation:
    """One layer on one architecture within a map space; ``nodes`` counts the transitions of all chains so far."""

    layer: Layer
    architecture: Architecture
    space: MapSpace
    nodes: int = 0

    @cached_property
    def spreads(self) -> Spreads:
        """All choices of spatial factors."""
        return all_spreads(self.layer, self.architecture, self.space)

    @cached_property
    def allowed(self) -> IntArray:
        """``int64 (L, 8)``: 1 where a level may have a temporal loop."""
        return np.array([[int(d in level.temporal) for d in DIMS] for level in self.space.levels], np.int64)

    @cached_property
    def orders(self) -> tuple[IntArray, IntArray]:
        """Orders per level ``int64 (L, K, 8)``, and how many."""
        found = [self.space.orders_of(level) for level in self.space.levels]
        table = np.zeros((len(found), max(map(len, found)), 8), np.int64)
        for i, orders in enumerate(found):
            table[i, : len(orders)] = [[DIMS.index(d) for d in order] for order in orders]
        return table, np.array([len(orders) for orders in found], np.int64)

    @cached_property
    def bandwidth(self) -> FloatArray:
        """``float64 (L, 2)``: words per cycle of read and write ports."""
        return self.architecture.ports[:, READ_BANDWIDTH : WRITE_BANDWIDTH + 1]

    def load(self, k: int) -> float:
        """Transitions of one chain at most; infinite where its states need too much room."""
        totals = np.array(self.layer.bounds) // self.spreads.factors[k].prod(axis=0)
        steps, states = 1, 1
        for found in map(divisors, totals.tolist()):
            states *= len(found)
            steps *= sum(b % a == 0 for a in found for b in found)
        weights, inputs, outputs = (self.architecture.keep[1:].sum(axis=0) + 1).tolist()
        return steps * int(self.orders[1].sum()) if states * weights * inputs * inputs * outputs <= ROOM else math.inf

    def relaxed(self, k: int, cap: float, price: FloatArray) -> tuple[float, Sample | None]:
        """Bound in pJ of one spread within a cap under prices, and its mapping; infinite and None where there is none.

        The chain's least energy with tolls, less what a port pays that is busy for the whole cap: a bound at any price.
        """
        from .chain import chain

        spreads, keep, limits = self.spreads, self.architecture.keep, self.architecture.limits
        spread = spreads.factors[k]
        inner = np.cumprod(spread[::-1], axis=0)[::-1].copy()
        totals = np.array(self.layer.bounds) // inner[0]
        temporal, picked, work = np.ones_like(spread), np.zeros(len(keep), np.int64), np.zeros(1, np.int64)
        fixed = (self.layer.stride, keep, limits[:, 0].copy(), self.allowed, *self.orders, spread, totals, inner, parents(keep))
        known = (spreads.below[k], spreads.used[k], spreads.part[k], self.architecture.ports, float(cap), price)
        energy = chain(*fixed, *known, temporal, picked, work)
        self.nodes += int(work[0])
        if energy == math.inf:
            return math.inf, None
        paid = price > 0
        tolls = float((price[paid] * (spreads.load[k][paid] - self.bandwidth[paid] * cap)).sum()) if paid.any() else 0.0
        order = np.array([self.orders[0][i, o] for i, o in enumerate(picked)])
        sample = price_exactly(self.layer, self.architecture, temporal, order, spreads.x[k], spreads.y[k])
        return energy + float(spreads.fixed[k]) + tolls, sample


def price_exactly(
    layer: Layer, architecture: Architecture, temporal: IntArray, order: IntArray, x: IntArray, y: IntArray
) -> Sample:
    """One legal mapping, ``int64 (L, 8)`` each, by `search.price`."""
    from .search import search

    result = evaluate(layer, architecture, *(part[None] for part in (temporal, order, x, y)))
    active = active_counts(architecture.keep)
    needs = np.stack([np.zeros(len(x), np.int64), x.prod(axis=1), y.prod(axis=1)], axis=1).reshape(1, -1)
    counts = np.concatenate([result.steps[:1], result.counts[0][tuple(active.T)]])[None]
    best, out = np.empty(1, np.int64), np.empty((1, 2))
    hardware = (architecture.limits.reshape(1, -1), architecture.ports[None], np.array([layer.macs * architecture.mac_pj]))
    search(needs, counts, active, *hardware, np.zeros(1, np.int64), best, out)
    words = result.counts[0].sum(axis=1)
    load = np.stack([words[:, 0], words[:, 1] + words[:, 2]], axis=1)
    return Sample(Mapping.from_arrays(temporal, order, x, y), float(out[0, 0]), float(out[0, 1]), load)


def toll(
    relaxation: Relaxation, k: int, cap: float, price: FloatArray, bound: float, over: Sample
) -> tuple[float, list[Sample]]:
    """Price the port that ``over`` overloads until the bound grows no more; ``price`` stays at the best.

    As a function of the price, the bound is the lowest of lines, one per mapping: the next price is where the lines of the
    best mapping above the port's room and of the best one within it cross (Kelley's cutting planes in one dimension).
    """
    port = over.worst(relaxation.bandwidth)
    room = float(relaxation.bandwidth[port]) * cap
    within: Sample | None = None
    met: list[Sample] = []
    value, best = 4.0 * bound / (over.load[port] - room), float(price[port])
    for _ in range(ROUNDS):
        price[port] = value
        found, sample = relaxation.relaxed(k, cap, price)
        if sample is None:
            break
        met.append(sample)
        if found > bound:
            bound, best = found, value
        over, within = (sample, within) if sample.load[port] > room else (over, sample)
        if within is None:
            value *= 8.0
            continue
        crossing = (within.tolled(price, port) - over.tolled(price, port)) / (over.load[port] - within.load[port])
        if crossing <= 0 or abs(crossing - value) <= 1e-9 * value:
            break
        value = crossing
    price[port] = best
    return bound, met


def least(relaxation: Relaxation, k: int, cap: float) -> tuple[float, list[Sample]]:
    """Lower bound in pJ of one spread within a cap on cycles, and the mappings met; infinite and none where there is none.

    The first mapping is that of the bound without prices. Where it takes longer than the cap, the port that holds it up is
    priced, then the next one.
    """
    price = np.zeros_like(relaxation.bandwidth)
    bound, sample = relaxation.relaxed(k, cap, price)
    met = [sample] if sample else []
    for _ in range(PORTS):
        last = met[-1] if met else None
        if last is None or last.cycles <= cap:
            break
        bound, more = toll(relaxation, k, cap, price, bound, last)
        met += more
    return bound, met
