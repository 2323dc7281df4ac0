"""A network's tables over the knobs' values, made once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archgym.space import FloatArray

from ..layer import Network
from .roles import groups, network_tables
from .space import BATCHES, GRIDS, SIZES


@dataclass(frozen=True, eq=False)
class Program:
    """A network and what the kernel looks up: per layer, per row size, per column size, rounds of groups per grid."""

    network: Network
    tables: tuple[FloatArray, FloatArray, FloatArray, FloatArray]


@lru_cache(maxsize=16)
def program(network: Network) -> Program:
    """The tables of a network; tasks on one network share them."""
    sizes = [(array, grid) for array in SIZES for grid in GRIDS]
    return Program(network, (*network_tables(network, BATCHES, sizes, sizes), _rounds(network)))


def _rounds(network: Network) -> FloatArray:
    """How many groups one array of a grid takes in turn, ``float64 (batches, grids, L)``."""
    arrays = [rows * cols for rows in GRIDS for cols in GRIDS]
    counts = np.array([[groups(layer, batch) for layer, _ in network.layers] for batch in BATCHES])
    return np.ascontiguousarray(np.ceil(counts[:, None, :] / np.array(arrays)[None, :, None]))
