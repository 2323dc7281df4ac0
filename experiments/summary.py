"""The end of a study in numbers: a table of agents per task, and the Pareto front over all their runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym import registry
from archgym.card import BestKnown
from archgym.costs import Costs
from archgym.experiments.plan import Plan, Planned
from archgym.experiments.runner import problem
from archgym.experiments.statistics import evenly_spread, median
from archgym.experiments.store import manifests
from archgym.experiments.units import objective_unit, percent, plain, si
from archgym.family import Table
from archgym.objective import relative_regret
from archgym.pareto import nondominated
from archgym.runlog import RunLog
from archgym.space import IntArray, Value
from archgym.task import Task

FRONT_ROWS = 10
MOST_KNOBS = 16  # columns or notes that a person still reads
_COLUMNS = (
    "agent",
    "runs",
    "best score, median",
    "best score",
    "best value",
    "regret, median",
    "hypervolume, median",
    "evaluations",
    "agent, s / run",
    "model, s / run",
)


@dataclass(frozen=True)
class Standing:
    """One agent on one problem, over its complete runs.

    Args:
        problem: task and options.
        agent: its label.
        runs: complete ones.
        score, best_score: median and best over the runs of each run's best score.
        best_value: the objective's quantity of the best design, in ``unit``; None where nothing feasible was found.
        regret: median relative regret against the best known, None where none is known, inf where nothing feasible was found.
        hypervolume: median; ``hypervolume_share`` is relative to the best-known front's where one is known.
        evaluations: of all runs.
        agent_s, evaluate_s: median seconds per run in the agent and in the cost model.
    """

    problem: str
    agent: str
    runs: int
    score: float
    best_score: float
    best_value: float | None
    unit: str
    regret: float | None
    hypervolume: float
    hypervolume_share: float | None
    evaluations: int
    agent_s: float
    evaluate_s: float


@dataclass(frozen=True)
class Front:
    """The non-dominated feasible designs of all runs of one problem, ``x (N, D)`` with their costs."""

    task: Task
    x: IntArray
    costs: Costs


Group = list[tuple[Planned, dict[str, Any]]]


def groups(folder: Path, plan: Plan) -> dict[str, Group]:
    """The complete runs with their manifests, by problem, in the plan's order."""
    found: dict[str, Group] = {}
    for run, manifest in manifests(folder, plan):
        found.setdefault(problem(run), []).append((run, manifest))
    return found


def standings(name: str, group: Group, task: Task) -> list[Standing]:
    """Every agent's figures on one problem, best median score first."""
    labels = dict.fromkeys(run.label for run, _ in group)
    rows = [_standing(name, label, [m for run, m in group if run.label == label], task) for label in labels]
    return sorted(rows, key=lambda s: (-s.score, s.agent))


def pareto_front(folder: Path, group: Group, task: Task) -> Front:
    """The Pareto front over all trials of all runs of one problem."""
    fronts = [_front_of_run(folder / run.spec.id, task) for run, _ in group]
    return front_of(task, np.concatenate([f.x for f in fronts]), Costs.concatenate([f.costs for f in fronts]))


def front_of(task: Task, x: IntArray, costs: Costs) -> Front:
    """The non-dominated feasible designs of a batch, best first in the front's first metric."""
    points = task.front_values(costs)
    keep = np.flatnonzero(nondominated(points)).astype(np.int64)
    keep = keep[np.argsort(points[keep, 0], kind="stable")]
    return Front(task, x[keep], costs.take(keep))


def summarise(folder: Path, plan: Plan) -> Iterator[tuple[list[Standing], Front]]:
    """Standings and front of each problem that has complete runs."""
    for name, group in groups(folder, plan).items():
        spec = group[0][0].spec
        task = registry.get_task(spec.task, spec.options)
        yield standings(name, group, task), pareto_front(folder, group, task)


# -- as tables -------------------------------------------------------------------------------------------------------------


