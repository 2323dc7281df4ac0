"""The compiled entry point: a batch of mappings of one layer on one architecture, with its disk cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash

from .cost import cost, legal
from .counts import count_accesses, tile_bounds


def make_kernel(source: int) -> Callable[..., None]:
    """The loop over a batch. ``out`` takes steps, cycles, energy, used multipliers, then all counts, row by row."""

    @njit(nogil=True, cache=True)
    def evaluate_rows(layer, keep, limits, ports, mac_pj, temporal, order, along_x, along_y, counts, out, reason, excess):
        levels = temporal.shape[1]
        bounds = np.ones((levels + 1, 8), np.int64)
        spatial = np.ones((levels, 8), np.int64)
        for i in range(temporal.shape[0] if source else 0):
            for j in range(levels):
                for d in range(8):
                    spatial[j, d] = along_x[i, j, d] * along_y[i, j, d]
            tile_bounds(temporal[i], spatial, bounds)
            reason[i], excess[i] = legal(layer, keep, limits, bounds, along_x[i], along_y[i])
            steps = count_accesses(layer[8], keep, temporal[i], order[i], spatial, bounds, counts[i])
            out[i, 0] = steps
            out[i, 1], out[i, 2], out[i, 3] = cost(layer, ports, mac_pj, spatial, steps, counts[i])

    kernel: Callable[..., None] = evaluate_rows
    return kernel


def make_price(source: int) -> Callable[..., None]:
    """Cycles and energy of one mapping whose counts are given; ``out`` takes both."""

    @njit(nogil=True, cache=True)
    def price(layer, ports, mac_pj, spatial, steps, counts, out):
        if source:
            out[0], out[1], _ = cost(layer, ports, mac_pj, spatial, steps, counts)

    kernel: Callable[..., None] = price
    return kernel


run_rows = make_kernel(source_hash(Path(__file__).parent))
price_row = make_price(source_hash(Path(__file__).parent))
