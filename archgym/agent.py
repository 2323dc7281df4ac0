"""The contract of a search agent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from archgym.config import Config
from archgym.errors import BadInput
from archgym.evaluator import Evaluation, Evaluator
from archgym.space import DesignSpace, IntArray


class Agent(ABC):
    """Searches one design space with one configuration and one seed.

    The same (space, config, seed) against the same task gives the same trials, bit for bit, in any process. All
    randomness comes from ``self.rng`` or from seeds drawn from it. An agent spends its whole budget: ``search`` goes on
    until nothing remains, or until the evaluator raises :class:`~archgym.errors.BudgetExhausted`, and lets that pass.

    Args:
        space: the knobs.
        config: hyperparameters; the agent's defaults where None.
        seed: any whole number >= 0.

    Attributes:
        name: id in the registry, as on the command line.
        paper: where the algorithm comes from.
        config_class: its hyperparameters.
    """

    name: ClassVar[str]
    paper: ClassVar[str] = ""
    config_class: ClassVar[type[Config]] = Config

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        if seed < 0:
            raise BadInput(f"a seed must be 0 or more, got {seed}")
        self.space = space
        self.config = self.config_class() if config is None else config
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    @abstractmethod
    def search(self, evaluator: Evaluator) -> None:
        """Spend the evaluator's budget; ends when nothing remains, or by its ``BudgetExhausted``."""


class AskTellAgent(Agent):
    """An agent that proposes a batch and is told its outcome; authors write ``_ask`` and ``_tell``."""

    def search(self, evaluator: Evaluator) -> None:
        """The loop: ask for a natural batch, evaluate, tell."""
        self._begin(evaluator)
        while evaluator.remaining != 0:  # asking once more would cost a model's fit for nothing
            self.tell(evaluator.evaluate(self.ask(self.batch())))

    def batch(self) -> int:
        """How many designs the agent wants next (its generation's size); 1 where it learns from each."""
        return 1

    def ask(self, n: int) -> IntArray:
        """``n`` designs to evaluate next, ``int64 (n, D)``."""
        if n < 1:
            raise BadInput(f"ask for at least 1 design, not {n}")
        x = self.space.check(self._ask(n))
        if len(x) != n:
            raise ValueError(f"{type(self).__name__} proposed {len(x)} designs, asked for {n}")
        return x

    def tell(self, outcome: Evaluation) -> None:
        """Learn from evaluated designs: those asked for, or any others."""
        if len(outcome.x):
            self._tell(outcome)

    def _begin(self, evaluator: Evaluator) -> None:
        """Called once before the first ask, for agents that want the model's ``repair`` or ``mask``."""

    @abstractmethod
    def _ask(self, n: int) -> IntArray: ...

    @abstractmethod
    def _tell(self, outcome: Evaluation) -> None: ...