def standing_table(rows: list[Standing], task: Task) -> Table:
    """The table of one problem."""
    cells = [
        (
            s.agent,
            s.runs,
            plain(s.score),
            plain(s.best_score),
            si(s.best_value, s.unit),
            percent(s.regret),
            plain(s.hypervolume) if s.hypervolume_share is None else percent(s.hypervolume_share),
            f"{s.evaluations:,}",
            f"{s.agent_s:.3g}",
            f"{s.evaluate_s:.3g}",
        )
        for s in rows
    ]
    known = any(s.hypervolume_share is not None for s in rows)
    notes = ("hypervolume is relative to that of the best-known front",) if known else ()
    return Table(f"{rows[0].problem}: {task.objective}", _COLUMNS, cells, notes)


def front_table(front: Front, most: int = FRONT_ROWS) -> Table:
    """A front as a table: knobs that vary on it, unless too many to read, then its metrics; evenly spread where it is long."""
    task, names = front.task, [axis.metric for axis in front.task.front]
    varies = [j for j in range(len(task.space)) if len(np.unique(front.x[:, j])) > 1]
    columns = varies if len(varies) <= MOST_KNOBS else []
    shown = evenly_spread(np.arange(len(front.x), dtype=np.float64), most)
    rows = [[*_knobs(task, front.x[i], columns), *_metrics(front.costs, int(i), names)] for i in shown]
    heads = (*(task.space.names[j] for j in columns), *names)
    return Table(f"Pareto front: {len(front.x)} designs", heads, rows, _front_notes(front, varies, len(shown)))


def front_records(front: Front) -> list[dict[str, Any]]:
    """A front as plain data: every knob and every metric of every design."""
    return [{"design": front.task.space.decode(row), "metrics": _plain(front.costs, i)} for i, row in enumerate(front.x)]


def _front_notes(front: Front, varies: list[int], shown: int) -> tuple[str, ...]:
    if not len(front.x):
        return ("no feasible design was found",)
    space = front.task.space
    same = [f"{n}={text(v)}" for j, (n, v) in enumerate(space.decode(front.x[0]).items()) if j not in varies]
    notes = [f"the same in all: {', '.join(same)}"] if 0 < len(same) <= MOST_KNOBS else []
    if len(varies) > MOST_KNOBS:
        notes.append(f"{len(varies)} knobs differ: the report shows every design whole, and so does --json")
    return (*([f"{len(front.x) - shown} more between these"] if shown < len(front.x) else []), *notes)


def _knobs(task: Task, row: IntArray, which: list[int]) -> list[str]:
    values = list(task.space.decode(row).values())
    return [text(values[j]) for j in which]


def _metrics(costs: Costs, row: int, names: list[str]) -> list[str]:
    return [si(float(costs[name][row]), costs.metrics[costs.index(name)].unit) for name in names]


def _plain(costs: Costs, row: int) -> dict[str, float]:
    return {m.name: float(costs.values[row, j]) for j, m in enumerate(costs.metrics)}


def text(value: Value) -> str:
    """A knob's value as it is written on the command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- inside ----------------------------------------------------------------------------------------------------------------


def _standing(name: str, label: str, found: list[dict[str, Any]], task: Task) -> Standing:
    summaries, timing = [m["summary"] for m in found], [m["timing"] for m in found]
    scores = np.array([s["best_score"] for s in summaries])
    volume = median([s["hypervolume"] for s in summaries])
    return Standing(
        problem=name,
        agent=label,
        runs=len(found),
        score=median(scores),
        best_score=float(scores.max()),
        best_value=summaries[int(scores.argmax())]["best_value"],
        unit=objective_unit(task),
        hypervolume=volume,
        evaluations=sum(s["evaluations"] for s in summaries),
        agent_s=median([t["agent_s"] for t in timing]),
        evaluate_s=median([t["evaluate_s"] for t in timing]),
        **_against(task.best_known, scores, volume),
    )


def _against(known: BestKnown | None, scores: Any, volume: float) -> Mapping[str, Any]:
    if known is None:
        return {"regret": None, "hypervolume_share": None}
    share = volume / known.hypervolume if known.hypervolume > 0 else None
    return {"regret": median(relative_regret(scores, known.score)), "hypervolume_share": share}


def _front_of_run(folder: Path, task: Task) -> Front:
    log = RunLog.load(folder, task)
    return front_of(task, log.x, log.costs)
