"""Cycles of a network on a microcontroller, by the declared model of `device`."""

from __future__ import annotations

from archgym.envs.nas.cells.size import Skeleton
from archgym.envs.nas.cells.topology import KERNEL, POOL, Cell, live_edges

from .device import COLUMN_CYCLES, COPY_CYCLES, DIRECT_CYCLES, POOL_CYCLES, SHARED, SUM_CYCLES


def stage_cycles(cell: Cell, stage: int, skeleton: Skeleton) -> dict[str, float]:
    """Of one stage on a Cortex-M4: cycles by kind of code, and loads of weights that wait where these are in flash.

    Keys: ``direct`` and ``columns`` (cycles), ``direct_loads`` and ``columns_loads`` (words).
    """
    side, width = skeleton.stages_of()[stage]
    pixels, live = side * side, [cell[edge] for edge in live_edges(cell)]
    kernels = [(KERNEL[op], width) for op in live if op in KERNEL] * skeleton.cells
    first = (1, width // 2) if stage else (3, skeleton.inputs)
    windows = [kernel**2 * fed for kernel, fed in [first, *kernels]]
    macs = float(pixels * width * sum(windows))
    pools = 9 * pixels * width * live.count(POOL) * skeleton.cells + (4 * pixels * width // 2 if stage else 0)
    other = SUM_CYCLES * pixels * width * len(live) * skeleton.cells + POOL_CYCLES * pools
    return {
        "direct": DIRECT_CYCLES * macs + other,
        "columns": COLUMN_CYCLES * macs + COPY_CYCLES * pixels * sum(windows) + other,
        "direct_loads": macs,
        "columns_loads": macs / SHARED,
    }


def head_cycles(skeleton: Skeleton) -> float:
    """Mean over the image and linear layer, direct."""
    side, width = skeleton.stages_of()[-1]
    return POOL_CYCLES * side * side * width + DIRECT_CYCLES * width * skeleton.classes
