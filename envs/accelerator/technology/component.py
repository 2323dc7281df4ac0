"""What a technology answers with: one component's figures, or those of a whole grid of buffers at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from archgym.space import FloatArray, IntArray

KINDS = ("regfile", "smartbuffer_RF", "smartbuffer_SRAM", "SRAM")
"""Buffer classes: flip-flops or SRAM, as they are or with two address generators (``smartbuffer_``)."""


class Figure(IntEnum):
    """Columns of a law's ``float64 (D, 5)``."""

    READ_PJ = 0
    WRITE_PJ = 1
    AREA_UM2 = 2
    LEAKAGE_MW = 3
    CYCLE_NS = 4


@dataclass(frozen=True)
class Component:
    """One instance of a storage component.

    Args:
        read_pj, write_pj: energy of one block access (``block`` words side by side), pJ.
        area_um2: of the instance, µm².
        leakage_mw: of the instance, mW; 0 where the source gives none.
        cycle_ns: least time between two accesses, ns; 0 where the source gives none.
    """

    read_pj: float
    write_pj: float
    area_um2: float
    leakage_mw: float = 0.0
    cycle_ns: float = 0.0


@dataclass(frozen=True, eq=False)
class BufferTable:
    """Figures of every buffer of a grid, so that a batch of designs only indexes them.

    Args:
        depths, blocks, banks: axes of the grid, ``int64``.
        read_pj, write_pj, area_um2, leakage_mw: ``float64 (depths, blocks, banks)``, units as in :class:`Component`.
    """

    depths: IntArray
    blocks: IntArray
    banks: IntArray
    read_pj: FloatArray
    write_pj: FloatArray
    area_um2: FloatArray
    leakage_mw: FloatArray
