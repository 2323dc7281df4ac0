"""A submission read: its manifest and its runs, as far as they can be read at all. What they claim is not looked at here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from archgym.errors import BadInput
from archgym.experiments.leaderboard import sealed
from archgym.experiments.leaderboard.manifests import Manifest, RunManifest
from archgym.experiments.leaderboard.suites import RANKED, Role, Suite, load
from archgym.experiments.leaderboard.trials import read_trials
from archgym.experiments.validation import checked
from archgym.runlog import MANIFEST, TRIALS, RunLog
from archgym.spec import RunSpec

MOST_TUNING = 1_000_000  # evaluations laid beside
_MOST_ROWS = 100_000  # of one run


@dataclass(frozen=True)
class Submission:
    """A submission's folder, read.

    Args:
        folder: where it is.
        manifest: ``submission.json``.
        suite: the suite it was played on, with today's models.
        runs: the ranked runs, ordered by task (as in the suite), seed and id.
        tuning: the runs of its tuning that are laid beside.
    """

    folder: Path
    manifest: Manifest
    suite: Suite
    runs: tuple[RunLog, ...]
    tuning: tuple[RunLog, ...]

    @cached_property
    def contents(self) -> str:
        """SHA-256 over all files but ``verification.json``: which submission a verification is of."""
        digest = hashlib.sha256()
        for name, size in sorted(sealed.contents(self.folder).items()):
            data = sealed.read_bytes(self.folder / name, size)
            digest.update(f"{name}:{len(data)}:".encode() + data)
        return digest.hexdigest()


def read(folder: Path) -> Submission:
    """Read a submission; nothing of it is executed, unpickled, or read beyond its limits.

    Raises:
        BadInput: one line that says what makes it unreadable; or the suite, in today's version, is another.
    """
    files = sealed.contents(folder)
    path = folder / sealed.SUBMISSION
    manifest = checked(Manifest, sealed.read_object(path), sealed.shown(path, 300))
    suite = load(manifest.suite.name)
    if manifest.suite.hash != suite.hash:
        hashes = f"{manifest.suite.hash}, here {suite.hash}"
        raise BadInput(f"{sealed.shown(path, 300)}: suite: another {suite.name} than here ({hashes})")
    runs = list(_runs(folder, files, sealed.RUNS, suite, RANKED))
    tuning = list(_runs(folder, files, sealed.TUNING, suite, ("tuning",)))
    order = {entry.id: k for k, entry in enumerate(suite.task)}
    runs.sort(key=lambda log: (order[log.spec.task], log.spec.seed, log.spec.id))
    return Submission(folder, manifest, suite, tuple(runs), tuple(tuning))


def _runs(folder: Path, files: dict[str, int], part: str, suite: Suite, roles: tuple[Role, ...]) -> Iterator[RunLog]:
    total = 0
    for name in sealed.run_ids(files, part):
        log = _run(folder / part / name, suite, roles)
        total += log.spec.budget
        if total > MOST_TUNING:
            raise BadInput(f"{sealed.shown(folder / part, 300)}: more than {MOST_TUNING:,} evaluations")
        yield log


def _run(place: Path, suite: Suite, roles: tuple[Role, ...]) -> RunLog:
    where = sealed.shown(place / MANIFEST, 300)
    raw = sealed.read_object(place / MANIFEST)
    checked(RunManifest, raw, where)
    spec = _spec(raw, where)
    if not spec.id == raw["id"] == place.name:
        raise BadInput(f"{where}: its id is {raw['id']}, its specification's is {spec.id}, its folder's is {place.name}")
    if spec.task not in {entry.id for entry in suite.of_role(*roles)}:
        raise BadInput(f"{where}: {sealed.shown(spec.task)} is no {' or '.join(roles)} task of {suite.name}")
    if not 1 <= spec.budget <= _MOST_ROWS:
        raise BadInput(f"{where}: a budget of {spec.budget:,}; at most {_MOST_ROWS:,} evaluations are read")
    task = suite.tasks[spec.task]
    log = RunLog(raw, *read_trials(place / TRIALS, task, spec.budget))
    log.__dict__.update(task=task, spec=spec)  # the cached properties: every run of a task shares its model
    return log


def _spec(raw: dict[str, object], where: str) -> RunSpec:
    try:
        return RunSpec.from_dict(raw["spec"], where)
    except BadInput as error:  # it quotes keys of theirs
        raise BadInput(sealed.shown(error, 400)) from None
