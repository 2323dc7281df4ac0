"""The picture of one design: where each layer stands on the roofline, and where its energy goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from archgym.space import FloatArray, IntArray

from ..layer import Network
from .layout import Index, Out
from .model import energies, to_index
from .space import BATCHES, GRIDS

if TYPE_CHECKING:
    from .model import SystolicModel


def draw(model: SystolicModel, row: IntArray) -> Figure:
    """Left the roofline (multiplications per second against per DRAM byte), right the energy of each layer by part."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    design = model.space.decode(row)
    index = to_index(model.space.check(row[None]))[0]
    batch = float(BATCHES[index[Index.BATCH]])
    arrays = GRIDS[int(row[2])] * GRIDS[int(row[3])]
    peak = float(arrays * index[Index.ROWS] * index[Index.COLS]) * model.hardware.technology.clock_hz
    _roof(left, peak, int(str(design["dram_channels"])) * model.hardware.bytes_per_s)
    for network, raw in model.layers(row):
        _points(left, model, network, raw, batch)
    _energy_bars(right, model, row, batch)
    grid = f"{design['grid_rows']} x {design['grid_cols']} arrays of {design['rows']} x {design['cols']}"
    figure.suptitle(f"{grid}, {design['dataflow']}, batch {batch:g}")
    return figure


def _roof(axes: Any, peak: float, bandwidth: float) -> None:
    intensity = np.logspace(-1, 4, 60)
    axes.loglog(intensity, np.minimum(peak, intensity * bandwidth), color="black")
    axes.set(xlabel="MACs per DRAM byte", ylabel="MACs per second", title="roofline, one point per layer")


def _points(axes: Any, model: SystolicModel, network: Network, raw: FloatArray, batch: float) -> None:
    macs = np.array([layer.macs for layer, _ in network.layers]) * batch
    moved = raw[:, Out.IFMAP_DRAM : Out.OFMAP_DRAM + 1].sum(axis=1) * model.hardware.word_bytes
    rate = macs * model.hardware.technology.clock_hz / raw[:, Out.CYCLES]
    axes.loglog(macs / moved, rate, "o", alpha=0.7, label=network.name)
    axes.legend()


def _energy_bars(axes: Any, model: SystolicModel, row: IntArray, batch: float) -> None:
    """Stacked bars over the layers of all networks, joules per image."""
    start = 0
    colours = {"MACs": "C0", "registers": "C1", "SRAM": "C2", "DRAM": "C3"}
    for network, raw in model.layers(row):
        place, base = np.arange(start, start + len(raw)), np.zeros(len(raw))
        macs = np.array([layer.macs for layer, _ in network.layers], dtype=np.float64)
        times = np.array([count for _, count in network.layers], dtype=np.float64)
        for part, joules in energies(model.hardware, macs, raw, batch).items():
            each = joules * times / batch
            axes.bar(place, each, 0.9, base, color=colours[part], label=part if start == 0 else None)
            base = base + each
        start += len(raw) + 1
    axes.set(xlabel="layer", ylabel="J per image", title="energy by part, without leakage")
    axes.legend()
