"""The whole picture: head, block diagram and timeline on one sheet."""

from __future__ import annotations

from typing import Any

from . import diagram, header, timeline
from .ink import PAPER, RED, write
from .parts import Scene
from .text import fit

WIDE, MARGIN, SPACE = 12.0, 0.3, 0.25  # inches


def sheet(scene: Scene) -> Any:
    """A matplotlib figure of a scene; the same scene gives the same figure."""
    from matplotlib.figure import Figure

    wide = max(WIDE, diagram.needed(scene) + 2 * MARGIN)
    room = wide - 2 * MARGIN
    found = diagram.plan(scene, MARGIN, room)
    below = 0.2 * len(scene.reasons) + 0.1 if scene.reasons else timeline.height(scene)
    high = 2 * MARGIN + header.height(scene) + SPACE + found.height + SPACE + below
    figure = Figure(figsize=(wide, high), facecolor=PAPER)
    axes = _canvas(figure, wide, high)
    header.draw(axes, scene, high - MARGIN, MARGIN, room)
    diagram.draw(axes, scene, found, MARGIN + below + SPACE)
    for k, reason in enumerate(scene.reasons):
        text = fit(f"cannot be built: {reason}", 9.5, room)
        write(axes, MARGIN, MARGIN + below - 0.2 * (k + 0.5), text, 9.5, color=RED)
    if not scene.reasons:
        timeline.draw(figure, scene, MARGIN, MARGIN, room)
    return figure


def _canvas(figure: Any, wide: float, high: float) -> Any:
    """Axes over the whole figure in inches."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, wide)
    axes.set_ylim(0, high)
    axes.set_axis_off()
    return axes
