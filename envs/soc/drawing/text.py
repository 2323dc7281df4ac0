"""Text of a picture: short names, figures with units, and what fits into how many inches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

FAMILY = "DejaVu Sans"  # comes with matplotlib, so that widths are the same everywhere
LINE = 0.0195  # inches from line to line per point of the font
DROPPED = ("_fxp_cloned", "_cloned")  # what compiler passes appended to the names of FARSI's tasks
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "\u00b5"), (1e-9, "n"), (1e-12, "p"))


def short(name: str) -> str:
    """A task's name as pictures show it."""
    for ending in DROPPED:
        name = name.replace(ending, "")
    return name.replace("souurce", "input")


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """``7.08 ms`` for 0.00708 and ``s``."""
    factor, prefix = next(((f, p) for f, p in PREFIXES if abs(value) >= f * 0.9995), (1.0, "") if value == 0 else PREFIXES[-1])
    return f"{_plain(value / factor, digits)} {prefix}{unit}"


def square_mm(value: float) -> str:
    """An area given in m2, in mm2."""
    return f"{_plain(value * 1e6, 3)} mm\u00b2"


def _plain(value: float, digits: int) -> str:
    """So many digits, never an exponent, no zeros behind the point."""
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text and abs(value) >= 1 else text


@lru_cache(maxsize=8192)
def width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line of text in inches at a size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FAMILY, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72


def fit(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, cut short with an ellipsis where it is wider than ``room`` inches."""
    if width(text, size, bold) <= room:
        return text
    while text and width(text + "\u2026", size, bold) > room:
        text = text[:-1]
    return text + "\u2026"


def first(texts: Sequence[str], size: float, room: float) -> str:
    """The first text that fits; the last one cut short where none does."""
    return next((text for text in texts if width(text, size) <= room), fit(texts[-1], size, room))


def shrunk(text: str, sizes: Sequence[float], room: float) -> tuple[str, float]:
    """Bold text at the first of some sizes at which it fits; at the last one cut short where it fits at none."""
    size = next((size for size in sizes if width(text, size, True) <= room), sizes[-1])
    return fit(text, size, room, True), size


def flow(words: Sequence[str], size: float, room: float) -> tuple[str, ...]:
    """Words with commas between them, in lines no wider than ``room`` inches."""
    lines: list[str] = []
    for k, word in enumerate(words):
        item = fit(word, size, room - width(",", size)) + ("," if k + 1 < len(words) else "")
        if lines and width(f"{lines[-1]} {item}", size) <= room:
            lines[-1] += f" {item}"
        else:
            lines.append(item)
    return tuple(lines)
