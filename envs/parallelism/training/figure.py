"""Pictures of training runs: where the time and the memory of one design go, and the best design against cluster size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from archgym.costs import Costs
from archgym.space import FloatArray, IntArray, Value

from .layout import Machine, Mem, Out

if TYPE_CHECKING:
    from .model import TrainingModel

TIME_PARTS = {
    "multiplications": Out.GEMM,
    "attention": Out.ATTENTION,
    "element-wise": Out.ELEMENTWISE,
    "recomputation": Out.RECOMPUTE,
    "tensor parallel": Out.TP,
    "context parallel": Out.CP,
    "expert parallel": Out.EP,
    "ZeRO shards": Out.SHARD,
    "pipeline transfers": Out.P2P,
    "data parallel": Out.DP,
    "pipeline bubble": Out.BUBBLE,
    "optimizer": Out.OPTIMIZER,
    "offload": Out.OFFLOAD,
    "host": Out.HOST,
}
MEMORY_PARTS = {
    "weights": Mem.WEIGHTS,
    "gradients": Mem.GRADIENTS,
    "optimizer": Mem.OPTIMIZER,
    "activations": Mem.ACTIVATIONS,
    "logits": Mem.LOGITS,
    "reserved": Mem.RESERVED,
}
GIB = 2.0**30
SMALLEST = 0.002  # share of the whole below which a part is not drawn


def draw(model: TrainingModel, row: IntArray) -> Figure:
    """Seconds of an iteration (exposed parts) and GiB of the fullest GPU against what it has, a bar per part."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    seconds, held = (found[0] for found in model.parts(model.space.check(row[None])))
    costs = model.evaluate(row[None])
    cascade(left, {name: seconds[part] for name, part in TIME_PARTS.items()}, "s", ".3g")
    left.set(title=f"iteration of {seconds[Out.ITERATION]:.4g} s, model FLOP utilisation {costs['mfu'][0]:.0%}")
    cascade(right, {name: held[part] / GIB for name, part in MEMORY_PARTS.items()}, "GiB", ".3g")
    capacity(right, held[Mem.TOTAL] / GIB, model.machine[Machine.HBM_BYTES] / GIB)
    gpus = f"{costs['gpus'][0]:,.0f} of {model.setting.cluster.gpus:,} GPUs"
    figure.suptitle(f"{model.setting.llm.name} on {gpus} ({model.setting.cluster.name}): {caption(model, row)}")
    return figure


def caption(model: TrainingModel, row: IntArray) -> str:
    """The degrees of a design in a line."""
    design = model.space.decode(row)
    short = {
        "tensor": "TP",
        "pipeline": "PP",
        "context": "CP",
        "data": "DP",
        "expert": "EP",
        "chunks": "VP",
        "micro_batch": "micro-batch",
    }
    said = [f"{short[k]} {design[k]}" for k in short if design.get(k, 1) != 1]
    return ", ".join([*said, f"ZeRO {design['zero']}", f"{design['schedule']}", f"recompute {design['recompute']}"])


def cascade(axes: Any, parts: dict[str, float], unit: str, form: str) -> None:
    """A horizontal cascade: every part begins where the one above it ends, so that the last ends at the whole."""
    whole = sum(parts.values())
    shown = {name: value for name, value in parts.items() if value > SMALLEST * whole}
    starts = np.concatenate([[0.0], np.cumsum(list(shown.values()))[:-1]])
    places = np.arange(len(shown))
    axes.barh(places, list(shown.values()), left=starts, color=[f"C{i % 10}" for i in places])
    for place, (start, value) in enumerate(zip(starts, shown.values(), strict=True)):
        right = start + value < 0.7 * whole
        place_x, side = (start + value, "left") if right else (start, "right") if start > 0.1 * whole else (value / 2, "center")
        axes.text(place_x, place, f" {value:{form}} ", va="center", ha=side)
    axes.set_yticks(places, list(shown))
    axes.set(xlabel=unit, xlim=(0.0, 1.02 * whole))
    axes.invert_yaxis()


def capacity(axes: Any, used: float, there: float) -> None:
    """A line at what is there."""
    axes.axvline(there, color="black", linestyle="--")
    axes.text(there, axes.get_ylim()[0], f"{there:.0f} GiB there ", ha="right", va="bottom")
    axes.set(title=f"memory of the fullest GPU: {used:.1f} GiB", xlim=(0.0, 1.05 * max(used, there)))


@dataclass(frozen=True)
class Best:
    """The fastest design for a number of GPUs.

    Args:
        gpus: there are; the design may use fewer.
        design: its knobs.
        costs: its costs, a batch of one.
    """

    gpus: int
    design: dict[str, Value]
    costs: Costs


def best_by_size(workload: str, options: dict[str, str], sizes: Sequence[int], metric: str = "iteration_s") -> list[Best]:
    """The best legal design of every cluster size, by enumeration: what the figure in the documents is drawn from.

    Args:
        workload, options: of a task; its ``gpus`` are replaced by each of ``sizes``.
        sizes: numbers of GPUs.
        metric: what is minimised.

    Raises:
        BadInput: no design fits a size.
    """
    return [best_of(workload, {**options, "gpus": str(size)}, metric) for size in sizes]


def best_of(workload: str, options: dict[str, str], metric: str) -> Best:
    """The best legal design of one cluster."""
    from archgym.errors import BadInput

    from .model import build

    model = build(workload, options)
    found: list[tuple[float, IntArray]] = []
    listed = model.legal()
    if listed is None:
        raise BadInput(f"placements on {options['cluster']} are too many to be listed")
    for x in listed:
        values: FloatArray = np.nan_to_num(model.evaluate(x)[metric], nan=np.inf)
        best = int(values.argmin())
        found.append((float(values[best]), x[best]))
    value, row = min(found, key=lambda one: one[0], default=(np.inf, np.zeros(0, np.int64)))
    if not np.isfinite(value):
        raise BadInput(f"{workload} fits no run on {options['gpus']} GPUs of {options['cluster']}")
    return Best(int(options["gpus"]), model.space.decode(row), model.evaluate(row[None]))
