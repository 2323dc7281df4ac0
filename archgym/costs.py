"""What a cost model answers: metrics with units, one row per design, invalid rows as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archgym.space import BoolArray, FloatArray

Sense = Literal["min", "max", "none"]


@dataclass(frozen=True)
class Metric:
    """One figure of merit.

    Args:
        name: with its SI unit as suffix where it has one: ``latency_s``, ``energy_j``, ``power_w``, ``area_m2``.
        unit: the unit, empty for ratios and counts.
        sense: which way is better; ``"none"`` for figures that only inform.
        doc: one line on what is measured, from where to where.
    """

    name: str
    unit: str = ""
    sense: Sense = "min"
    doc: str = ""


@dataclass(frozen=True)
class Costs:
    """The metrics of N designs.

    Args:
        metrics: the M metrics, in column order.
        values: ``float64 (N, M)``; NaN in every column of an invalid row.
        valid: ``bool (N,)``.
        reason: ``uint64 (N,)`` one bit per broken rule, 0 for valid rows.
        rules: text of each bit of ``reason``.
        distance: ``float64 (N,)`` how far a row is from valid, >= 0: 0 for valid rows, NaN where the model cannot say.
    """

    metrics: tuple[Metric, ...]
    values: FloatArray
    valid: BoolArray
    reason: NDArray[np.uint64]
    rules: tuple[str, ...] = ()
    distance: FloatArray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def all_valid(cls, metrics: Sequence[Metric], values: FloatArray) -> Costs:
        """Costs of a model (or a batch) in which every design is valid."""
        n = len(values)
        return cls(tuple(metrics), values, np.ones(n, np.bool_), np.zeros(n, np.uint64), (), np.zeros(n))

    def __post_init__(self) -> None:
        if self.distance.shape != self.valid.shape:
            object.__setattr__(self, "distance", np.where(self.valid, 0.0, np.nan))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> FloatArray:
        """Column ``(N,)`` of one metric, by name."""
        return self.values[:, self.index(name)]

    def index(self, name: str) -> int:
        """Column number of a metric.

        Raises:
            KeyError: there is no such metric.
        """
        for j, metric in enumerate(self.metrics):
            if metric.name == name:
                return j
        raise KeyError(f"no metric {name!r} among {[m.name for m in self.metrics]}")

    def take(self, rows: NDArray[np.int64]) -> Costs:
        """The costs of some rows, in the order asked."""
        return Costs(self.metrics, self.values[rows], self.valid[rows], self.reason[rows], self.rules, self.distance[rows])

    def why(self, row: int) -> str:
        """The broken rules of one row as text, empty for a valid one."""
        bits = int(self.reason[row])
        return "; ".join(rule for k, rule in enumerate(self.rules) if bits >> k & 1)

    @staticmethod
    def concatenate(parts: Sequence[Costs]) -> Costs:
        """One batch out of several of the same model."""
        first = parts[0]
        return Costs(
            first.metrics,
            np.concatenate([p.values for p in parts]),
            np.concatenate([p.valid for p in parts]),
            np.concatenate([p.reason for p in parts]),
            first.rules,
            np.concatenate([p.distance for p in parts]),
        )
