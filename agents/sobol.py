"""Quasi-random search: a scrambled Sobol sequence laid over the design space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.agents._structure import BLIND, REPAIR, StructureConfig, StructuredAgent
from archgym.config import Config, LogIntegers, hp, switch
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, FloatArray, IntArray

# The sequence is balanced over blocks of a power of two; it is drawn so and handed out from there.
_BLOCK = 256
# Joe and Kuo's direction numbers end here; knobs beyond are drawn at random.
_DIMENSIONS = 21201


@dataclass(frozen=True)
class SobolConfig(StructureConfig):
    """Hyperparameters of quasi-random search."""

    batch: int = hp(32, LogIntegers(1, 256), "designs drawn at a time; changes speed, never the trials", (1, 65536), speed=True)
    structure: str = switch(BLIND, (BLIND, REPAIR), "blind: designs as they are drawn; repair: made buildable first")


class SobolSearch(StructuredAgent):
    """Designs that cover the space more evenly than independent draws do.

    It learns nothing: invalid and infeasible designs are evaluated like any other. The scrambling depends on the seed, so
    every run is an unbiased sample. Small spaces see repeats.
    """

    name = "sobol"
    paper = "Owen, Scrambling Sobol' and Niederreiter-Xing Points, Journal of Complexity 14(4), 1998"
    config_class = SobolConfig
    config: SobolConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._sequence: Any = None
        self._points: FloatArray = np.empty((0, len(space)))

    def batch(self) -> int:
        return self.config.batch

    def _ask(self, n: int) -> IntArray:
        while len(self._points) < n:
            self._points = np.concatenate([self._points, self._block()])
        taken, self._points = self._points[:n], self._points[n:]
        return self._repair(self.space.from_unit(taken))

    def _block(self) -> FloatArray:
        covered = min(len(self.space), _DIMENSIONS)
        if self._sequence is None:
            from scipy.stats.qmc import Sobol  # takes half a second to import

            self._sequence = Sobol(covered, scramble=True, rng=self.rng.spawn(1)[0])
        rest = self.rng.random((_BLOCK, len(self.space) - covered))
        return np.concatenate([self._sequence.random(_BLOCK), rest], axis=1)

    def _tell(self, outcome: Evaluation) -> None:
        pass
