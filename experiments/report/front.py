"""Pareto fronts for the page: the designs to show, and the data of the interactive plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.card import FrontPoint
from archgym.experiments.report.curves import spread
from archgym.experiments.report.reading import Designs, Run, Section
from archgym.experiments.report.style import Style
from archgym.experiments.report.words import Scale, clean, metric_label, scale_for
from archgym.pareto import nondominated
from archgym.space import FloatArray, IntArray
from archgym.task import Task

FRONT_LIMIT = 60  # designs per agent
CLOUD_LIMIT = 600  # further designs per task
KNOWN_LIMIT = 150
LOG_FROM = 8.0  # an axis is logarithmic where its largest value is so many times its smallest


@dataclass(frozen=True)
class Axis:
    """One axis of a front: the metric's column, its label with unit, the scale of its figures."""

    metric: str
    column: int
    label: str
    scale: Scale
    log: bool
    descending: bool

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} ({self.scale.unit})" if self.scale.unit else self.label


@dataclass(frozen=True)
class AgentFront:
    """The front over all runs of one agent: which run, and which of its designs."""

    runs: list[Run]
    owner: IntArray
    designs: Designs


def columns(task: Task) -> list[int]:
    """Columns of the front's metrics in a run's values."""
    names = [m.name for m in task.model.metrics]
    return [names.index(f.metric) for f in task.front]


def agent_front(task: Task, runs: list[Run]) -> AgentFront:
    """The non-dominated designs of an agent's runs together, along the first axis, thinned."""
    owner = np.concatenate([np.full(len(r.front.trial), i, dtype=np.int64) for i, r in enumerate(runs)])
    designs = _join(r.front for r in runs)
    keep = np.flatnonzero(nondominated(_coordinates(task, designs.values)))
    keep = keep[np.argsort(designs.values[keep, columns(task)[0]], kind="stable")]
    keep = keep[spread(len(keep), FRONT_LIMIT)]
    return AgentFront(runs, owner[keep], _take(designs, keep))


def axes(section: Section, fronts: Iterable[AgentFront]) -> list[Axis]:
    """The front's axes, scaled to the designs shown."""
    task = section.task
    shown = np.concatenate([f.designs.values for f in fronts])
    return [
        _axis(task, f.metric, c, shown[:, c], f.reference < f.ideal) for f, c in zip(task.front, columns(task), strict=True)
    ]


def known_points(section: Section) -> tuple[FrontPoint, ...]:
    """The best-known front, thinned; empty where none is known."""
    points = section.known.front if section.known else ()
    return tuple(points[int(i)] for i in spread(len(points), KNOWN_LIMIT))


def cloud(section: Section) -> FloatArray:
    """A thin sample of all feasible designs of all runs, on the front's metrics, ``(C, K)``."""
    values = np.concatenate([r.cloud.values for r in section.runs])[:, columns(section.task)]
    return values[spread(len(values), CLOUD_LIMIT)]


def staircase(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The two-dimensional front of points (both minimised), as the corners of a step line."""
    order = np.lexsort((y, x))
    best = np.minimum.accumulate(y[order])
    first = np.concatenate(([True], best[1:] < best[:-1])) if len(best) else np.zeros(0, np.bool_)
    return x[order][first], best[first]


def payload(section: Section, fronts: Mapping[str, AgentFront], styles: Mapping[str, Style]) -> dict[str, Any]:
    """Everything the interactive plot of one task shows, as plain data."""
    task = section.task
    shown = axes(section, fronts.values())
    runs = [run for front in fronts.values() for run in front.runs]
    place = {run.id: i for i, run in enumerate(runs)}
    return {
        "task": task.id,
        "options": dict(section.runs[0].spec.options),
        "best": section.known.score if section.known else None,
        "axes": [_axis_data(a) for a in shown],
        "metrics": _metrics(task, np.concatenate([f.designs.values for f in fronts.values()])),
        "knobs": [{"name": p.name, "unit": p.unit, "values": list(p.values)} for p in task.space.params],
        "agents": [{"label": k, "style": styles[k].index} for k in fronts],
        "runs": [_run_data(run, list(fronts).index(k)) for k, f in fronts.items() for run in f.runs],
        "points": [p for f in fronts.values() for p in _points(f, place)],
        "cloud": [_rounded(row) for row in cloud(section)],
        "known": [_known(task, point) for point in known_points(section)],
        "exact": bool(section.known and section.known.exact),
    }


def _axis(task: Task, name: str, column: int, values: FloatArray, descending: bool) -> Axis:
    metric = task.model.metrics[column]
    log = bool(len(values) and values.min() > 0 and values.max() / values.min() >= LOG_FROM)
    return Axis(name, column, metric_label(metric), scale_for(metric.unit, values), log, descending)


def _axis_data(axis: Axis) -> dict[str, Any]:
    return {"metric": axis.column, "title": axis.title, "factor": axis.scale.factor, "log": axis.log, "down": axis.descending}


def _metrics(task: Task, values: FloatArray) -> list[dict[str, Any]]:
    scales = [scale_for(m.unit, values[:, j]) for j, m in enumerate(task.model.metrics)]
    described = zip(task.model.metrics, scales, strict=True)
    return [{"label": metric_label(m), "unit": s.unit, "factor": s.factor} for m, s in described]


def _run_data(run: Run, agent: int) -> dict[str, Any]:
    return {"id": run.id, "agent": agent, "seed": run.spec.seed, "trials": run.evaluations}


def _points(front: AgentFront, place: Mapping[str, int]) -> list[list[Any]]:
    d = front.designs
    owners = [place[front.runs[i].id] for i in front.owner]
    return [
        [owners[i], int(d.trial[i]), _rounded(d.score[i : i + 1])[0], d.x[i].tolist(), _rounded(d.values[i])]
        for i in range(len(d.trial))
    ]


def _known(task: Task, point: FrontPoint) -> list[Any]:
    values = [point.metrics.get(m.name) for m in task.model.metrics]
    return [[clean(point.design.get(p.name, "–")) for p in task.space.params], values]


def _rounded(row: FloatArray) -> list[float | None]:
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in row.tolist()]


def _coordinates(task: Task, values: FloatArray) -> FloatArray:
    facts = zip(task.front, columns(task), strict=True)
    return np.stack([(values[:, c] - f.ideal) / (f.reference - f.ideal) for f, c in facts], axis=1)


def _join(parts: Iterable[Designs]) -> Designs:
    d = list(parts)
    joined = (np.concatenate([getattr(p, name) for p in d]) for name in ("x", "values", "trial", "score"))
    return Designs(*joined)


def _take(d: Designs, rows: IntArray) -> Designs:
    return Designs(d.x[rows], d.values[rows], d.trial[rows], d.score[rows])
