"""The best mapping of a layer for each of many hardware designs, out of its table."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.jit import inlined

EDP, DELAY, ENERGY = 0, 1, 2
BLOCK, READ_BANDWIDTH, WRITE_BANDWIDTH, READ_PJ, WRITE_PJ = 0, 1, 2, 3, 4


@inlined
def enough(needs, offers):
    """Whether the hardware offers all that a mapping needs."""
    for j in range(needs.shape[0]):
        if needs[j] > offers[j]:
            return False
    return True


@inlined
def price(counts, active, needs, ports, mac_energy):
    """Cycles and energy in pJ of one row of a table on one design.

    As `nest.cost`, but in exact arithmetic: a ``ceil`` of whole words over a bandwidth, where Timeloop divides twice in doubles
    and is one cycle above at times. Monotone in every count, which dominance rests on.
    """
    cycles, energy, used = counts[0], mac_energy, 1.0
    reads, writes, level = 0.0, 0.0, 0
    for j in range(active.shape[0]):
        while active[j, 0] != level:
            used *= needs[3 * level + 1] * needs[3 * level + 2]
            reads, writes, level = 0.0, 0.0, level + 1
        words = counts[1 + j]
        blocks = used * math.ceil(words / ports[level, BLOCK])
        if active[j, 2] == 0:
            reads += words
            energy += blocks * ports[level, READ_PJ]
            cycles = max(cycles, math.ceil(reads / ports[level, READ_BANDWIDTH]))
        else:
            writes += words
            energy += blocks * ports[level, WRITE_PJ]
            cycles = max(cycles, math.ceil(writes / ports[level, WRITE_BANDWIDTH]))
    return cycles, energy


@inlined
def better(goal, cycles, energy, best_cycles, best_energy):
    """Whether a pair beats the best one: by their product (then by cycles), or by one of them (then by the other).

    A pair that is no better stays so if its cycles or energy grow: lower bounds can be asked in place of costs.
    """
    if goal == EDP:
        product, best = cycles * energy, best_cycles * best_energy
        return product < best or (product == best and cycles < best_cycles)
    if goal == DELAY:
        return cycles < best_cycles or (cycles == best_cycles and energy < best_energy)
    return energy < best_energy or (energy == best_energy and cycles < best_cycles)


def make_search(source: int) -> Callable[..., None]:
    """Every row of the table for every design; what cannot be better by its steps and multiplications alone is passed over."""

    @njit(nogil=True, cache=True)
    def search(needs, counts, active, offers, ports, mac_energy, goal, best, out):
        for i in range(offers.shape[0] if source else 0):
            best_row, best_cycles, best_energy = -1, np.inf, np.inf
            for k in range(needs.shape[0]):
                if not enough(needs[k], offers[i]):
                    continue
                if best_row >= 0 and not better(goal[i], counts[k, 0], mac_energy[i], best_cycles, best_energy):
                    continue
                cycles, energy = price(counts[k], active, needs[k], ports[i], mac_energy[i])
                if best_row < 0 or better(goal[i], cycles, energy, best_cycles, best_energy):
                    best_row, best_cycles, best_energy = k, cycles, energy
            best[i] = best_row
            out[i, 0], out[i, 1] = best_cycles, best_energy

    kernel: Callable[..., None] = search
    return kernel


search = make_search(source_hash(Path(__file__).parent))
