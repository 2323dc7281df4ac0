"""What the parts of a design cost, out of a technology: tables over the knobs' values.

Sources beyond the technology's own:

* an array cell holds a MAC and three registers (two operands, one sum);
* a cell of a flexible dataflow has one more register and two 2:1 multiplexers of a word (Elbtity et al., "Flex-TPU", 2024,
  arXiv:2407.08700); a multiplexer is 1.862 um2 per bit (MUX2_X1 of the NanGate 45 nm open cell library);
* the DRAM interface takes :data:`INTERFACE_UM2_PER_GB_S` of die: the TPU's two DDR3 ports take 3 % of its die (331 mm2 at
  most) each, for 17 GB/s each (Jouppi et al., ISCA 2017: 34 GB/s in all in the text, the share in the floor plan). Pads and
  analogue parts hardly shrink, so it is taken as it is in every node.

Assumptions, as their sources could not be opened: the multiplexer's area, and the port's share of 3 %. The die's size, the
bandwidth, and Flex-TPU's register and two multiplexers per cell were checked.

Left out: clock tree, control, activation and pooling units, wires between SRAMs and array, DRAM background power.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.space import FloatArray

from ..technology import Technology
from .layout import N_SRAM, Sram
from .space import BANKS, BLOCKS, CHANNELS, DEPTHS

MUX_UM2_PER_BIT = 1.862
INTERFACE_UM2_PER_GB_S = 0.03 * 331e6 / 17.0


@dataclass(frozen=True)
class Hardware:
    """Costs of all parts.

    Args:
        technology: energies and areas.
        memory: kind of DRAM, by the technology's name for it.
    """

    technology: Technology
    memory: str

    @cached_property
    def srams(self) -> FloatArray:
        """``float64 (blocks x depths x banks, N_SRAM)`` with the columns of `layout.Sram`, banks fastest."""
        found = self.technology.buffer_table("SRAM", DEPTHS, BLOCKS, BANKS)
        words = found.blocks[None, :, None].astype(np.float64)
        table = np.zeros((len(DEPTHS), len(BLOCKS), len(BANKS), N_SRAM))
        table[..., Sram.HALF_WORDS] = found.depths[:, None, None] * words / 2.0
        table[..., Sram.READ_PJ] = found.read_pj / words
        table[..., Sram.WRITE_PJ] = found.write_pj / words
        table[..., Sram.CYCLES_PER_WORD] = 1.0 / (words * found.banks[None, None, :])
        table[..., Sram.AREA_UM2] = found.area_um2
        table[..., Sram.LEAKAGE_W] = found.leakage_mw * 1e-3
        return np.ascontiguousarray(table.transpose(1, 0, 2, 3).reshape(-1, N_SRAM))

    @cached_property
    def register_pj(self) -> FloatArray:
        """Read and write of a one-word register, ``float64 (2,)``."""
        register = self.technology.buffer("regfile", 1, 1)
        return np.array([register.read_pj, register.write_pj])

    @cached_property
    def cell_um2(self) -> FloatArray:
        """Area of an array cell per dataflow (os, ws, is, flexible), ``float64 (4,)``."""
        register = self.technology.buffer("regfile", 1, 1).area_um2
        cell = self.technology.mac_area_um2 + 3.0 * register
        return np.array([cell, cell, cell, cell + register + 2.0 * MUX_UM2_PER_BIT * self.technology.word_bits])

    @cached_property
    def channel_um2(self) -> FloatArray:
        """Die area of the DRAM interface per number of channels, ``float64 (C,)``."""
        per_channel = INTERFACE_UM2_PER_GB_S * self.bytes_per_s / 1e9
        return np.array(CHANNELS, dtype=np.float64) * per_channel

    @cached_property
    def cycles_per_word(self) -> FloatArray:
        """Cycles that the DRAM takes for a word per number of channels, ``float64 (C,)``."""
        per_cycle = np.array(CHANNELS) * self.bytes_per_s / self.technology.clock_hz
        return np.asarray(self.word_bytes / per_cycle)

    @property
    def bytes_per_s(self) -> float:
        """Peak bandwidth of one channel."""
        return self.technology.dram_bytes_per_s(self.memory)

    @property
    def word_bytes(self) -> float:
        """Bytes of a word."""
        return self.technology.word_bits / 8.0

    @property
    def dram_pj(self) -> float:
        """Energy of a word moved to or from DRAM."""
        return self.technology.dram(self.memory, 1).read_pj
