"""A genetic algorithm over knobs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from archgym.agents._generational import BreedingConfig, Generational, Members
from archgym.config import Uniform, hp
from archgym.space import IntArray


@dataclass(frozen=True)
class GeneticConfig(BreedingConfig):
    """Hyperparameters of the genetic algorithm."""

    elite: float = hp(0.5, Uniform(0.0, 1.0), "share of the population that may survive among its children")


class GeneticAlgorithm(Generational):
    """Tournament selection, uniform crossover, mutation knob by knob, elitism.

    Ordered knobs mutate to values near by, categories to any. Only the order of the scores counts; infeasible and
    invalid designs stay in the population while nothing better is known, the nearest to valid first, and so lead there.
    """

    name = "genetic"
    paper = "Holland, Adaptation in Natural and Artificial Systems, University of Michigan Press, 1975"
    config_class = GeneticConfig
    config: GeneticConfig

    def _survivors(self) -> int:
        # The best one always survives.
        return max(1, math.floor(self.config.elite * self.config.population))

    def _order(self, pool: Members) -> IntArray:
        return np.argsort(-pool.score, kind="stable")
