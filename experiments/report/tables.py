"""Sortable HTML tables, with every cell escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from archgym.experiments.report import curves
from archgym.experiments.report.reading import Run, Section, StudyData
from archgym.experiments.report.style import Style
from archgym.experiments.statistics import median
from archgym.experiments.units import percent, seconds, si
from archgym.objective import relative_regret


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and by what it sorts (its text where None)."""

    text: str
    key: float | None = None
    agent: Style | None = None


@dataclass(frozen=True)
class Column:
    """A heading with its explanation; ``short`` texts such as names are not wrapped."""

    title: str
    doc: str = ""
    numeric: bool = True
    short: bool = False

    @property
    def kind(self) -> str:
        """Its class in the style sheet."""
        return "num" if self.numeric else "id" if self.short else "text"


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> str:
    """A table that the page's script makes sortable by each heading."""
    head = "".join(_heading(c) for c in columns)
    body = "".join(f"<tr>{''.join(_cell(c, k) for c, k in zip(row, columns, strict=True))}</tr>\n" for row in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table class="sortable">'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )


def overall(study: StudyData, styles: Mapping[str, Style]) -> str:
    """Agents over all tasks: mean rank and median regret."""
    columns = [
        Column("agent", numeric=False),
        Column("mean rank", "rank of the agent's median final score on each task, 1 is best; mean over its tasks"),
        Column("median regret", "median over tasks of the agent's median relative regret"),
        Column("first", "tasks on which no agent's median is better"),
        Column("tasks", "tasks it played"),
        Column("runs", "finished runs"),
        Column("agent time", "median seconds of its own per evaluation"),
    ]
    rows = sorted((_overall_row(label, study, styles) for label in study.labels), key=lambda r: (r[1].key or 0.0, r[0].text))
    return table("Agents over all tasks", columns, rows)


def results(section: Section, styles: Mapping[str, Style]) -> str:
    """Agents on one task."""
    rows = [_result_row(label, runs, section, styles) for label, runs in section.groups.items()]
    return table(f"Agents on {section.title}", _RESULT_COLUMNS, sorted(rows, key=lambda r: -(r[2].key or 0.0)))


def problems(study: StudyData) -> str:
    """Runs that are not on the page, and why; empty where there are none."""
    if not study.problems:
        return ""
    columns = [Column(n, numeric=False, short=n != "why") for n in ("run", "task", "agent", "seed", "why")]
    rows = [[Cell(t) for t in (p.run, p.task, p.agent, p.seed, p.what)] for p in study.problems]
    return table("Runs left out", columns, rows)


def ranks(section: Section) -> dict[str, float]:
    """Rank of each agent's median final score."""
    found = curves.average_ranks([_median_score(runs) for runs in section.groups.values()])
    return dict(zip(section.groups, found.tolist(), strict=True))


_RESULT_COLUMNS = [
    Column("agent", numeric=False),
    Column("runs", "finished runs: seeds, and draws of hyperparameters"),
    Column("median score", "median over runs of the final best score; higher is better"),
    Column("quartiles", "lower and upper quartile of the final scores"),
    Column("median regret", "best score / score - 1"),
    Column("best run's regret", "of the best run"),
    Column("hypervolume", "median final hypervolume, as a share of the reference box"),
    Column("feasible", "share of evaluations that met every constraint"),
    Column("unique", "share of evaluations that were not repeats"),
    Column("agent time", "median seconds of its own per evaluation"),
    Column("model time", "median seconds in the cost model per evaluation"),
]


def _result_row(label: str, runs: list[Run], section: Section, styles: Mapping[str, Style]) -> list[Cell]:
    scores = np.array([r.score for r in runs])
    low, middle, high = curves.quartiles(scores[:, None])[:, 0].tolist()
    total = sum(r.evaluations for r in runs)
    volume = float(np.median([r.volume[-1] for r in runs]))
    return [
        Cell(label, None, styles[label]),
        Cell(str(len(runs)), len(runs)),
        Cell(si(middle), middle),
        Cell(f"{si(low)} … {si(high)}" if len(runs) > 1 else "–", high - low),
        _regret(middle, section.best_score),
        _regret(float(scores.max()), section.best_score),
        Cell(si(volume), volume),
        _share(sum(r.feasible for r in runs) / total),
        _share(sum(r.unique for r in runs) / total),
        _seconds(runs, "agent_s"),
        _seconds(runs, "evaluate_s"),
    ]


def _overall_row(label: str, study: StudyData, styles: Mapping[str, Style]) -> list[Cell]:
    played = [s for s in study.sections if label in s.groups]
    runs = [r for s in played for r in s.groups[label]]
    places = [ranks(s)[label] for s in played]
    first = sum(_is_first(label, s) for s in played)
    regrets = [_relative(_median_score(s.groups[label]), s.best_score) for s in played]
    return [
        Cell(label, None, styles[label]),
        Cell(f"{np.mean(places):.2f}", float(np.mean(places))),
        _shown(median(regrets)),
        Cell(str(first), first),
        Cell(str(len(played)), len(played)),
        Cell(str(len(runs)), len(runs)),
        _seconds(runs, "agent_s"),
    ]


def _is_first(label: str, section: Section) -> bool:
    medians = {k: _median_score(runs) for k, runs in section.groups.items()}
    return 0.0 < medians[label] == max(medians.values())


def _median_score(runs: list[Run]) -> float:
    return float(curves.quartiles(np.array([[r.score] for r in runs]))[1, 0])


def _relative(score: float, best: float) -> float:
    return float(relative_regret(np.array([score]), best)[0])


def _regret(score: float, best: float) -> Cell:
    return _shown(_relative(score, best))


def _shown(regret: float) -> Cell:
    return Cell(percent(regret) if np.isfinite(regret) else "infeasible", regret)


def _share(value: float) -> Cell:
    return Cell(f"{100 * value:.0f} %", value)


def _seconds(runs: list[Run], name: str) -> Cell:
    value = median([r.seconds(name) for r in runs])
    return Cell(seconds(value), value)


def _heading(column: Column) -> str:
    title = f' title="{escape(column.doc)}"' if column.doc else ""
    button = f'<button type="button"{title}>{escape(column.title)}</button>'
    return f'<th scope="col" class="{column.kind}" aria-sort="none">{button}</th>'


def _cell(cell: Cell, column: Column) -> str:
    key = "" if cell.key is None else f' data-key="{_key(cell.key)}"'
    if cell.agent is not None:
        return f'<th scope="row"><span class="name">{swatch(cell.agent)}{escape(cell.text)}</span></th>'
    return f'<td class="{column.kind}"{key}>{escape(cell.text)}</td>'


def swatch(style: Style) -> str:
    """An agent's marker on a piece of its line."""
    dashes = ",".join(f"{1.6 * d:g}" for d in style.dashes)
    return (
        '<svg class="swatch" viewBox="-14 -7 28 14" aria-hidden="true">'
        f'<path d="M-13 0H13" stroke="{style.variable}" stroke-width="2" stroke-dasharray="{dashes or "none"}"/>'
        f'<path d="{style.path}" fill="{style.variable}"/></svg>'
    )


def _key(value: float) -> str:
    return "1e999" if not np.isfinite(value) else f"{value:.9g}"
