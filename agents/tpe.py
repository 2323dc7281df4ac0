"""The tree-structured Parzen estimator, as Optuna implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archgym.agents._optuna import OptunaAgent
from archgym.config import Choice, Config, LogIntegers, hp

if TYPE_CHECKING:
    from optuna.samplers import TPESampler


@dataclass(frozen=True)
class TpeConfig(Config):
    """Hyperparameters of the tree-structured Parzen estimator."""

    startup: int = hp(16, LogIntegers(4, 64), "random designs before the first estimate", (1, 65536))
    candidates: int = hp(24, LogIntegers(8, 256), "draws from the good density per proposal; the best ratio wins", (1, 65536))
    multivariate: bool = hp(True, Choice((True, False)), "estimate the knobs jointly rather than one by one")
    group: bool = hp(False, Choice((True, False)), "with multivariate: split knobs into groups that were set together")


class Tpe(OptunaAgent):
    """Two Parzen densities, of the good designs and of the rest; propose where their ratio is largest."""

    name = "tpe"
    paper = "Bergstra, Bardenet, Bengio and Kégl, Algorithms for Hyper-Parameter Optimization, NeurIPS 24, 2011"
    config_class = TpeConfig
    config: TpeConfig

    def _sampler(self, seed: int) -> TPESampler:
        from optuna.samplers import TPESampler

        return TPESampler(
            n_startup_trials=self.config.startup,
            n_ei_candidates=self.config.candidates,
            multivariate=self.config.multivariate,
            group=self.config.multivariate and self.config.group,
            seed=seed,
        )
