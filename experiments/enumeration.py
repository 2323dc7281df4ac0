"""Exact optimum and front of a task: every canonical design of its space, evaluated slice by slice.

Each slice is one file, so that the walk can be stopped and taken up at will. Small spaces keep every design with its costs, and
the tasks of one model share the files. Of large ones only a task's own best and non-dominated designs are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.files import replacing
from archgym.model import CostModel
from archgym.pareto import nondominated
from archgym.space import IntArray
from archgym.task import Task

KEPT_WHOLE = 5_000_000  # designs of a space whose evaluations are kept
SLICE, LONG_SLICE = 16_384, 1 << 19
LONGEST_S = 12 * 3600.0
TIMED = 4096

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluated:
    """Designs with their costs."""

    x: IntArray
    costs: Costs

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: IntArray) -> Evaluated:
        """Some of them, in the order asked."""
        return Evaluated(self.x[rows], self.costs.take(rows))

    def write(self, path: Path) -> None:
        """To one file, whole or not at all."""
        c = self.costs
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, x=self.x, values=c.values, valid=c.valid, reason=c.reason, distance=c.distance)

    @classmethod
    def read(cls, model: CostModel, path: Path) -> Evaluated:
        """What :meth:`write` wrote, of the same model."""
        with np.load(path, allow_pickle=False) as data:
            costs = Costs(model.metrics, data["values"], data["valid"], data["reason"], model.rules, data["distance"])
            return cls(data["x"], costs)


@dataclass(frozen=True)
class Enumeration:
    """A whole space.

    Args:
        leaders: the best design and every non-dominated one, maybe some others, in the order of the space.
        designs: how many canonical designs there are; of models that list their legal designs, how many of these.
    """

    leaders: Evaluated
    designs: int


def join(parts: list[Evaluated]) -> Evaluated:
    """One after the other."""
    return Evaluated(np.concatenate([p.x for p in parts]), Costs.concatenate([p.costs for p in parts]))


def enumerate_space(task: Task, scratch: Path, progress: Report | None = None) -> Enumeration:
    """Walk the task's whole space; finished slices in ``scratch`` are read.

    Args:
        task: of which model, objective and front.
        scratch: folder of the slices.
        progress: called with (designs done, designs in all), folded ones included.

    Raises:
        BadInput: the space is too large for :data:`LONGEST_S` at the rate measured here.
    """
    listed = task.model.legal()
    if listed is not None:
        return _of_listed(task, listed, progress)
    _check_time(task)
    whole = task.space.size <= KEPT_WHOLE
    parts, designs = [], 0
    for start, stop in task.space.slices(SLICE if whole else LONG_SLICE):
        leaders, count = (_of_whole if whole else _of_leaders)(task, scratch, start, stop)
        parts.append(leaders)
        designs += count
        if progress:
            progress(stop, task.space.size)
    return Enumeration(join(parts), designs)


def evaluate_slice(model: CostModel, start: int, stop: int) -> Evaluated:
    """The canonical designs among numbers ``start`` to ``stop`` of the space, evaluated."""
    x = model.space.enumerate(start, stop)
    own = x[(model.canonical(x) == x).all(axis=1)]
    return Evaluated(own, model.evaluate(own))


# -- inside ---------------------------------------------------------------------------------------------------------------


def _check_time(task: Task) -> None:
    x = task.space.sample(np.random.default_rng(0), TIMED)
    task.model.evaluate(x[:2])  # compiles
    begun = time.perf_counter()
    task.model.evaluate(x[(task.model.canonical(x) == x).all(axis=1)])
    seconds = task.space.size * ((time.perf_counter() - begun) / TIMED)
    if seconds > LONGEST_S:
        raise BadInput(
            f"{task.id} has {task.space.size:,} designs, about {seconds / 3600:,.0f} hours here; "
            f"spaces of up to {LONGEST_S / 3600:g} hours are enumerated"
        )


def _of_listed(task: Task, batches: Iterator[IntArray], progress: Report | None) -> Enumeration:
    """Leaders among the designs that the model lists: all others are invalid. Nothing is kept, the list is short."""
    parts, designs = [], 0
    for x in batches:
        parts.append(_leaders(task, Evaluated(x, task.model.evaluate(x))))
        designs += len(x)
        if progress:
            progress(designs, designs)
    return Enumeration(join(parts), designs)


def _of_whole(task: Task, scratch: Path, start: int, stop: int) -> tuple[Evaluated, int]:
    """Leaders and number of one slice, whose every design is kept for all tasks of the model."""
    path = scratch / task.model.fingerprint / f"{start:012d}.npz"
    if not path.exists():
        evaluate_slice(task.model, start, stop).write(path)
    every = Evaluated.read(task.model, path)
    return _leaders(task, every), len(every)


def _of_leaders(task: Task, scratch: Path, start: int, stop: int) -> tuple[Evaluated, int]:
    """The same where the leaders alone are kept; the number is part of the file's name."""
    folder = scratch / task.model.fingerprint / task.fingerprint
    found = sorted(folder.glob(f"{start:015d}-*.npz"))
    if not found:
        every = evaluate_slice(task.model, start, stop)
        found = [folder / f"{start:015d}-{len(every)}.npz"]
        _leaders(task, every).write(found[0])
    return Evaluated.read(task.model, found[0]), int(found[0].stem.partition("-")[2])


def _leaders(task: Task, designs: Evaluated) -> Evaluated:
    if not len(designs):
        return designs
    keep = nondominated(task.front_values(designs.costs))
    keep[int(np.argmax(task.objective.score(designs.costs)))] = True
    return designs.take(np.flatnonzero(keep))
