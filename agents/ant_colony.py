"""Ant colony optimisation over a table of pheromone per knob value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.agents._explorer import Explorer
from archgym.agents._structure import StructureConfig
from archgym.config import Config, LogIntegers, LogUniform, Uniform, hp
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, FloatArray, IntArray


@dataclass(frozen=True)
class AntColonyConfig(StructureConfig):
    """Hyperparameters of the ant colony."""

    ants: int = hp(8, LogIntegers(4, 64), "designs built between two updates of the table", (1, 65536))
    evaporation: float = hp(0.4, LogUniform(0.02, 0.9), "share of the pheromone replaced at each update", (0.0, 1.0))
    elite: int = hp(4, LogIntegers(1, 64), "best designs that lay pheromone, more the better they stand", (1, 65536))
    floor: float = hp(0.05, LogUniform(0.005, 0.5), "pheromone no value loses, as a share of its even share", (0.0, 1.0))
    spread: float = hp(0.0, Uniform(0.0, 0.8), "share that goes to the values beside an ordered knob's value", (0.0, 1.0))
    patience: int = hp(20, LogIntegers(5, 80), "updates without a better design before the table is wiped", (1, 10**9))


class AntColony(Explorer):
    """Each ant walks knob by knob and takes a value as likely as its pheromone says; the best designs mark their values.

    A MAX-MIN ant system in the hyper-cube framework: a knob's pheromone sums to 1, has a floor (so that no value is ever
    lost) and starts even again when the colony stagnates. Only the order of the scores counts: while nothing feasible is
    known, the designs nearest to feasible mark the way.
    """

    name = "ant_colony"
    paper = (
        "Stützle and Hoos, MAX-MIN Ant System, Future Generation Computer Systems 16(8), 2000; "
        "Blum and Dorigo, The Hyper-Cube Framework for Ant Colony Optimization, IEEE TSMC-B 34(2), 2004"
    )
    config_class = AntColonyConfig
    config: AntColonyConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        values = np.arange(space.nvec.max()) < space.nvec[:, None]
        self._even: FloatArray = values / space.nvec[:, None]  # (D, V), 0 where a knob has no such value
        self._best = -np.inf
        self._wipe()

    def _wipe(self) -> None:
        self._pheromone = self._even.copy()
        self._elite: list[tuple[float, IntArray]] = []
        self._told = self._stale = 0

    def batch(self) -> int:
        return self.config.ants

    def _propose(self, n: int) -> IntArray:
        bounds = self._pheromone.cumsum(axis=1)
        drawn = self.rng.random((n, len(self.space), 1))
        values: IntArray = (drawn > bounds).sum(axis=2, dtype=np.int64)
        return np.minimum(values, self.space.nvec - 1)

    def _learn(self, outcome: Evaluation) -> None:
        self._elite += zip(outcome.score.tolist(), outcome.x, strict=True)
        self._elite = sorted(self._elite, key=lambda member: -member[0])[: self.config.elite]
        self._told += len(outcome.x)
        if self._told >= self.config.ants:
            self._told = 0
            self._update()

    def _update(self) -> None:
        share = self.config.evaporation
        mixed = (1.0 - share) * self._pheromone + share * self._deposit()
        raised = np.maximum(mixed, self.config.floor * self._even)
        self._pheromone = raised / raised.sum(axis=1, keepdims=True)
        better = self._elite[0][0] > self._best
        self._best, self._stale = max(self._best, self._elite[0][0]), 0 if better else self._stale + 1
        if self._stale >= self.config.patience:
            self._wipe()

    def _deposit(self) -> FloatArray:
        """What the elite lays, ``(D, V)``, each row summing to 1; weights fall with the logarithm of the standing."""
        weight = np.log(len(self._elite) + 1) - np.log(np.arange(1, len(self._elite) + 1))
        laid = np.zeros_like(self._even)
        knobs = np.arange(len(self.space))
        for part, (_, row) in zip(weight / weight.sum(), self._elite, strict=True):
            laid[knobs, row] += part
        return self._spread(laid)

    def _spread(self, laid: FloatArray) -> FloatArray:
        """Part of an ordered knob's pheromone moved to both sides; what would leave the knob stays."""
        half = 0.5 * self.config.spread * np.where(self.space.ordered[:, None], laid, 0.0)
        spread: FloatArray = laid.copy()
        upper, lower = slice(1, None), slice(None, -1)
        for source, target in ((lower, upper), (upper, lower)):
            moved = np.where(self._even[:, target] > 0.0, half[:, source], 0.0)
            spread[:, target] += moved
            spread[:, source] -= moved
        return spread
