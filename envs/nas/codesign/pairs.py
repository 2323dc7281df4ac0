"""Every pair of sub-accelerators for given networks and a given assignment: the compiled loop behind `search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from archgym.batch import source_hash

from .prices import UNMAPPED

ROOM = 1.0 - 1e-9  # for bounds whose sums are formed in another order


def make_best_pair(source: int) -> Callable[..., Any]:
    """Sums and the schedule are formed as the model forms them, in the same order: equal to the last bit."""

    @njit(nogil=True, cache=True)
    def best_pair(  # type: ignore[no-untyped-def]
        cycles, energy, networks, on, pes, gb_per_s, area, limits, clock_hz, goal, worst
    ):
        stages, h = cycles.shape
        best_violation, best_value = worst[0], worst[1]
        best_one, best_two = -1, -1
        both = on.max() > 0
        free, done = np.zeros(2), np.zeros(networks.max() + 1)
        busy, joules = np.zeros((2, h)), np.zeros((2, h))
        for k in range(stages):
            busy[on[k]] += cycles[k] / clock_hz
            joules[on[k]] += energy[k] * 1e-12
        for one in range(h if source else 0):
            for two in range(h if both else 1):
                space = area[one]
                if both:
                    if pes[one] + pes[two] > limits[3] or gb_per_s[one] + gb_per_s[two] > limits[4]:
                        continue
                    space = area[one] + area[two]
                # no schedule is shorter than its busier half: with room for rounding, what cannot be better is passed over
                lasts, used = ROOM * max(busy[0, one], busy[1, two]), ROOM * (joules[0, one] + joules[1, two])
                crowded = max(space - limits[2], 0.0) / limits[2]
                least = max(lasts - limits[0], 0.0) / limits[0] + max(used - limits[1], 0.0) / limits[1] + crowded
                value = lasts if goal == 0 else (used if goal == 1 else space)
                if ROOM * least > best_violation or (best_violation == 0.0 and ROOM * value >= best_value):
                    continue
                free[:], done[:] = 0.0, 0.0
                total = 0.0
                for k in range(stages):
                    sub = two if on[k] else one
                    total += energy[k, sub]
                    done[networks[k]] = max(free[on[k]], done[networks[k]]) + cycles[k, sub]
                    free[on[k]] = done[networks[k]]
                if max(free[0], free[1]) >= UNMAPPED:
                    continue
                lasts, used = max(free[0], free[1]) / clock_hz, total * 1e-12
                violation = (max(lasts - limits[0], 0.0) / limits[0] + max(used - limits[1], 0.0) / limits[1]) + crowded
                value = lasts if goal == 0 else (used if goal == 1 else space)
                if violation < best_violation or (violation == best_violation and value < best_value):
                    best_one, best_two, best_violation, best_value = one, two, violation, value
        return best_one, best_two if both else best_one, best_violation, best_value

    kernel: Callable[..., Any] = best_pair
    return kernel


best_pair = make_best_pair(source_hash(Path(__file__).parent))
