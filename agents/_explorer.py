"""What the hand-written agents have in common: repair, and no design proposed twice while a new one is near."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from archgym.agents._moves import mutate, walk
from archgym.agents._structure import StructuredAgent
from archgym.config import Config
from archgym.evaluator import Evaluation
from archgym.space import BoolArray, DesignSpace, IntArray

# Mutations tried on a design that was proposed before; in a space that is nearly used up a repeat must be allowed.
_TRIES = 8


class Explorer(StructuredAgent):
    """Base of agents that propose only designs they have not seen, repaired by the model unless they are to be blind.

    A repeat costs an evaluation and teaches nothing. Authors write ``_propose`` and ``_learn``.
    """

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._seen: set[bytes] = set()

    def _ask(self, n: int) -> IntArray:
        return self._new(self._propose(n))

    def _tell(self, outcome: Evaluation) -> None:
        self._seen.update(row.tobytes() for row in outcome.x)
        self._learn(outcome)

    @abstractmethod
    def _propose(self, n: int) -> IntArray:
        """``n`` designs, ``int64 (n, D)``, repeats allowed."""

    @abstractmethod
    def _learn(self, outcome: Evaluation) -> None:
        """Take in evaluated designs, asked for or not."""

    def _mutate(self, x: IntArray, changes: float = 1.0) -> IntArray:
        """Mutants of ``x (N, D)``: ``changes`` knobs altered on average, or as many moves of the model's; one at least."""
        moved = walk(self.space, self.rng, self._repair(x), changes, self._vary) if self._vary else None
        return mutate(self.space, self.rng, x, changes) if moved is None else moved

    def _new(self, rows: IntArray) -> IntArray:
        """The rows repaired, those seen before walked away from where they were."""
        rows = np.array(self._repair(rows), dtype=np.int64)
        for _ in range(_TRIES):
            old = self._repeats(rows)
            if not old.any():
                break
            rows[old] = self._repair(self._mutate(rows[old]))
        self._seen.update(row.tobytes() for row in rows)
        return rows

    def _repeats(self, rows: IntArray) -> BoolArray:
        """``bool (N,)`` which rows were seen before, or are above in the same batch."""
        batch: set[bytes] = set()
        repeated = np.zeros(len(rows), dtype=np.bool_)
        for i, row in enumerate(rows):
            key = row.tobytes()
            repeated[i] = key in self._seen or key in batch
            batch.add(key)
        return repeated
