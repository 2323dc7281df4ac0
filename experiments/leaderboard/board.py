"""A leaderboard in memory: who plays a suite, and of every run the trials that its figures are made of.

Of a run only the trials that improved its best score and those on its final front are kept, as designs; of tasks ranked by
hypervolume also those that were on the front when they were evaluated. Scores, metrics, curves and fronts are made of them by
today's models whenever a page is built: nothing shown there is a figure that somebody wrote down. What cannot be made again
that way (counts of trials, seconds) is kept as it was found or claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from archgym.costs import Costs
from archgym.experiments.leaderboard.checks import Check, designs, judged
from archgym.experiments.leaderboard.manifests import Manifest
from archgym.experiments.leaderboard.submission import Submission
from archgym.experiments.leaderboard.suites import Suite
from archgym.experiments.report import curves
from archgym.experiments.report.reading import Designs, Run
from archgym.pareto import hypervolume, hypervolume_curve, nondominated
from archgym.runlog import RunLog
from archgym.space import BoolArray, FloatArray, IntArray
from archgym.spec import RunSpec
from archgym.task import Task

Standing = Literal["re-run", "replayed", "failed"]


@dataclass(frozen=True)
class Played:
    """One ranked run, reduced.

    Args:
        spec: what was run.
        trial: numbers from 0 of the trials kept, ``int64 (n,)``, increasing.
        x: their designs, ``int64 (n, D)``.
        feasible, unique: counts over all trials of the run.
        agent_s, evaluate_s: seconds in the agent and in the cost model as the run's manifest claims, NaN where it does not.
        digest: of all its trials, see :func:`archgym.runlog.trials_digest`.
        designs: hash of its set of designs, see :func:`archgym.experiments.leaderboard.checks.designs`.
    """

    spec: RunSpec
    trial: IntArray
    x: IntArray
    feasible: int
    unique: int
    agent_s: float
    evaluate_s: float
    digest: str
    designs: str

    @classmethod
    def of(cls, log: RunLog) -> Played:
        """A run whose trials were verified."""
        best = np.maximum.accumulate(log.score)
        improves = np.concatenate(([True], log.score[1:] > best[:-1]))
        points = log.task.front_values(log.costs)
        rows = np.flatnonzero(improves | nondominated(points) | (_by_hypervolume(log.task) & _grows(points)))
        timing = log.manifest["timing"]
        return cls(
            spec=log.spec,
            trial=rows,
            x=log.x[rows],
            feasible=int(log.task.objective.feasible(log.costs).sum()),
            unique=len(np.unique(log.task.model.canonical(log.x), axis=0)),
            agent_s=float(timing.get("agent_s", np.nan)),
            evaluate_s=float(timing.get("evaluate_s", np.nan)),
            digest=log.manifest["digest"],
            designs=designs(log),
        )


@dataclass(frozen=True)
class Entrant:
    """One method on a suite.

    Args:
        manifest: what it says of itself.
        suite: the suite.
        contents: hash of the submission's files; empty where there are none (the baseline that is shipped).
        shown: evaluations of tuning whose runs are laid beside.
        checks: what was found when it was verified.
        played: its runs, by task (as in the suite) and seed; of a failed one as far as there are any.
    """

    manifest: Manifest
    suite: Suite
    contents: str
    shown: int
    checks: tuple[Check, ...]
    played: tuple[Played, ...]

    @classmethod
    def of(cls, sub: Submission, checks: Sequence[Check]) -> Entrant:
        """A submission after its verification."""
        shown = sum(log.spec.budget for log in sub.tuning)
        wrong = any(c.status == "failed" for c in checks)
        played = () if wrong else tuple(Played.of(log) for log in sub.runs)
        return cls(sub.manifest, sub.suite, sub.contents, shown, tuple(checks), played)

    @property
    def name(self) -> str:
        """Its name, unique on a board among those that are ranked."""
        return self.manifest.name

    @property
    def standing(self) -> Standing:
        """How far its results were verified."""
        status = {c.name: c.status for c in self.checks}
        if "failed" in status.values() or status.get("trials") != "passed":
            return "failed"
        return "re-run" if status.get("search") == "passed" else "replayed"

    @property
    def blind(self) -> bool:
        """Whether it is random search as it is shipped, which the others are held against."""
        return self.manifest.agent == "random" and self.manifest.ruleset == "self"

    @property
    def by_family(self) -> dict[str, Mapping[str, Any]]:
        """Its hyperparameters in each family."""
        return {self.suite.tasks[p.spec.task].family: p.spec.config for p in self.played}

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """Its runs as the report's figures take them, by task, seed by seed."""
        found: dict[str, list[Run]] = {}
        for played in self.played:
            task = self.suite.tasks[played.spec.task]
            found.setdefault(task.id, []).append(_run(played, task, dict(self.manifest.versions)))
        return found


