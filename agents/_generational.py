"""Generations: what the genetic algorithm and NSGA-II share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from archgym.agents._explorer import Explorer
from archgym.agents._moves import crossover, tournament
from archgym.agents._structure import MovesConfig
from archgym.config import Config, Integers, LogIntegers, LogUniform, Uniform, hp
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, FloatArray, IntArray


@dataclass(frozen=True)
class BreedingConfig(MovesConfig):
    """How children are made."""

    population: int = hp(8, LogIntegers(4, 128), "designs per generation", (2, 65536))
    tournament: int = hp(2, Integers(1, 8), "members that compete to be a parent; 1 is no selection", (1, 1024))
    crossover: float = hp(1.0, Uniform(0.0, 1.0), "share of the children that have two parents", (0.0, 1.0))
    changes: float = hp(1.0, LogUniform(0.25, 4.0), "knobs mutated per child on average; at least one always is", (0.0, 1e6))


@dataclass(frozen=True)
class Members:
    """Designs with what is known of them: ``x (N, D)``, ``score (N,)``, ``front (N, K)``."""

    x: IntArray
    score: FloatArray
    front: FloatArray

    def take(self, rows: IntArray) -> Members:
        """Some of them, in the order asked."""
        return Members(self.x[rows], self.score[rows], self.front[rows])

    def join(self, other: Members) -> Members:
        """Both, one after the other."""
        parts = zip((self.x, self.score, self.front), (other.x, other.score, other.front), strict=True)
        return Members(*(np.concatenate(pair) for pair in parts))


class Generational(Explorer):
    """Breeds a generation, waits for its outcome, lets the best survive; authors write ``_order``."""

    config: BreedingConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._members: Members | None = None  # sorted from best to worst
        self._children: Members | None = None

    def batch(self) -> int:
        return self.config.population

    def _propose(self, n: int) -> IntArray:
        if self._members is None:
            return self.space.sample(self.rng, n)
        parents = self._members.x
        first, second = (parents[tournament(self.rng, len(parents), self.config.tournament, n)] for _ in range(2))
        return self._mutate(crossover(self.rng, first, second, self.config.crossover), self.config.changes)

    def _learn(self, outcome: Evaluation) -> None:
        born = Members(outcome.x, outcome.score, outcome.front)
        self._children = born if self._children is None else self._children.join(born)
        if len(self._children.x) >= self.config.population:
            self._next_generation(self._children)
            self._children = None

    def _next_generation(self, children: Members) -> None:
        pool = children if self._members is None else self._members.take(np.arange(self._survivors())).join(children)
        self._members = pool.take(self._order(pool)[: self.config.population])

    def _survivors(self) -> int:
        """How many members compete with their children; never more than there are."""
        return self.config.population

    @abstractmethod
    def _order(self, pool: Members) -> IntArray:
        """Places of the pool's members from best to worst, ``int64 (N,)``."""
