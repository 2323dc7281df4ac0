"""Figures of the published evaluation (FuseMax, MICRO 2024, and its artifact): 45 nm, 16-bit values, 940 MHz.

Operation energies and areas are the component estimates of that evaluation (Accelergy with the Aladdin tables). The
energies of a buffer row and the register terms are not printed there: they were solved from the published energy tables,
which they reproduce to 1e-8. Energies are in pJ, areas in um2.
"""

from __future__ import annotations

from dataclasses import dataclass

HERTZ = 940e6
WORD = 2  # bytes of a value
LANES = 256  # edge of the published array: one buffer row holds that many values

# operations
MAC = 17.1645
ADD = 8.3395
MAX = 0.028036
DIVIDE = 36.251153
EXP = 94.6475  # the vector unit's exponential: five multiply-adds and a multiplication
EXP_MACS = 6  # an exponential on the array: six multiply-adds, and an addition for the argument

# DRAM: 249.6 pJ per 64 bit, HBM2
DRAM_PER_BYTE = 249.6 / 8

# on-chip buffer: one row of 256 values at 16 MiB and at 32 MiB; other sizes lie on the straight line through both
MIB = 2.0**20
READ_16, READ_32 = 12514.66702680, 23856.56702702
WRITE_16, WRITE_32 = 15751.46057202, 27097.56459199

# one access of a vector lane's registers
REGISTER_READ, REGISTER_WRITE = 2.194455, 1.906455


@dataclass(frozen=True)
class Registers:
    """Register energy of one design style, pJ.

    Args:
        tile: per tile of scores.
        tile_dim: per tile of scores and head dimension.
        row: per row of statistics, P / 256 of them.
        row_dim: per row of outputs, P / 256 x head dimension of them.
    """

    tile: float
    tile_dim: float
    row: float = 0.0
    row_dim: float = 0.0


# areas
PE_AREA = 18408.59912  # multiply-adder, comparator and four registers with their ports
PE_AREA_PER_DOUBLING = 11.63484  # address bits: per doubling of the registers
COMPARATOR_AREA = 49.28944
REGISTER_AREA = 16 * 5.98  # one more 16-bit register
LANE_AREA = 1545.0 + 23740.9375 + (PE_AREA - 1545.0 - COMPARATOR_AREA) + 2 * PE_AREA_PER_DOUBLING  # MAC, divider, registers
LANE_EXP_AREA = 5 * 1545.0 + 515.0 + COMPARATOR_AREA  # what the exponential is made of, and the comparator for the maximum
BUFFER_AREA_PER_BYTE = 94176255.9664 / (16 * MIB)  # CACTI, 16 MiB
# PHY and controller per byte/s of HBM2: 0.035 mm2 per GB/s, a round assumption of ours; no published figure counts it
INTERFACE_AREA_PER_BYTE_S = 0.035e6 / 1e9
