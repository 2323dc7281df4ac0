"""Time of a matrix multiplication on a GPU: peak, size, tiles, alignment, memory.

``t = max(FLOP / (peak * share) * (1 + half / FLOP) * waves * alignment, bytes / bandwidth)``. The share is that of the best
measured shape times what training sustains; ``half`` is the work at which half of it is reached. Tiles of 128 x 256 are dealt
to the SMs in waves, and the last wave may leave some idle; libraries soften this with other tiles and split-K, hence the
fitted weight. Dimensions that are no multiple of 64 (of 8) elements miss the tensor cores' fast paths: measured on H100,
d_ff 10,922 against 10,944 gives 273 against 398 TFLOP/s.
"""

from __future__ import annotations

from math import ceil

from archgym.jit import inlined

from .layout import K, Machine, Run

TILE_ROWS, TILE_COLUMNS = 128, 256
BF16, FP8, FP4 = 0, 1, 2


@inlined
def gemm(groups, rows, columns, depth, narrow, m, r, k):
    """Seconds of ``groups`` equal products ``(rows, depth) x (depth, columns)``, in the run's precision if ``narrow``."""
    precision = int(r[Run.PRECISION]) if narrow else BF16
    generation = int(m[Machine.GENERATION])
    rate, item = m[Machine.FLOPS_16] * m[Machine.BEST_16], 2.0
    half = k[K.HALF_FLOP_A + generation]
    if precision == FP8:
        rate, item, half = m[Machine.FLOPS_8] * m[Machine.BEST_8] * k[K.FP8], 1.0, 2.0 * half
    elif precision == FP4:
        rate, item, half = m[Machine.FLOPS_4] * m[Machine.BEST_8] * k[K.FP4], 0.5, 2.0 * half
    flop = 2.0 * groups * rows * columns * depth
    if flop <= 0.0:
        return 0.0
    compute = (flop + half) / (rate * k[K.SUSTAINED_A + generation])
    compute *= _waves(groups, rows, columns, m, k) * _alignment(columns, depth, k)
    moved = item * groups * (rows * depth + depth * columns + rows * columns)
    return max(compute, moved / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM]))


@inlined
def _waves(groups, rows, columns, m, k):
    """Slowdown by SMs that idle in the last wave of tiles."""
    waves = groups * ceil(rows / TILE_ROWS) * ceil(columns / TILE_COLUMNS) / m[Machine.SMS]
    return min(1.0 + k[K.WAVE] * (ceil(waves) / waves - 1.0), 4.0)


@inlined
def _alignment(columns, depth, k):
    """Slowdown by dimensions that are no multiple of 64, or of 8, elements."""
    slow = 1.0
    if columns % 64.0 != 0.0:
        slow += k[K.ALIGN_64]
    if depth % 64.0 != 0.0:
        slow += k[K.ALIGN_64]
    if columns % 8.0 != 0.0 or depth % 8.0 != 0.0:
        slow += k[K.ALIGN_8]
    return slow
