"""The compiled loop over designs and layers: table look-ups, about forty multiplications and comparisons per layer.

**DRAM traffic.** Each SRAM is double buffered: one half feeds the array while the other is filled, so a tensor stays only
where it fits half. Folds run in the order that moves fewer words, of these two; with n the number of folds over columns (X)
or rows (Y):

* columns outside (SCALE-Sim's order): Y is kept for one column fold, so it moves once where that tile fits, else n times; X
  passes once per column fold, unless all of it fits;
* rows outside: X is kept for one row fold, Y passes once per row fold, unless all of it fits.

Z always moves once. Every array of a grid has its own SRAMs: X is fetched by each grid column, Y by each grid row. Inputs
that slide are read once per pass where the retained rows of the image fit, else window by window, unrolled. Outputs that
leave before they are complete (ws, is) are written in every pass and read back in all but the first: ``2 n - 1`` moves.

**Cycles.** A layer takes the longest of its compute cycles, the array-side words of each SRAM over its words per cycle, and
its DRAM words over the DRAM's words per cycle: double buffering hides the shorter ones. A running output sum costs a read
and a write. Every bound is a roofline over one layer; layers follow one another, their outputs go through DRAM.

**Energy.** SRAM: words of the array side and of the DRAM side, at the energy of a block over its words. Registers: each
multiplication reads its three registers (two operands, one sum) and writes those that change (three under os, two under ws
and is), and words loaded into or drained from the array pass one register per row. Idle cells are clock gated.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from archgym.batch import source_hash

from .layout import Col, Each, Index, Out, Row, Sram

T, X, X_UNROLLED, Y = int(Each.T), int(Each.X), int(Each.X_UNROLLED), int(Each.Y)
Z, Z_UNROLLED, SC = int(Each.Z), int(Each.Z_UNROLLED), int(Each.SC)
GROUPS, TIMES, MACS = int(Each.GROUPS), int(Each.TIMES), int(Each.MACS)
R_PARTS, R_FOLDS, R_ALL, R_PART = int(Row.PARTS), int(Row.FOLDS), int(Row.ALL_FOLDS), int(Row.PART)
X_TILE, X_PART, X_LINE, X_SWEEP = int(Row.X_TILE), int(Row.X_PART), int(Row.X_LINE), int(Row.X_SWEEP)
Z_PART, Z_LINE, Z_SWEEP, SHIFTS = int(Row.Z_PART), int(Row.Z_LINE), int(Row.Z_SWEEP), int(Row.SHIFTS)
C_PARTS, C_FOLDS, C_ALL, C_PART = int(Col.PARTS), int(Col.FOLDS), int(Col.ALL_FOLDS), int(Col.PART)
Y_TILE, Y_PART, Z_PIXELS = int(Col.Y_TILE), int(Col.Y_PART), int(Col.Z_PIXELS)
HALF, READ, WRITE, PER_WORD = int(Sram.HALF_WORDS), int(Sram.READ_PJ), int(Sram.WRITE_PJ), int(Sram.CYCLES_PER_WORD)
BATCH, FLOW, BY_ROW, BY_COL = int(Index.BATCH), int(Index.DATAFLOW), int(Index.BY_ROW), int(Index.BY_COL)
GRID, CHANNELS, ROWS, COLS, FIRST_SRAM = (
    int(Index.GRID), int(Index.CHANNELS), int(Index.ROWS), int(Index.COLS), int(Index.IFMAP)
)  # fmt: skip
CYCLES, COMPUTE, PORTS, DRAM = int(Out.CYCLES), int(Out.COMPUTE), int(Out.PORTS), int(Out.DRAM)
SRAM_WORDS, SRAM_PJ, REGISTER_PJ = int(Out.SRAM_WORDS), int(Out.SRAM_PJ), int(Out.REGISTER_PJ)
READS, TRAFFIC, RAN = int(Out.IFMAP_READS), int(Out.IFMAP_DRAM), int(Out.DATAFLOW)
OS, WS, FLEXIBLE = 0, 1, 3

jit: Callable[[Any], Any] = njit(forceinline=True, _nrt=False)


@jit
def traffic(e: Any, r: Any, c: Any, output: bool, hx: float, hy: float, hz: float) -> Any:
    """DRAM words of one group in the better fold order: X, Y, Z, and the passes over Y."""
    x_pass = r[X_SWEEP] if r[X_LINE] <= hx else e[X_UNROLLED]
    x_a = e[X] * c[C_PARTS] if r[X_PART] <= hx else x_pass * c[C_ALL]
    x_b = x_pass * c[C_PARTS] if r[X_TILE] <= hx < r[X_PART] else x_a
    n_a = r[R_PARTS] if c[Y_TILE] <= hy else r[R_ALL]
    n_b = r[R_PARTS] if c[Y_PART] <= hy else r[R_ALL]
    z_b = r[Z_SWEEP] if r[Z_LINE] <= hz else e[Z_UNROLLED]
    z_b = e[Z] if r[Z_PART] <= hz else z_b
    z_a = e[Z] if c[Z_PIXELS] <= hz else z_b
    y_a = e[Y] * (2.0 * n_a - 1.0) if output else e[Y] * n_a
    y_b = e[Y] * (2.0 * n_b - 1.0) if output else e[Y] * n_b
    if x_a + y_a + z_a <= x_b + y_b + z_b:
        return x_a, y_a, z_a, n_a
    return x_b, y_b, z_b, n_b


@jit
def bounds(d: int, e: Any, r: Any, c: Any, size: Any, rounds: float, sx: Any, sy: Any, sz: Any) -> Any:
    """Cycles of the array, and of the slowest SRAM's side towards it."""
    loads = 1.0 if d == OS else 2.0
    compute = rounds * r[R_FOLDS] * c[C_FOLDS] * (e[T] + loads * size[ROWS] + size[COLS] - 2.0)
    sums = r[R_FOLDS] if d == OS else 2.0 * r[R_FOLDS] - 1.0
    port_x = r[R_PART] * e[T] * c[C_FOLDS] * sx[PER_WORD]
    port_y = c[C_PART] * e[T] * sums * sy[PER_WORD]
    return compute, rounds * max(port_x, port_y, r[R_PART] * c[C_PART] * sz[PER_WORD])


