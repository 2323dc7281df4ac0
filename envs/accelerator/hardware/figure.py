"""The picture of one hardware design: its layers under the roofline, and where the energy goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from archgym.envs.accelerator.nest.counts import READS
from archgym.space import FloatArray, IntArray

from .topology import GLB, LEVELS

if TYPE_CHECKING:
    from .model import HardwareModel

PARTS = ("MACs", *(name for name in LEVELS if name != "column"))


def draw(model: HardwareModel, row: IntArray) -> Figure:
    """Left: MACs per cycle against MACs per word from the global buffer, a point per layer. Right: energy by level."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    hardware = model.decoder(model.space.check(row[None]))
    found = model.atlas.search(hardware.designs)
    words, energy = _details(model, hardware.designs.ports[0], found.row[0], int(hardware.designs.dataflow[0]))
    _roofline(left, model, words, found.cycles[0], float(hardware.pes[0]), float(hardware.designs.ports[0, GLB, 1]))
    _bars(right, energy * model.atlas.weights[:, None] * 1e-12)
    figure.suptitle(f"{int(hardware.pes[0])} PEs, {hardware.area_um2[0] * 1e-6:.2f} mm², best mapping of every layer")
    return figure


def _details(model: HardwareModel, ports: FloatArray, rows: IntArray, dataflow: int) -> tuple[FloatArray, FloatArray]:
    """Words read from the global buffer ``(K,)``, and pJ of each of ``PARTS`` ``(K, P)``, once through every layer."""
    words, energy = np.zeros(len(rows)), np.zeros((len(rows), len(PARTS)))
    for k, row in enumerate(rows):
        table = model.atlas.table(dataflow, k)
        spread = np.concatenate([[1], np.cumprod(table.needs[row].reshape(-1, 3)[:, 1:].prod(axis=1))])
        energy[k, 0] = table.layer.macs * model.decoder.technology.mac_pj
        for (level, _, kind), count in zip(table.active, table.counts[row, 1:], strict=True):
            cost = ports[level, 3 if kind == READS else 4]
            energy[k, PARTS.index(LEVELS[level])] += spread[level] * np.ceil(count / ports[level, 0]) * cost
            words[k] += count if level == GLB and kind == READS else 0.0
    return words, energy


def _roofline(axes: Any, model: HardwareModel, words: FloatArray, cycles: FloatArray, pes: float, bandwidth: float) -> None:
    macs = np.array([layer.macs for layer in model.atlas.layers], dtype=np.float64)
    intensity = macs / np.maximum(words, 1.0)
    reach = np.geomspace(min(intensity.min(), pes / bandwidth) / 3, max(intensity.max(), pes / bandwidth) * 3, 60)
    axes.loglog(reach, np.minimum(pes, reach * bandwidth), color="black", label="limit")
    axes.loglog(intensity, macs / cycles, "o", alpha=0.7, label="layers")
    axes.set(xlabel="MACs per word read from the global buffer", ylabel="MACs per cycle", title="roofline")
    axes.legend()


def _bars(axes: Any, joules: FloatArray) -> None:
    place, base = np.arange(len(joules)), np.zeros(len(joules))
    for j, part in enumerate(PARTS):
        axes.bar(place, joules[:, j], 0.9, base, label=part.replace("_", " "))
        base = base + joules[:, j]
    axes.set(xlabel="layer (as often as it occurs)", ylabel="J per inference", title="energy by level")
    axes.legend()
