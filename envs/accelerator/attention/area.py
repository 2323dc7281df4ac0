"""Die area: array, vector unit, buffer, DRAM interface. The array's is equal to the published area on every row."""

from __future__ import annotations

import numpy as np

from archgym.space import FloatArray

from .constants import (
    BUFFER_AREA_PER_BYTE,
    COMPARATOR_AREA,
    INTERFACE_AREA_PER_BYTE_S,
    LANE_AREA,
    LANE_EXP_AREA,
    PE_AREA,
    PE_AREA_PER_DOUBLING,
    REGISTER_AREA,
)
from .design import Designs

M2_PER_UM2 = 1e-12


def array_area(d: Designs, head_dim: int) -> FloatArray:
    """The array in m2: registers grow with edge / head dimension; each further key tile adds two values per element."""
    doublings = _log2(np.maximum(1.0, np.floor(d.edge / head_dim)))
    element = PE_AREA + PE_AREA_PER_DOUBLING * doublings - np.where(d.on_array, 0.0, COMPARATOR_AREA)
    more = np.where(d.on_array, 2.0 * REGISTER_AREA * (d.keys - 1.0), 0.0)
    return M2_PER_UM2 * (d.edge * d.edge * (element + more) + d.edge)


def interface_area(d: Designs) -> FloatArray:
    """The DRAM interface in m2; the published areas leave it out."""
    return M2_PER_UM2 * INTERFACE_AREA_PER_BYTE_S * d.bandwidth


def area(d: Designs, head_dim: int) -> FloatArray:
    """The die in m2, interface included. An exponential on the vector unit needs a unit of its own per lane."""
    lane = LANE_AREA + np.where(d.on_array, 0.0, LANE_EXP_AREA)
    lanes = d.edge / d.slowness
    rest = M2_PER_UM2 * (lanes * lane + BUFFER_AREA_PER_BYTE * d.buffer)
    return array_area(d, head_dim) + rest + interface_area(d)


def _log2(powers: FloatArray) -> FloatArray:
    """Exact for powers of two."""
    return np.frexp(powers)[1] - 1.0
