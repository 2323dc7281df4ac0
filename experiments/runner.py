"""Execute a plan: what is complete stays, what is missing is played, and nothing that was evaluated is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archgym import registry
from archgym.errors import ArchGymError, BadInput
from archgym.experiments.interrupts import Interrupted, stoppable
from archgym.experiments.plan import Plan, Planned
from archgym.experiments.pool import Pool, SerialPool, check_address, ray_pool
from archgym.experiments.progress import LogMeter, Progress, progress
from archgym.experiments.store import check_folder, claimed, manifests, missing
from archgym.experiments.worker import Outcome, one_line
from archgym.task import Task

if TYPE_CHECKING:
    from rich.console import Console

_MOST_METERED = 64  # runs whose append file is looked at per tick
_AGAIN = "the same command takes it up again"


@dataclass(frozen=True)
class How:
    """How to execute a plan.

    Args:
        serial: in this process, without Ray.
        address: of a running Ray cluster; None starts a Ray here.
        cpus: cores to use, None for all.
        extend: accept the folder of a smaller study that is part of this one.
        until: begin no run after this time, in seconds since the epoch; those that have begun are played to their end.
    """

    serial: bool = False
    address: str | None = None
    cpus: int | None = None
    extend: bool = False
    until: float | None = None

    def pool(self) -> AbstractContextManager[Pool]:
        """Where the runs are played."""
        return nullcontext(SerialPool()) if self.serial else ray_pool(self.address, self.cpus)


@dataclass
class Tally:
    """What became of a study.

    Args:
        runs: of the plan, or of the part of it that was asked for.
        complete: now, those of earlier sessions included.
        failures: label and one line of each run that failed in this session.
    """

    runs: int
    complete: int
    failures: list[str] = field(default_factory=list)


def run_study(plan: Plan, folder: Path, how: How, console: Console, part: Sequence[Planned] | None = None) -> Tally:
    """Play every run of ``plan``, or of a ``part`` of it, that is not complete in ``folder``.

    Raises:
        BadInput: the folder is another study's, or an option's value is refused; nothing was touched.
        ArchGymError: another driver is at work there, or Ray does not start.
        Interrupted: stopped by a signal; what was evaluated is on disk.
    """
    check_folder(folder, plan, how.extend)
    if how.address:
        check_address(how.address)
    mine = plan if part is None else Plan(plan.name, tuple(part))
    _check_models(plan, folder, prepare(missing(folder, mine)))
    with claimed(folder, plan, how.extend):
        todo = missing(folder, mine)
        tally = Tally(len(mine.runs), len(mine.runs) - len(todo))
        if todo:
            _execute(mine, todo, folder, how, console, tally)
        return tally


def prepare(runs: Sequence[Planned]) -> dict[str, str]:
    """Build every model once and evaluate one design, so that a wrong option is found before anything starts and the
    compiled kernels are in numba's cache before several workers want them; the tasks' fingerprints by :func:`problem`.
    """
    prints: dict[str, str] = {}
    for run in runs:
        name = problem(run)
        if name not in prints:
            prints[name] = _try_out(name, registry.get_task(run.spec.task, run.spec.options)).fingerprint
    return prints


def problem(run: Planned) -> str:
    """The task with its options as text: runs of the same problem can be compared."""
    return " ".join([run.spec.task, *(f"{k}={v}" for k, v in sorted(run.spec.options.items()))])


def _try_out(name: str, task: Task) -> Task:
    try:
        task.model.evaluate(task.space.sample(np.random.default_rng(0), 1))
        return task
    except ArchGymError:
        raise
    except Exception as error:
        raise ArchGymError(f"task {name} cannot be evaluated: {one_line(error)}") from error


def _check_models(plan: Plan, folder: Path, prints: dict[str, str]) -> None:
    """A study is of one model: refuse to add runs to those that another version made."""
    for run, manifest in manifests(folder, plan) if prints else ():
        now, then = prints.get(problem(run)), manifest.get("model", {}).get("fingerprint")
        if now is not None and now != then:
            raise BadInput(f"{folder}: its runs of {problem(run)} were made with another model version; choose another --out")


# -- the loop --------------------------------------------------------------------------------------------------------------


def _execute(plan: Plan, todo: list[Planned], folder: Path, how: How, console: Console, tally: Tally) -> None:
    total = sum(spec.budget for spec in plan.specs)
    done = total - sum(run.spec.budget for run in todo)
    try:
        with stoppable() as rearm, how.pool() as players:
            rearm()  # Ray takes the signals for itself
            with progress(console, len(plan.runs), total, done) as shown:
                outcomes = players.play([run.spec for run in todo], folder, how.until)
                _follow(outcomes, todo, folder, done, shown, tally)
    except Interrupted:
        raise Interrupted(f"interrupted with {tally.complete} of {tally.runs} runs complete; {_AGAIN}") from None


def _follow(
    outcomes: Iterator[Outcome | None], todo: list[Planned], folder: Path, done: int, shown: Progress, tally: Tally
) -> None:
    open_runs = {run.spec.id: run for run in todo}
    meter = LogMeter()
    for outcome in outcomes:
        if outcome is not None and outcome.begun:
            run = open_runs.pop(outcome.id)
            done += run.spec.budget
            _note(run, outcome, shown, tally)
        running = list(open_runs)[:_MOST_METERED]
        shown.update(tally.complete + len(tally.failures), done + sum(meter.count(folder / name) for name in running))


def _note(run: Planned, outcome: Outcome, shown: Progress, tally: Tally) -> None:
    if not outcome.error:
        tally.complete += 1
        return
    tally.failures.append(f"{problem(run)}, {run.label}, seed {run.spec.seed}: {outcome.error}")
    shown.note(f"failed: {tally.failures[-1]}")
