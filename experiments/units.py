"""Figures for people: three or four digits, SI prefixes, units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archgym.task import Task

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_SQUARES = {-18: "nm²", -12: "µm²", -6: "mm²", 0: "m²"}
_PREFIXED = {"s", "J", "W", "B", "V", "A", "Hz", "B/s", "FLOP", "FLOP/s", "OP/s", "J·s", "bit/s"}
NOTHING = "-"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def si(value: float | None, unit: str = "") -> str:
    """A figure with its unit: ``93.1 ns``, ``1.24 mJ``, ``3.10 mm²``, ``0.914``; ``-`` where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if unit == "m2" and value:
        return _square(value)
    if unit in _PREFIXED and value:
        return _prefixed(value, unit)
    return f"{plain(value)} {unit}".rstrip()


def plain(value: float) -> str:
    """Four significant digits, thousands separated: ``12,345``, ``0.9143``, ``3.1e-09``."""
    if abs(value) >= 1e15:
        return f"{value:.3e}"
    if abs(value) >= 1000.0 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.4g}"


def count(value: int) -> str:
    """``19200000 -> "19,200,000"``; powers of ten once that is no longer readable."""
    return f"{value:,}" if value < 10**9 else f"{_leading(value)} × 10{str(len(str(value)) - 1).translate(_SUPERSCRIPT)}"


def percent(share: float | None) -> str:
    """A share as per cent with three digits, ``-`` where there is none."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{100 * share:.3g} %"


def seconds(value: float) -> str:
    """A duration: ``12.3 s``, ``4.5 ms``."""
    return si(value, "s")


def metric_units(task: Task) -> dict[str, str]:
    """Unit of each metric of a task's model, by the metric's name."""
    return {m.name: m.unit for m in task.model.metrics}


def objective_unit(task: Task) -> str:
    """Unit of ``task.objective.value``: the metric's, or the product of the metrics' units, such as ``J·s``."""
    units = metric_units(task)
    weights = getattr(task.objective, "weights", None)
    if weights:
        return "·".join(sorted(_power(units[name], weight) for name, weight in weights.items() if units.get(name)))
    metric = getattr(task.objective, "metric", None)
    return units.get(metric, "") if metric else ""


def _power(unit: str, weight: float) -> str:
    return unit if weight == 1 else f"{unit}^{weight:g}"


def _prefixed(value: float, unit: str) -> str:
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3 + 1e-12), min(_PREFIXES)), max(_PREFIXES))
    if round(abs(value) / 10.0**exponent, _decimals(abs(value) / 10.0**exponent)) >= 1000 and exponent < max(_PREFIXES):
        exponent += 3
    return f"{_three(value / 10.0**exponent)} {_PREFIXES[exponent]}{unit}"


def _square(value: float) -> str:
    exponent = min(max(6 * math.floor(math.log10(abs(value)) / 6 + 1e-12), min(_SQUARES)), max(_SQUARES))
    return f"{_three(value / 10.0**exponent)} {_SQUARES[exponent]}"


def _decimals(size: float) -> int:
    return 2 if size < 10 else 1 if size < 100 else 0


def _three(value: float) -> str:
    return f"{value:,.{_decimals(abs(value))}f}"


def _leading(value: int) -> str:
    digits = str(value)
    return f"{int(digits[:3]) / 100:g}"
