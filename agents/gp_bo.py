"""Bayesian optimisation with a Gaussian process, as Optuna implements it, with a faster search of the acquisition."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm, rankdata

from archgym.agents._improvement import Improvement
from archgym.agents._optuna import OptunaAgent
from archgym.config import Choice, Config, LogIntegers, hp
from archgym.errors import need
from archgym.space import DesignSpace, FloatArray, IntArray

try:
    import torch
    from optuna import Study, create_study
    from optuna.samplers import GPSampler
    from optuna.storages import InMemoryStorage
    from optuna.trial import FrozenTrial, TrialState
except ImportError:
    raise need("torch", "bo") from None

SCREENED = 512  # quasi-random designs among which the starts of the acquisition search are chosen


@dataclass(frozen=True)
class GpBoConfig(Config):
    """Hyperparameters of Gaussian-process Bayesian optimisation."""

    startup: int = hp(16, LogIntegers(4, 64), "random designs before the first fit", (1, 65536))
    starts: int = hp(10, LogIntegers(2, 32), "local searches of the acquisition function per proposal", (2, SCREENED))
    ranks: bool = hp(True, Choice((True, False)), "fit normal scores of the ranks rather than the scores themselves")
    memory: int = hp(256, LogIntegers(64, 512), "designs the process sees: the best half and the newest half", (16, 4096))


class _Shown(InMemoryStorage):
    """The trials that a sampler is shown, themselves: Optuna's storage copies each, 40 % of the cost of a proposal."""

    def __init__(self) -> None:
        super().__init__()
        self.trials: list[FrozenTrial] = []

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return [trial for trial in self.trials if states is None or trial.state in states]


class _BatchedGpSampler(GPSampler):
    """Optuna's sampler, its acquisition function searched in batches.

    Optuna climbs from one start at a time and measures every design over all knobs; on a space of finite knobs this is 80 % of
    its cost. All starts at once, a knob at a time, need a tenth of the calls for the same steps.
    """

    starts = 10

    def _optimize_acqf(self, acqf: Any, best_params: FloatArray | None) -> FloatArray:
        surface = Improvement(acqf)
        screened = acqf.search_space.sample_normalized_params(SCREENED, self._rng.rng)
        promising = np.argsort(-surface.value(surface.distance(screened)), kind="stable")[: self.starts - 1]
        known = screened[:0] if best_params is None else best_params
        choices = acqf.search_space.get_choices_of_discrete_params()
        return surface.climb(np.concatenate([known, screened[promising]]), choices)


class GpBo(OptunaAgent):
    """A Gaussian process over the designs seen; propose where the expected improvement is largest."""

    name = "gp_bo"
    paper = "Snoek, Larochelle and Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 25, 2012"
    config_class = GpBoConfig
    config: GpBoConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._trials: list[FrozenTrial] = []
        self._score: FloatArray = np.zeros(0)

    def _sampler(self, seed: int) -> GPSampler:
        sampler = _BatchedGpSampler(n_startup_trials=self.config.startup, deterministic_objective=True, seed=seed)
        sampler.starts = self.config.starts
        return sampler

    def _ask(self, n: int) -> IntArray:
        """On one thread, as long as it takes: on these small matrices two threads only wait for each other."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return super()._ask(n)
        finally:
            torch.set_num_threads(threads)

    def _new_study(self) -> Study:
        self._shown = _Shown()
        return create_study(direction="maximize", sampler=self._optuna, storage=self._shown)

    def _learn(self, x: IntArray, score: FloatArray) -> None:
        """Show what the process may see: ranks change with every outcome."""
        self._score = np.concatenate([self._score, score])
        self._trials += [self._trial(row, 0.0) for row in x]
        kept = self._kept()
        self._shown.trials = [self._trials[k] for k in kept]
        for number, (trial, value) in enumerate(zip(self._shown.trials, self._values(self._score[kept]).tolist(), strict=True)):
            trial.number, trial.value = number, value

    def _kept(self) -> IntArray:
        """Positions of the best half and the newest half, in order: the cost of a fit is cubic in their number."""
        newest = np.arange(len(self._score))[::-1]
        best = np.argsort(-self._score, kind="stable")
        half = self.config.memory // 2
        return np.unique(np.concatenate([newest[:half], best[:half]]))

    def _values(self, score: FloatArray) -> FloatArray:
        """Normal scores of the ranks: three tiers of unknown scale become one bell that a stationary process can fit."""
        if not self.config.ranks:
            return score
        return np.asarray(norm.ppf((rankdata(score) - 0.5) / len(score)))
