"""From a matplotlib figure to files (light, for papers) and to an inline drawing that follows the page's theme."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archgym.experiments.report.style import GRID, INK, KNOWN, LIGHT, MUTED, RC
from archgym.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_DPI = 160
_THEMED = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", KNOWN: "var(--ink)", "#ffffff": "var(--card)"}
_THEMED |= {colour: f"var(--a{i})" for i, colour in enumerate(LIGHT)}


@dataclass(frozen=True)
class Drawing:
    """One figure, rendered: a standalone SVG file, a PNG file and an SVG element for the page."""

    name: str
    svg: str
    png: bytes
    inline: str

    def save(self, folder: Path) -> None:
        """Write the two files, each atomically."""
        for suffix, data in ((".svg", self.svg.encode()), (".png", self.png)):
            with replacing(folder / f"{self.name}{suffix}") as temporary:
                temporary.write_bytes(data)


def render(figure: Figure, name: str, title: str) -> Drawing:
    """Render a figure; the same figure gives the same bytes."""
    from matplotlib import rc_context

    vector, raster = io.StringIO(), io.BytesIO()
    with rc_context(RC):
        figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
        figure.set_layout_engine("none")  # keep the layout that was just found: it costs as much as the drawing
        figure.savefig(raster, format="png", dpi=PNG_DPI, metadata={"Software": None})
    svg = _tidy(vector.getvalue())
    return Drawing(name, svg, raster.getvalue(), inline(svg, name, title))


def inline(svg: str, name: str, title: str) -> str:
    """The drawing as an element of the page: themed colours, ids of its own, agents marked by ``data-agent``."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r' id="agent-(\d+)-\w+"', r' data-agent="\1"', body)
    body = _own_ids(body, name)
    body = re.sub(r"(fill|stroke): (#[0-9a-f]{6})", lambda m: f"{m[1]}: {_THEMED.get(m[2], m[2])}", body)
    view = re.search(r'viewBox="[^"]*"', body)
    opening = f'<svg class="static" role="img" aria-label="{html.escape(title)}" {view[0] if view else ""}>'
    return re.sub(r"<svg[^>]*>", lambda _: opening, body, count=1)


def _tidy(svg: str) -> str:
    """Two decimals are a hundredth of a point; short font lists; no trailing blanks."""
    svg = re.sub(r'\b(?:d|x|y|transform|points)="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), svg)
    svg = re.sub(r"'?DejaVu Sans'?(?:, [^;\"]*)?", "DejaVu Sans, Verdana, sans-serif", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _own_ids(body: str, name: str) -> str:
    """Ids nobody refers to go; the others get the figure's name in front, so that figures can share a page."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)
