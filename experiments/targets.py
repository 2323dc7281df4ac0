"""Evaluations to a target: how many each run needs until its best score reaches it, runs that never do included.

A run that spends its budget short of the target is *censored*: all that is known of it is that it needs more. Averages over the
successful runs alone would praise an agent for giving up, so nothing here leaves censored runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archgym import registry
from archgym.experiments.plan import Plan
from archgym.experiments.statistics import evaluations_to, stack_runs
from archgym.experiments.summary import groups
from archgym.runlog import RunLog
from archgym.space import BoolArray, FloatArray, IntArray

SOLVED = 1.0  # the score of a design that meets its whole specification, see archgym.objective.TargetSpec


@dataclass(frozen=True)
class Hits:
    """When R runs reached a target.

    Args:
        evaluations: spent until the first design that reaches it, all that were spent where none does, ``int64 (R,)``.
        reached: ``bool (R,)``; False where the run is censored.
    """

    evaluations: IntArray
    reached: BoolArray

    @classmethod
    def join(cls, parts: Iterable[Hits]) -> Hits:
        """Several as one: over problems or targets, for an ECDF over all of them."""
        hits = [*parts]
        return cls(np.concatenate([h.evaluations for h in hits]), np.concatenate([h.reached for h in hits]))

    def __len__(self) -> int:
        return len(self.reached)

    @property
    def successes(self) -> int:
        """Runs that reached it."""
        return int(self.reached.sum())

    @property
    def ert(self) -> float:
        """Expected running time: evaluations of all runs until they hit or ended, over the number of successes.

        What restarting the agent until it succeeds costs on average; inf where no run succeeds. Hansen, Auger, Ros, Mersmann,
        Tušar and Brockhoff, COCO: A Platform for Comparing Continuous Optimizers in a Black-Box Setting, Optimization Methods
        and Software 36(1), 2021, section 4.
        """
        return float(_ert(self.evaluations, self.reached))

    def ert_interval(self, level: float = 0.95, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
        """Percentile bootstrap interval of :attr:`ert` over runs; its upper end is inf where too few of them succeed."""
        rows = np.random.default_rng(seed).integers(len(self), size=(draws, len(self)))
        tail = (1.0 - level) / 2.0
        low, high = np.quantile(_ert(self.evaluations[rows], self.reached[rows]), (tail, 1.0 - tail), method="nearest")
        return float(low), float(high)

    def ecdf(self, evaluations: IntArray) -> FloatArray:
        """Share of the runs that reached the target within each of ``evaluations (T,)``.

        NaN beyond the shortest censored run: what it would have done there is not known.
        """
        at = np.asarray(evaluations)
        share = (self.reached & (self.evaluations <= at[:, None])).mean(axis=1)
        known = self.evaluations[~self.reached].min(initial=np.iinfo(np.int64).max)
        return np.where(at <= known, share, np.nan)


def hits(scores: Sequence[FloatArray], target: float) -> Hits:
    """First hits of runs from the scores ``(N,)`` of their trials in order; lengths may differ."""
    first = evaluations_to(stack_runs(scores), target)
    reached = np.isfinite(first)
    spent = np.array([len(run) for run in scores], dtype=np.int64)
    return Hits(np.where(reached, first, spent).astype(np.int64), reached)


def hits_of_steps(at: Sequence[IntArray], scores: Sequence[FloatArray], spent: Sequence[int], target: float) -> Hits:
    """First hits of runs from the steps of their best score so far.

    Args:
        at: of each run, the numbers (from 1) of the trials that improved on all before them.
        scores: of each run, the scores of those trials.
        spent: evaluations of each run.
        target: a score.
    """
    first = [np.flatnonzero(np.asarray(run) >= target)[:1] for run in scores]
    reached = np.array([len(k) > 0 for k in first], dtype=np.bool_)
    hit = [int(steps[k[0]]) if len(k) else n for steps, k, n in zip(at, first, spent, strict=True)]
    return Hits(np.array(hit, dtype=np.int64), reached)


def study_hits(folder: Path, plan: Plan, target: float = SOLVED) -> dict[str, dict[str, Hits]]:
    """Hits of a study's complete runs, by problem and by the agent's label, both in the plan's order.

    Raises:
        BadInput: a run's files cannot be read.
    """
    found: dict[str, dict[str, Hits]] = {}
    for problem, group in groups(folder, plan).items():
        spec = group[0][0].spec
        task = registry.get_task(spec.task, spec.options)
        scores: dict[str, list[FloatArray]] = {}
        for run, _ in group:
            scores.setdefault(run.label, []).append(RunLog.load(folder / run.spec.id, task).score)
        found[problem] = {label: hits(runs, target) for label, runs in scores.items()}
    return found


def _ert(evaluations: IntArray, reached: BoolArray) -> FloatArray:
    """Along the last axis, ``(..., R) -> (...)``."""
    successes = reached.sum(axis=-1)
    spent = evaluations.sum(axis=-1)
    return np.where(successes > 0, spent / np.maximum(successes, 1), np.inf)
