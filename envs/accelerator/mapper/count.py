"""Access counts of the mapping that a walk stands at, as a row of a table, and counts that no mapping ahead can fall below.

The same counts as `nest.counts.count_accesses`, whose formulas are cited there. Here what a stage decides is not worked out
again: the tiles, what is multicast below each level, and the loops that have more than one iteration, laid out in order.
"""

from __future__ import annotations

from archgym.envs.accelerator.nest.counts import (
    INPUTS,
    OUTPUTS,
    WEIGHTS,
    C,
    G,
    M,
    N,
    P,
    Q,
    R,
    S,
    distinct,
    fresh_words,
    relevant,
)
from archgym.jit import inlined


@inlined
def fills(plan, w, tensor, level):
    """`nest.counts.fills` on the laid-out nest."""
    k, end, words = w.outside[level], w.outside[0], w.words[level, tensor]
    if k == end:
        return words
    d = w.nest[k, 0]
    if tensor == INPUTS and d >= R and d != N:  # the innermost loop of all slides the window
        trips, step = w.nest[k, 1], w.bounds[level, d]
        for j in range(w.nest[k, 2], level):
            step *= w.spatial[j, d]
        k += 1
        if trips == 2 and k < end and w.nest[k, 0] == d:
            trips *= w.nest[k, 1]
            k += 1
        return (words + (trips - 1) * fresh_words(d, step, w.bounds[level], plan.stride)) * w.trips[k]
    while k < end and not relevant(tensor, w.nest[k, 0]):
        k += 1
    return words * w.trips[k]


@inlined
def enter(plan, w, row, level, tensor, accesses, filled):
    """Write the counts of one level and tensor: the first access of each output element reads nothing."""
    j = plan.slots[level, tensor]
    first = w.elements[level] if tensor == OUTPUTS else 0.0
    row[j] = accesses - first
    if level > 0:
        j += 1
        row[j] = filled - first
    if tensor == OUTPUTS:
        row[j + 1] = accesses


@inlined
def count(plan, w, row):
    """Compute steps and counts ``(1 + A,)`` of the mapping that the walk stands at."""
    row[0] = w.steps[0]
    for t in range(3):
        demand = w.steps[0]
        for i in range(plan.keep.shape[0] - 1, -1, -1):
            if plan.keep[i, t]:
                accesses, filled = demand * w.below[i, t], 0.0
                if i > 0:
                    filled = fills(plan, w, t, i)
                else:
                    accesses *= distinct(t, w.spatial[0], w.bounds[1], plan.stride)
                enter(plan, w, row, i, t, accesses, filled)
                demand = filled


# -- lower bounds -----------------------------------------------------------------------------------------------------------


@inlined
def least_distinct(tensor, s):
    """No more than `distinct`, whatever the child tiles: of sums ``i a + j b`` at least as many differ as of either alone."""
    if tensor != INPUTS:
        return distinct(tensor, s, s, 1)
    return float(s[G] * s[N] * s[C]) * float(max(s[P], s[R]) * max(s[Q], s[S]))


@inlined
def least_words(tensor, b):
    """No more words of a tensor than any cover of bounds ``b`` (8,) by tiles fills in: see `floor`."""
    if tensor == WEIGHTS:
        return float(b[G] * b[C] * b[M]) * float(b[R] * b[S])
    if tensor == OUTPUTS:
        return float(b[G] * b[N] * b[M]) * float(b[P] * b[Q])
    return float(b[G] * b[N] * b[C]) * float(max(b[P], b[R])) * float(max(b[Q], b[S]))


@inlined
def slid_words(w, level):
    """No more input words than a tile of known size is filled with: see `floor`."""
    words, most = w.words[level, INPUTS], 1
    for d in range(8):
        trips = w.share[level, d] // w.bounds[level, d]
        if d != M:
            words *= trips
        if d >= R and d != N:
            most = max(most, trips)
    return words / most


@inlined
def floor(plan, w, row, inner):
    """Counts ``(1 + A,)`` that no mapping ahead falls below: those of this choice along the mesh, or (``inner``) inner choice.

    Proof. The steps are decided. The fills of an instance are its tile times every relevant loop outside it, or more, but for
    one loop (or two adjacent ones) over one sliding dim d of the inputs, where n iterations fill ``tile + (n - 1) fresh``.
    Weights, outputs: tile and relevant loops multiply to ``least_words`` of the instance's share of the bounds.
    Inputs: a tile has ``(bP - 1) stride + bR >= max(bP, bR)`` rows. Without sliding along rows, loops over P and R multiply
    these, so at least ``max(P, R)`` of the share are filled. Sliding along P, a step shifts by bP rows or more, so ``fresh``
    has bP or more, and n iterations fill n bP or more, times the loops over R; and the tile has bR or more, times the same.
    Sliding along R, ``fresh`` has bR rows or more, the rest is alike. The same holds for columns; G, N, C only multiply.
    And where the tile is decided, sliding saves at most the iterations over d: ``slid_words``.
    Reads are the next inner level's fills (the steps, for multipliers) times different tiles below: decided, or
    ``least_distinct`` or more. Outputs' first touches are decided by the factors along the mesh.
    """
    row[0] = w.steps[0]
    levels = plan.keep.shape[0]
    for t in range(3):
        demand, below = w.steps[0], 1.0
        for i in range(levels - 1, -1, -1):
            below *= least_distinct(t, w.spatial[i])
            if plan.keep[i, t]:
                if inner and i > 0:
                    below = w.below[i, t]
                filled = least_words(t, w.share[i])
                if inner and i > 1 and t == INPUTS:
                    filled = max(filled, slid_words(w, i))
                enter(plan, w, row, i, t, demand * below, filled)
                demand, below = filled, 1.0
