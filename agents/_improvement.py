"""The acquisition function of a fitted Gaussian process, for designs that differ from others in a single knob.

Optuna measures every design against every trial over all knobs. A search that changes one knob at a time knows the distances
over the others already: with D knobs this is a D-th of the work, and on spaces of many knobs nearly all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archgym.errors import need
from archgym.space import FloatArray

try:
    import torch
except ImportError:
    raise need("torch", "bo") from None
try:
    from optuna._gp.acqf import logei
except ImportError:
    raise need("optuna", "bo") from None

_RISE = 1e-9  # more than rounding, or two equal values would alternate for ever


class Improvement:
    """Logarithm of the expected improvement under a process that Optuna has fitted (its ``LogEI``).

    The kernel is Matérn 5/2 over weighted squared distances, of categories 0 or 1; mean and variance are those of Rasmussen
    and Williams (2006), algorithm 2.1. Distances ``(..., N)`` are to the N trials.
    """

    def __init__(self, acqf: Any) -> None:
        process = acqf._gpr
        self._trials = process._X_all.numpy()
        self._weight = process.inverse_squared_lengthscales.numpy()
        self._category = np.asarray(process._is_categorical)
        self._scale, self._weights = float(process.kernel_scale), process._cov_Y_Y_inv_Y
        eye = torch.eye(len(self._trials), dtype=torch.float64)
        self._whiten = torch.linalg.solve_triangular(process._cov_Y_Y_chol, eye, upper=False).T.contiguous()
        self._threshold, self._noise = float(acqf._threshold), float(acqf._stabilizing_noise)

    def distance(self, rows: FloatArray) -> FloatArray:
        """Squared distances ``(S, N)`` of designs ``(S, D)``."""
        return np.asarray(sum(self.apart(knob, rows[:, knob]) for knob in range(rows.shape[1])))

    def apart(self, knob: int, values: FloatArray) -> FloatArray:
        """What one knob adds to the squared distances, ``(V, N)``, for each of its values ``(V,)``."""
        gap = values[:, None] - self._trials[:, knob]
        return np.asarray(self._weight[knob] * ((gap != 0.0) if self._category[knob] else gap * gap))

    def value(self, distance: FloatArray) -> FloatArray:
        """At squared distances ``(..., N)``: ``(...)``."""
        five = np.sqrt(5.0 * np.maximum(distance.reshape(-1, distance.shape[-1]), 0.0))
        covariance = torch.from_numpy(self._scale * np.exp(-five) * (five * five / 3.0 + five + 1.0))
        white = covariance @ self._whiten
        variance = (self._scale - torch.linalg.vecdot(white, white)).clamp_min_(0.0)
        found = logei(covariance @ self._weights, variance + self._noise, self._threshold)
        return np.asarray(found.numpy().reshape(distance.shape[:-1]))

    def climb(self, rows: FloatArray, choices: list[FloatArray]) -> FloatArray:
        """Coordinate ascent from every row ``(S, D)`` side by side until no knob improves any; the best row ``(D,)``.

        Args:
            rows: where to begin.
            choices: the values of each knob.
        """
        rows = rows.copy()
        value = self.value(self.distance(rows))
        top, best = rows[value.argmax()].copy(), value.max()
        while len(rows):
            before, far = value, self.distance(rows)
            for knob, options in enumerate(choices):
                value = self._best_of(rows, value, far, knob, options)
            if value.max() > best:
                top, best = rows[value.argmax()].copy(), value.max()
            _, once = np.unique(rows, axis=0, return_index=True)  # starts that met go on as one
            once = once[value[once] > before[once]]
            rows, value = rows[once], value[once]
        return np.asarray(top)

    def _best_of(self, rows: FloatArray, value: FloatArray, far: FloatArray, knob: int, options: FloatArray) -> FloatArray:
        """Set one knob of every row to its best value, where that is better than what the row has; ``rows``, ``far`` change."""
        others = far - self.apart(knob, rows[:, knob])
        tried = others[:, None, :] + self.apart(knob, options)
        gained = self.value(tried)
        best, everyone = gained.argmax(axis=1), np.arange(len(rows))
        reached = gained[everyone, best]
        better = reached > value + _RISE
        rows[better, knob] = options[best[better]]
        far[better] = tried[everyone, best][better]
        return np.where(better, reached, value)
