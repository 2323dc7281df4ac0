"""The exact optimum as a mixed-integer program: one binary variable per block and pair of alternatives, solved by HiGHS."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.space import FloatArray, IntArray

SCALE = 1e5  # of a row's bound and of the damage: HiGHS holds both to an absolute 1e-6, so to some 1e-11 of them
LONGEST_S = 600.0


@dataclass(frozen=True)
class Program:
    """Choose one pair a block, least damage, every linear cost within its bound.

    Args:
        damage: of every pair of every block, ``float64 (blocks, pairs)``.
        costs: of a pair in any block, ``float64 (limits, pairs)``.
        bounds: on their sums, ``float64 (limits,)``.
    """

    damage: FloatArray
    costs: FloatArray
    bounds: FloatArray

    def best(self, gap: float = 0.0) -> IntArray | None:
        """Chosen pair of each block ``int64 (blocks,)``, best to a relative gap; None where none fits or time runs out."""
        found = self._solved(1, gap)
        if found is None:
            return None
        return np.asarray(found.reshape(self.damage.shape).argmax(axis=1), dtype=np.int64)

    def bound(self) -> float:
        """Damage that no choice is below: that of the linear relaxation; infinite where nothing fits."""
        found = self._solved(0, 0.0)
        return np.inf if found is None else float((found * self.damage.ravel()).sum())

    def _solved(self, integrality: int, gap: float) -> FloatArray | None:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import kron

        blocks, pairs = self.damage.shape
        one = LinearConstraint(kron(np.eye(blocks), np.ones((1, pairs)), format="csc"), 1.0, 1.0)
        rows = np.tile(self.costs * (SCALE / self.bounds)[:, None], (1, blocks))
        options: dict[str, Any] = {"mip_rel_gap": gap, "time_limit": LONGEST_S}
        with _quiet():
            result = milp(
                self.damage.ravel() * SCALE,
                integrality=np.full(blocks * pairs, integrality),
                bounds=Bounds(0.0, 1.0),
                constraints=[one, LinearConstraint(rows, -np.inf, SCALE)],
                options=options,
            )
        return np.asarray(result.x) if result.status == 0 else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Send what compiled code prints elsewhere: HiGHS remarks on its progress at times, whatever it was asked."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
