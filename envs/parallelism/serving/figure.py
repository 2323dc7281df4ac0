"""The picture of one design: prefill and decode on the roofline of its GPU, and what their time goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from archgym.space import FloatArray, IntArray

from ..training.layout import Machine
from .layout import Design, Fact, Out, Part, Use

if TYPE_CHECKING:
    from .model import ServingModel

PARTS = {"arithmetic": Part.COMPUTE, "memory": Part.MEMORY, "network": Part.NETWORK, "overhead": Part.OVERHEAD}


def draw(model: ServingModel, row: IntArray) -> Figure:
    """Left FLOP per second against per byte, right milliseconds of a whole prefill and of a decode step by part."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    design = model.designs(model.space.check(row[None]))[0]
    fact = np.zeros(len(Fact))
    machine = model.machines[int(design[Design.MACHINE])]
    phases = phases_of(model.net, machine, model.constants, model.use, design, fact)
    _roof(left, float(fact[Fact.RATE]), machine[Machine.HBM_BYTES_PER_S])
    for name, (parts, flop, moved) in phases.items():
        left.loglog(flop / moved, flop / parts[Part.TOTAL], "o", label=name)
    left.legend()
    stacked(right, {name: parts for name, (parts, _, _) in phases.items()})
    out, _ = model.run(design[None], np.zeros((1, len(model.rules))))
    chosen = model.space.decode(row)
    figure.suptitle(
        f"{model.llm.name} on {out[0, Out.GPUS]:.3g} GPUs, {chosen['platform']}, {chosen['scheduler']}: "
        f"first token {1e3 * out[0, Out.TTFT]:.0f} ms, {1e3 * out[0, Out.TPOT]:.1f} ms per token"
    )
    return figure


def phases_of(
    net: FloatArray, machine: FloatArray, constants: FloatArray, use: FloatArray, d: FloatArray, fact: FloatArray
) -> dict[str, tuple[FloatArray, float, float]]:
    """Parts of the time, FLOP and bytes of a rank, of one whole prompt and of one decode step of a stage; fills ``fact``.

    Args:
        net, machine, constants, use: as the model holds them.
        d: the design's row for the kernel, ``float64 (len(Design),)``.
        fact: ``float64 (len(Fact),)``, to be filled.
    """
    from .kernel import explain

    first, step = np.zeros(len(Part)), np.zeros(len(Part))
    explain(net, machine, constants, use, d, first, step, fact)
    requests = d[Design.LOAD] * d[Design.BATCH] / (d[Design.PP] * d[Design.EP])
    prompt, answer = use[Use.INPUT], use[Use.OUTPUT]
    flop, weights = 2.0 * fact[Fact.MET], fact[Fact.WEIGHTS]
    cached = requests * fact[Fact.REQUEST] * (prompt + answer / 2.0) / (prompt + answer)
    return {
        "prefill": (first, float(flop * prompt), float(weights)),
        "decode": (step, float(flop * requests), float(weights + cached)),
    }


def _roof(axes: Any, peak: float, bandwidth: float) -> None:
    intensity = np.logspace(-1, 5, 60)
    axes.loglog(intensity, np.minimum(peak, intensity * bandwidth), color="black")
    axes.set(xlabel="FLOP per byte of weights and cache", ylabel="FLOP per second and GPU", title="roofline")


def stacked(axes: Any, phases: dict[str, FloatArray]) -> None:
    """A bar for each phase, of milliseconds by part."""
    base = np.zeros(len(phases))
    for name, part in PARTS.items():
        share = np.array([1e3 * parts[part] for parts in phases.values()])
        axes.bar(list(phases), share, 0.6, base, label=name)
        base = base + share
    axes.set(ylabel="ms of a pipeline stage", title="where the time goes")
    axes.legend()
