"""The compiled entry point and its disk cache: the loop over the designs of a batch, one kernel for each rule set.

The entry points close over a hash of all kernel sources (see `archgym.batch.source_hash`): a changed source is a new entry.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash

from .checks import check
from .clean import simulate_clean
from .costs import area, charge, choose_sizes, clean_power, farsi_power
from .farsi import simulate_farsi
from .layout import END
from .rules import RULES, TOO_LARGE

N_RULES = len(RULES)
ENERGY, POWER, AREA, DRAM_AREA, LATENCY = range(5)  # columns of the answer; one latency for each application follows the rest


def make_kernel(source: int, compat: bool) -> Callable[..., int]:
    """The loop over designs ``first:last``; ``compat`` is a compile-time constant. Gives the phases of the last design."""

    @njit(nogil=True, cache=True, error_model="numpy")
    def run_rows(rows, first, last, work, blocks, s, values, broken):
        phases = 0 if source else 1
        for i in range(first, last):
            for k in range(values.shape[1]):
                values[i, k] = np.nan
            if check(rows, i, work, blocks, s, broken, compat):
                continue
            phases = simulate_farsi(work, s) if compat else simulate_clean(work, s)
            broken[i, TOO_LARGE] = choose_sizes(s.mem, s.mem_f, blocks.size, compat)
            if broken[i, TOO_LARGE]:
                continue
            energy = charge(i, rows.pe, work, blocks, s, phases)
            values[i, ENERGY] = energy
            values[i, POWER] = farsi_power(s.phase, phases) if compat else clean_power(s.phase, phases, energy)
            values[i, AREA], values[i, DRAM_AREA] = area(i, rows.pe, blocks.figures, blocks.memory, s.pe, s.mem)
            for a in range(work.last.size):
                values[i, LATENCY + a] = s.task_f[work.last[a], END]
        return phases

    kernel: Callable[..., int] = run_rows
    return kernel


_SOURCE = source_hash(Path(__file__).parent)
run_clean = make_kernel(_SOURCE, False)
run_compat = make_kernel(_SOURCE, True)
