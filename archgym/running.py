"""The only loop of the project: one spec in, one run log out."""

from __future__ import annotations

import contextlib
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from archgym import __version__, registry
from archgym.errors import BadInput, BudgetExhausted
from archgym.evaluator import Evaluator
from archgym.files import write_json
from archgym.pareto import hypervolume
from archgym.runlog import FORMAT, MANIFEST, RunLog, load_manifest, trials_digest
from archgym.spec import RunSpec
from archgym.task import Task
from archgym.triallog import TrialLog

_LIBRARIES = ("numpy", "numba", "gymnasium", "optuna", "cmaes", "scipy", "torch", "stable-baselines3", "sb3-contrib")


def run(spec: RunSpec, folder: Path | None = None) -> RunLog:
    """Play one run to its end; with a folder, log it there and take up what an interrupted run left.

    A folder that holds this very run complete is read, and nothing is evaluated again.

    The manifest has ``spec`` and ``id``, ``versions`` of the libraries, ``model`` (version, fingerprint), ``host``,
    ``summary`` (best score, value and design, evaluations, hypervolume), ``digest`` of the trials, and ``timing`` (seconds
    in the cost model and in the agent, which decide nothing).

    Raises:
        BadInput: the folder belongs to another run or model version; nothing in it is touched.
    """
    task = registry.get_task(spec.task, spec.options)
    agent_type = registry.get_agent(spec.agent)
    agent = agent_type(task.space, agent_type.config_class.from_settings(spec.config), spec.seed)
    manifest = _manifest(spec, task)
    if folder is not None:
        _check_claim(folder, manifest)
        if is_complete(folder, spec):
            return RunLog.load(folder, task)
        write_json(folder / MANIFEST, manifest)
    log = TrialLog(task, folder)
    try:
        evaluator = Evaluator(task, spec.budget, log)
        timing = _play(agent.search, evaluator)
        done = _finished(manifest, task, evaluator, log, timing)
        if folder is not None:
            done.save(folder)
            log.close(remove=True)
        return done
    finally:
        log.close()


def is_complete(folder: Path, spec: RunSpec) -> bool:
    """Whether ``folder`` holds the finished run of this very spec."""
    if not (folder / MANIFEST).is_file():
        return False
    manifest = load_manifest(folder)
    return manifest.get("status") == "complete" and manifest.get("id") == spec.id


def _play(search: Any, evaluator: Evaluator) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    with _one_thread(), contextlib.suppress(BudgetExhausted):
        search(evaluator)
    if evaluator.remaining:
        raise RuntimeError(f"the agent stopped {evaluator.remaining} evaluations short of its budget")
    total = time.perf_counter() - started
    return {
        "total_s": total,
        "evaluate_s": evaluator.evaluate_s,
        "agent_s": total - evaluator.evaluate_s,
        "cpu_s": time.process_time() - cpu,
    }


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Torch and BLAS sum in the order of their threads: one thread, or results depend on the number of cores.

    The cost models' own batches are not touched: their rows do not depend on threads.
    """
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    if torch:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        if torch:
            torch.set_num_threads(before)


def _check_claim(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse a folder that is another run's, or this one's under another model version."""
    if (folder / MANIFEST).exists():
        there = load_manifest(folder)
        if there.get("id") != manifest["id"]:
            raise BadInput(f"{folder}: holds another run ({there.get('id')}); choose another folder")
        if there.get("model") != manifest["model"]:
            raise BadInput(f"{folder}: made with another model version; choose another folder")


def _manifest(spec: RunSpec, task: Task) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "status": "running",
        "id": spec.id,
        "spec": spec.to_dict(),
        "model": {"version": task.model.version, "fingerprint": task.fingerprint},
        "versions": {"archgym": __version__, "python": platform.python_version(), **_versions()},
        "host": {"machine": platform.machine(), "system": platform.system()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _finished(manifest: dict[str, Any], task: Task, evaluator: Evaluator, log: TrialLog, timing: dict[str, float]) -> RunLog:
    x, costs, score = log.trials()
    best = int(np.argmax(score))
    feasible = task.objective.feasible(costs)
    summary = {
        "evaluations": evaluator.spent,
        "unique": evaluator.unique,
        "feasible": int(feasible.sum()),
        "best_score": float(score[best]),
        "best_value": float(task.objective.value(costs)[best]) if feasible[best] else None,
        "best_trial": best,
        "best_design": task.space.decode(x[best]),
        "hypervolume": hypervolume(task.front_values(costs)),
    }
    ending = {"status": "complete", "summary": summary, "digest": trials_digest(x, costs, score), "timing": timing}
    return RunLog({**manifest, **ending}, x, costs, score)
