"""What memory of a capacity costs: energy of a byte read and written, and area, of SRAM and DRAM."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from archgym.files import read_table
from archgym.space import FloatArray

from .library import Capacities

TABLE = Path(__file__).parent / "data" / "capacities.csv"
ACCESS_BYTES = 16  # CACTI's energies are of one access to a port of 128 bits
ENERGY_FACTOR = 0.064  # FARSI's two, from CACTI's 40 nm to a newer node
AREA_FACTOR = 0.07


@cache
def capacities() -> Capacities:
    """The shipped table: CACTI's figures (``data/README.md``) with FARSI's factors, in FARSI's order of operations."""
    rows = read_table(TABLE)

    def column(figure: str) -> FloatArray:
        return np.array([[float(row[f"{kind}_{figure}"]) for row in rows] for kind in ("sram", "dram")])

    read, write = (column(figure) * 1e-9 / ACCESS_BYTES * ENERGY_FACTOR for figure in ("read_nj", "write_nj"))
    sizes = np.array([float(row["size_bytes"]) for row in rows])
    return Capacities(sizes, read, write, column("area_mm2") * 1e-6 * AREA_FACTOR)
