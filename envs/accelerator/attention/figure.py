"""The picture of one design: where its energy goes, and what keeps it busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archgym.space import IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .model import AttentionModel


def draw(model: AttentionModel, row: IntArray) -> Figure:
    """Stacked energy parts per workload in J, and utilisation of both units."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    parts = model.breakdown(row)
    names, bottom = list(parts), [0.0] * len(parts)
    for part in ("operations", "buffer", "registers", "dram"):
        heights = [parts[name][part] / sum(parts[name].values()) for name in names]
        left.bar(names, heights, bottom=bottom, label=part)
        bottom = [b + h for b, h in zip(bottom, heights, strict=True)]
    left.set_ylabel("share of energy")
    left.legend()
    costs = model.evaluate(model.space.check(row[None, :]))
    right.barh(["array", "vector unit"], [costs["utilisation"][0], costs["utilisation_1d"][0]])
    right.set_xlim(0.0, 1.0)
    right.set_xlabel("utilisation")
    right.set_title(
        costs.why(0) or f"{costs['latency_s'][0]:.3g} s, {costs['energy_j'][0]:.3g} J, {costs['area_m2'][0] * 1e6:.3g} mm2"
    )
    return figure
