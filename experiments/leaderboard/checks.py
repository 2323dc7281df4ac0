"""What a submission claims, held against its own trials, the suite, the agents and the models of today. Each check is pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.leaderboard.sealed import shown
from archgym.experiments.leaderboard.submission import Submission
from archgym.pareto import hypervolume
from archgym.runlog import RunLog, trials_digest

Status = Literal["passed", "failed", "not checked"]
MOST_FINDINGS = 20
_CLOSE = 1e-9  # relative: a library's other version may sum a hypervolume in another order


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: a word.
        status: whether it holds.
        detail: one line for people: what was compared, or why it was not.
        findings: what is wrong, one line each, at most 20.
    """

    name: str
    status: Status
    detail: str
    findings: tuple[str, ...] = ()


def judged(name: str, detail: str, findings: Iterable[str]) -> Check:
    """``detail`` where nothing was found, else the number of findings and the first of them."""
    found = list(findings)
    if not found:
        return Check(name, "passed", detail)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Check(name, "failed", found[0] + more, tuple(found[:MOST_FINDINGS]))


def checks(sub: Submission) -> Iterator[Check]:
    """All checks of one submission by itself but the second search, cheap ones first."""
    yield check_set(sub)
    yield check_budget(sub)
    yield check_agent(sub)
    yield check_ruleset(sub)
    yield check_tuning(sub)
    yield check_copies(sub)
    yield check_trials(sub)
    yield check_claims(sub)


# -- the set of runs -------------------------------------------------------------------------------------------------------


def check_set(sub: Submission) -> Check:
    """One run of every ranked task with every seed, and no other."""
    have = Counter((log.spec.task, log.spec.seed) for log in sub.runs)
    need = sub.suite.cells()
    findings = [f"missing: {task} with seed {seed}" for task, seed in need if (task, seed) not in have]
    findings += [f"{count} runs of {t} with seed {s}" for (t, s), count in have.items() if count > 1]
    findings += [f"not a seed of {sub.suite.name}: {t} with seed {s}" for t, s in have if (t, s) not in need]
    return judged("runs", f"{len(need)} runs: {len(sub.suite.seeds)} seeds of every ranked task", findings)


def check_budget(sub: Submission) -> Check:
    """Every ranked run has spent the suite's budget; that as many trials are logged was checked while reading."""
    budget = sub.suite.budget
    findings = [f"{_name(log)}: {log.spec.budget} evaluations" for log in sub.runs if log.spec.budget != budget]
    return judged("budget", f"{budget} evaluations in every run", findings)


# -- agent and rules -------------------------------------------------------------------------------------------------------


def check_agent(sub: Submission) -> Check:
    """One agent, with one configuration per family, that the agent, where it is installed, knows."""
    findings = [f"{_name(log)}: of agent {shown(log.spec.agent)}, not {sub.manifest.agent}" for log in _others(sub)]
    findings += _mixed(sub)
    try:
        agent = registry.get_agent(sub.manifest.agent)
    except BadInput as error:
        if findings:
            return judged("agent", "", findings)
        return Check("agent", "not checked", f"its hyperparameters: {shown(error, 200)}")
    findings += [f for log in sub.runs for f in _unknown(log, agent.config_class)]
    return judged("agent", f"{sub.manifest.agent}, with hyperparameters that it has", findings)


def check_ruleset(sub: Submission) -> Check:
    """Self-tuning: the agent's defaults on all tasks, nothing tuned. External tuning: what was tuned is declared."""
    manifest = sub.manifest
    if manifest.ruleset == "self" and (manifest.tuning.evaluations or sub.tuning):
        return judged("ruleset", "", ["self-tuning, but a tuning is declared"])
    defaults = _defaults(manifest.agent)
    configs = {repr(sorted(log.spec.config.items())) for log in sub.runs}
    if manifest.ruleset == "self" and len(configs) > 1:
        return judged("ruleset", "", ["self-tuning, but its hyperparameters differ from task to task"])
    if defaults is None:
        return Check("ruleset", "not checked", f"{manifest.ruleset}: the agent's defaults are not known here")
    moved = [log for log in sub.runs if dict(log.spec.config) != defaults]
    if manifest.ruleset == "self":
        return judged("ruleset", "self-tuning: the agent's defaults", [f"{_name(log)}: not the defaults" for log in moved])
    if moved and not manifest.tuning.evaluations:
        return judged("ruleset", "", ["not the agent's defaults, but no tuning is declared"])
    return judged("ruleset", "external tuning, declared", [])


def check_tuning(sub: Submission) -> Check:
    """The runs laid beside are those that the manifest names, and it counts their evaluations."""
    named, there = list(sub.manifest.tuning.runs), [log.spec.id for log in sub.tuning]
    findings = [f"tuning/{name}: not named in the manifest" for name in there if name not in named]
    findings += [f"tuning/{name}: named in the manifest, but missing" for name in named if name not in there]
    findings += [f"tuning/{name}: named twice" for name, count in Counter(named).items() if count > 1]
    shown_for, declared = sum(log.spec.budget for log in sub.tuning), sub.manifest.tuning.evaluations
    if declared < shown_for:
        findings.append(f"{declared:,} evaluations of tuning declared, {shown_for:,} are laid beside")
    if not findings and declared > shown_for:
        detail = f"{declared - shown_for:,} of {declared:,} evaluations of tuning are declared only, without their runs"
        return Check("tuning", "not checked", detail)
    return judged("tuning", f"{declared:,} evaluations, all laid beside" if declared else "none declared", findings)


# -- trials ----------------------------------------------------------------------------------------------------------------


