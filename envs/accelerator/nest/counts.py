"""Access counts of one mapping: tiles, temporal reuse, multicast, reads, fills and updates per level and tensor.

All functions follow Timeloop's dense analysis (Parashar et al., ISPASS 2019; release 3.0.3, neighbour links off).
Shapes: ``temporal``, ``spatial`` ``int64 (L, 8)`` factors per level and dim (X times Y); ``order`` ``int64 (L, 8)`` dims
from the innermost loop outwards; ``bounds`` ``int64 (L + 1, 8)`` tile bounds per level, the last row of ones for a multiplier.
Words are float64: whole numbers below 2^53 stay exact.
"""

from __future__ import annotations

from archgym.jit import inlined

G, C, M, R, S, N, P, Q = 0, 1, 2, 3, 4, 5, 6, 7
WEIGHTS, INPUTS, OUTPUTS = 0, 1, 2
READS, FILLS, UPDATES = 0, 1, 2


@inlined
def relevant(tensor, dim):
    """Whether a tensor's coordinates depend on a dim."""
    if tensor == WEIGHTS:
        return dim <= S
    if tensor == INPUTS:
        return dim != M
    return dim == G or dim == M or dim >= N


@inlined
def tile_bounds(temporal, spatial, bounds):
    """Fill ``bounds``: per level the product of all factors at it and inside it."""
    levels = temporal.shape[0]
    for d in range(8):
        bounds[levels, d] = 1
        for i in range(levels - 1, -1, -1):
            bounds[i, d] = bounds[i + 1, d] * temporal[i, d] * spatial[i, d]


@inlined
def tile_words(tensor, b, stride):
    """Words of a tensor's tile with bounds ``b`` (8,), halo included."""
    if tensor == WEIGHTS:
        return float(b[G] * b[C] * b[M]) * float(b[R] * b[S])
    if tensor == OUTPUTS:
        return float(b[G] * b[N] * b[M]) * float(b[P] * b[Q])
    height, width = (b[P] - 1) * stride + b[R], (b[Q] - 1) * stride + b[S]
    return float(b[G] * b[N] * b[C]) * float(height) * float(width)


@inlined
def fresh_words(dim, step, b, stride):
    """Words of an input tile that are new after one iteration of the sliding loop ``dim`` with ``step`` coordinates."""
    if dim == P or dim == R:
        extent = (b[P] - 1) * stride + b[R]
    else:
        extent = (b[Q] - 1) * stride + b[S]
    shift = step * stride if dim >= P else step
    return tile_words(INPUTS, b, stride) / float(extent) * float(min(shift, extent))


@inlined
def fills(tensor, level, outside, temporal, order, spatial, bounds, stride):
    """How many words of a tensor come into one instance of a level: its tile, times the loops that change it.

    Loops inside the innermost relevant one cost nothing; it and all outside it multiply, out of ``outside`` iterations of all
    loops outside the level. Where the innermost loop of all slides the input window, later iterations load what is new only.
    Two adjacent loops over one sliding dim, the inner of which has two iterations, count as one.
    """
    words = tile_words(tensor, bounds[level], stride)
    inside = 1.0  # iterations of the loops inside the innermost relevant one, or of the sliding ones
    slide, trips, fresh = -1, 0, 0.0
    for i in range(level - 1, -1, -1):
        for k in range(8):
            d = order[i, k]
            n = temporal[i, d]
            if n == 1:
                continue
            if slide >= 0:  # the second loop
                if slide == d and trips == 2:
                    trips *= n
                return (words + (trips - 1) * fresh) * (outside / trips)
            if inside == 1.0 and tensor == INPUTS and (d == R or d == S or d >= P):
                slide, trips = d, n
                step = bounds[level, d]
                for j in range(i, level):
                    step *= spatial[j, d]
                fresh = fresh_words(d, step, bounds[level], stride)
            elif relevant(tensor, d):
                return words * (outside / inside)
            else:
                inside *= n
    if slide >= 0:
        words += (trips - 1) * fresh
    return words


@inlined
def distinct_sums(count_a, step_a, count_b, step_b):
    """Number of different values ``i * step_a + j * step_b`` for i < count_a, j < count_b."""
    if count_a == 1 or count_b == 1:
        return count_a * count_b
    x, y = step_a, step_b
    while y:
        x, y = y, x % y
    a, b = step_a // x, step_b // x
    return count_a * count_b - max(0, count_a - b) * max(0, count_b - a)


@inlined
def distinct(tensor, s, child, stride):
    """Number of different child tiles of a tensor under one fan-out with factors ``s`` (8,): one multicast each."""
    if tensor == WEIGHTS:
        return float(s[G] * s[C] * s[M] * s[R] * s[S])
    if tensor == OUTPUTS:
        return float(s[G] * s[N] * s[M] * s[P] * s[Q])
    rows = distinct_sums(s[P], child[P] * stride, s[R], child[R])
    columns = distinct_sums(s[Q], child[Q] * stride, s[S], child[S])
    return float(s[G] * s[N] * s[C]) * float(rows) * float(columns)


@inlined
def count_accesses(stride, keep, temporal, order, spatial, bounds, counts):
    """Fill ``counts`` ``float64 (L, 3 tensors, 3)`` with reads, fills and updates per instance; return the compute steps."""
    levels = temporal.shape[0]
    steps = 1.0
    for i in range(levels):
        for d in range(8):
            steps *= temporal[i, d]
    for t in range(3):
        demand, below = steps, 1.0  # of the next inner level that keeps the tensor; different tiles of it below this one
        outside = steps  # of the levels further out
        for i in range(levels - 1, -1, -1):
            here = 1
            for d in range(8):
                here *= temporal[i, d]
            outside /= here  # exact, as all counts are
            below *= distinct(t, spatial[i], bounds[i + 1], stride)
            if not keep[i, t]:
                counts[i, t, READS] = counts[i, t, FILLS] = counts[i, t, UPDATES] = 0.0
                continue
            accesses = demand * below
            filled = 0.0
            demand = 0.0
            if i > 0:
                demand = fills(t, i, outside, temporal, order, spatial, bounds, stride)
                filled = demand
            counts[i, t, READS], counts[i, t, FILLS], counts[i, t, UPDATES] = accesses, filled, 0.0
            below = 1.0
    _first_touches(spatial, bounds, stride, keep, counts)
    return steps


@inlined
def _first_touches(spatial, bounds, stride, keep, counts):
    """Outputs: every access is an update, and the first of each element reads nothing."""
    elements = tile_words(OUTPUTS, bounds[0], stride)
    for i in range(keep.shape[0]):
        if keep[i, OUTPUTS]:
            counts[i, OUTPUTS, UPDATES] = counts[i, OUTPUTS, READS]
            counts[i, OUTPUTS, READS] -= elements
            if i > 0:
                counts[i, OUTPUTS, FILLS] -= elements
        elements /= distinct(OUTPUTS, spatial[i], bounds[i + 1], stride)
