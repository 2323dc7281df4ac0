"""How networks of a table are trained: everything that decides a row but the networks themselves, in one frozen record."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """One training: data and optimiser. Stochastic gradient descent with Nesterov momentum, decay on weights only.

    The step size rises over the first ``warmup`` share of the steps and follows half a cosine to zero. An epoch drops the last
    incomplete batch. Training images are moved by up to ``moved`` pixels each way, drawn anew each time. Nothing is chosen on
    the validation images: the network after the last step counts. A table's own recipe adds what its networks share.
    """

    version: int = 1
    seeds: tuple[int, ...] = (0, 1, 2)
    split_seed: int = 2026
    train: int = 900
    validation: int = 400
    test: int = 497
    epochs: int = 10
    batch: int = 64
    moved: int = 1
    step_size: float = 0.1
    warmup: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4
    norm_momentum: float = 0.1

    @property
    def steps(self) -> int:
        """Optimiser steps of one training."""
        return self.epochs * (self.train // self.batch)

    def step_sizes(self) -> list[float]:
        """The step size of each step."""
        steps = np.arange(self.steps)
        rise = np.minimum(1.0, (steps + 1) / (self.warmup * self.steps))
        sizes: list[float] = (self.step_size * rise * 0.5 * (1 + np.cos(np.pi * steps / self.steps))).tolist()
        return sizes

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as a shard's first line and the table's manifest hold it."""
        return {**asdict(self), "seeds": list(self.seeds)}

    def digest(self) -> str:
        """Short hash of everything above: rows of different protocols are never mixed."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]


def streams(number: int, seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Two generators of one training, for its first weights and for the order and moves of its images.

    They depend on the network's number and seed alone, so a network starts and sees the same whatever is trained beside it.
    """
    start, order = np.random.SeedSequence((number, seed)).spawn(2)
    return np.random.default_rng(start), np.random.default_rng(order)
