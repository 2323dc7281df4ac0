"""What the agents built on Optuna share: a study in memory, and never the same design twice."""

from __future__ import annotations

import contextlib
import warnings
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from archgym.agent import AskTellAgent
from archgym.config import Config
from archgym.errors import need
from archgym.evaluator import Evaluation
from archgym.space import DesignSpace, FloatArray, IntArray, Param

try:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
    from optuna.trial import FrozenTrial, TrialState, create_trial
except ImportError:
    raise need("optuna", "bo") from None

SEEDS = 2**31  # Optuna's generators take 32-bit seeds
_OPEN = create_trial(state=TrialState.RUNNING)  # a trial of which nothing is known yet


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Optuna without notes and experimental-feature warnings; the user's own verbosity comes back afterwards."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def distribution(param: Param) -> BaseDistribution:
    """The knob's value index as Optuna sees it: a whole number where the values are ordered, else a category."""
    n = len(param.values)
    return IntDistribution(0, n - 1) if param.ordered else CategoricalDistribution(tuple(range(n)))


class OptunaAgent(AskTellAgent):
    """An Optuna sampler as an agent; authors write ``_sampler``.

    A proposal that repeats a design already seen is replaced by an unseen neighbour of it, or, where there is none, by an
    unseen random design: the models are deterministic, so a repeat would spend an evaluation and teach nothing.
    """

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._distributions = {p.name: distribution(p) for p in space.params}
        self._seen: set[bytes] = set()
        with quiet():
            self._optuna = self._sampler(int(self.rng.integers(SEEDS)))
            self._study = self._new_study()

    @abstractmethod
    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        """The sampler, seeded; called once."""

    @abstractmethod
    def _learn(self, x: IntArray, score: FloatArray) -> None:
        """Take in designs ``(N, D)`` and their scores ``(N,)``."""

    def _ask(self, n: int) -> IntArray:
        with quiet():
            return np.stack([self._propose() for _ in range(n)])

    def _tell(self, outcome: Evaluation) -> None:
        self._seen.update(row.tobytes() for row in outcome.x)
        with quiet():
            self._learn(outcome.x, outcome.score)

    def _propose(self) -> IntArray:
        row = self._fresh(self._suggest())
        self._seen.add(row.tobytes())
        return row

    def _suggest(self) -> IntArray:
        """A design ``(D,)``, as ``Study.ask`` does it, but that no knob is written to a storage and copied back."""
        trial = self._study.ask()
        together = trial.relative_params
        chosen = [together[name] if name in together else self._alone(name) for name in self.space.names]
        # Closed at once: what was evaluated comes back as a trial of its own, whether it is this design or another.
        self._study.tell(trial, state=TrialState.FAIL)
        return np.array(chosen, dtype=np.int64)

    def _alone(self, name: str) -> int:
        """One knob's value, from the sampler's estimate of this knob apart from the others."""
        knob = self._distributions[name]
        return 0 if knob.single() else int(self._optuna.sample_independent(self._study, _OPEN, name, knob))

    def _new_study(self) -> optuna.Study:
        return optuna.create_study(direction="maximize", sampler=self._optuna)

    def _trial(self, row: IntArray, value: float) -> FrozenTrial:
        params = dict(zip(self.space.names, row.tolist(), strict=True))
        return create_trial(params=params, distributions=self._distributions, value=value)

    def _fresh(self, row: IntArray) -> IntArray:
        """``row``, or something near it that was not evaluated yet; ``row`` where nothing else is found."""
        if row.tobytes() not in self._seen:
            return row
        near = self.rng.permutation(self.space.neighbours(row))
        for candidate in (*near, *self.space.sample(self.rng, 64)):
            if candidate.tobytes() not in self._seen:
                return np.asarray(candidate, dtype=np.int64)
        return row
