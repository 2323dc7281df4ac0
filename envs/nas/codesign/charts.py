"""Co-design against the best sequential design: ``python -m archgym.envs.nas.codesign.charts --out codesign-front.png``.

As NASAIC compares them: the exact front of error and latency within a task's bounds on energy and area, beside the most
accurate networks with the best hardware for them, whatever their energy, and the task's specs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.space import FloatArray
from archgym.strings import resolve
from archgym.task import Task

from .model import CodesignModel
from .search import BOUNDED, bounds_of, front, sequential
from .tasks import tasks

SHOWN = ("edge", "pair")  # last words of the tasks' names


@dataclass(frozen=True)
class Comparison:
    """One task's figures.

    Args:
        codesign: error and latency in s of the front within the bounds on energy and area, ``float64 (K, 2)``.
        sequential: metrics of the most accurate networks on the hardware nearest to the specs, ``float64 (M,)``.
        over: how far each of latency, energy and area is over its bound there, relative; 0 within.
    """

    codesign: FloatArray
    sequential: FloatArray
    over: FloatArray


def compare(task: Task) -> Comparison:
    """Front and best sequential design of a task with bounds on latency, energy and area."""
    model, bounds = task.model, bounds_of(task.objective)
    assert isinstance(model, CodesignModel) and bounds is not None
    found = model.evaluate(front(model, np.array([np.inf, *bounds[1:]]), "latency_s"))
    best = sequential(model, task.objective)
    assert best is not None  # some pair fits every chip
    costs = model.evaluate(best.row[None])
    over = np.array([max(float(costs[name][0]) / bound - 1.0, 0.0) for name, bound in zip(BOUNDED, bounds, strict=True)])
    return Comparison(np.column_stack([found["validation_error"], found["latency_s"]]), costs.values[0], over)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the tasks of :data:`SHOWN` side by side."""
    parser = argparse.ArgumentParser(description="Draw the co-design front against the best sequential design.")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    given = parser.parse_args(arguments)
    figure = resolve("matplotlib.figure:Figure")(figsize=(10, 4.6), layout="constrained")
    shown = [task for name in SHOWN for task in tasks() if task.id.endswith(f"-{name}-v0")]
    if len(shown) < len(SHOWN):
        parser.error("no table of trained digits networks is shipped")
    for axes, task in zip(figure.subplots(1, len(SHOWN)), shown, strict=True):
        _draw(axes, task)
    figure.savefig(given.out, dpi=110)


def _draw(axes: Any, task: Task) -> None:
    compared, bounds = compare(task), bounds_of(task.objective)
    assert bounds is not None
    error, latency = compared.codesign.T
    axes.step(1e6 * latency, 100 * error, where="post", color="C0")
    axes.plot(1e6 * latency, 100 * error, "o", color="C0", label="co-design: exact front within energy and area")
    axes.plot(1e6 * compared.sequential[1], 100 * compared.sequential[0], "X", color="C3", markersize=11)
    over = [f"{name.rsplit('_', 1)[0]} +{100 * by:.0f} %" for name, by in zip(BOUNDED, compared.over, strict=True) if by]
    axes.plot([], [], "X", color="C3", label=f"networks first, then hardware: {', '.join(over) or 'within the specs'}")
    axes.axvline(1e6 * bounds[0], color="grey", linestyle="--", label="latency spec")
    axes.set(xlabel="latency of a frame (us)", ylabel="validation error (%)", xscale="log", yscale="log")
    axes.set_xticks([1, 2, 3, 4, 5, 6, 8], minor=False)
    axes.set_yticks([2, 3, 5, 10, 20, 50], minor=False)
    axes.set_title(f"{task.id}: {1e6 * bounds[1]:.3g} uJ, {1e6 * bounds[2]:.3g} mm2", fontsize=10)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.17))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")


if __name__ == "__main__":
    main()
