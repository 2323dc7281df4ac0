"""The search itself once more: the one check that finds evaluations that a log does not show.

Re-evaluating trials proves that they are what the model says, not that they are all that was looked at: an agent in the same
process can reach the cost model past the ledger, and show the best of what it saw. Our own agents do not; a run of theirs that
comes out the same bit for bit has spent its budget and no more.
"""

from __future__ import annotations

import numpy as np

from archgym import registry
from archgym.agents import AGENTS
from archgym.errors import ArchGymError
from archgym.experiments.leaderboard.checks import Check, judged
from archgym.experiments.leaderboard.sealed import shown
from archgym.experiments.leaderboard.submission import Submission
from archgym.experiments.worker import one_line
from archgym.runlog import RunLog
from archgym.running import run
from archgym.spec import RunSpec

ALL, NONE = "all", "none"
Wanted = int | str  # a number of runs, "all" or "none"


def check_rerun(sub: Submission, wanted: Wanted) -> Check:
    """Play some of the ranked runs again, drawn anew each time, and compare their trials bit for bit."""
    name = sub.manifest.agent
    if wanted in (NONE, 0):
        return Check("search", "not checked", "not asked for")
    if name not in registry.agent_names():
        return Check("search", "not checked", f"not re-run: agent {name} is not installed")
    try:
        registry.get_agent(name)
    except ArchGymError as error:
        return Check("search", "not checked", f"not re-run: {shown(error, 200)}")
    chosen = _chosen(sub.runs, wanted)
    findings = [line for log in chosen for line in _again(log)]
    return judged("search", f"{len(chosen)} of {len(sub.runs)} runs played again: the same trials", findings)


def check_ledger(sub: Submission, search: Check, wanted: Wanted) -> Check:
    """Whether the budget is known to be all that was spent: only where our own agent repeats every run."""
    runs = len(sub.runs)
    count = runs if wanted == ALL else 0 if wanted == NONE else min(int(wanted), runs)
    if sub.manifest.agent not in AGENTS:
        return Check("ledger", "not checked", "the budget is claimed, not checked: the agent is not one of ArchGym's own")
    if search.status != "passed":
        return Check("ledger", "not checked", "the budget is claimed, not checked: the search was not repeated")
    if count < runs:
        return Check("ledger", "not checked", f"{count} of {runs} runs hide no evaluation; of the others the budget is claimed")
    return Check("ledger", "passed", "an agent of ArchGym's own, and its search repeats: no evaluation is hidden")


def _chosen(runs: tuple[RunLog, ...], wanted: Wanted) -> list[RunLog]:
    """Which runs: no seed, so that nobody knows beforehand."""
    if wanted == ALL or int(wanted) >= len(runs):
        return list(runs)
    picked = np.random.default_rng().choice(len(runs), int(wanted), replace=False)
    return [runs[k] for k in sorted(picked.tolist())]


def _again(log: RunLog) -> list[str]:
    where = f"{log.spec.task} seed {log.spec.seed} ({log.spec.id})"
    try:
        fresh = run(RunSpec.create(log.spec.task, log.spec.agent, log.spec.config, log.spec.seed, log.spec.budget))
    except Exception as error:  # a plug-in's agent may fail in any way
        return [f"{where}: cannot be played again: {shown(one_line(error), 160)}"]
    if fresh.spec.id != log.spec.id:
        return [f"{where}: its specification is not written out as the agent's"]
    if fresh.manifest["digest"] == log.manifest["digest"] and np.array_equal(fresh.x, log.x):
        return []
    return [f"{where}: another search: {_first(fresh, log)}{_versions(fresh, log)}"]


def _first(fresh: RunLog, log: RunLog) -> str:
    rows = np.flatnonzero((fresh.x != log.x).any(axis=1))
    return f"from trial {int(rows[0])} on other designs" if len(rows) else "the same designs with other figures"


def _versions(fresh: RunLog, log: RunLog) -> str:
    theirs, ours = log.manifest["versions"], fresh.manifest["versions"]
    differ = [f"{n} {theirs[n]} (here {v})" for n, v in ours.items() if n in theirs and theirs[n] != v]
    return f"; made with {', '.join(differ)}" if differ else ""
