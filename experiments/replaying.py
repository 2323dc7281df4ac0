"""Replay of one run's folder: the log against its own digest, its own summary and today's model."""

from __future__ import annotations

from pathlib import Path

from archgym import registry
from archgym.runlog import RunLog, load_manifest, trials_digest
from archgym.spec import RunSpec
from archgym.task import Task


def replay_run(folder: Path, built: dict[str, Task]) -> tuple[int, str]:
    """Evaluate a run's trials again.

    Args:
        folder: of a complete run.
        built: tasks by what varies them; filled here, so that runs of the same task share its model.

    Returns:
        the number of trials, and the first difference as one line, empty where there is none.

    Raises:
        BadInput: the files are broken.
    """
    log = RunLog.load(folder, _task(folder, built))
    return len(log.x), _claims(log) or _model(log) or _trials(log)


def _task(folder: Path, built: dict[str, Task]) -> Task:
    spec = RunSpec.from_dict(load_manifest(folder).get("spec"), str(folder))
    name = repr((spec.task, sorted(spec.options.items())))
    if name not in built:
        built[name] = registry.get_task(spec.task, spec.options)
    return built[name]


def _claims(log: RunLog) -> str:
    """Whether the manifest fits the trials beside it."""
    manifest = log.manifest
    if manifest.get("id") != log.spec.id:
        return f"its id is {manifest.get('id')}, its specification's is {log.spec.id}"
    if len(log.x) != log.spec.budget:
        return f"{len(log.x)} trials are logged, its budget is {log.spec.budget}"
    if manifest.get("digest") != trials_digest(log.x, log.costs, log.score):
        return "the trials are not those of the manifest's digest"
    best = manifest.get("summary", {}).get("best_score")
    return "" if best == float(log.score.max()) else f"best score: logged {best}, of the trials {float(log.score.max())!r}"


def _model(log: RunLog) -> str:
    then, now = log.manifest.get("model", {}), log.task
    if then.get("fingerprint") == now.fingerprint:
        return ""
    made = f"model version {then.get('version')} ({then.get('fingerprint')})"
    return f"made with {made}, here is version {now.model.version} ({now.fingerprint})"


def _trials(log: RunLog) -> str:
    first = next(iter(log.replay()), None)
    return f"trial {first.trial}: {first.column}: logged {first.logged!r}, replayed {first.replayed!r}" if first else ""
