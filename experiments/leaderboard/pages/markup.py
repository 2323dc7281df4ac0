"""HTML of the site's pages: a shell, tables whose cells may hold links and badges, badges. Every text is escaped here."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template

from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.report.style import DARK, LIGHT, Style
from archgym.experiments.report.tables import Column, swatch
from archgym.experiments.report.words import clean

_REPORT, _HERE = "archgym.experiments.report", __package__
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%/?#=&+,;:@!*()-]*)?")
NOTHING = "–"


@dataclass(frozen=True)
class Cell:
    """What a cell holds as HTML, and by what it sorts (its text where None); ``head`` names the row."""

    html: str
    key: float | None = None
    head: bool = False


@dataclass(frozen=True)
class Page:
    """What the shell is filled with: a title, HTML of the body, and where the site's first page is seen from here."""

    title: str
    body: str
    root: str
    trail: tuple[tuple[str, str], ...] = ()
    data: str = ""


def text(value: object, limit: int = 300) -> str:
    """Any text as one line of HTML."""
    return escape(clean(value, limit))


def paragraphs(value: str) -> str:
    """A text of several lines as HTML."""
    return "".join(f"<p>{text(line, 2000)}</p>" for line in value.splitlines() if line.strip())


def outward(url: str) -> str:
    """A link out of the site; an address that is not http or https is shown, and no link."""
    if not _LINK.fullmatch(url):
        return text(url)
    return f'<a href="{escape(url)}" rel="nofollow noopener noreferrer external">{text(url)}</a>'


def link(href: str, label: str) -> str:
    """A link within the site."""
    return f'<a href="{escape(href)}">{text(label)}</a>'


def method_cell(href: str, name: str, style: Style | None = None) -> Cell:
    """A method's name as the head of its row, with its marker where it has one."""
    mark = swatch(style) if style is not None else ""
    return Cell(f'<span class="name">{mark}{link(href, name)}</span>', head=True)


def number(value: float, digits: int = 3) -> Cell:
    """A figure."""
    known = math.isfinite(value)
    return Cell(f"{value:.{digits}f}" if known else NOTHING, value if known else None)


def estimate(found: Interval | None, digits: int = 3) -> Cell:
    """An estimate with its interval, sorted by the estimate; -1 where there is none."""
    if found is None:
        return Cell(NOTHING, -1.0)
    value, low, high = (float(v) for v in found)
    reach = f"{low:.{digits}f} … {high:.{digits}f}" if math.isfinite(low) else ""
    return Cell(f'{value:.{digits}f} <span class="reach">{reach}</span>', value)


def rank(found: Interval) -> Cell:
    """A rank with its interval."""
    value, low, high = (float(v) for v in found)
    return Cell(f'{value:g} <span class="reach">{low:.1f} … {high:.1f}</span>', value)


def bar(found: Interval) -> str:
    """An estimate in [0, 1] and its interval as a small drawing; the figures stand beside it."""
    value = 100 * float(found.value)
    low, high = (100 * float(v) if math.isfinite(float(v)) else value for v in (found.low, found.high))
    return (
        '<svg class="bar" viewBox="-3 0 106 14" aria-hidden="true"><path class="rail" d="M0 7H100"/>'
        f'<path class="reach" d="M{low:.1f} 7H{high:.1f}"/><circle cx="{value:.1f}" cy="7" r="3.2"/></svg>'
    )


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], marks: Sequence[str] = ()) -> str:
    """A table that the page's script makes sortable by each heading, in a box that scrolls by itself.

    Args:
        caption: said above it, and to those who cannot see it.
        columns, rows: the cells.
        marks: per row, what the filter above it goes by.
    """
    head = "".join(_heading(c) for c in columns)
    attributes = [f' data-mark="{escape(m)}"' for m in marks] or [""] * len(rows)
    lines = (_row(row, columns, mark) for row, mark in zip(rows, attributes, strict=True))
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table class="sortable">'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n<tbody>{''.join(lines)}</tbody></table></div>\n"
    )


