"""Spreads over the mesh: every choice of spatial factors, with what it fixes and what it bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.space import FloatArray, IntArray

from .space import ALONG_X, ALONG_Y, MapSpace, divisors

G, C, M, R, S, N, P, Q = range(8)
RELEVANT = np.array([[d in dims for d in DIMS] for dims in ("GCMRS", "GCRSNPQ", "GMNPQ")])
BLOCK, READ_BANDWIDTH, WRITE_BANDWIDTH, READ_PJ, WRITE_PJ = range(5)
SLACK = 1e-6  # words: shares of inputs are no whole numbers, and a bound must not be rounded up past one


@dataclass(frozen=True)
class Spreads:
    """K spreads of one layer, with bounds that hold for every mapping with that spread.

    Args:
        x, y: ``int64 (K, L, 8)`` factors along both axes.
        steps: ``float64 (K,)`` compute steps.
        below: ``float64 (K, L, 3)`` different tiles under one instance of the next outer level that keeps the tensor, per tile
            of this level; exact but for input windows that coincide, where it is the least over all child tiles.
        part: ``float64 (K, L)`` outputs of one instance.
        used: ``float64 (K, L)`` instances.
        fixed: ``float64 (K,)`` energy in pJ that no temporal factor changes: multiplications and their operands.
        load: ``float64 (K, L, 2)`` operands' words at each level's read and write port, per instance, as fixed.
        cycles: ``float64 (K,)`` lower bound.
        energy: ``float64 (K,)`` lower bound in pJ.
    """

    x: IntArray
    y: IntArray
    steps: FloatArray
    below: FloatArray
    part: FloatArray
    used: FloatArray
    fixed: FloatArray
    load: FloatArray
    cycles: FloatArray
    energy: FloatArray

    @property
    def factors(self) -> IntArray:
        """``int64 (K, L, 8)``, both axes together."""
        return self.x * self.y


def parents(keep: IntArray) -> IntArray:
    """``int64 (L + 1, 3)``: the next outer level that keeps a tensor, of each level and of the multipliers."""
    found = np.zeros((len(keep) + 1, 3), np.int64)
    for k in range(1, len(keep) + 1):
        found[k] = np.where(keep[k - 1] > 0, k - 1, found[k - 1])
    return found


def all_spreads(layer: Layer, architecture: Architecture, space: MapSpace) -> Spreads:
    """Every spread that the limits and fan-outs allow; of those with the same factors along both axes together, one."""
    x = y = np.ones((1, len(architecture.levels), 8), np.int64)
    for i, level in enumerate(architecture.levels):
        along = [_along(layer, space, i, axis, level.fanout[axis - 1]) for axis in (ALONG_X, ALONG_Y)]
        both = _pairs(along[0], along[1], np.array(layer.bounds))
        a, b = np.divmod(np.arange(len(x) * len(both[0])), len(both[0]))
        x, y = x[a].copy(), y[a].copy()
        x[:, i], y[:, i] = both[0][b], both[1][b]
        whole = (np.array(layer.bounds) % (x * y).prod(axis=1) == 0).all(axis=1)
        x, y = x[whole], y[whole]
    return _bounded(layer, architecture, x, y)


def _along(layer: Layer, space: MapSpace, level: int, axis: int, most: int) -> IntArray:
    """Factors per dim along one axis, ``int64 (K, 8)``."""
    found: list[tuple[int, tuple[int, ...]]] = [(1, ())]
    for dim, bound in zip(DIMS, layer.bounds, strict=True):
        free = any(place == (level, axis) for place in map(tuple, space.places[dim].tolist()))
        options = [d for d in divisors(bound) if d <= most] if free else [1]
        found = [(size * d, (*row, d)) for size, row in found for d in options if size * d <= most]
    return np.array([row for _, row in found], np.int64)


def _pairs(x: IntArray, y: IntArray, bounds: IntArray) -> tuple[IntArray, IntArray]:
    a, b = np.divmod(np.arange(len(x) * len(y)), len(y))
    together = x[a] * y[b]
    whole = (bounds % together == 0).all(axis=1)
    _, first = np.unique(together[whole], axis=0, return_index=True)
    return x[a[whole][first]], y[b[whole][first]]


def _distinct(t: int, factors: IntArray) -> FloatArray:
    """Different tiles under a fan-out, ``(...)`` of factors ``(..., 8)``; for inputs the most there can be."""
    return np.asarray(np.where(RELEVANT[t], factors, 1).prod(axis=-1).astype(np.float64))


def _fewest(layer: Layer, factors: IntArray) -> FloatArray:
    """Different input tiles under each fan-out at least, ``(K, L)``: windows coincide as they do for the best child tile."""
    fewest = _distinct(1, factors)
    inside = np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    for a, b in ((P, R), (Q, S)):
        rows, levels = np.nonzero((factors[..., a] > 1) & (factors[..., b] > 1))
        for k, i in zip(rows, levels, strict=True):
            case = [(int(factors[k, i, d]), int(inside[k, i, d]), layer.bounds[d] // int(inside[k, 0, d])) for d in (a, b)]
            fewest[k, i] *= _fewest_sums(*case, layer.stride) / (case[0][0] * case[1][0])
    return fewest


@lru_cache(maxsize=65536)
def _fewest_sums(a: tuple[int, int, int], b: tuple[int, int, int], stride: int) -> int:
    """Least number of different sums of window and filter offsets. Per dim: copies, least extent of all, temporal rest.

    Of ``i * x + j * y`` with ``i < count_a``, ``j < count_b``, those coincide whose difference is a multiple of both steps.
    """
    (count_a, whole_a, rest_a), (count_b, whole_b, rest_b) = a, b
    least = count_a * count_b
    for m, n in product(divisors(rest_a), divisors(rest_b)):
        x, y = whole_a // count_a * m * stride, whole_b // count_b * n
        g = gcd(x, y)
        least = min(least, count_a * count_b - max(0, count_a - y // g) * max(0, count_b - x // g))
    return least


def _touched(layer: Layer) -> FloatArray:
    """Words of each tensor that are used at all: a stride above the filter's size skips input rows."""
    rows = min((layer.P - 1) * layer.stride + layer.R, layer.P * layer.R)
    columns = min((layer.Q - 1) * layer.stride + layer.S, layer.Q * layer.S)
    weights, _, outputs = layer.words
    return np.array([weights, layer.G * layer.N * layer.C * rows * columns, outputs], np.float64)


