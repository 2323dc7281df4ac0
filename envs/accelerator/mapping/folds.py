"""Which loop orders of a level cost the same, whatever the rest of the mapping is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from archgym.envs.accelerator.layer import DIMS, TENSORS
from archgym.envs.accelerator.mapper.space import UNBEATEN
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.space import IntArray

RELEVANT = {"Weights": "GCMRS", "Inputs": "GCRSNPQ", "Outputs": "GMNPQ"}
SLIDING = "RSPQ"


def tensors_inside(architecture: Architecture, level: int) -> tuple[str, ...]:
    """Tensors kept further in than a level: its loops decide how often their tiles are filled."""
    return tuple(t for t in TENSORS if any(t in inner.keeps for inner in architecture.levels[level + 1 :]))


def signature(order: str, looped: frozenset[str], tensors: Sequence[str]) -> tuple[object, ...]:
    """All that access counts can see of one level's order (innermost first), given which dims have more than one iteration.

    `nest.counts.fills` reads from the order, per tensor: which loops lie inside the first one that concerns it, and for
    inputs whether the first loop of all slides the window, and along which dim. All else is a product of the level's loops.
    Equal signatures are equal costs, to the last bit: the products are whole numbers below 2^53.
    """
    loops = [dim for dim in order if dim in looped]
    seen: list[object] = [_inside(loops, RELEVANT[tensor]) for tensor in tensors]
    if "Inputs" in tensors and loops and loops[0] in SLIDING:
        seen.append(loops[0])
    return tuple(seen)


def _inside(loops: Sequence[str], relevant: str) -> frozenset[str]:
    return frozenset(takewhile(lambda dim: dim not in relevant, loops))


def distinct_orders(dims: str, tensors: Sequence[str]) -> tuple[str, ...]:
    """The orders of `UNBEATEN`, restricted to a level's dims, that differ for some choice of its loops; the first of equals."""
    found: dict[object, str] = {}
    for order in UNBEATEN:
        here = "".join(dim for dim in order if dim in dims)
        found.setdefault(tuple(signature(here, looped, tensors) for looped in _subsets(dims)), here)
    return tuple(found.values())


def fold_table(orders: Sequence[str], tensors: Sequence[str]) -> IntArray:
    """``int64 (256, K)``: per set of looped dims (bit d is dim d) the first of the K orders that costs the same as each."""
    table = np.zeros((256, len(orders)), np.int64)
    for mask in range(256):
        looped = frozenset(dim for d, dim in enumerate(DIMS) if mask >> d & 1)
        seen = [signature(order, looped, tensors) for order in orders]
        table[mask] = [seen.index(s) for s in seen]
    return table


def _subsets(dims: str) -> list[frozenset[str]]:
    return [frozenset(d for k, d in enumerate(dims) if mask >> k & 1) for mask in range(1 << len(dims))]
