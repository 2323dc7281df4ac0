"""Designs per second and core of the co-design tasks, how long their tables take, and how the templates rank networks."""

from __future__ import annotations

import time
from functools import partial
from itertools import combinations

import numpy as np

from archgym.envs.accelerator.technology import load_technology
from archgym.errors import MissingExtra
from archgym.family import Table
from archgym.objective import Minimise
from archgym.space import FloatArray
from archgym.task import Task
from archgym.timing import cpu_seconds, one_thread

from .accuracy import sizes
from .chips import CHIPS, TEMPLATES, Subs
from .model import CodesignModel
from .networks import CIFAR, DIGITS, Stage, stages
from .prices import prices
from .search import BOUNDED, bounds_of, most_accurate, sequential
from .tasks import tasks

BATCH, REPEATS = 65536, 3


def bench() -> list[Table]:
    """Speed on one thread in CPU time, co-design against networks first, rank correlations of latency between templates."""
    with one_thread():
        return [_speed(), _sequential(), _templates(), _ranks()]


def _speed() -> Table:
    rows = [row for row in map(_speed_of, tasks()) if row]
    note = "repaired random designs in one batch; first design: the mapper's tables and the accuracies, kernels compiled"
    headings = ("task", "designs", "batch", "designs/s", "first design, s")
    return Table("co-design, one core", headings, rows, (note,))


def _speed_of(task: Task) -> tuple[object, ...] | None:
    """None where the task's package is not installed."""
    try:
        model = task.model
    except MissingExtra:
        return None
    x = model.space.sample(np.random.default_rng(0), BATCH)
    first = cpu_seconds(partial(model.evaluate, x[:1]))
    repaired = model.repair(x)
    seconds = min(cpu_seconds(partial(model.evaluate, repaired)) for _ in range(REPEATS))
    return task.id, f"{model.space.size:.2g}", BATCH, f"{BATCH / seconds:,.0f}", f"{first:.2f}"


def _sequential() -> Table:
    """Of every task whose optimum is searched for exactly."""
    rows = [row for row in map(_sequential_of, tasks()) if row]
    headings = ("task", "error %", "networks first: error %", *(f"{name.rsplit('_', 1)[0]} over spec" for name in BOUNDED), "s")
    note = (
        "networks first: the most accurate cells, then the hardware nearest to the specs, both searches exact; s: of CPU time"
    )
    return Table("co-design against networks first, then hardware", headings, rows, (note,))


def _sequential_of(task: Task) -> tuple[object, ...] | None:
    """None where the objective is another one, or the task's package is not installed."""
    try:
        model = task.model
    except MissingExtra:
        return None
    bounds = bounds_of(task.objective)
    if not isinstance(model, CodesignModel) or bounds is None or not isinstance(task.objective, Minimise):
        return None
    started = time.process_time()
    best, first = most_accurate(model, bounds), sequential(model, task.objective)
    seconds = time.process_time() - started
    if best is None or first is None:
        return None
    costs = model.evaluate(np.stack([best, first.row]))
    over = [f"{100 * max(costs[name][1] / bound - 1.0, 0.0):.0f} %" for name, bound in zip(BOUNDED, bounds, strict=True)]
    return task.id, *(f"{100 * error:.2f}" for error in costs["validation_error"]), *over, f"{seconds:.1f}"


def _templates() -> Table:
    """Of the tasks with two networks."""
    rows = [row for row in map(_templates_of, tasks()) if row]
    headings = ("task", "any", *(name.replace("_", " ") for name in TEMPLATES))
    return Table("least error in % by the templates that both sub-accelerators may have", headings, rows)


def _templates_of(task: Task) -> tuple[object, ...] | None:
    try:
        model = task.model
    except MissingExtra:
        return None
    bounds = bounds_of(task.objective)
    if not isinstance(model, CodesignModel) or bounds is None or len(model.networks) < 2:
        return None
    among = [None, *(np.flatnonzero(model.subs.rows[:, 0] == k) for k in range(len(TEMPLATES)))]
    rows = [most_accurate(model, bounds, choice) for choice in among]
    errors = (None if row is None else 100 * model.evaluate(row[None])["validation_error"][0] for row in rows)
    return task.id, *("none" if error is None else f"{error:.2f}" for error in errors)


def _ranks() -> Table:
    rows = []
    for name, network in (("edge", stages(DIGITS)), ("nasaic", stages(CIFAR, residual=True))):
        found = rank_correlations(network, name)
        rows += [(name, a, b, f"{np.median(rho):.3f}", f"{rho.min():.3f}") for (a, b), rho in found.items()]
    note = "over the 84 sizes of networks; median and least over meshes, bandwidths, buffers and pads"
    headings = ("chip", "template", "other template", "median Spearman", "least Spearman")
    return Table("latency ranks of networks between dataflow templates", headings, rows, (note,))


def rank_correlations(network: tuple[Stage, ...], chip: str) -> dict[tuple[str, str], FloatArray]:
    """Spearman of network latency between templates, over all sub-accelerators that differ in nothing else: ``(H / 3,)``."""
    subs = Subs(CHIPS[chip], load_technology("cacti_45nm"), "lpddr4")
    latency = prices(network, subs).cycles.sum(axis=1) @ np.unique(sizes(), axis=0).T
    by_template = _ranked(latency).reshape(len(TEMPLATES), -1, latency.shape[1])
    return {
        (TEMPLATES[a], TEMPLATES[b]): _correlation(by_template[a], by_template[b])
        for a, b in combinations(range(len(TEMPLATES)), 2)
    }


def _ranked(values: FloatArray) -> FloatArray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=1))


def _correlation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Pearson's of each pair of rows."""
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    return np.asarray((a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)))
