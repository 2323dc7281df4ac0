"""Names of agents on the page: the plan's labels, or where there is no plan what tells their configurations apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from archgym.experiments.report.words import clean
from archgym.spec import RunSpec

VARIANTS = 6  # up to so many unlabelled configurations of an agent are shown apart; more are pooled


class HasSpec(Protocol):
    """A run, as far as its label goes."""

    @property
    def spec(self) -> RunSpec:
        """What was run."""


def planned_runs(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The entries of ``study.json`` by run id; entries that are none are skipped."""
    entries = plan.get("runs")
    found = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    return {str(e["id"]): e for e in found if "id" in e}


def run_labels(runs: Iterable[HasSpec], planned: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Label of each run by its id. The draws of a lottery are pooled under their agent's name."""
    labels, rest = {}, []
    for run in runs:
        entry = planned.get(run.spec.id, {})
        if isinstance(entry.get("label"), str):
            pooled = entry.get("draw") is not None
            labels[run.spec.id] = clean(run.spec.agent if pooled else entry["label"], 28)
        else:
            rest.append(run.spec)
    return labels | _distinguished(rest)


def _distinguished(specs: Iterable[RunSpec]) -> dict[str, str]:
    by_agent: dict[str, dict[str, list[str]]] = {}
    for spec in specs:
        config = json.dumps(dict(spec.config), sort_keys=True)
        by_agent.setdefault(spec.agent, {}).setdefault(config, []).append(spec.id)
    labels: dict[str, str] = {}
    for agent, configs in by_agent.items():
        names = _config_names(agent, [json.loads(c) for c in configs])
        labels |= {i: name for name, ids in zip(names, configs.values(), strict=True) for i in ids}
    return labels


def _config_names(agent: str, configs: list[dict[str, Any]]) -> list[str]:
    if not 1 < len(configs) <= VARIANTS:
        return [clean(agent, 28)] * len(configs)
    differing = [k for k in configs[0] if len({json.dumps(c.get(k)) for c in configs}) > 1]
    return [clean(f"{agent} " + ", ".join(f"{k}={c.get(k)}" for k in differing), 44) for c in configs]
