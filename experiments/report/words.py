"""Names and axes as people read them: SI prefixes of axes, counts, objectives in words; single figures are `units`'s."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from archgym.costs import Metric
from archgym.experiments.units import si
from archgym.model import CostModel
from archgym.objective import Constraint, Maximise, Minimise, Objective, Product, TargetSpec

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_PREFIXED = {"s", "J", "W", "B", "B/s", "Hz", "FLOP/s", "OP/s", "bit/s", "V", "A"}
_SQUARE = {"m2": (1e6, "mm²"), "m^2": (1e6, "mm²")}
_ACRONYMS = {"edp": "EDP", "iops": "IOPS"}


@dataclass(frozen=True)
class Scale:
    """How a quantity is shown: ``value * factor`` followed by ``unit``."""

    factor: float = 1.0
    unit: str = ""


def scale_for(unit: str, values: object) -> Scale:
    """The SI prefix under which typical magnitudes of ``values`` read best."""
    if unit in _SQUARE:
        return Scale(*_SQUARE[unit])
    magnitudes = np.abs(np.asarray(values, dtype=np.float64)).ravel()
    magnitudes = magnitudes[np.isfinite(magnitudes) & (magnitudes > 0)]
    if unit not in _PREFIXED or len(magnitudes) == 0:
        return Scale(1.0, unit)
    power = int(np.clip(3 * math.floor(math.log10(float(np.median(magnitudes))) / 3), -12, 15))
    return Scale(10.0**-power, _PREFIXES[power] + unit)


def plural(number: int, noun: str) -> str:
    """``1, "run" -> "1 run"``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def metric_label(metric: Metric) -> str:
    """``latency_s -> "latency"``: the name without the unit that follows it in brackets."""
    unit = metric.unit.replace("/", "_per_")
    endings = (f"_{unit.replace('B', 'bytes')}", f"_{unit}".lower())
    name = next((metric.name.removesuffix(e) for e in endings if unit and metric.name.endswith(e)), metric.name)
    return " ".join(_ACRONYMS.get(w, w) for w in name.split("_"))


def objective_in_words(objective: Objective, model: CostModel) -> str:
    """What is sought, in words and with units."""
    units = {m.name: m for m in model.metrics}
    goal = _goal(objective, units)
    limits = [_constraint(c, units) for c in objective.constraints]
    return goal + (" subject to " + " and ".join(limits) if limits else "")


def _goal(objective: Objective, metrics: dict[str, Metric]) -> str:
    if isinstance(objective, Minimise | Maximise):
        return f"{type(objective).__name__.lower()} {_name(objective.metric, metrics)}"
    if isinstance(objective, Product):
        terms = (_name(n, metrics) + ("" if w == 1 else f"^{w:g}") for n, w in objective.weights.items())
        return f"minimise {' × '.join(terms)}"
    if isinstance(objective, TargetSpec):
        targets = (f"{_name(n, metrics)} ≤ {si(t, metrics[n].unit)}" for n, t in objective.targets.items())
        return f"meet {', '.join(targets)}"
    return str(objective).split(", ")[0] if objective.constraints else str(objective)


def _constraint(constraint: Constraint, metrics: dict[str, Metric]) -> str:
    sign = "≤" if constraint.kind == "<=" else "≥"
    return f"{_name(constraint.metric, metrics)} {sign} {si(constraint.bound, metrics[constraint.metric].unit)}"


def _name(name: str, metrics: dict[str, Metric]) -> str:
    return metric_label(metrics[name]) if name in metrics else name


def clean(text: object, limit: int = 60) -> str:
    """A name from outside as one short line of printable characters."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return line if len(line) <= limit else line[: limit - 1] + "…"
