"""Batches of mappings of one layer on one architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.batch import in_parallel, slices
from archgym.envs.accelerator.layer import Layer
from archgym.space import BoolArray, FloatArray, IntArray

from .architecture import Architecture
from .mapping import Mapping

RULES = (
    "a dim's factors do not multiply to its bound",
    "a tile does not fit its buffer",
    "a fan-out has fewer columns than the mapping spreads over",
    "a fan-out has fewer rows than the mapping spreads over",
)
CHUNK = 4096


@dataclass(frozen=True)
class Result:
    """What N mappings cost.

    Args:
        cycles: ``float64 (N,)``, from the first to the last multiplication at the slowest level's pace.
        energy_pj: ``float64 (N,)``.
        steps: ``float64 (N,)``, compute steps: cycles where no bandwidth limits.
        multipliers: ``float64 (N,)``, used at the same time.
        counts: ``float64 (N, L, 3, 3)``: words per instance; tensors as in ``TENSORS``, then reads, fills, updates.
        reason: ``uint64 (N,)``, a bit per rule of ``RULES``; costs of illegal rows are what they would be.
        excess: ``float64 (N,)``, sum of the logarithms of the factors by which limits are exceeded; 0 for legal rows.
    """

    cycles: FloatArray
    energy_pj: FloatArray
    steps: FloatArray
    multipliers: FloatArray
    counts: FloatArray
    reason: NDArray[np.uint64]
    excess: FloatArray

    @property
    def valid(self) -> BoolArray:
        """``bool (N,)``."""
        return np.asarray(self.reason == 0)


def evaluate(
    layer: Layer, architecture: Architecture, temporal: IntArray, order: IntArray, along_x: IntArray, along_y: IntArray
) -> Result:
    """Costs of N mappings, each ``int64 (N, L, 8)`` as in :meth:`Mapping.arrays`; rows go to all cores."""
    from .compiled import run_rows

    n, levels = temporal.shape[:2]
    counts, out = np.empty((n, levels, 3, 3)), np.empty((n, 4))
    reason, excess = np.empty(n, np.uint64), np.empty(n)
    fixed = (layer.array(), architecture.keep, architecture.limits, architecture.ports, float(architecture.mac_pj))
    rows = [np.ascontiguousarray(a, dtype=np.int64) for a in (temporal, order, along_x, along_y)]

    def work(part: slice) -> None:
        run_rows(*fixed, *(a[part] for a in rows), counts[part], out[part], reason[part], excess[part])

    in_parallel(work, slices(n, CHUNK))
    return Result(out[:, 1], out[:, 2], out[:, 0], out[:, 3], counts, reason, excess)


def evaluate_mappings(layer: Layer, architecture: Architecture, mappings: Sequence[Mapping]) -> Result:
    """Costs of a few mappings given as objects."""
    arrays = [mapping.arrays() for mapping in mappings]
    return evaluate(layer, architecture, *(np.stack(part) for part in zip(*arrays, strict=True)))
