"""Regularised evolution: a steady stream of mutants in which the oldest die."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from archgym.agents._explorer import Explorer
from archgym.agents._structure import MovesConfig
from archgym.config import Config, LogIntegers, LogUniform, hp
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, IntArray


@dataclass(frozen=True)
class EvolutionConfig(MovesConfig):
    """Hyperparameters of regularised evolution."""

    population: int = hp(16, LogIntegers(4, 128), "designs alive; a newcomer replaces the oldest", (1, 65536))
    tournament: int = hp(32, LogIntegers(2, 64), "designs drawn to compete for being the parent", (1, 65536))
    changes: float = hp(1.0, LogUniform(0.25, 4.0), "knobs mutated per child on average; at least one always is", (0.0, 1e6))


class RegularisedEvolution(Explorer):
    """Each child is a mutant of the best of a few living designs; the oldest design dies, however good.

    Only the order of the scores counts; an invalid or infeasible design becomes a parent where nothing better is alive
    among those drawn.
    """

    name = "evolution"
    paper = "Real, Aggarwal, Huang and Le, Regularized Evolution for Image Classifier Architecture Search, AAAI, 2019"
    config_class = EvolutionConfig
    config: EvolutionConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._alive: deque[tuple[float, IntArray]] = deque(maxlen=self.config.population)

    def _propose(self, n: int) -> IntArray:
        if len(self._alive) < self.config.population:
            return self.space.sample(self.rng, n)
        parents = np.array([self._parent() for _ in range(n)])
        return self._mutate(parents, self.config.changes)

    def _parent(self) -> IntArray:
        drawn = self.rng.integers(len(self._alive), size=self.config.tournament)
        best = max(drawn.tolist(), key=lambda i: self._alive[i][0])
        return self._alive[best][1]

    def _learn(self, outcome: Evaluation) -> None:
        self._alive.extend(zip(outcome.score.tolist(), outcome.x, strict=True))
