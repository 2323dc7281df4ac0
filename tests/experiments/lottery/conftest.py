"""One small lottery for all tests of its analysis."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archgym.experiments.lottery.analysis import Analysis, analyse
from archgym.experiments.lottery.digest import Digest

sys.path.append(str(Path(__file__).parent))  # for the helpers beside: pytest imports tests without touching the path
from synthetic import TASKS, TUNING, make_digest

AGENTS = ("random", "genetic", "tpe", "ppo")


@pytest.fixture(scope="session")
def small_digest() -> Digest:
    """Four agents, three held-out tasks of two families, two tasks for tuning; one agent plays two of the tasks only."""
    tasks = {
        name: TASKS[name] for name in ("memory-cloud-latency-v0", "memory-stream-tail-v0", "accelerator-resnet18-front-v0")
    }
    only = {"ppo": ["memory-cloud-latency-v0", "accelerator-resnet18-front-v0"]}
    return make_digest(tasks, TUNING, AGENTS, draws=8, seeds=4, budget=64, only=only)


@pytest.fixture(scope="session")
def small_analysis(small_digest: Digest) -> Analysis:
    """The reading of it."""
    return analyse(small_digest)
