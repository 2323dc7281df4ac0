"""The best placement known: simulated annealing over swaps, insertions and reversals (Pipette, Yim 2024), from every rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.jit import inlined
from archgym.space import FloatArray, IntArray

from .orders import RULES
from .placement import Layout, placed_bandwidths, traffic

SWAP, INSERT, REVERSE = 0, 1, 2
HOT, COLD = 0.03, 1e-4  # first and last temperature, relative to the cost of the start; tried on random clusters of 16-64
MEAN = 1.0  # weight of the mean edge: most moves do not touch the slowest, and would look all the same without


class Wire(NamedTuple):
    """Bytes over the slowest link of each kind of traffic in an iteration: ``sum(bytes / bandwidth)`` is the cost, seconds."""

    pipeline: float
    data: float
    inner: float = 0.0


class Placed(NamedTuple):
    """A placement, ``int64 (nodes,)``, and its cost in seconds."""

    permutation: IntArray
    cost: float


def placement_cost(matrix: FloatArray, permutations: IntArray, layout: Layout, wire: Wire) -> FloatArray:
    """Seconds on the slowest links, ``float64 (N,)``; NaN where the run does not fit the cluster."""
    return np.asarray((np.array(wire) / placed_bandwidths(matrix, permutations, layout)).sum(axis=1))


def anneal(matrix: FloatArray, layout: Layout, wire: Wire, seed: int = 0, steps: int = 40_000, restarts: int = 1) -> Placed:
    """The cheapest placement met from every rule's order and ``restarts`` random ones; never dearer than a rule's.

    Args:
        matrix: bytes/s from node to node, ``float64 (nodes, nodes)``.
        layout: how the run's ranks are numbered; it must fit the cluster.
        wire: what each kind of traffic carries.
        seed: of all randomness; equal seeds give equal placements.
        steps: moves tried per start.
        restarts: random starts beside the rules'.
    """
    rng = np.random.default_rng(seed)
    starts = [rule(matrix) for rule in RULES.values()]
    starts += [rng.permutation(len(matrix)).astype(np.int64) for _ in range(restarts)]
    ends = np.array([_annealed(rng, matrix, start, layout, wire, steps) for start in starts])
    costs = placement_cost(matrix, ends, layout, wire)
    best = int(costs.argmin())
    return Placed(ends[best], float(costs[best]))


def _annealed(
    rng: np.random.Generator, matrix: FloatArray, start: IntArray, layout: Layout, wire: Wire, steps: int
) -> IntArray:
    moves = np.stack([rng.integers(3, size=steps), *rng.integers(len(matrix), size=(2, steps))], axis=1)
    best, links = start.copy(), np.require(matrix, requirements=("C", "W"))
    walk(links, start.copy(), best, np.array(layout, dtype=np.int64), np.array(wire), moves, rng.random(steps))
    return best


@inlined
def energy(matrix: Any, permutation: Any, layout: Any, wire: Any) -> Any:
    """Cost, and the cost that guides: with the mean edge's."""
    pp, dp, inner, node, order, wraps = layout
    pipe, data, cell = traffic(matrix, permutation, pp, dp, inner, node, order, wraps)
    cost = wire[0] / pipe[0] + wire[1] / data[0] + wire[2] / cell[0]
    mean = (wire[0] * pipe[1] + wire[1] * data[1] + wire[2] * cell[1]) / (pp * dp)
    return cost, cost + MEAN * mean


@inlined
def moved(permutation: Any, kind: int, i: int, j: int, out: Any) -> None:
    """Fill ``out`` with the permutation after one move."""
    for k in range(permutation.size):
        out[k] = permutation[k]
    low, high = min(i, j), max(i, j)
    if kind == SWAP:
        out[i], out[j] = permutation[j], permutation[i]
    elif kind == REVERSE:
        for k in range(low, high + 1):
            out[k] = permutation[low + high - k]
    else:
        sign = 1 if j > i else -1
        for k in range(i, j, sign):
            out[k] = permutation[k + sign]
        out[j] = permutation[i]


def make_walk(source: int) -> Any:
    """The loop over moves; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def walk(matrix: Any, now: Any, best: Any, layout: Any, wire: Any, moves: Any, luck: Any) -> None:
        cost, guide = energy(matrix, now, layout, wire)
        lowest, new = (cost, guide), np.empty_like(now)
        scale, steps = guide * HOT, moves.shape[0] if source else 0
        for step in range(steps):
            kind, i, j = moves[step]
            moved(now, kind, i, j, new)
            cost, other = energy(matrix, new, layout, wire)
            temperature = scale * (COLD / HOT) ** (step / steps)
            if other <= guide or luck[step] < np.exp((guide - other) / temperature):
                guide = other
                now[:] = new
                if (cost, other) < lowest:
                    lowest = (cost, other)
                    best[:] = new

    return walk


walk = make_walk(source_hash(Path(__file__).parent))
