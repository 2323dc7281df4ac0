"""A mapping as a picture: where its energy goes, and its loop nest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.space import IntArray

if TYPE_CHECKING:
    from .model import MappingModel


def draw(model: MappingModel, row: IntArray) -> Any:
    """Energy by level as bars, beside the loop nest as text; for a row that does not fit, the reasons instead of bars."""
    from matplotlib.figure import Figure

    costs = model.evaluate(np.asarray(row)[None])
    text = model.mapping_of(row).text(model.machine.architecture)
    figure = Figure(figsize=(11, max(4.0, 0.2 * (text.count("\n") + 5))), layout="constrained")
    bars, nest = figure.subplots(1, 2)
    nest.text(0.0, 1.0, text, family="monospace", fontsize=9, va="top", transform=nest.transAxes)
    nest.set_axis_off()
    title = f"{model.mappings.layer.name} on {model.machine.architecture.name}"
    if not costs.valid[0]:
        bars.text(0.5, 0.5, costs.why(0).replace("; ", "\n"), ha="center", va="center")
        bars.set_axis_off()
        figure.suptitle(f"{title}: does not fit")
        return figure
    _bars(model, costs.values[0], bars)
    latency, energy, used = costs.values[0, :3]
    figure.suptitle(f"{title}: {latency * 1e6:.4g} us, {energy * 1e6:.4g} uJ, {100 * used:.3g} % of the multipliers")
    return figure


def _bars(model: MappingModel, values: Any, axes: Any) -> None:
    architecture = model.machine.architecture
    names = [*(level.name for level in architecture.levels), "multipliers"]
    multipliers = model.mappings.layer.macs * architecture.mac_pj * 1e-12
    energies = np.array([*values[-len(architecture.levels) :], multipliers]) * 1e6
    drawn = axes.barh(names, energies)
    axes.bar_label(drawn, [f" {100 * share:.1f} %" for share in energies / energies.sum()])
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.set_xlabel("energy (uJ)")
