"""Colours and strokes. The report's own colours, so that its dark theme can turn them."""

from __future__ import annotations

from typing import Any

from .parts import Limit
from .text import FAMILY

INK, MUTED, GRID, PAPER = "#1f2430", "#596170", "#d9dee5", "#ffffff"
GREEN, BLUE, PURPLE, ORANGE, RED = "#00805f", "#0072b2", "#a23b8f", "#d1490b", "#7a1c2e"
COLOURS: dict[Limit, str] = {"compute": GREEN, "read": BLUE, "write": PURPLE, "bus": ORANGE}
MEANING: dict[Limit, str] = {
    "compute": "computing",
    "read": "reading a memory",
    "write": "writing a memory",
    "bus": "a bus",
}
TITLES = (8.5, 7.7, 7.1, 6.6)  # points; smaller where a name is long
BODY, SMALL = 7.5, 6.8


def write(axes: Any, x: float, y: float, text: str, size: float = BODY, **more: Any) -> None:
    """One line of text, never read as mathematics and never clipped."""
    options: dict[str, Any] = {"color": INK, "va": "center", "ha": "left", "family": FAMILY, "zorder": 6} | more
    axes.text(x, y, text, fontsize=size, parse_math=False, **options)


def rectangle(axes: Any, x: float, y: float, wide: float, high: float, **more: Any) -> None:
    """A rectangle with its lower left corner at ``(x, y)``; round corners where ``round`` gives their radius."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    options: dict[str, Any] = {"linewidth": 0.0, "zorder": 3, "clip_on": False} | more
    radius = options.pop("round", 0.0)
    if radius:
        style = f"round,pad=0,rounding_size={radius}"
        axes.add_patch(FancyBboxPatch((x, y), wide, high, boxstyle=style, mutation_aspect=1.0, **options))
    else:
        axes.add_patch(Rectangle((x, y), wide, high, **options))


def tinted(axes: Any, x: float, y: float, wide: float, high: float, colour: str, strong: bool = False) -> None:
    """A box in a light tint with an edge in the full colour; a thick edge where ``strong``."""
    rectangle(axes, x, y, wide, high, facecolor=PAPER, round=0.05, zorder=2.8)
    rectangle(axes, x, y, wide, high, facecolor=colour, alpha=0.1, round=0.05)
    rectangle(
        axes, x, y, wide, high, facecolor="none", edgecolor=colour, linewidth=1.8 if strong else 0.9, round=0.05, zorder=3.5
    )


def line(axes: Any, xs: tuple[float, ...], ys: tuple[float, ...], **more: Any) -> None:
    """A line, never clipped."""
    options: dict[str, Any] = {"color": MUTED, "linewidth": 1.0, "zorder": 2, "clip_on": False, "solid_capstyle": "butt"} | more
    axes.plot(xs, ys, **options)
