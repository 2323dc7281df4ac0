"""Simulated annealing with restarts; at temperature zero a hill climber."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

import numpy as np

from archgym.agents._explorer import Explorer
from archgym.agents._structure import MovesConfig
from archgym.config import Config, LogIntegers, LogUniform, Uniform, hp
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, IntArray


@dataclass(frozen=True)
class AnnealingConfig(MovesConfig):
    """Hyperparameters of simulated annealing."""

    starts: int = hp(8, LogIntegers(1, 64), "random designs per start, of which the best is walked from", (1, 65536))
    temperature: float = hp(0.02, Uniform(0.0, 0.3), "loss of standing accepted with probability 1/e; 0 climbs", (0.0, 1e6))
    cooling: float = hp(0.98, Uniform(0.9, 1.0), "factor on the temperature after each evaluation", (0.0, 1.0))
    changes: float = hp(1.0, LogUniform(0.25, 4.0), "knobs altered per move on average; at least one always is", (0.0, 1e6))
    patience: int = hp(128, LogIntegers(16, 512), "moves without a better design before a restart", (1, 10**9))
    back: float = hp(0.5, Uniform(0.0, 1.0), "probability that a restart begins at the best design known, not at random ones")


class SimulatedAnnealing(Explorer):
    """A walk over single-knob moves that takes every improvement, and losses with a falling probability.

    A loss is measured in standing: the share of all designs seen so far that lie between the two. So neither the unit
    of the score nor its tiers matter: among invalid designs the walk climbs towards valid ones like up any other hill.
    """

    name = "annealing"
    paper = "Kirkpatrick, Gelatt and Vecchi, Optimization by Simulated Annealing, Science 220(4598), 1983"
    config_class = AnnealingConfig
    config: AnnealingConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._history: list[float] = []
        self._best: tuple[float, IntArray] | None = None
        self._here: tuple[float, IntArray] | None = None
        self._restart()

    def _restart(self) -> None:
        known = self._best is not None and self.rng.random() < self.config.back
        self._here = self._best if known else None
        self._peak = self._here[0] if self._here else -np.inf
        self._starts_left = 0 if known else self.config.starts
        self._temperature = self.config.temperature
        self._stale = 0

    def _propose(self, n: int) -> IntArray:
        if self._here is None or self._starts_left:
            return self.space.sample(self.rng, n)
        return self._mutate(np.repeat(self._here[1][None, :], n, axis=0), self.config.changes)

    def _learn(self, outcome: Evaluation) -> None:
        for score, row in zip(outcome.score.tolist(), outcome.x, strict=True):
            insort(self._history, score)
            if self._best is None or score > self._best[0]:
                self._best = (score, row)
            self._step(score, row)

    def _step(self, score: float, row: IntArray) -> None:
        if self._starts_left:
            self._starts_left -= 1
        else:
            self._stale = 0 if score > self._peak else self._stale + 1
            self._temperature *= self.config.cooling
        if self._accepts(score):
            self._here = (score, row)
        self._peak = max(self._peak, score)
        if self._stale >= self.config.patience:
            self._restart()

    def _accepts(self, score: float) -> bool:
        if self._here is None or score >= self._here[0]:
            return True
        if self._starts_left or self._temperature <= 0.0:
            return False
        loss = (self._standing(self._here[0]) - self._standing(score)) / len(self._history)
        return bool(self.rng.random() < np.exp(-loss / self._temperature))

    def _standing(self, score: float) -> float:
        """How many of the designs seen are worse, equal ones by half."""
        return (bisect_left(self._history, score) + bisect_right(self._history, score)) / 2
