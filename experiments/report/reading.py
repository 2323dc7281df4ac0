"""Reading a study's folder: every run reduced to what the page shows, and a list of what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from archgym.card import BestKnown, Card
from archgym.errors import BadInput
from archgym.experiments.report import curves
from archgym.experiments.report.labels import planned_runs, run_labels
from archgym.experiments.report.words import clean
from archgym.files import read_json
from archgym.pareto import hypervolume_curve, nondominated
from archgym.runlog import MANIFEST, RunLog, load_manifest
from archgym.space import FloatArray, IntArray
from archgym.spec import RunSpec
from archgym.task import Task

STUDY = "study.json"
CLOUD = 40


@dataclass(frozen=True)
class Designs:
    """Some trials of a run: design ``(F, D)``, all metrics ``(F, M)``, trial numbers and scores ``(F,)``."""

    x: IntArray
    values: FloatArray
    trial: IntArray
    score: FloatArray

    @classmethod
    def of(cls, log: RunLog, rows: IntArray) -> Designs:
        """Those of ``rows``."""
        return cls(log.x[rows], log.costs.values[rows], rows, log.score[rows])


@dataclass(frozen=True)
class Run:
    """One finished run.

    Args:
        facts: what its manifest says of ``model``, ``versions`` and ``timing``.
        spec, task: what was run.
        best, volume: best score and hypervolume ``(T,)`` after ``curves.checkpoints(budget)`` evaluations.
        front, cloud: its own front, and a few further feasible designs.
        winner: the one design of its best score, which need not be on the front; none where nothing was feasible.
        best_value: the objective's value of its best design, NaN where nothing was feasible.
        evaluations, feasible, unique: counts of trials.
    """

    facts: Mapping[str, Mapping[str, Any]]
    spec: RunSpec
    task: Task
    best: FloatArray
    volume: FloatArray
    front: Designs
    cloud: Designs
    winner: Designs
    best_value: float
    evaluations: int
    feasible: int
    unique: int

    @property
    def id(self) -> str:
        """Its name on disk."""
        return self.spec.id

    @property
    def score(self) -> float:
        """Its final score."""
        return float(self.best[-1])

    def seconds(self, name: str) -> float:
        """Seconds per evaluation spent in ``"agent_s"`` or ``"evaluate_s"``, NaN where not recorded."""
        spent = self.facts["timing"].get(name)
        return float(spent) / self.evaluations if isinstance(spent, int | float) else float("nan")


@dataclass(frozen=True)
class Problem:
    """A run that is not on the page, and why."""

    run: str
    task: str
    agent: str
    seed: str
    what: str


@dataclass
class Section:
    """The comparable runs of one task: same options, same budget."""

    slug: str
    title: str
    task: Task
    budget: int
    groups: dict[str, list[Run]] = field(default_factory=dict)

    @property
    def card(self) -> Card | None:
        """The difficulty card, if it is of the very model that these runs used."""
        card = self.task.card
        prints = {str(r.facts["model"].get("fingerprint")) for r in self.runs}
        return card if card and prints == {card.fingerprint} else None

    @property
    def known(self) -> BestKnown | None:
        """Best known score and front."""
        return self.card.best_known if self.card else None

    @property
    def runs(self) -> list[Run]:
        """All runs, agent by agent."""
        return [run for group in self.groups.values() for run in group]

    @property
    def best_score(self) -> float:
        """What regret is measured against: the best known score, or where that is missing the best of these runs."""
        return self.known.score if self.known else max(r.score for r in self.runs)


@dataclass(frozen=True)
class StudyData:
    """All that the page needs."""

    name: str
    planned: bool
    runs: list[Run]
    problems: list[Problem]
    sections: list[Section]
    labels: list[str]


def read_study(folder: Path) -> StudyData:
    """Every finished run of a study's folder; runs that are missing, incomplete or broken are listed, not fatal.

    Raises:
        BadInput: the folder holds neither a study nor a run.
    """
    places = sorted(p.parent for p in [folder / MANIFEST, *folder.glob(f"*/{MANIFEST}")] if p.is_file())
    plan = read_json(folder / STUDY) if (folder / STUDY).is_file() else {}
    if not places and not plan:
        raise BadInput(f"{folder}: neither a study nor a run is there")
    planned = planned_runs(plan)
    found = [_read_run(place, folder) for place in places]
    runs = list({r.id: r for r in found if isinstance(r, Run)}.values())  # a folder that is a copy counts once
    problems = [p for p in found if isinstance(p, Problem)] + _missing(planned, places)
    labels = run_labels(runs, planned)
    name = clean(plan.get("name") or folder.resolve().name)
    return StudyData(name, bool(plan), runs, problems, _sections(runs, labels), sorted(set(labels.values())))


def _missing(planned: Mapping[str, Mapping[str, Any]], places: Iterable[Path]) -> list[Problem]:
    there = {p.name for p in places}
    return [_problem(name, entry, "not started") for name, entry in planned.items() if name not in there]


def _read_run(place: Path, folder: Path) -> Run | Problem:
    manifest: dict[str, Any] = {}
    try:
        manifest = load_manifest(place)
        if manifest.get("status") != "complete":
            return _problem(place.name, manifest, "not finished: run the study again to complete it")
        return _reduce(RunLog.load(place))
    except BadInput as error:
        return _problem(place.name, manifest, str(error).replace(f"{folder}/", ""))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return _problem(place.name, manifest, f"its files do not fit each other: {type(error).__name__}: {error}")


def _problem(name: str, manifest: Mapping[str, Any], what: str) -> Problem:
    known = _mapping(manifest.get("spec"))
    task, agent, seed = (clean(known.get(k, "–")) for k in ("task", "agent", "seed"))
    return Problem(clean(name), task, agent, seed, clean(what, 300))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _reduce(log: RunLog) -> Run:
    task, spec = log.task, log.spec
    points = task.front_values(log.costs)
    steps = curves.checkpoints(spec.budget)
    feasible = np.flatnonzero(np.isfinite(points).all(axis=1))
    best = int(np.argmax(log.score))
    return Run(
        facts={k: _mapping(log.manifest.get(k)) for k in ("model", "versions", "timing")},
        spec=spec,
        task=task,
        best=curves.best_so_far(log.score, steps),
        volume=curves.sampled(hypervolume_curve(points), steps),
        front=Designs.of(log, np.flatnonzero(nondominated(points))),
        cloud=Designs.of(log, feasible[curves.spread(len(feasible), CLOUD)]),
        winner=Designs.of(log, np.array([best] if len(feasible) else [], dtype=np.int64)),
        best_value=float(task.objective.value(log.costs)[best]) if len(feasible) else float("nan"),
        evaluations=len(log.x),
        feasible=len(feasible),
        unique=len(np.unique(task.model.canonical(log.x), axis=0)),
    )


def _sections(runs: Iterable[Run], labels: Mapping[str, str]) -> list[Section]:
    sections: dict[tuple[str, str, int], Section] = {}
    for run in sorted(runs, key=lambda r: (labels[r.id], r.spec.seed, r.spec.id)):
        options = ", ".join(f"{k}={v}" for k, v in sorted(run.spec.options.items()))
        key = (run.spec.task, options, run.spec.budget)
        if key not in sections:
            title = clean(run.spec.task + (f" ({options})" if options else ""), 120)
            sections[key] = Section("", title, run.task, run.spec.budget)
        sections[key].groups.setdefault(labels[run.id], []).append(run)
    ordered = [sections[key] for key in sorted(sections)]
    for i, section in enumerate(ordered):
        section.slug = f"task-{i + 1}"
    return ordered
