"""Fits of a model's constants to measurements, each held near what is known of it beforehand.

A constant is ``median exp(spread z)``. Least squares over the residuals and over every ``z`` (a maximum a posteriori fit with
log-normal priors), so that a constant on which no row says anything stays what it is expected to be, and a few constants too
many do no harm. Large residuals count linearly (soft L1), so that a source's oddities do not bend the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

NOISE = 0.06  # of a measurement, the unit of a logarithmic residual
LINEAR_FROM = 2.0  # units beyond which a residual counts linearly


@dataclass(frozen=True)
class Prior:
    """What is known of a constant before the fit: ``median`` times or over ``exp(spread)``, and why."""

    median: float
    spread: float
    why: str


Constants = dict[str, float]


def fit(priors: Mapping[str, Prior], residuals: Callable[[Constants], FloatArray]) -> Constants:
    """The constants that explain the measurements best.

    Args:
        priors: of every constant.
        residuals: ``(N,)`` in units of the noise, of a set of constants.
    """
    from scipy.optimize import least_squares

    def both(z: FloatArray) -> FloatArray:
        return np.concatenate([residuals(constants(priors, z)), z])

    found = least_squares(both, np.zeros(len(priors)), loss="soft_l1", f_scale=LINEAR_FROM, max_nfev=60)
    return constants(priors, found.x)


def constants(priors: Mapping[str, Prior], z: FloatArray) -> Constants:
    """The constants at a point ``(len(priors),)`` of the standardised space; its origin gives the medians."""
    values = [prior.median * float(np.exp(prior.spread * x)) for prior, x in zip(priors.values(), z, strict=True)]
    return dict(zip(priors, values, strict=True))


def document(priors: Mapping[str, Prior], values: Constants) -> dict[str, object]:
    """Constants and priors as they are written to a data file."""
    return {
        "constants": {name: float(f"{value:.6g}") for name, value in values.items()},
        "priors": {name: {"median": p.median, "spread": p.spread, "why": p.why} for name, p in priors.items()},
    }
