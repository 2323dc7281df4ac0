"""The tree-structured Parzen estimator, as Optuna implements it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.agents._optuna import OptunaAgent
from archgym.config import Choice, Config, LogIntegers, hp
from archgym.errors import need
from archgym.space import DesignSpace, FloatArray, IntArray

try:
    from optuna.samplers import TPESampler
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
    from optuna.samplers._tpe.sampler import default_gamma
except ImportError:
    raise need("optuna", "bo") from None


@dataclass(frozen=True)
class TpeConfig(Config):
    """Hyperparameters of the tree-structured Parzen estimator."""

    startup: int = hp(16, LogIntegers(4, 64), "random designs before the first estimate", (1, 65536))
    candidates: int = hp(24, LogIntegers(8, 256), "draws from the good density per proposal; the best ratio wins", (1, 65536))
    multivariate: bool = hp(True, Choice((True, False)), "estimate the knobs jointly rather than one by one")
    group: bool = hp(False, Choice((True, False)), "Optuna's; without effect here, where all knobs are always set together")


class Tpe(OptunaAgent):
    """Two Parzen densities, of the good designs and of the rest; propose where their ratio is largest.

    Random designs, densities and the size of the good part are Optuna's. Designs are kept here, as arrays: a study reads,
    checks and sorts all its trials again for every knob, which was most of the cost of a proposal.
    """

    name = "tpe"
    paper = "Bergstra, Bardenet, Bengio and Kégl, Algorithms for Hyper-Parameter Optimization, NeurIPS 24, 2011"
    config_class = TpeConfig
    config: TpeConfig
    _optuna: TPESampler

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._x: IntArray = np.zeros((0, len(space.names)), dtype=np.int64)
        self._score: FloatArray = np.zeros(0)
        free = [name for name in space.names if not self._distributions[name].single()]
        self._blocks = [sorted(free)] if self.config.multivariate and free else [[name] for name in free]

    def _sampler(self, seed: int) -> TPESampler:
        return TPESampler(n_startup_trials=self.config.startup, seed=seed)

    def _learn(self, x: IntArray, score: FloatArray) -> None:
        self._x = np.concatenate([self._x, x])
        self._score = np.concatenate([self._score, score])

    def _suggest(self) -> IntArray:
        if len(self._score) < self.config.startup:
            return np.array([self._alone(name) for name in self.space.names], dtype=np.int64)
        good, rest = self._split()
        chosen = {name: value for block in self._blocks for name, value in self._best(block, good, rest).items()}
        return np.array([chosen.get(name, 0) for name in self.space.names], dtype=np.int64)

    def _split(self) -> tuple[IntArray, IntArray]:
        """Positions of the good designs and of the rest, each in the order in which they came."""
        order = np.argsort(-self._score, kind="stable")
        n = default_gamma(len(order))
        return np.sort(order[:n]), np.sort(order[n:])

    def _best(self, names: list[str], good: IntArray, rest: IntArray) -> dict[str, int]:
        """Of some draws from the good designs' density, the values with the best ratio of densities."""
        above, below = self._density(names, good), self._density(names, rest)
        drawn = above.sample(self._optuna._rng.rng, self.config.candidates)
        best = np.argmax(above.log_pdf(drawn) - below.log_pdf(drawn))
        return {name: int(values[best]) for name, values in drawn.items()}

    def _density(self, names: list[str], positions: IntArray) -> _ParzenEstimator:
        seen = {name: self._x[positions, self.space.names.index(name)] for name in names}
        return _ParzenEstimator(
            seen, {name: self._distributions[name] for name in names}, self._optuna._parzen_estimator_parameters
        )