@jit
def layer(
    d: int, e: Any, r: Any, c: Any, size: Any, rounds: float, sx: Any, sy: Any, sz: Any, dram: float, reg: Any, out: Any
) -> None:
    """One layer under one dataflow, all columns of ``out`` but the roles' tensors in the order X, Y, Z."""
    output = d != OS
    x, y, z, passes = traffic(e, r, c, output, sx[HALF], sy[HALF], sz[HALF])
    out[COMPUTE], out[PORTS] = bounds(d, e, r, c, size, rounds, sx, sy, sz)
    out[DRAM] = (x + y + z) * e[GROUPS] * dram
    out[CYCLES] = max(out[COMPUTE], out[PORTS], out[DRAM])
    words_x, words_y, words_z = e[X_UNROLLED] * c[C_ALL], e[Y] * r[R_ALL], e[Z_UNROLLED]
    pj = words_x * sx[READ] + x * sx[WRITE]
    back = 0.0
    if output:
        back = words_y - e[Y]  # sums that the array takes up again
        again = e[Y] * (passes - 1.0)  # of these, through DRAM
        pj += (words_y + again) * sy[WRITE] + (back + e[Y] * passes) * sy[READ] + words_z * sz[READ] + z * sz[WRITE]
    else:
        pj += words_y * sy[READ] + y * sy[WRITE] + words_z * sz[WRITE] + z * sz[READ]
    groups = e[GROUPS]
    out[SRAM_WORDS], out[SRAM_PJ] = (words_x + words_y + words_z + back + x + y + z) * groups, pj * groups
    written = 2.0 if output else 3.0
    shifts = r[SHIFTS] * e[SC] * groups * (reg[0] + reg[1])
    out[REGISTER_PJ] = e[MACS] * (3.0 * reg[0] + written * reg[1]) + shifts
    tx, ty, tz = roles(d)
    out[READS + tx], out[READS + ty], out[READS + tz] = words_x * groups, words_y * groups, words_z * groups
    out[TRAFFIC + tx], out[TRAFFIC + ty], out[TRAFFIC + tz] = x * groups, y * groups, z * groups
    out[RAN] = d


@jit
def roles(d: int) -> Any:
    """Tensor (0 inputs, 1 weights, 2 outputs) of X, Y and Z under a dataflow."""
    if d == OS:
        return 0, 1, 2
    if d == WS:
        return 0, 2, 1
    return 1, 2, 0


def make_kernel(source: int) -> Callable[..., None]:
    """The loop over a batch; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def run(
        index: Any,
        each: Any,
        by_row: Any,
        by_col: Any,
        rounds: Any,
        srams: Any,
        dram: Any,
        reg: Any,
        scratch: Any,
        by_layer: bool,
        out: Any,
    ) -> None:
        count = each.shape[2] if source else 0
        for i in range(index.shape[0]):
            size = index[i]
            b, flow = size[BATCH], size[FLOW]
            for k in range(count):
                chosen = 0
                for d in range(3):
                    if flow not in (FLEXIBLE, d):
                        continue
                    tx, ty, tz = roles(d)
                    now = scratch[1 - chosen]
                    layer(
                        d, each[b, d, k], by_row[b, d, size[BY_ROW], k], by_col[b, d, size[BY_COL], k], size,
                        rounds[b, size[GRID], k], srams[size[FIRST_SRAM + tx]], srams[size[FIRST_SRAM + ty]],
                        srams[size[FIRST_SRAM + tz]], dram[size[CHANNELS]], reg, now,
                    )  # fmt: skip
                    if d == 0 or flow != FLEXIBLE or now[CYCLES] < scratch[chosen][CYCLES]:
                        chosen = 1 - chosen
                best = scratch[chosen]
                if by_layer:
                    out[i, k] = best
                    continue
                times = each[b, 0, k, TIMES]
                for j in range(best.size):
                    out[i, 0, j] += times * best[j]

    kernel: Callable[..., None] = run
    return kernel


run = make_kernel(source_hash(Path(__file__).parent))
