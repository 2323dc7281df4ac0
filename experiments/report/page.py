"""Putting the page together: one HTML file, with figures beside it for papers and slides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from archgym.experiments.report import figures, tables
from archgym.experiments.report.front import agent_front, payload
from archgym.experiments.report.header import knobs, study_facts, task_facts
from archgym.experiments.report.reading import Section, StudyData, read_study
from archgym.experiments.report.style import DARK, LIGHT, Style
from archgym.experiments.report.svg import Drawing, render
from archgym.files import write_text

REPORT, PAGE, FIGURES = "report", "index.html", "figures"
_SCRIPTS = ("page.js", "plot.js", "front.js")


def write_report(folder: Path) -> Path:
    """Write ``folder/report/index.html`` and ``folder/report/figures/*`` from the runs of a study's folder.

    The page needs no network and no other file. Runs that are incomplete or broken are listed on it.

    Raises:
        BadInput: the folder holds neither a study nor a run.
    """
    study = read_study(folder)
    styles = {label: Style(i) for i, label in enumerate(study.labels)}
    target = folder / REPORT
    data: list[dict[str, Any]] = []
    sections = [_section(s, styles, target / FIGURES, data) for s in study.sections]
    write_text(target / PAGE, _page(study, styles, sections, {"agents": _agents(styles), "tasks": data}))
    return target / PAGE


def _section(section: Section, styles: Mapping[str, Style], folder: Path, data: list[dict[str, Any]]) -> str:
    """One task's part of the page; saves its figures, and adds the interactive plot's data."""
    fronts = {label: agent_front(section.task, runs) for label, runs in section.groups.items()}
    data.append(payload(section, fronts, styles))
    made = figures.draw(section, styles, fronts)
    drawings = {name: render(f, f"{section.slug}-{name}", f"{name} of {section.title}") for name, f in made.items()}
    for drawing in drawings.values():
        drawing.save(folder)
    return _fill(
        "task.html",
        slug=section.slug,
        title=escape(section.title),
        doc=escape(section.task.doc),
        facts=task_facts(section),
        chips=_chips(section, styles),
        results=tables.results(section, styles),
        knobs=knobs(section.task),
        front_links=_links(drawings.pop("front")),
        figures="\n".join(_figure(name, d) for name, d in drawings.items()),
    )


def _figure(name: str, drawing: Drawing) -> str:
    """A drawing in its panel; the model's own picture of the best design takes the whole width."""
    wide, heading = (" wide", "<h3>Best design of this study</h3>") if name == "design" else ("", "")
    return f'<figure class="panel{wide}">{heading}{drawing.inline}<figcaption>{_links(drawing)}</figcaption></figure>'


def _links(drawing: Drawing) -> str:
    names = ((suffix, f"{FIGURES}/{drawing.name}.{suffix}") for suffix in ("svg", "png"))
    links = (f'<a href="{path}" download aria-label="{drawing.name} as {s.upper()}">{s.upper()}</a>' for s, path in names)
    return f'<span class="links">Download {" ".join(links)}</span>'


def _chips(section: Section, styles: Mapping[str, Style]) -> str:
    """Buttons that show and hide an agent in all figures of the task."""
    return "".join(
        f'<button type="button" class="chip" aria-pressed="true" data-chip="{styles[label].index}">'
        f"{tables.swatch(styles[label])}{escape(label)}</button>"
        for label in section.groups
    )


def _agents(styles: Mapping[str, Style]) -> list[dict[str, Any]]:
    return [{"label": k, "colour": s.variable, "dash": list(s.dashes), "path": s.path} for k, s in styles.items()]


def _page(study: StudyData, styles: Mapping[str, Style], sections: list[str], data: dict[str, Any]) -> str:
    return _fill(
        "page.html",
        title=escape(study.name),
        css=palette() + _asset("page.css"),
        js="\n".join(_asset(name) for name in _SCRIPTS),
        nav=_navigation(study),
        facts=study_facts(study),
        overall=tables.overall(study, styles) if study.runs else '<p class="empty">No finished run yet.</p>',
        problems=tables.problems(study),
        sections="\n".join(sections),
        data=script_json(data),
    )


def _navigation(study: StudyData) -> str:
    return "".join(f'<li><a href="#{s.slug}">{escape(s.title)}</a></li>' for s in study.sections)


def palette() -> str:
    """Style sheet of the agents' colours ``--a0`` …, light and dark."""
    light, dark = ("".join(f"--a{i}:{c};" for i, c in enumerate(p)) for p in (LIGHT, DARK))
    themes = (":root{%s}", "@media(prefers-color-scheme:dark){:root:not([data-theme=light]){%s}}", ":root[data-theme=dark]{%s}")
    return "\n".join(t % p for t, p in zip(themes, (light, dark, dark), strict=True)) + "\n"


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element whatever its strings say."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _fill(name: str, **parts: str) -> str:
    return Template(_asset(name)).substitute(parts)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
