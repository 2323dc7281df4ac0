"""The first reading of a lottery: per task, how much of an agent's result its hyperparameters decided."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from archgym.experiments.lottery.digest import Digest
from archgym.experiments.lottery.tuning import cross_fit
from archgym.experiments.units import percent
from archgym.family import Table
from archgym.files import write_text
from archgym.space import FloatArray

NAME = "standings.csv"
_COLUMNS = ("agent", "defaults", "best draw", "median draw", "worst draw", "draws", "agent, s / run")
_NOTES = (
    "performance: best score of a run over the best known; means over seeds, the defaults' a median",
    "best and worst draw: chosen on all seeds but one and scored on that one, so that a lucky seed is no lucky draw;",
    "where the worst comes out above the best, these draws differ by no more than luck",
)


@dataclass(frozen=True)
class Standing:
    """One agent on one task, as performances (share of the best known score); NaN where there are no such runs.

    Args:
        task, agent: their names.
        defaults: median over the seeds of the defaults.
        best, worst: of the draws, each chosen on all seeds but one and scored on that one, mean over which one.
        median: of the draws' means over seeds.
        draws: how many there are.
        agent_s: median seconds in the agent per run, the defaults' included.
    """

    task: str
    agent: str
    defaults: float
    best: float
    median: float
    worst: float
    draws: int
    agent_s: float


def standings(digest: Digest, task: str) -> list[Standing]:
    """Every agent on one task, the best defaults first."""
    rows = [_standing(digest, agent, task) for agent in digest.agents(task)]
    return sorted(rows, key=lambda row: (-np.nan_to_num(row.defaults, nan=-1.0), row.agent))


def tables(digest: Digest) -> Iterator[Table]:
    """One table per task, the held-out ones first."""
    for task in (*digest.tasks, *digest.tuning):
        yield Table(_title(digest, task), _COLUMNS, [_cells(row) for row in standings(digest, task)], _NOTES)


def write_standings(digest: Digest, folder: Path) -> Path:
    """Write all standings as one CSV file; its path."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Standing)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for task in (*digest.tasks, *digest.tuning) for row in standings(digest, task))
    path = folder / NAME
    write_text(path, out.getvalue())
    return path


def _standing(digest: Digest, agent: str, task: str) -> Standing:
    drawn, defaults = digest.drawn(agent, task), digest.defaults(agent, task)
    y = digest.performance(task, drawn.score)
    return Standing(
        task=task,
        agent=agent,
        defaults=_median(digest.performance(task, defaults.score)),
        best=_chosen(y),
        median=_median(y.mean(axis=1)),
        worst=-_chosen(-y),
        draws=len(y),
        agent_s=_median(np.concatenate([drawn.agent_s.ravel(), defaults.agent_s.ravel()])),
    )


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if values.size else float("nan")


def _chosen(y: FloatArray) -> float:
    """Mean performance of the best of all draws, chosen on all seeds but one and scored on that one; NaN where it cannot be."""
    draws, seeds = y.shape
    return float(cross_fit(y, draws, seeds - 1)[-1]) if draws and seeds > 1 else float("nan")


def _title(digest: Digest, task: str) -> str:
    facts = digest.facts[task]
    words = [facts.family, *(["easy"] if facts.easy else []), *(["for tuning"] if task in digest.lottery.tuning else [])]
    return f"{task} ({', '.join(words)}): performance at {digest.lottery.budget:,} evaluations"


def _cells(row: Standing) -> tuple[object, ...]:
    shares = (percent(share) for share in (row.defaults, row.best, row.median, row.worst))
    return (row.agent, *shares, row.draws, f"{row.agent_s:.3g}")