@dataclass
class Board:
    """One suite with all that was entered for it.

    Args:
        suite: the suite.
        ranked: verified entrants, in alphabetical order.
        failed: those of which something claimed is wrong.
    """

    suite: Suite
    ranked: list[Entrant] = field(default_factory=list)
    failed: list[Entrant] = field(default_factory=list)

    @property
    def entrants(self) -> list[Entrant]:
        """All of them."""
        return [*self.ranked, *self.failed]


@dataclass(frozen=True)
class Refused:
    """A folder that cannot be read as a submission, and why, in one line."""

    folder: str
    reason: str


def assemble(entrants: Sequence[Entrant]) -> list[Board]:
    """Boards by suite. Of runs or names that several entrants have, the first one keeps them, and the others fail."""
    boards: dict[str, Board] = {}
    owners: dict[str, str] = {}
    for entrant in entrants:
        board = boards.setdefault(entrant.suite.name, Board(entrant.suite))
        checked = _against(entrant, board, owners)
        (board.failed if checked.standing == "failed" else board.ranked).append(checked)
        if checked.standing != "failed":
            owners |= {p.designs: checked.name for p in checked.played}
    for board in boards.values():
        board.ranked.sort(key=lambda e: e.name.casefold())
    return [boards[name] for name in sorted(boards)]


# -- inside ----------------------------------------------------------------------------------------------------------------


def _against(entrant: Entrant, board: Board, owners: Mapping[str, str]) -> Entrant:
    """An entrant with the check of its name and its runs against those before it."""
    checks = tuple(c for c in entrant.checks if c.name != "others")
    if not entrant.played:
        check = Check("others", "not checked", "not compared: it is wrong already")
    else:
        detail = f"no run of the {len(board.ranked)} entered before" if board.ranked else "the first one entered"
        check = judged("others", detail, _twins(entrant, board, owners))
    # the board's own suite: its models are built once for all
    return replace(entrant, suite=board.suite, checks=(*checks, check))


def _twins(entrant: Entrant, board: Board, owners: Mapping[str, str]) -> Iterator[str]:
    """What of an entrant is another's."""
    if entrant.name.casefold() in {e.name.casefold() for e in board.ranked}:
        yield f"the name {entrant.name} is taken"
    for played in entrant.played:
        if played.designs in owners:
            yield f"{played.spec.task} seed {played.spec.seed}: the same designs as {owners[played.designs]}"


def _run(played: Played, task: Task, versions: Mapping[str, str]) -> Run:
    costs = task.model.evaluate(played.x)
    score, points = task.objective.score(costs), task.front_values(costs)
    steps = curves.checkpoints(played.spec.budget)
    front, best = np.flatnonzero(nondominated(points)), int(np.argmax(score))
    value = float(task.objective.value(costs)[best]) if score[best] > 0.0 else float("nan")
    facts = {
        "model": {"version": task.model.version, "fingerprint": task.fingerprint},
        "versions": dict(versions),
        "timing": {k: getattr(played, k) for k in ("agent_s", "evaluate_s") if np.isfinite(getattr(played, k))},
    }
    return Run(
        facts=facts,
        spec=played.spec,
        task=task,
        best=np.maximum.accumulate(score)[np.searchsorted(played.trial, steps, side="left") - 1],
        volume=_volume(played, task, points, steps),
        front=_designs(played, costs, score, front),
        cloud=_designs(played, costs, score, np.flatnonzero(score > 0.0)),
        winner=_designs(played, costs, score, np.array([best] if score[best] > 0.0 else [], dtype=np.int64)),
        best_value=value,
        evaluations=played.spec.budget,
        feasible=played.feasible,
        unique=played.unique,
    )


def _by_hypervolume(task: Task) -> bool:
    """Whether it matters how a front grew, and not only what it came to."""
    return task.primary == "hypervolume"


def _grows(points: FloatArray) -> BoolArray:
    """Which of the trials ``(N, K)`` add to the hypervolume of those before, ``(N,)``."""
    return np.diff(hypervolume_curve(points), prepend=0.0) > 0.0


def _volume(played: Played, task: Task, points: FloatArray, steps: IntArray) -> FloatArray:
    """Hypervolume ``(T,)`` after each of ``steps``; of tasks ranked by the score the final one, and NaN before."""
    if not _by_hypervolume(task):
        return np.concatenate((np.full(len(steps) - 1, np.nan), [hypervolume(points)]))
    curve = np.concatenate(([0.0], hypervolume_curve(points)))
    return np.asarray(curve[np.searchsorted(played.trial, steps, side="left")])


def _designs(played: Played, costs: Costs, score: FloatArray, rows: IntArray) -> Designs:
    return Designs(played.x[rows], costs.values[rows], played.trial[rows], score[rows])
