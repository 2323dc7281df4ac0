"""Laws that turn a buffer's depth, block and banks into energy and area where no table of runs does.

Every law is called with depths ``float64 (D,)``, words per block and banks, and answers ``float64 (D, 5)`` in the order of
:class:`Figure`; what its source does not give is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from archgym.space import FloatArray

from .component import Figure
from .curve import PowerCurve

AREA = Figure.AREA_UM2
ENERGIES = slice(Figure.READ_PJ, Figure.WRITE_PJ + 1)


class Law(Protocol):
    """Figures of one class of buffers."""

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        """``float64 (D, 5)`` for depths ``float64 (D,)``."""
        ...


@dataclass(frozen=True)
class Registers:
    """Flip-flops with a read multiplexer: energy per bit grows with √depth, area with the number of bits; banks do nothing."""

    word_bits: int
    pj_per_bit: float
    reference_depth: float
    um2_per_bit: float

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        bits = self.word_bits * block
        figures = np.zeros((len(depths), len(Figure)))
        figures[:, ENERGIES] = (self.pj_per_bit * bits * np.sqrt(depths / self.reference_depth))[:, None]
        figures[:, AREA] = self.um2_per_bit * bits * depths
        return figures


@dataclass(frozen=True)
class Capacity:
    """Energy of an access of ``access_bits`` known at a few capacities (bytes), a power law between and beyond them."""

    word_bits: int
    access_bits: int
    curve: PowerCurve

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        bits = self.word_bits * block
        figures = np.zeros((len(depths), len(Figure)))
        figures[:, ENERGIES] = self.curve(depths * bits / 8) * (bits / self.access_bits)
        return figures


@dataclass(frozen=True)
class Flat:
    """The same energy for every word, whatever the size."""

    pj_per_word: float

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        figures = np.zeros((len(depths), len(Figure)))
        figures[:, ENERGIES] = self.pj_per_word * block
        return figures


@dataclass(frozen=True)
class SteppedArea:
    """Area in whole macros of ``step_bytes``."""

    word_bits: int
    step_bytes: float
    um2_per_step: float

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        figures = np.zeros((len(depths), len(Figure)))
        figures[:, AREA] = np.ceil(depths * (self.word_bits * block / 8) / self.step_bytes) * self.um2_per_step
        return figures


@dataclass(frozen=True)
class WithArea:
    """Energies of one law, area of another times ``scale``."""

    energy: Law
    area: Law
    scale: float = 1.0

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        figures = self.energy(depths, block, banks)
        figures[:, AREA] = self.area(depths, block, banks)[:, AREA] * self.scale
        return figures


@dataclass(frozen=True)
class Addressed:
    """A buffer with address generators: each access counts in log2(depth) bits; the area does not grow with depth."""

    storage: Law
    pj_per_address_bit: float
    um2: float

    def __call__(self, depths: FloatArray, block: int, banks: int) -> FloatArray:
        figures = self.storage(depths, block, banks)
        figures[:, ENERGIES] += (self.pj_per_address_bit * np.log2(depths))[:, None]
        figures[:, AREA] += self.um2
        return figures
