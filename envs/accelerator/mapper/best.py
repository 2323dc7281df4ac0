"""The best mapping for one architecture: mappings are priced as they are walked, and passed over by proved bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from .count import count, floor
from .search import better, price
from .walk import SOURCE, enter_inner, enter_spread, first_order, next_inner, next_order, next_outer, order_number, set_fanouts


def make_floors(source: int) -> Callable[..., Any]:
    """Lower bounds of cycles and energy for each choice along the mesh, ``(K, 2)``; infinite where nothing fits."""

    @njit(nogil=True, cache=True)
    def floors(plan, w, spreads, ports, mac_energy):
        found = np.full((spreads.shape[0], 2), np.inf)
        needs, row = np.ones(3 * plan.keep.shape[0], np.int64), np.empty(1 + plan.active.shape[0])
        for s in range(spreads.shape[0] if source else 0):
            if enter_spread(plan, w, spreads[s]):
                set_fanouts(plan, w, needs)
                floor(plan, w, row, False)
                found[s, 0], found[s, 1] = price(row, plan.active, needs, ports, mac_energy)
        return found

    kernel: Callable[..., Any] = floors
    return kernel


def make_best(source: int) -> Callable[..., Any]:
    """Choice ``(9,)`` as in a `Table`, cycles, energy in pJ (infinite where nothing fits), and the mappings priced.

    A choice along the mesh or of the inner levels is passed over where its floor is no better than the best mapping so far.
    """

    @njit(nogil=True, cache=True)
    def best(plan, w, spreads, bounds, ports, mac_energy, goal):
        needs, row, choice = (
            np.ones(3 * plan.keep.shape[0], np.int64),
            np.empty(1 + plan.active.shape[0]),
            np.zeros(9, np.int64),
        )
        least_cycles, least_energy, priced = np.inf, np.inf, 0
        for s in range(spreads.shape[0] if source else 0):
            if not better(goal, bounds[s, 0], bounds[s, 1], least_cycles, least_energy):
                continue
            enter_spread(plan, w, spreads[s])
            set_fanouts(plan, w, needs)
            while next_inner(plan, w):
                if not enter_inner(plan, w):
                    continue
                floor(plan, w, row, True)
                cycles, energy = price(row, plan.active, needs, ports, mac_energy)
                if not better(goal, cycles, energy, least_cycles, least_energy):
                    continue
                while next_outer(plan, w):
                    first_order(plan, w)
                    while True:
                        count(plan, w, row)
                        priced += 1
                        cycles, energy = price(row, plan.active, needs, ports, mac_energy)
                        if better(goal, cycles, energy, least_cycles, least_energy):
                            least_cycles, least_energy = cycles, energy
                            for d in range(8):
                                choice[d] = plan.split[w.outer[d]]
                            choice[8] = order_number(plan, w)
                        if not next_order(plan, w):
                            break
        return choice, least_cycles, least_energy, priced

    kernel: Callable[..., Any] = best
    return kernel


floors = make_floors(SOURCE)
best = make_best(SOURCE)
