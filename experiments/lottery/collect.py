"""From a results folder to the lottery's digest. What an earlier digest has already is not computed again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from archgym import registry
from archgym.card import Card
from archgym.errors import BadInput
from archgym.experiments.lottery.digest import MOST_POINTS, Digest, Key, Row, TaskFacts, ordered
from archgym.experiments.lottery.parquet import read_digest, reading
from archgym.experiments.lottery.plan import DEFAULTS
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.plan import Plan, Planned
from archgym.experiments.statistics import evenly_spread
from archgym.experiments.store import manifests
from archgym.pareto import nondominated
from archgym.runlog import TRIALS, RunLog
from archgym.space import FloatArray, IntArray
from archgym.task import Task


def collect(lottery: Lottery, plan: Plan, folder: Path, earlier: Path) -> Digest:
    """The digest of a lottery's complete runs.

    Args:
        lottery: names resolved.
        plan: all of its runs.
        folder: where they were played.
        earlier: a digest whose rows are taken over where they agree with the runs' manifests; there need not be one.

    Raises:
        BadInput: a run's files cannot be read or do not fit each other, or a task was played with two model versions.
    """
    known = _earlier(earlier)
    rows = [_row(folder, run, manifest, known) for run, manifest in manifests(folder, plan)]
    return Digest(lottery, len(plan.runs), _facts(folder, rows), ordered(rows))


def steps(score: FloatArray) -> tuple[IntArray, FloatArray]:
    """Numbers (from 1) of the trials of ``score (N,)`` that are higher than all before them, and their scores."""
    before = np.concatenate([[-np.inf], np.maximum.accumulate(score)[:-1]])
    at = np.flatnonzero(score > before)
    return (at + 1).astype(np.int64), np.asarray(score[at], dtype=np.float64)


def _earlier(path: Path) -> Mapping[Key, Row]:
    if path.is_file():
        with suppress(BadInput):  # it is ours and can be made again
            return {row.key: row for row in read_digest(path).rows}
    return {}


def _row(folder: Path, run: Planned, manifest: Mapping[str, Any], known: Mapping[Key, Row]) -> Row:
    where = folder / run.spec.id
    try:
        row = known.get(_key(run))
        return row if row and _fits(row, run, manifest) else _digested(where, run, manifest)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{where}: the manifest is broken: {type(error).__name__} {error}") from None


def _key(run: Planned) -> Key:
    return Key(run.spec.task, run.spec.agent, DEFAULTS if run.draw is None else run.draw, run.spec.seed)


def _fits(row: Row, run: Planned, manifest: Mapping[str, Any]) -> bool:
    """Whether a row is what this run's manifest says, to the last bit."""
    summary = manifest["summary"]
    ours = row.fingerprint, row.budget, row.config, row.score[-1], row.hypervolume
    best, volume = float(summary["best_score"]), float(summary["hypervolume"])
    return ours == (manifest["model"]["fingerprint"], run.spec.budget, _text(run.spec.config), best, volume)


def _digested(where: Path, run: Planned, manifest: Mapping[str, Any]) -> Row:
    score = _scores(where / TRIALS)
    summary, timing = manifest["summary"], manifest["timing"]
    if len(score) != run.spec.budget or not np.isfinite(score).all() or float(score.max()) != summary["best_score"]:
        raise BadInput(f"{where}: its trials are not those of its manifest")
    at, best = steps(score)
    facts = float(summary["hypervolume"]), _seconds(timing["agent_s"]), _seconds(timing["evaluate_s"])
    config, options = _text(run.spec.config), _text(run.spec.options)
    known = str(manifest["model"]["fingerprint"]), _front(where, run)
    return Row(_key(run), options, config, run.spec.budget, at, best, *facts, *known)


def _seconds(value: float) -> float:
    """Three digits of a time say all; as the digest's file has it."""
    return float(np.float32(f"{value:.3g}"))


def _scores(path: Path) -> FloatArray:
    import pyarrow.parquet as pq

    with reading(path):
        table = pq.read_table(path, columns=["score"], partitioning=None)
        return np.asarray(table["score"].to_numpy(), dtype=np.float64)


def _front(where: Path, run: Planned) -> FloatArray:
    """Points of a run's front, in single precision; see `archgym.experiments.lottery.digest.Row`."""
    task = _task_with_fronts(run.spec.task) if run.draw is None else None
    if task is None:
        return np.empty((0, 0))
    points = task.front_values(RunLog.load(where, task).costs)
    points = points[nondominated(points)]
    points = points[(points < 1.0).all(axis=1)]
    kept = points[evenly_spread(points[:, 0], MOST_POINTS)]
    return kept.astype(np.float32).astype(np.float64) if len(kept) else np.empty((0, 0))


@lru_cache(maxsize=64)
def _task_with_fronts(name: str) -> Task | None:
    """A task that is ranked by hypervolume; None of any other."""
    task = registry.get_task(name)
    return task if task.primary == "hypervolume" else None


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), sort_keys=True)


# -- what is known of the tasks --------------------------------------------------------------------------------------------


def _facts(folder: Path, rows: list[Row]) -> dict[str, TaskFacts]:
    prints: dict[str, str] = {}
    for row in rows:
        if prints.setdefault(row.key.task, row.fingerprint) != row.fingerprint:
            raise BadInput(f"{folder}: its runs of {row.key.task} were made with two model versions")
    return {task: task_facts(task, fingerprint) for task, fingerprint in sorted(prints.items())}


def task_facts(name: str, fingerprint: str) -> TaskFacts:
    """What a task's card knows; a card of another model version than was played says nothing."""
    task = registry.get_task(name)
    card = task.card
    axes = tuple(axis.metric for axis in task.front) if _task_with_fronts(name) else ()
    if card is None or card.fingerprint != fingerprint:
        return TaskFacts(family=task.family, fingerprint=fingerprint, axes=axes)
    best = card.best_known
    return TaskFacts(
        family=task.family,
        fingerprint=fingerprint,
        easy=card.easy,
        optimal=best.optimal,
        best_score=best.score if best.score > 0.0 else None,
        best_hypervolume=best.hypervolume if best.hypervolume > 0.0 else None,
        random_regret=_regret(card),
        axes=axes,
    )


def _regret(card: Card) -> float | None:
    regret = card.random_regret.get("256", math.inf)
    return regret if math.isfinite(regret) else None