def check_copies(sub: Submission) -> Check:
    """No run has the designs of another one under another seed, in the same or in another order."""
    seen: dict[str, RunLog] = {}
    findings = []
    for log in sub.runs:
        twin = seen.setdefault(designs(log), log)
        if twin is not log:
            findings.append(f"{_name(log)}: the same designs as {_name(twin)}")
    return judged("copies", "no two runs with the same designs", findings)


def designs(log: RunLog) -> str:
    """Hash of a run's task and set of designs, whatever their order."""
    rows = np.ascontiguousarray(log.x[np.lexsort(log.x.T)])
    return hashlib.sha256(log.spec.task.encode() + b"\0" + rows.tobytes()).hexdigest()


def check_trials(sub: Submission) -> Check:
    """Every trial, tuning included, evaluated again: metrics, validity, reason, distance and score, bit for bit."""
    logs = [*sub.runs, *sub.tuning]
    count = sum(len(log.x) for log in logs)
    findings = [line for log in logs for line in _replayed(log)]
    return judged("trials", f"{count:,} trials of {len(logs)} runs evaluated again: every bit the same", findings)


def check_claims(sub: Submission) -> Check:
    """The figures and the model that each run's manifest names, against its trials and the suite."""
    findings = [line for log in [*sub.runs, *sub.tuning] for line in _claims(log)]
    return judged("figures", "digests, summaries and model versions are those of the trials", findings)


def figures(log: RunLog) -> dict[str, Any]:
    """A run's summary, made from its trials; as :func:`archgym.running.run` writes it."""
    task, best = log.task, int(np.argmax(log.score))
    feasible = task.objective.feasible(log.costs)
    return {
        "evaluations": len(log.x),
        "unique": len(np.unique(task.model.canonical(log.x), axis=0)),
        "feasible": int(feasible.sum()),
        "best_score": float(log.score[best]),
        "best_value": float(task.objective.value(log.costs)[best]) if feasible[best] else None,
        "best_trial": best,
        "best_design": task.space.decode(log.x[best]),
        "hypervolume": hypervolume(task.front_values(log.costs)),
    }


# -- inside ----------------------------------------------------------------------------------------------------------------


def _name(log: RunLog) -> str:
    return f"{log.spec.task} seed {log.spec.seed} ({log.spec.id})"


def _others(sub: Submission) -> list[RunLog]:
    return [log for log in sub.runs if log.spec.agent != sub.manifest.agent]


def _mixed(sub: Submission) -> list[str]:
    """Families whose tasks or seeds were played with different hyperparameters."""
    configs: dict[str, set[str]] = {}
    for log in sub.runs:
        configs.setdefault(log.task.family, set()).add(repr(sorted(log.spec.config.items())))
    return [f"{len(c)} configurations in the family {family}; one is allowed" for family, c in configs.items() if len(c) > 1]


def _unknown(log: RunLog, config_class: Any) -> list[str]:
    try:
        same = config_class.from_settings(log.spec.config).settings() == dict(log.spec.config)
    except BadInput as error:
        return [f"{_name(log)}: {shown(error, 160)}"]
    return [] if same else [f"{_name(log)}: not all hyperparameters are written out"]


def _defaults(agent: str) -> dict[str, Any] | None:
    try:
        return registry.get_agent(agent).config_class().settings()
    except BadInput:
        return None


def _replayed(log: RunLog) -> list[str]:
    costs = log.task.model.evaluate(log.x)
    score = log.task.objective.score(costs)
    same = trials_digest(log.x, costs, score) == trials_digest(log.x, log.costs, log.score)
    if same and costs.distance.tobytes() == log.costs.distance.tobytes():
        return []
    first = next(iter(log.replay()), None)
    if first is None:
        return [f"{_name(log)}: a NaN or a zero has other bits"]
    return [f"{_name(log)}: trial {first.trial}: {first.column}: claimed {first.logged!r}, evaluated {first.replayed!r}"]


def _claims(log: RunLog) -> list[str]:
    manifest, findings = log.manifest, []
    if manifest["model"] != {"version": log.task.model.version, "fingerprint": log.task.fingerprint}:
        findings.append(f"{_name(log)}: made with another model version: {shown(manifest['model'], 120)}")
    if manifest["digest"] != trials_digest(log.x, log.costs, log.score):
        findings.append(f"{_name(log)}: the trials are not those of its digest")
    found = figures(log)
    wrong = [k for k, value in found.items() if not _equal(manifest["summary"][k], value)]
    return findings + [f"{_name(log)}: {k}: claimed {shown(manifest['summary'][k])}, found {shown(found[k])}" for k in wrong]


def _equal(claimed: Any, found: Any) -> bool:
    if isinstance(claimed, float) and isinstance(found, float):
        return bool(np.isclose(claimed, found, rtol=_CLOSE, atol=0.0))
    return bool(claimed == found)


def copies(sub: Submission, before: Sequence[Submission]) -> Check:
    """Whether a submission given before has a run with the same designs, or a name that differs in case only: it keeps them."""
    if not before:
        return Check("others", "not checked", "no other submission was given before it")
    owners = {designs(log): other.manifest.name for other in before for log in other.runs}
    taken = [other.folder.name for other in before if other.manifest.name.casefold() == sub.manifest.name.casefold()]
    findings = [f"its name is taken: {name}" for name in taken]
    findings += [
        f"{_name(log)}: the same designs as in submission {owners[designs(log)]}" for log in sub.runs if designs(log) in owners
    ]
    return judged("others", f"no run is in the {len(before)} submissions given before it", findings)
