"""A plug-in as a third party would write one: a toy family, and agents that are slow, fail, or kill their process."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

from archgym.agents._structure import StructureConfig
from archgym.agents.random_search import RandomSearch
from archgym.card import BestKnown
from archgym.config import Integers, hp
from archgym.errors import BadInput
from archgym.evaluator import Evaluation
from archgym.family import Family, Fidelity, Table
from archgym.model import CostModel
from archgym.objective import Minimise
from archgym.task import Task
from archgym.testing import ToyModel, toy_task

FAMILY = Family("toy", "A toy accelerator", "archgym_toy:tasks", "archgym_toy:fidelity", "archgym_toy:bench")


def tasks() -> list[Task]:
    """Two goals on one model; `memory` is left open."""
    latency = replace(toy_task(), build="archgym_toy:build", options={"memory": "near"})
    return [latency, replace(latency, id="toy-energy-v0", objective=Minimise("energy_j", 1e-3))]


def build(workload: str, options: dict[str, str]) -> CostModel:
    """The model; refuses an unknown memory."""
    if options["memory"] not in ("near", "far"):
        raise BadInput(f"memory cannot be '{options['memory']}'; choose from near, far")
    return ToyModel()


def fidelity(reference: Path | None, workloads: Path | None) -> Fidelity:
    """Two rows, one wrong."""
    table = Table("toy against itself", ("design", "error, %"), [(1, 0.0), (2, 1.5)], ("a note",))
    return Fidelity([table], {"latency_s": {"rows": 2, "exact": 0.5}}, {"latency_s": [1.0, 2.0]}, passed=False)


def bench() -> list[Table]:
    """One table."""
    return [Table("toy speed", ("batch", "evaluations/s"), [(1, 1e5)])]


def known() -> BestKnown:
    """The toy's optimum."""
    design = {"tile": 16, "buffer": 32, "ports_0": 3, "ports_1": 8, "ports_2": 5, "order": "d", "flow": "d", "mode": "h"}
    return BestKnown(1.0, design, True, 19_200_000, 0.9)


@dataclass(frozen=True)
class SlowConfig(StructureConfig):
    """How slow."""

    batch: int = hp(1, Integers(1, 8), "designs at a time")
    wait_ms: int = hp(5, Integers(1, 50), "time per batch", (0, 10_000))


class Slow(RandomSearch):
    """Random search that takes its time."""

    name = "toy_slow"
    config_class = SlowConfig
    config: SlowConfig  # type: ignore[assignment]

    def _tell(self, outcome: Evaluation) -> None:
        time.sleep(self.config.wait_ms / 1e3)


def _scene() -> Path:
    return Path(os.environ["ARCHGYM_TOY_SCENE"])


class Broken(Slow):
    """Fails half-way through seed 1, until the scene is repaired."""

    name = "toy_broken"

    def _tell(self, outcome: Evaluation) -> None:
        self._told = getattr(self, "_told", 0) + 1
        if self._told == 8 and self.seed == 1 and not (_scene() / "repaired").exists():
            raise ValueError("the agent lost\nits way")


class Killer(Slow):
    """Kills its own process, once per seed or, where the scene says so, always."""

    name = "toy_killer"

    def _tell(self, outcome: Evaluation) -> None:
        self._told = getattr(self, "_told", 0) + 1
        mark = _scene() / f"killed-{self.seed}"
        if self._told == 8 and (not mark.exists() or (_scene() / "always").exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Busy(RandomSearch):
    """Keeps a core busy."""

    name = "toy_busy"
    config_class = SlowConfig
    config: SlowConfig  # type: ignore[assignment]

    def _tell(self, outcome: Evaluation) -> None:
        end = time.process_time() + self.config.wait_ms / 1e3
        while time.process_time() < end:
            pass
