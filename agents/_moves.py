"""Moves on designs that the hand-written agents share: mutation, walks, crossover, tournament."""

from __future__ import annotations

import numpy as np

from archgym.agents._structure import Vary
from archgym.space import BoolArray, DesignSpace, IntArray

# Lengths of an ordered knob's step are geometric with this probability of stopping: one value away in half of the cases.
_STOP = 0.5


def free_knobs(space: DesignSpace) -> IntArray:
    """Columns of the knobs that have a choice, ``int64 (F,)``; knobs of a single value are left out."""
    return np.flatnonzero(space.nvec > 1).astype(np.int64)


def mutate(space: DesignSpace, rng: np.random.Generator, x: IntArray, changes: float = 1.0) -> IntArray:
    """Copies of ``x (N, D)`` with ``changes`` knobs altered on average, and one or more in every row.

    An ordered knob takes a short step up or down, a category any other value.
    """
    free = free_knobs(space)
    if not len(free) or not len(x):
        return np.array(x, dtype=np.int64)
    chosen = np.zeros(x.shape, dtype=np.bool_)
    chosen[:, free] = rng.random((len(x), len(free))) < changes / len(free)
    always = free[rng.integers(len(free), size=len(x))]
    idle = ~chosen.any(axis=1)
    chosen[np.flatnonzero(idle), always[idle]] = True
    return np.where(chosen, _other_values(space, rng, x), x)


def walk(space: DesignSpace, rng: np.random.Generator, x: IntArray, moves: float, vary: Vary) -> IntArray | None:
    """Buildable rows ``x (N, D)`` after ``moves`` moves of a model on average, one or more each; None where it has none.

    The number of moves is distributed as :func:`mutate` distributes that of altered knobs.
    """
    first = vary(x, rng)
    if first is None:
        return None
    moved = np.array(first, dtype=np.int64)
    knobs = max(1, len(free_knobs(space)))
    left = rng.binomial(knobs, min(1.0, moves / knobs), size=len(x)) - 1
    for done in range(int(left.max(initial=0))):
        further = vary(moved[left > done], rng)
        assert further is not None, "a model that has moves has them for every row"
        moved[left > done] = further
    return moved


def _other_values(space: DesignSpace, rng: np.random.Generator, x: IntArray) -> IntArray:
    """A different value for every knob that has one, ``(N, D)``."""
    jump = (x + rng.integers(1, np.maximum(space.nvec, 2), size=x.shape)) % space.nvec
    length = rng.geometric(_STOP, size=x.shape) * rng.choice(np.array([-1, 1]), size=x.shape)
    # A step over the edge turns round; where that leaves the knob too, any other value will do.
    stepped = np.where(_inside(space, x + length), x + length, x - length)
    stepped = np.where(_inside(space, stepped), stepped, jump)
    return np.where(space.ordered, stepped, jump)


def _inside(space: DesignSpace, x: IntArray) -> BoolArray:
    return (x >= 0) & (x < space.nvec)


def crossover(rng: np.random.Generator, a: IntArray, b: IntArray, share: float) -> IntArray:
    """Rows that take every knob from either parent, ``(N, D)``; a ``1 - share`` of the rows are plain copies of ``a``."""
    mixed = rng.random((len(a), 1)) < share
    return np.where(mixed & (rng.random(a.shape) < 0.5), b, a)


def tournament(rng: np.random.Generator, members: int, size: int, n: int) -> IntArray:
    """Winners of ``n`` tournaments among members sorted from best to worst, ``int64 (n,)``."""
    winners: IntArray = rng.integers(members, size=(n, size)).min(axis=1)
    return winners
