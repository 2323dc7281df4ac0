"""CMA-ES for whole numbers and categories: CatCMA with margin, with restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.agents._explorer import Explorer
from archgym.agents._moves import free_knobs
from archgym.agents._structure import StructureConfig
from archgym.config import Config, LogIntegers, LogUniform, Uniform, hp
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, FloatArray, IntArray

# Draws per population that may turn out to be known before the distribution counts as collapsed.
_DRAWS = 20
# A table that is all but certain no longer moves: a start puts this much on the best design's values at most.
_CERTAIN = 0.5


@dataclass(frozen=True)
class CmaEsConfig(StructureConfig):
    """Hyperparameters of CatCMA with margin."""

    population: int = hp(16, LogIntegers(6, 64), "designs per generation", (4, 65536))
    sigma: float = hp(0.1, LogUniform(0.05, 1.0), "first deviation of ordered knobs, as a share of their range", (1e-6, 1e3))
    warm: float = hp(0.5, Uniform(0.0, 1.0), "how near a restart is to the best design known; 0 is the middle", (0.0, 1.0))
    patience: int = hp(8, LogIntegers(3, 50), "generations without a better design before a restart", (1, 10**9))
    growth: float = hp(1.0, Uniform(1.0, 2.0), "factor on the population at each restart", (1.0, 10.0))


class CmaEs(Explorer):
    """A Gaussian over ordered knobs and a probability table over categories, both moved by natural gradients.

    Only the order of the scores counts, tiers included. A design that is drawn again is answered from the agent's own
    memory and costs no evaluation. Designs it did not ask for only move the centre of the next restart, since their
    distance from the distribution could tear it apart. With repair, the distribution learns from what it drew, the
    score being that of the repaired design.
    """

    name = "cma_es"
    paper = (
        "Hamano, Nomura, Saito, Uchida and Shirakawa, CatCMA with Margin: Stochastic Optimization for Continuous, "
        "Integer, and Categorical Variables, GECCO, 2025"
    )
    config_class = CmaEsConfig
    config: CmaEsConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        free = free_knobs(space)
        stepped = space.ordered[free] & (space.nvec[free] > 2)  # two values have no middle: a category
        self._steps, self._categories = free[stepped], free[~stepped]
        self._population = float(self.config.population)
        self._known: dict[bytes, float] = {}
        self._best: tuple[float, IntArray] | None = None
        self._optimiser: Any = None  # none where no knob has a choice
        self._drawn: dict[bytes, list[Any]] = {}  # by the design that is out for evaluation
        self._answered: list[tuple[Any, float]] = []
        self._peak, self._stale = -np.inf, 0
        if len(free):
            self._restart()

    # -- the distribution ---------------------------------------------------------------------------------------------

    def _restart(self) -> None:
        from cmaes import CatCMAwM  # brings scipy.stats

        nvec = self.space.nvec
        spread = np.diag((nvec[self._steps] - 1.0) ** 2)
        gaussian = {"z_space": [range(n) for n in nvec[self._steps]], "mean": self._centre(), "cov": spread}
        table = {"c_space": nvec[self._categories], "cat_param": self._table()}
        self._optimiser = CatCMAwM(
            **(gaussian if len(self._steps) else {}),
            **(table if len(self._categories) else {}),
            sigma=self.config.sigma,
            population_size=max(2, int(self._population)),
            seed=int(self.rng.integers(2**32)),
        )
        self._population *= self.config.growth
        self._forget()
        self._peak, self._stale = -np.inf, 0

    def _centre(self) -> FloatArray:
        middle: FloatArray = (self.space.nvec[self._steps] - 1) / 2
        return middle if self._best is None else middle + self.config.warm * (self._best[1][self._steps] - middle)

    def _table(self) -> FloatArray:
        nvec = self.space.nvec[self._categories]
        even: FloatArray = (np.arange(nvec.max(initial=1)) < nvec[:, None]) / nvec[:, None]
        if self._best is None:
            return even
        chosen = np.zeros_like(even)
        chosen[np.arange(len(nvec)), self._best[1][self._categories]] = 1.0
        return even + _CERTAIN * self.config.warm * (chosen - even)

    def _row(self, drawn: Any) -> IntArray:
        row = np.zeros(len(self.space), dtype=np.int64)
        if len(self._steps):
            row[self._steps] = drawn.z
        if len(self._categories):
            row[self._categories] = drawn.c.argmax(axis=1)
        repaired: IntArray = self._repair(row[None, :])[0]
        return repaired

    # -- asked and told -----------------------------------------------------------------------------------------------

    def batch(self) -> int:
        if self._optimiser is None:
            return 1
        waiting = sum(len(same) for same in self._drawn.values())
        return max(1, int(self._optimiser.population_size) - waiting - len(self._answered))

    def _ask(self, n: int) -> IntArray:
        return self._propose(n)  # its own memory answers repeats

    def _propose(self, n: int) -> IntArray:
        return np.array([self._next() for _ in range(n)])

    def _next(self) -> IntArray:
        """A design that is not known, or a random one where the distribution knows no other."""
        if self._optimiser is None or len(self._known) >= self.space.size:
            return self._random()
        for _ in range(_DRAWS * self._optimiser.population_size):
            drawn = self._optimiser.ask()
            row = self._row(drawn)
            key = row.tobytes()
            if key in self._known:
                self._answer(drawn, self._known[key])
            elif key in self._drawn:
                self._drawn[key].append(drawn)
            else:
                self._drawn[key] = [drawn]
                return row
        self._restart()
        return self._random()

    def _random(self) -> IntArray:
        row: IntArray = self._new(self.space.sample(self.rng, 1))[0]
        return row

    def _learn(self, outcome: Evaluation) -> None:
        for score, row in zip(outcome.score.tolist(), outcome.x, strict=True):
            self._known[row.tobytes()] = score
            if self._best is None or score > self._best[0]:
                self._best = (score, row)
            for drawn in self._drawn.pop(row.tobytes(), []):
                self._answer(drawn, score)

    def _answer(self, drawn: Any, score: float) -> None:
        self._answered.append((drawn, -score))
        if len(self._answered) >= self._optimiser.population_size:
            self._update()

    def _forget(self) -> None:
        """Begin a generation: designs still out were drawn from an older one; the answers to them count no more."""
        self._answered, self._drawn = [], {key: [] for key in self._drawn}

    def _update(self) -> None:
        """Move the distribution, or start again where it no longer gets anywhere."""
        generation = self._answered
        self._forget()
        peak = max(-loss for _, loss in generation)
        self._stale = 0 if peak > self._peak else self._stale + 1
        self._peak = max(self._peak, peak)
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise"):
                self._optimiser.tell(generation)
        except (FloatingPointError, AssertionError, np.linalg.LinAlgError):  # collapsed or burst
            self._stale = self.config.patience
        if self._stale >= self.config.patience:
            self._restart()
