"""A technology: energy and area of MACs, buffers and DRAM behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray

from .component import BufferTable, Component, Figure
from .laws import Law


@dataclass(frozen=True)
class Dram:
    """One kind of DRAM: energy per bit moved, peak bandwidth of one device or stack (GB/s, 10^9) and where both come from."""

    pj_per_bit: float
    gb_per_s: float
    source: str


@dataclass(frozen=True, eq=False)
class Technology:
    """Energy and area figures of one technology, each with its source in the data file.

    Args:
        name: of the data file.
        title: in words.
        node_nm: feature size, nm.
        word_bits: bits of the words that depth and block count.
        mac_pj: one multiply-accumulate of words, pJ.
        mac_area_um2: of one MAC unit, µm².
        clock_hz: of the accelerator where a task sets none.
        neighbour_pj: moving one word to a neighbouring PE, pJ; 0 where the source gives none.
        laws: of each buffer class.
        drams: by kind.
        sources: where each figure comes from, by its place in the data file.
        fingerprint: hash of every data file that decides a number.
    """

    name: str
    title: str
    node_nm: float
    word_bits: int
    mac_pj: float
    mac_area_um2: float
    clock_hz: float
    neighbour_pj: float
    laws: Mapping[str, Law]
    drams: Mapping[str, Dram]
    sources: Mapping[str, str]
    fingerprint: str

    def buffer(self, kind: str, depth: int, block: int, banks: int = 1) -> Component:
        """One buffer of ``depth`` rows of ``block`` words in ``banks`` banks (registers ignore banks).

        Raises:
            BadInput: an unknown class, or a size that its law cannot answer.
        """
        return Component(*(float(v) for v in self._figures(kind, [depth], block, banks)[0]))

    def buffer_table(self, kind: str, depths: Sequence[int], blocks: Sequence[int], banks: Sequence[int] = (1,)) -> BufferTable:
        """All buffers of a grid; each equals what :meth:`buffer` says, bit for bit.

        Raises:
            BadInput: as :meth:`buffer`.
        """
        parts = [[self._figures(kind, depths, block, n) for n in banks] for block in blocks]
        grid: FloatArray = np.array(parts).transpose(2, 0, 1, 3)  # (depths, blocks, banks, figures)
        read, write, area, leakage, _ = (np.ascontiguousarray(grid[..., figure]) for figure in Figure)
        rows, words, parallel = (np.array(axis, dtype=np.int64) for axis in (depths, blocks, banks))
        return BufferTable(rows, words, parallel, read, write, area, leakage)

    def dram(self, kind: str, block: int = 4) -> Component:
        """DRAM of one kind, read and written ``block`` words at a time; off chip, so it has no area here.

        Raises:
            BadInput: an unknown kind, or a block below one word.
        """
        self._whole("block", [block])
        energy = self._dram(kind).pj_per_bit * self.word_bits * block
        return Component(energy, energy, 0.0)

    def dram_bytes_per_s(self, kind: str) -> float:
        """Peak bandwidth of one device (64-bit channel for DIMMs, stack for HBM), bytes per second.

        Raises:
            BadInput: an unknown kind.
        """
        return self._dram(kind).gb_per_s * 1e9

    def _dram(self, kind: str) -> Dram:
        if kind not in self.drams:
            raise BadInput(f"{self.name}: there is no DRAM '{kind}'" + did_you_mean(kind, self.drams))
        return self.drams[kind]

    def _figures(self, kind: str, depths: npt.ArrayLike, block: int, banks: int) -> FloatArray:
        if kind not in self.laws:
            raise BadInput(f"{self.name}: there is no buffer class '{kind}'" + did_you_mean(kind, self.laws))
        rows = np.asarray(depths, dtype=np.float64)
        for what, values in (("depth", rows), ("block", [block]), ("banks", [banks])):
            self._whole(what, values)
        try:
            return self.laws[kind](rows, block, banks)
        except BadInput as error:
            raise BadInput(f"{self.name}: {error}") from None

    def _whole(self, what: str, values: npt.ArrayLike) -> None:
        numbers = np.asarray(values, dtype=np.float64)
        bad = numbers[(numbers < 1) | (numbers != np.floor(numbers))]
        if len(bad):
            raise BadInput(f"{self.name}: {what} must be a whole number of at least 1, got {bad[0]:g}")
