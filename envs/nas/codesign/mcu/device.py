"""Microcontrollers, and how many cycles their code takes: a declared model out of instruction timings, not a measurement.

A 32-bit floating point multiply-accumulate is one VFMA (3 cycles on a Cortex-M4, ARM DDI 0439, FPU instruction timing) and its
share of two loads and of the loop:

* **direct** code loads a weight and an activation for every product (VLDR, 2 cycles each, the second overlaps: 3) and, unrolled
  four times, pays a fourth of 4 cycles for the loop: 7 cycles. It needs no memory of its own;
* **columns** (im2col, as CMSIS-NN; Lai et al., 2018, arXiv:1801.06601) copies the windows of two pixels into a buffer and
  multiplies two pixels with two filters: four products for four loads (VLDM, 5 cycles) and 1 cycle of loop: 4.5 cycles, and 4
  cycles for every word copied. Two columns have to be held.

Words of weights in flash cost wait states on every load that is not shared; copied to memory when the device starts they cost
none, and memory for good. A Cortex-M7 issues a load beside a product: half the cycles of an M4 (ARM's own CoreMark figures per
MHz are 3.4 and 5.0: half is its best case). Sums and poolings take 4 and 3 cycles a word. Figures of the parts are those of
their data sheets as remembered, rounded: frequency, and current at 3.3 V; they are assumptions, as is every cycle above.
"""

from __future__ import annotations

from dataclasses import dataclass

DIRECT_CYCLES, COLUMN_CYCLES, COPY_CYCLES = 7.0, 4.5, 4.0
SHARED = 4.0  # products per load of a weight, columns: two pixels, and a pair loaded at once
SUM_CYCLES, POOL_CYCLES = 4.0, 3.0
WORD = 4  # bytes: the networks were trained, and their accuracy measured, in 32-bit floating point


@dataclass(frozen=True)
class Device:
    """A part.

    Args:
        clock_hz: of the core.
        wait: cycles that a load from flash waits, beyond one from memory.
        speed: cycles of a Cortex-M4 over its own.
        power_w: running from flash.
    """

    clock_hz: float
    wait: float
    speed: float
    power_w: float


DEVICES = {
    "m4_80mhz": Device(80e6, 1.0, 1.0, 0.033),
    "m4_168mhz": Device(168e6, 2.0, 1.0, 0.15),
    "m7_216mhz": Device(216e6, 3.0, 2.0, 0.33),
}
