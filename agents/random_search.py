"""Uniform random search: the baseline that every difficulty card is measured with."""

from __future__ import annotations

from dataclasses import dataclass

from archgym.agents._structure import BLIND, REPAIR, StructureConfig, StructuredAgent
from archgym.config import LogIntegers, hp, switch
from archgym.evaluator import Evaluation
from archgym.space import IntArray


@dataclass(frozen=True)
class RandomConfig(StructureConfig):
    """Hyperparameters of random search."""

    batch: int = hp(32, LogIntegers(1, 256), "designs drawn at a time; changes speed, never the trials", (1, 65536), speed=True)
    structure: str = switch(BLIND, (BLIND, REPAIR), "blind: designs as they are drawn; repair: made buildable first")


class RandomSearch(StructuredAgent):
    """Independent uniform designs, with repetition."""

    name = "random"
    paper = "Bergstra and Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012"
    config_class = RandomConfig
    config: RandomConfig

    def batch(self) -> int:
        return self.config.batch

    def _ask(self, n: int) -> IntArray:
        return self._repair(self.space.sample(self.rng, n))

    def _tell(self, outcome: Evaluation) -> None:
        pass
