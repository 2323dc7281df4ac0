"""One look for agents everywhere: colour, dashes and marker by position, in matplotlib and on the page.

Eight hues of the Okabe-Ito kind, dark enough on white and light enough on black for a contrast of 3:1 or more. No two of
the first 32 agents share both hue and dash pattern, and 13 markers tell them apart without either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LIGHT = ("#0072b2", "#d1490b", "#00805f", "#a23b8f", "#a07400", "#0b98b8", "#7a1c2e", "#5b5b5b")
DARK = ("#5ab0f5", "#ff8a4c", "#2cc295", "#dc82d0", "#e0b03a", "#7fe0f2", "#f59aa5", "#bdbdbd")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.4, 1.6), (6, 1.8, 1.4, 1.8))
INK, MUTED, GRID, KNOWN = "#1f2430", "#596170", "#d9dee5", "#101418"

Vertices = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Style:
    """How one agent is drawn."""

    index: int

    @property
    def colour(self) -> str:
        """Its colour on white."""
        return LIGHT[self.index % len(LIGHT)]

    @property
    def variable(self) -> str:
        """The style sheet's name for its colour."""
        return f"var(--a{self.index % len(LIGHT)})"

    @property
    def dashes(self) -> tuple[float, ...]:
        """On-off lengths in line widths, empty for a solid line."""
        return DASHES[(self.index + self.index // len(LIGHT)) % len(DASHES)]

    @property
    def marker(self) -> Vertices:
        """Corners of its marker inside the unit circle, y upwards."""
        return MARKERS[self.index % len(MARKERS)]

    @property
    def extent(self) -> float:
        """Half the width or height of its marker, whichever is more: matplotlib scales every marker to this."""
        return max(abs(c) for corner in self.marker for c in corner)

    @property
    def path(self) -> str:
        """The marker as an SVG path of radius 5."""
        return "M" + "L".join(f"{5 * x:.2f} {-5 * y:.2f}" for x, y in self.marker) + "Z"


def _polygon(corners: int, turn: float = 0.0, size: float = 1.0) -> Vertices:
    angles = (math.radians(90 + turn + 360 * k / corners) for k in range(corners))
    return tuple((size * math.cos(a), size * math.sin(a)) for a in angles)


def _star(tips: int, inner: float, turn: float = 0.0) -> Vertices:
    radii = (1.15 if k % 2 == 0 else inner for k in range(2 * tips))
    angles = (math.radians(90 + turn + 180 * k / tips) for k in range(2 * tips))
    return tuple((r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True))


def _cross(turn: float) -> Vertices:
    arm = ((0.35, 1), (0.35, 0.35), (1, 0.35), (1, -0.35), (0.35, -0.35), (0.35, -1))
    whole = (*arm, *((-x, -y) for x, y in arm))
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return tuple((c * x - s * y, s * x + c * y) for x, y in whole)


MARKERS: tuple[Vertices, ...] = (
    _polygon(20, size=0.9),  # circle
    _polygon(4, turn=45, size=1.15),  # square
    _polygon(3, size=1.15),  # triangle up
    _polygon(4, size=1.1),  # diamond
    _polygon(3, turn=180, size=1.15),  # triangle down
    _cross(0),  # plus
    _star(5, 0.5),  # star
    _cross(45),  # cross
    _polygon(3, turn=90, size=1.15),  # triangle left
    _polygon(5, size=1.05),  # pentagon
    _polygon(3, turn=-90, size=1.15),  # triangle right
    _star(4, 0.4),  # four-pointed star
    _polygon(6, size=1.05),  # hexagon
)

RC: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "axes.facecolor": "none",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "archgym",
    "text.parse_math": False,
    "path.simplify": False,
    "axes.formatter.useoffset": False,
}
