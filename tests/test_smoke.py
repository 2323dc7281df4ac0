"""Does every agent play every task? A few evaluations each; whether it plays well is asked in ``tests/agents``.

Agents that load a deep-learning or Gaussian-process library play the first task of each family here, and every task
in ``make test-all``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import archgym
from archgym import RunSpec, agents, registry
from archgym.task import Task

BUDGET = 6
HEAVY = ("torch", "stable_baselines3", "_sb3", "GPSampler", "sklearn")
FIRST = {archgym.get_task(task_id).family: task_id for task_id in reversed(archgym.task_ids())}


def heavy(agent: str) -> bool:
    """Whether the agent's file mentions a library that takes seconds to load."""
    module = agents.AGENTS.get(agent, "").split(":")[0].rsplit(".", 1)[-1]
    file = Path(agents.__file__).with_name(f"{module}.py")
    return file.is_file() and any(word in file.read_text(encoding="utf-8") for word in HEAVY)


def pairs() -> list[object]:
    found: list[object] = []
    for agent in archgym.agent_names():
        for task_id in archgym.task_ids():
            late = heavy(agent) and task_id not in FIRST.values()
            found.append(pytest.param(task_id, agent, marks=[pytest.mark.slow] if late else []))
    return found


@pytest.mark.parametrize(("task_id", "agent"), pairs())
def test_the_agent_plays_the_task(task: Task, agent: str) -> None:
    log = archgym.run(RunSpec.create(task.id, agent, seed=1, budget=BUDGET))
    assert log.x.shape == (BUDGET, len(log.task.space)) and np.isfinite(log.score).all()
    assert log.manifest["status"] == "complete" and log.manifest["summary"]["evaluations"] == BUDGET
    assert log.replay() == []


@pytest.mark.parametrize("task_id", FIRST.values())
def test_a_run_survives_the_disk(task_id: str, tmp_path: Path) -> None:
    done = archgym.run(RunSpec.create(task_id, "random", seed=2, budget=20), tmp_path)
    loaded = archgym.RunLog.load(tmp_path)
    assert np.array_equal(loaded.x, done.x) and loaded.score.tobytes() == done.score.tobytes()
    assert loaded.replay() == []


def test_every_agent_is_reachable() -> None:
    assert set(registry.agent_names()) >= set(agents.AGENTS)
    for name in agents.AGENTS:
        agent = archgym.get_agent(name)
        assert agent.name == name and agent.__doc__, f"the class of agent {name} calls itself {agent.name}"
