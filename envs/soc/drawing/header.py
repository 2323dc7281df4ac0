"""The head of a picture: its title, and each figure beside its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .ink import GREEN, GRID, INK, MUTED, RED, SMALL, line, rectangle, write
from .parts import Gauge, Scene
from .text import fit

TITLE, VALUE = 13.0, 11.0  # points
HEAD, CELL, PER_ROW = 0.42, 0.62, 6  # inches, inches, gauges in a row
FULL = 1.25  # a gauge ends at this many budgets


def height(scene: Scene) -> float:
    """Of title and gauges, in inches."""
    return HEAD + CELL * -(-len(scene.gauges) // PER_ROW) + 0.1


def draw(axes: Any, scene: Scene, top: float, left: float, room: float) -> None:
    """Draw from ``top`` downwards onto axes in inches."""
    write(axes, left, top - HEAD / 2, fit(scene.title, TITLE, room, True), TITLE, weight="bold")
    if not scene.gauges:
        return
    rows = [scene.gauges[k : k + PER_ROW] for k in range(0, len(scene.gauges), PER_ROW)]
    wide = room / max(4, len(rows[0]))
    for number, row in enumerate(rows):
        _row(axes, row, top - HEAD - CELL * number, left, wide)


def _row(axes: Any, gauges: Sequence[Gauge], top: float, left: float, wide: float) -> None:
    for k, gauge in enumerate(gauges):
        x, room = left + k * wide, wide - 0.3
        colour = INK if gauge.budget is None or gauge.value <= gauge.budget else RED
        write(axes, x, top - 0.09, fit(gauge.name, SMALL, room), SMALL, color=MUTED)
        write(axes, x, top - 0.27, fit(gauge.text, VALUE, room, True), VALUE, weight="bold", color=colour)
        if gauge.budget is not None:
            write(axes, x + room, top - 0.27, gauge.budget_text, SMALL, color=MUTED, ha="right")
            _bar(axes, gauge.value / gauge.budget, x, top - 0.48, room)


def _bar(axes: Any, ratio: float, x: float, y: float, wide: float) -> None:
    """How much of the budget is used, up to ``FULL`` of it; a tick at the budget."""
    unit = wide / FULL
    rectangle(axes, x, y, wide, 0.07, facecolor=GRID)
    rectangle(axes, x, y, min(ratio, FULL) * unit, 0.07, facecolor=GREEN if ratio <= 1 else RED, zorder=4)
    line(axes, (x + unit, x + unit), (y - 0.03, y + 0.1), color=INK, linewidth=1.4, zorder=5)
