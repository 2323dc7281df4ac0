"""The compiled loop that repairs rows: degrees to the nearest legal ones, then memory by what costs least first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from archgym.jit import inlined

from .design import N_MEM, N_RULE, SOURCE, decode, room, set_knob, total
from .layout import Run
from .rules import Rule, structure


@inlined
def settle(row, counts, columns, table, base, n, m, r, far):
    """Knob by knob, move to the nearest value, smaller first, after which every structural rule can be kept."""
    for j in range(columns.size):
        wanted = row[j]
        for step in range(2 * counts[j]):
            near = wanted - (step + 1) // 2 if step % 2 else wanted + step // 2
            if near < 0 or near >= counts[j]:
                continue
            row[j] = near
            decode(row, j + 1, columns, table, base, r)
            structure(n, m, r, far)
            if total(far) == 0.0:
                break


@inlined
def save(row, step, at, counts, r):
    """One measure that saves memory: recomputation, sequence parallelism, ZeRO-1, ZeRO-3, states on the host."""
    if step == 0:
        set_knob(row, at, Run.RECOMPUTE, counts[at[Run.RECOMPUTE]] - 1)
    elif step == 1 and r[Run.TP] > 1.0:
        set_knob(row, at, Run.SEQUENCE_PARALLEL, 1)
    elif step == 2 and r[Run.ZERO] < 1.0:
        set_knob(row, at, Run.ZERO, 1)
    elif step == 3:
        set_knob(row, at, Run.ZERO, 3)
    elif step == 4 and r[Run.OFFLOAD] < 1.0:
        set_knob(row, at, Run.OFFLOAD, 1)


def make_repaired(source: int) -> Callable[..., None]:
    """The loop that repairs rows in place: degrees first, then memory as far as :func:`save` goes."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def repaired(x: Any, counts: Any, columns: Any, table: Any, base: Any, n: Any, m: Any, memories: Any, at: Any) -> None:
        r, far, mem = base.copy(), np.zeros(N_RULE), np.zeros(N_MEM)
        for i in range(x.shape[0] if source else 0):
            settle(x[i], counts, columns, table, base, n, m, r, far)
            for step in range(6):
                decode(x[i], columns.size, columns, table, base, r)
                room(n, m, r, memories, mem, far)
                if far[Rule.MEMORY] == 0.0 or step == 5:
                    break
                save(x[i], step, at, counts, r)

    kernel: Callable[..., None] = repaired
    return kernel


repaired = make_repaired(SOURCE)
