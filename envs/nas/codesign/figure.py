"""The picture of one design: when each stage runs, and on which sub-accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from archgym.space import IntArray

from .space import SUBS

if TYPE_CHECKING:
    from .model import CodesignModel


def draw(model: CodesignModel, row: IntArray) -> Figure:
    """One bar per stage, a colour per network; the sub-accelerators' templates and sizes beside them."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    design = model.space.decode(row)
    x = model.space.check(row[None])
    cells, runs, subs = model.layout.cells(x), model.layout.runs(x), model.layout.subs(x)
    lasts = [1e6 * float(c[0]) / model.subs.technology.clock_hz for c in model.stage_costs(cells, runs, subs)[0]]
    free, done = np.zeros(len(SUBS)), np.zeros(len(model.networks))
    for (t, p, column), us in zip(model.layout.order, lasts, strict=True):
        on = int(runs[0, column])
        start = max(free[on], done[t])
        axes.barh(on, us, left=start, color=f"C{t}", edgecolor="white", label=model.layout.names[t] if p == 0 else None)
        free[on] = done[t] = start + us
    axes.set_yticks([0, 1], [_label(design, sub) for sub in SUBS])
    axes.invert_yaxis()
    axes.set(xlabel="time (us)", title="one frame, stage by stage")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _label(design: dict[str, str | int | float | bool], sub: str) -> str:
    dataflow = str(design[f"{sub}_dataflow"]).replace("_", " ")
    return f"{sub}: {dataflow}\n{design[f'{sub}_pes']} elements, {design[f'{sub}_bandwidth']} GB/s"
