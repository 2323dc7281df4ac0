"""Sub-accelerators: what each one's knobs may be, what they mean to the mapper, and what they cost in area.

Templates are dataflows as in `envs/accelerator/hardware/topology`: weight stationary (NVDLA), output stationary (ShiDianNao),
row stationary (Eyeriss). DRAM feeds a global buffer, the buffer a mesh of processing elements with three scratch pads each.
One bandwidth bounds both ways between DRAM, buffer and mesh, each way of its own. It costs no area (the DRAM interface is left
out), but as in NASAIC (Yang et al., DAC 2020) the totals of all sub-accelerators are bounded: :data:`NASAIC` with its 4,096
elements and 64 GB/s (figures from memory, the text could not be opened), :data:`EDGE` with a sixteenth and a quarter of them.
Each one may have half of either at most: a sub-accelerator has DRAM channels of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from archgym.envs.accelerator.hardware.atlas import Designs
from archgym.envs.accelerator.hardware.topology import COLUMN, DRAM, GLB, IFMAP, LEVELS, PSUM, WEIGHTS
from archgym.envs.accelerator.mapper.solve import GOALS
from archgym.envs.accelerator.nest.architecture import UNLIMITED
from archgym.envs.accelerator.technology import Technology
from archgym.space import FloatArray, IntArray, Param

TEMPLATES = ("weight_stationary", "output_stationary", "row_stationary")
PADS = {"small": (8, 32, 8), "medium": (16, 64, 16), "large": (16, 256, 32)}
"""Words for inputs, weights and outputs in each element; Eyeriss (ISSCC 2016) has 12, 224 and 24."""
BLOCK, BANKS = 4, 16
L = len(LEVELS)


@dataclass(frozen=True)
class Chip:
    """What a sub-accelerator may be, and what all of them may have together.

    Args:
        meshes: columns and rows on offer.
        gb_per_s: bandwidths on offer, GB/s.
        buffers_kib: sizes of the global buffer on offer.
        total_pes, total_gb_per_s: bounds on the sums over the sub-accelerators in use.
    """

    meshes: tuple[tuple[int, int], ...]
    gb_per_s: tuple[float, ...]
    buffers_kib: tuple[int, ...]
    total_pes: int
    total_gb_per_s: float

    def knobs(self, name: str) -> list[Param]:
        """The five knobs of one sub-accelerator."""
        return [
            Param(f"{name}_dataflow", TEMPLATES, doc="template: what stays in the elements"),
            Param(f"{name}_pes", tuple(x * y for x, y in self.meshes), ordered=True, doc="processing elements"),
            Param(f"{name}_bandwidth", self.gb_per_s, "GB/s", True, "of DRAM and of the network on chip, each way"),
            Param(f"{name}_buffer", self.buffers_kib, "KiB", True, "global buffer, inputs and outputs"),
            Param(f"{name}_pads", tuple(PADS), ordered=True, doc="scratch pads of an element"),
        ]

    @property
    def nvec(self) -> IntArray:
        """Number of values of each knob of a sub-accelerator, ``int64 (5,)``."""
        return np.array([len(knob.values) for knob in self.knobs("one")], dtype=np.int64)

    @property
    def size(self) -> int:
        """Number of different sub-accelerators, H."""
        return int(np.prod(self.nvec))


EDGE = Chip(((4, 4), (8, 4), (8, 8), (12, 8), (16, 8)), (1.0, 2.0, 4.0, 6.0, 8.0), (8, 16, 32), 256, 16.0)
NASAIC = Chip(
    ((8, 16), (16, 16), (16, 32), (32, 32), (48, 32), (32, 64)), (4.0, 8.0, 16.0, 24.0, 32.0), (16, 32, 64, 128), 4096, 64.0
)
CHIPS = {"edge": EDGE, "nasaic": NASAIC}


@dataclass(frozen=True)
class Subs:
    """All H sub-accelerators that a chip may have, numbered with the last knob fastest."""

    chip: Chip
    technology: Technology
    memory: str

    @cached_property
    def rows(self) -> IntArray:
        """Indices of the five knobs, ``int64 (H, 5)``."""
        return np.array(list(product(*(range(int(n)) for n in self.chip.nvec))), dtype=np.int64)

    @cached_property
    def pes(self) -> IntArray:
        """Processing elements, ``int64 (H,)``."""
        return np.asarray(self._meshes.prod(axis=1))

    @cached_property
    def gb_per_s(self) -> FloatArray:
        """Bandwidth, ``float64 (H,)``."""
        return np.array(self.chip.gb_per_s)[self.rows[:, 2]]

    @cached_property
    def area_m2(self) -> FloatArray:
        """Multipliers, pads and global buffer, ``float64 (H,)``."""
        pads = np.array([sum(self._pad(words)[2] for words in sizes) for sizes in PADS.values()])
        element = pads[self.rows[:, 4]] + self.technology.mac_area_um2
        buffers = np.array([self._buffer(kib)[2] for kib in self.chip.buffers_kib])
        return np.asarray((self.pes * element + buffers[self.rows[:, 3]]) * 1e-12)

    @property
    def limits(self) -> tuple[IntArray, list[IntArray]]:
        """Fan-outs ``(L, 2)`` of the largest mesh, and per level the capacities on offer, ascending."""
        fanouts = np.ones((L, 2), np.int64)
        fanouts[GLB, 0], fanouts[COLUMN, 1] = np.array(self.chip.meshes).max(axis=0)
        capacities = [np.array([UNLIMITED], dtype=np.int64) for _ in range(L)]
        capacities[GLB] = np.array(self.chip.buffers_kib, dtype=np.int64) * 8192 // self.technology.word_bits
        for place, words in zip((IFMAP, WEIGHTS, PSUM), zip(*PADS.values(), strict=True), strict=True):
            capacities[place] = np.unique(np.array(words, dtype=np.int64))
        return fanouts, capacities

    def designs(self) -> Designs:
        """What the mapper needs of all of them; it minimises each layer's energy-delay product."""
        n, (_, capacities) = len(self.rows), self.limits
        offers, ports = np.ones((n, 3 * L), np.int64), np.zeros((n, L, 5))
        ports[:, :, 0], ports[:, :, 1:3] = 1.0, np.inf
        offers[:, [3 * DRAM, 3 * COLUMN]] = UNLIMITED
        offers[:, 3 * GLB + 1], offers[:, 3 * COLUMN + 2] = self._meshes[:, 0], self._meshes[:, 1]
        offers[:, 3 * GLB] = capacities[GLB][self.rows[:, 3]]
        ports[:, GLB, 3:] = np.array([self._buffer(kib)[:2] for kib in self.chip.buffers_kib])[self.rows[:, 3]]
        ports[:, DRAM, 3] = ports[:, DRAM, 4] = self.technology.dram(self.memory, BLOCK).read_pj
        ports[:, [DRAM, GLB], 0] = BLOCK
        ports[:, [DRAM, GLB], 1] = ports[:, [DRAM, GLB], 2] = self._words_per_cycle[:, None]
        self._fill_pads(offers, ports)
        goal = np.full(n, GOALS["edp"])
        return Designs(self.rows[:, 0].copy(), goal, offers, ports, np.full(n, self.technology.mac_pj))

    def _fill_pads(self, offers: IntArray, ports: FloatArray) -> None:
        """Pads give and take a word per cycle."""
        for k, place in enumerate((IFMAP, WEIGHTS, PSUM)):
            words = np.array([sizes[k] for sizes in PADS.values()])
            figures = np.array([self._pad(int(w))[:2] for w in words])
            offers[:, 3 * place] = words[self.rows[:, 4]]
            ports[:, place, 1:3], ports[:, place, 3:] = 1.0, figures[self.rows[:, 4]]

    @property
    def _meshes(self) -> IntArray:
        return np.array(self.chip.meshes, dtype=np.int64)[self.rows[:, 1]]

    @property
    def _words_per_cycle(self) -> FloatArray:
        return self.gb_per_s * 8e9 / self.technology.word_bits / self.technology.clock_hz

    def _pad(self, words: int) -> tuple[float, float, float]:
        found = self.technology.buffer("regfile", words, 1)
        return found.read_pj, found.write_pj, found.area_um2

    def _buffer(self, kib: int) -> tuple[float, float, float]:
        depth = kib * 8192 // self.technology.word_bits // BLOCK
        found = self.technology.buffer("smartbuffer_SRAM", depth, BLOCK, BANKS)
        return found.read_pj, found.write_pj, found.area_um2
