"""Figures of the documentation: ``python -m archgym.envs.nas.charts FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.pareto import nondominated
from archgym.space import FloatArray
from archgym.task import Task

from .cifar.devices import devices
from .cifar.tasks import tasks as cifar
from .digits.tasks import tasks as digits
from .graph.tasks import FACTS
from .graph.tasks import tasks as graph
from .llm.tasks import tasks as llm
from .macro.tasks import tasks as macro

STYLE: dict[str, Any] = {"markersize": 1.5, "color": "0.7", "rasterized": True}


def cifar_by_device() -> Figure:
    """Accuracy of all NAS-Bench-201 cells against latency on each device, with the fronts of the other devices priced there."""
    chosen = {name: _task(cifar(), f"nas-cifar-{name}-front-v0") for name in devices()}
    figure = _by_device(chosen, lambda costs: 100 - 100 * costs["baseline_error"], "lower right")
    figure.axes[0].set(ylim=(86, 94.5), ylabel="CIFAR-10 accuracy, %")
    return figure


def macro_by_device() -> Figure:
    """Validation loss of our mobile networks against latency on each device, with the front of the other one priced there."""
    chosen = {task.options["device"]: task for task in macro() if task.options}
    figure = _by_device(chosen, lambda costs: costs["validation_loss"], "upper right")
    figure.axes[0].set(yscale="log", ylabel="validation loss, nat")
    _figures(figure.axes[0].yaxis)
    return figure


def _by_device(chosen: Mapping[str, Task], height: Callable[[Costs], FloatArray], legend: str) -> Figure:
    """A panel for each device's task: all its designs by latency and height, its own front and those of the others."""
    costs = {name: task.model.evaluate(next(task.model.legal() or iter(()))) for name, task in chosen.items()}
    best = {name: nondominated(task.front_values(costs[name])) for name, task in chosen.items()}
    figure = Figure(figsize=(3.5 * len(chosen), 3.8), layout="constrained", dpi=100)
    for axes, name in zip(figure.subplots(1, len(chosen), sharey=True), chosen, strict=True):
        y, latency = height(costs[name]), 1e3 * costs[name]["latency_s"]
        axes.plot(latency, y, ".", **STYLE)
        for number, (other, front) in enumerate(best.items()):
            _front(axes, latency[front], y[front], f"C{number}", f"front of {other}", own=other == name)
        _plain(axes)
        axes.set(xlabel="latency of one image, ms", title=fill(f"{name}: {devices()[name].doc.split(':')[0]}", 40))
        axes.title.set_fontsize(9)
        axes.legend(fontsize=7, loc=legend)
    return figure


def graph_fronts() -> Figure:
    """Validation accuracy of all graph networks of each dataset against measured latency, and the exact front."""
    figure = Figure(figsize=(9.5, 7.5), layout="constrained", dpi=80)
    for axes, name in zip(figure.subplots(3, 3).flat, FACTS, strict=True):
        task = _task(graph(), f"nas-graph-{name}-accuracy-v0")
        costs = task.model.evaluate(next(task.model.legal() or iter(())))
        accuracy, latency = 100 * (1 - costs["validation_error"]), 1e3 * costs["latency_s"]
        axes.plot(latency, accuracy, ".", **STYLE)
        front = nondominated(task.front_values(costs))
        _front(axes, latency[front], accuracy[front], "C0", f"exact front, {front.sum()} networks", own=True)
        _plain(axes)
        axes.set(title=name, ylim=(np.percentile(accuracy, 5), accuracy.max() + 1))
        axes.legend(fontsize=7, loc="lower right")
    figure.supxlabel("measured latency, ms")
    figure.supylabel("validation accuracy, % (proteins: area under the ROC curve)")
    return figure


def digits_front() -> Figure:
    """Validation loss of our trained cells against multiply-accumulates, and the exact front."""
    task = next(task for task in digits() if task.id.endswith("-front-v0"))
    costs = task.model.evaluate(next(task.model.legal() or iter(())))
    figure = Figure(figsize=(5.2, 3.8), layout="constrained", dpi=100)
    axes = figure.subplots()
    axes.plot(costs["macs"] / 1e3, costs["validation_loss"], ".", **STYLE)
    front = nondominated(task.front_values(costs))
    _front(
        axes, costs["macs"][front] / 1e3, costs["validation_loss"][front], "C0", f"exact front, {front.sum()} cells", own=True
    )
    axes.set(xlabel="thousand multiply-accumulates", ylabel="validation loss, nat", yscale="log")
    axes.set_title(f"digits: {len(costs):,} trained cells, mean of three seeds", fontsize=9)
    axes.legend(fontsize=8)
    return figure


def llm_design() -> Figure:
    """The best design of the language models' first task, taken apart."""
    task = llm()[0]
    if task.best_known is None:
        raise BadInput(f"task {task.id} has no card")
    figure: Figure = task.model.render(task.space.encode(task.best_known.design))
    return figure


def _task(every: Sequence[Task], task_id: str) -> Task:
    return next(task for task in every if task.id == task_id)


def _front(axes: Any, x: FloatArray, y: FloatArray, colour: str, name: str, own: bool) -> None:
    """A front in the order of its latency; another device's as loose marks."""
    order = np.argsort(x, kind="stable")
    style = {"lw": 1.4, "ms": 3.5} if own else {"ms": 3.0, "alpha": 0.8, "mfc": "none", "mew": 0.7}
    axes.plot(x[order], y[order], "o-" if own else "s", color=colour, label=name, **style)


def _plain(axes: Any) -> None:
    """A logarithmic axis of latencies."""
    axes.set_xscale("log")
    _figures(axes.xaxis)
    axes.tick_params(labelsize=8)


def _figures(axis: Any) -> None:
    """Plain figures at 1, 2 and 5."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def main(folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    cifar_by_device().savefig(folder / "nas-cifar-devices.png")
    graph_fronts().savefig(folder / "nas-graph-fronts.png")
    llm_design().savefig(folder / "nas-llm-design.png", dpi=80)
    if digits():
        digits_front().savefig(folder / "nas-digits-front.png")
    if macro():
        macro_by_device().savefig(folder / "nas-macro-devices.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
