"""A lottery's digest becomes tables, figures and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.experiments.lottery import figures_agents, figures_luck, figures_time
from archgym.experiments.lottery.analysis import Analysis, analyse
from archgym.experiments.lottery.analysis_tables import csv_tables
from archgym.experiments.lottery.digest import Digest
from archgym.experiments.lottery.page import CSV, page
from archgym.experiments.report.page import FIGURES, PAGE
from archgym.experiments.report.style import RC
from archgym.experiments.report.svg import Drawing, render
from archgym.family import Table
from archgym.files import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIGURES = {
    "winners": figures_luck.winners,
    "decides": figures_luck.decides,
    "difficulty": figures_luck.difficulty,
    "spread": figures_luck.spread,
    "shares": figures_luck.shares,
    "aggregates": figures_agents.aggregates,
    "ranks": figures_agents.ranks,
    "profiles": figures_agents.profiles,
    "improvement": figures_agents.improvement,
    "tuning": figures_agents.tuning,
    "tickets": figures_agents.tickets,
    "anytime": figures_time.anytime,
    "reaches": figures_time.reaches,
    "running_times": figures_time.running_times,
    "volumes": figures_time.volumes,
}
_PER_TASK = {"draws": figures_luck.draws_on, "anytime": figures_time.anytime_of, "attainment": figures_time.attainment_of}


def write(digest: Digest, out: Path) -> Path:
    """Write ``out/tables/*.csv``, ``out/figures/*`` and ``out/index.html``; the page's path.

    The same digest gives the same files.
    """
    return write_analysis(analyse(digest), out)


def write_analysis(analysis: Analysis, out: Path) -> Path:
    """The same for an analysis that was made already."""
    for name, table in csv_tables(analysis).items():
        write_text(out / CSV / f"{name}.csv", as_csv(table))
    drawings: dict[str, Drawing] = {}
    for name, title, figure in _draw(analysis):
        drawings[name] = render(figure, name, title)
        drawings[name].save(out / FIGURES)
    write_text(out / PAGE, page(analysis, drawings))
    return out / PAGE


def as_csv(table: Table) -> str:
    """A table as CSV text: six digits, what is not known left empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.6g}"
    return "" if value is None else value


def _draw(analysis: Analysis) -> Iterator[tuple[str, str, Figure]]:
    """Name, title and drawing of every figure that the runs suffice for, one at a time."""
    from matplotlib import rc_context

    def made(draw: Any, *arguments: Any) -> Figure | None:
        with rc_context(RC):
            found: Figure | None = draw(analysis, *arguments)
            return found

    for name, whole in _FIGURES.items():
        figure = made(whole)
        if figure is not None:
            yield name, name.replace("_", " "), figure
    for problem in analysis.field.problems:
        for what, draw in _PER_TASK.items():
            figure = made(draw, problem.task)
            if figure is not None:
                yield f"{problem.anchor}-{what}", f"{what} on {problem.task}", figure
