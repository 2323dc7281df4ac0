"""Time one study of 40 runs on one and on two cores of a local Ray: start of Ray, runs, and both."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import ray
from rich.console import Console

from archgym.experiments.plan import Plan, Study, make_plan
from archgym.experiments.pool import ray_pool
from archgym.experiments.runner import How, run_study


def main(folder: Path, agent: str, budget: int) -> None:
    """Prints seconds per number of cores as JSON."""
    entry = {"name": agent, "config": {"wait_ms": 10}} if agent.startswith("toy_") else {"name": agent}
    facts = {"name": "forty", "tasks": ["toy-*"], "agent": [entry], "seeds": 20, "budget": budget}
    plan = make_plan(Study.model_validate(facts))
    print(json.dumps({cores: _time(plan, folder / str(cores), cores) for cores in (1, 2)}))


def _time(plan: Plan, folder: Path, cores: int) -> dict[str, float]:
    started = time.perf_counter()
    with ray_pool(cpus=cores):
        ready = time.perf_counter()
        assert ray.is_initialized()
        tally = run_study(plan, folder, How(), Console(file=io.StringIO()))
        done = time.perf_counter()
    assert tally.complete == 40
    return {"start_s": ready - started, "runs_s": done - ready, "all_s": time.perf_counter() - started}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
