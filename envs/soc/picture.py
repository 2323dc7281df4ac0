"""A design of a system-on-chip as a picture: its figures beside their budgets, its blocks, and what runs when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.space import IntArray

from .design import Batch
from .drawing import chip, pace
from .drawing.page import sheet
from .drawing.parts import Gauge, Run, Scene, Segment
from .drawing.text import quantity, square_mm
from .graph import Workload
from .kernel import RULES, Results, Trace
from .library import Library

if TYPE_CHECKING:
    from .model import SocModel


def draw(model: SocModel, row: IntArray) -> Any:
    """A matplotlib figure of one design ``(D,)`` of a model; see :func:`draw_design`."""
    x = np.asarray(row, dtype=np.int64)[None]
    broken = int(model.evaluate(x).reason[0])  # a space has rules of its own, which a batch cannot break
    return sheet(scene(model.batch_of(x), 0, model.workload, model.library, model.compat, broken))


def draw_design(batch: Batch, i: int, workload: Workload, library: Library, compat: bool = False) -> Any:
    """A matplotlib figure of design ``i`` of a batch.

    From top to bottom: latency, power and area beside their budgets, and energy; the blocks in use, elements above the bus
    that they hang on and memories below it, with the tasks that they run or whose outputs they hold; and the run, a bar for
    each task in the colour of what sets its pace, above the power of each phase. A design that cannot be built is shown as
    far as it goes, with the reasons instead of a run. The same design gives the same figure.
    """
    return sheet(scene(batch, i, workload, library, compat))


def scene(batch: Batch, i: int, workload: Workload, library: Library, compat: bool = False, broken: int = 0) -> Scene:
    """What the picture of design ``i`` shows; ``broken`` has the bits of rules that it is known to break."""
    from .kernel import trace as follow

    trace = follow(batch, i, workload, library, compat)
    segments = pace.read(trace, workload)
    total = float(np.nanmax(trace.results.latency_s, initial=0.0))
    held = pace.held(segments, total)
    c = chip.chip(batch, i, workload, library, compat)
    broken |= int(trace.results.reason[0])
    reasons = tuple(rule for k, rule in enumerate(RULES) if broken >> k & 1)
    built = Scene(
        title=chip.title(c),
        reasons=reasons,
        elements=chip.elements(c, held),
        memories=chip.memories(c, held, np.nan_to_num(trace.peak_bytes), np.nan_to_num(trace.capacity_bytes)),
        buses=chip.buses(c, held),
        links=chip.links(c),
    )
    return built if reasons else _with_run(built, trace, [s for s, _ in segments], workload)


def _with_run(built: Scene, trace: Trace, segments: list[Segment], workload: Workload) -> Scene:
    ends = trace.results.latency_s[0].tolist()
    runs = tuple(Run(app.name, end, app.latency_s) for app, end in zip(workload.applications, ends, strict=True))
    return replace(
        built,
        segments=tuple(segments),
        runs=runs,
        phases=_phases(trace),
        power=(float(trace.results.power_w[0]), workload.power_w),
        gauges=_gauges(workload, runs, trace.results),
    )


def _phases(trace: Trace) -> tuple[tuple[float, float, float], ...]:
    """Begin, length and power of every phase that takes time."""
    rows = zip(trace.start_s.tolist(), trace.duration_s.tolist(), trace.energy_j.tolist(), strict=True)
    return tuple((start, length, energy / length) for start, length, energy in rows if length > 0)


def _gauges(workload: Workload, runs: tuple[Run, ...], results: Results) -> tuple[Gauge, ...]:
    """The figures of the header beside their budgets."""
    power, area, energy = (float(values[0]) for values in (results.power_w, results.area_m2, results.energy_j))
    names = [f"latency of {run.name}" if len(runs) > 1 else "latency" for run in runs]
    latencies = (
        Gauge(name, quantity(run.end, "s"), run.end, run.budget, f"of {quantity(run.budget, 's')}")
        for name, run in zip(names, runs, strict=True)
    )
    return (
        *latencies,
        Gauge("peak power", quantity(power, "W"), power, workload.power_w, f"of {quantity(workload.power_w, 'W')}"),
        Gauge("area", square_mm(area), area, workload.area_m2, f"of {square_mm(workload.area_m2)}"),
        Gauge("energy", quantity(energy, "J"), energy),
    )