def _blocks(words: FloatArray, port: FloatArray) -> FloatArray:
    return np.asarray(np.ceil(words / port[BLOCK] - SLACK))


def _bounded(layer: Layer, architecture: Architecture, x: IntArray, y: IntArray) -> Spreads:
    """Bounds: every word that is used comes at least once into some instance of each level that keeps its tensor."""
    keep, ports, levels = architecture.keep, architecture.ports, len(architecture.levels)
    factors = x * y
    n, parent, touched = len(x), parents(keep), _touched(layer)
    used = np.concatenate([np.ones((n, 1)), np.cumprod(factors.prod(axis=2), axis=1)], axis=1)
    steps = layer.macs / used[:, -1]
    below, above = np.ones((n, levels + 1, 3)), np.ones((n, levels + 1, 3))
    for t in range(3):
        least = _fewest(layer, factors) if t == 1 else _distinct(t, factors)
        above[:, 1:, t] = np.cumprod(_distinct(t, factors), axis=1)
        for k in range(1, levels + 1):
            below[:, k, t] = least[:, parent[k, t] : k].prod(axis=1)
    part = touched[2] / above[:, :levels, 2]
    energy = np.full(n, layer.macs * architecture.mac_pj)
    fixed = energy.copy()
    reads, writes, load = np.zeros((n, levels)), np.zeros((n, levels)), np.zeros((n, levels, 2))
    for t in range(3):
        for k in [*np.flatnonzero(keep[:, t])[1:], levels]:
            p = parent[k, t]
            filled = steps if k == levels else touched[t] / above[:, k, t]
            served = np.maximum(filled * below[:, k, t], touched[t] / above[:, p, t] if t == 2 else 0.0)
            first = part[:, p] if t == 2 else 0.0
            updates = served if t == 2 else np.zeros(n)
            reads[:, p] += served - first
            writes[:, p] += updates
            spent = used[:, p] * (
                _blocks(served - first, ports[p]) * ports[p, READ_PJ] + _blocks(updates, ports[p]) * ports[p, WRITE_PJ]
            )
            if k < levels:
                kept = np.maximum(filled - part[:, k], 0.0) if t == 2 else filled
                writes[:, k] += kept
                spent = spent + used[:, k] * _blocks(kept, ports[k]) * ports[k, WRITE_PJ]
            else:
                fixed += spent
                load[:, p, 0] += served - first
                load[:, p, 1] += updates
            energy += spent
    busy = np.maximum(reads / ports[:, READ_BANDWIDTH], writes / ports[:, WRITE_BANDWIDTH]).max(axis=1)
    cycles = np.maximum(steps, np.ceil(busy - SLACK))
    return Spreads(x, y, steps, below[:, :levels], part, used[:, :levels], fixed, load, cycles, energy)