def badge(kind: str, words: str, why: str = "") -> str:
    """A badge: ``kind`` is ok, claim or bad; its sign says the same as its colour."""
    sign = {"ok": "✓", "claim": "?", "bad": "✗"}[kind]
    title = f' title="{escape(why)}"' if why else ""
    return f'<span class="badge {kind}"{title}><span aria-hidden="true">{sign}</span> {text(words)}</span>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """A definition list; the values are HTML."""
    return '<dl class="facts">' + "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in pairs) + "</dl>"


def section(name: str, body: str, heading: str = "") -> str:
    """A panel; with a heading it is named by that, which links may go to."""
    if not heading:
        return f'<section class="panel" aria-label="{escape(name)}">{body}</section>'
    return f'<section class="panel" aria-labelledby="{name}"><h2 id="{name}">{escape(heading)}</h2>{body}</section>'


def downloads(*files: tuple[str, str]) -> str:
    """Links to files beside the page, by label and address."""
    links = " ".join(link(href, label) for label, href in files)
    return f'<figcaption><span class="links">Download {links}</span></figcaption>'


def render(page: Page) -> str:
    """The whole page. Its policy allows the two scripts that are ours by their hashes, and nothing from anywhere else."""
    scripts = [asset("page.js"), asset("site.js", _HERE)]
    scripts += [asset("plot.js") + "\n" + asset("front.js")] if page.data else []
    joined = ["\n" + "\n".join(scripts)]
    data = f'<script type="application/json" id="report-data">{page.data}</script>\n' if page.data else ""
    return fill(
        "shell.html",
        title=escape(page.title),
        policy=" ".join(_hash(script) for script in joined),
        css=palette() + asset("page.css") + asset("site.css", _HERE),
        trail=_trail(page),
        body=page.body,
        scripts=data + "".join(f"<script>{script}</script>\n" for script in joined),
    )


def fill(template: str, **parts: str) -> str:
    """One of the templates beside this module."""
    return Template(asset(template, _HERE)).substitute(parts)


def asset(name: str, package: str = _REPORT) -> str:
    """A style sheet, script or template of the report, or of these pages."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def palette() -> str:
    """The agents' colours in both themes, as variables of the style sheet."""
    light, dark = ("".join(f"--a{i}:{c};" for i, c in enumerate(p)) for p in (LIGHT, DARK))
    by_choice = "@media(prefers-color-scheme:dark){:root:not([data-theme=light]){" + dark + "}}"
    return f":root{{{light}}}\n{by_choice}\n:root[data-theme=dark]{{{dark}}}\n"


def styles(names: Sequence[str]) -> Mapping[str, Style]:
    """The look of each method, the same on every page of a suite."""
    return {name: Style(k) for k, name in enumerate(names)}


# -- inside ----------------------------------------------------------------------------------------------------------------


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _trail(page: Page) -> str:
    steps = [("Leaderboards", f"{page.root}index.html"), *page.trail]
    return "".join(f"<li>{link(href, name)}</li>" for name, href in steps)


def _heading(column: Column) -> str:
    title = f' title="{escape(column.doc)}"' if column.doc else ""
    button = f'<button type="button"{title}>{escape(column.title)}</button>'
    return f'<th scope="col" class="{column.kind}" aria-sort="none">{button}</th>'


def _row(row: Sequence[Cell], columns: Sequence[Column], mark: str) -> str:
    return f"<tr{mark}>" + "".join(_cell(cell, column) for cell, column in zip(row, columns, strict=True)) + "</tr>\n"


def _cell(cell: Cell, column: Column) -> str:
    if cell.head:
        return f'<th scope="row">{cell.html}</th>'
    key = "" if cell.key is None else f' data-key="{"1e999" if not math.isfinite(cell.key) else f"{cell.key:.9g}"}"'
    return f'<td class="{column.kind}"{key}>{cell.html}</td>'
