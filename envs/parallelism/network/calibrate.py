"""Fits the constants of the collectives to measured sweeps: ``python -m archgym.envs.parallelism.network.calibrate``.

A constant is ``median exp(spread z)``; least squares over the logarithms of predicted over measured time and over every ``z``,
so that a constant on which no row says anything stays what it is expected to be. Residuals count in units of 6 %, large ones
linearly (soft L1), so that a sweep's few oddities do not bend the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import least_squares

from archgym.batch import source_hash
from archgym.space import FloatArray

from ..fitting import NOISE
from .collectives import all_gather, all_reduce, mesh_link
from .constants import DATA, PRIORS, fabric
from .measured import REFERENCE, Measured, measured

FOLDS = 5


def make_times(source: int) -> Any:
    """The loop over rows; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def times(reduce: Any, rows: Any) -> Any:
        out = np.empty(rows.shape[0] if source else 0)
        for i in range(out.size):
            n, d, size, link, nic, nvls, launch, hop, nic_hop, half = rows[i]
            if reduce[i]:
                out[i] = all_reduce(n, d, size, link, nic, nvls, launch, hop, nic_hop, half)
            else:
                out[i] = all_gather(n, d, size, link, nic, nvls, launch, hop, nic_hop, half)
        return out

    return times


times = make_times(source_hash(Path(__file__).parent))


def predict(rows: Sequence[Measured], values: dict[str, float]) -> FloatArray:
    """Seconds of each row under a set of constants, ``float64 (N,)``."""
    table = np.array([_arguments(row, values) for row in rows])
    found: FloatArray = times(np.array([row.collective == "all_reduce" for row in rows]), table)
    return found


def fit(rows: Sequence[Measured], ramp: bool = True) -> dict[str, float]:
    """The constants that explain the rows best; without the ramp, those of a plain alpha-beta line."""
    goal = np.log([row.time for row in rows])

    def residuals(z: FloatArray) -> FloatArray:
        wrong = np.log(predict(rows, _values(z, ramp))) - goal
        return np.concatenate([wrong / NOISE, z])

    return _values(least_squares(residuals, np.zeros(len(PRIORS)), loss="soft_l1").x, ramp)


def left_out(rows: Sequence[Measured], groups: Sequence[Any]) -> FloatArray:
    """Seconds of each row by the fit that has not seen its group, ``float64 (N,)``; ``groups`` names each row's."""
    out = np.empty(len(rows))
    for group in dict.fromkeys(groups):
        own = [i for i, name in enumerate(groups) if name == group]
        others = [row for row, name in zip(rows, groups, strict=True) if name != group]
        out[own] = predict([rows[i] for i in own], fit(others))
    return out


def hardware(rows: Sequence[Measured]) -> list[str]:
    """The hardware of each row: what :func:`left_out` leaves out for the error on systems not seen."""
    return [row.system.group for row in rows]


def error(predicted: FloatArray, rows: Sequence[Measured]) -> FloatArray:
    """Relative error of each row, ``float64 (N,)``: 0.1 is 10 % too slow."""
    return np.asarray(predicted / np.array([row.time for row in rows]) - 1.0)


def main(reference: Path = REFERENCE) -> None:
    """Fit, print the errors, write ``data/collectives.json``."""
    rows = measured(reference)
    values = fit(rows)
    errors = {
        "all rows, in the fit": _mean(predict(rows, values), rows),
        "all rows, every fifth left out of the fit": _mean(left_out(rows, [i % FOLDS for i in range(len(rows))]), rows),
        "all rows, hardware left out of the fit": _mean(left_out(rows, hardware(rows)), rows),
    }
    document = {
        "source": "python -m archgym.envs.parallelism.network.calibrate",
        "split": "constants from all rows; errors on unseen rows from a fit without each fifth, or without each hardware's",
        "rows": len(rows),
        "mean_absolute_error_percent": errors,
        "constants": {name: float(f"{value:.5g}") for name, value in values.items()},
        "priors": {name: {"median": p.median, "spread": p.spread, "why": p.why} for name, p in PRIORS.items()},
    }
    DATA.write_text(json.dumps(document, indent=1) + "\n")
    print(*(f"{name}: {value} %" for name, value in errors.items()), sep="\n")


def _mean(predicted: FloatArray, rows: Sequence[Measured]) -> float:
    return round(100.0 * float(np.abs(error(predicted, rows)).mean()), 2)


def _values(z: FloatArray, ramp: bool = True) -> dict[str, float]:
    values = {name: prior.median * float(np.exp(prior.spread * x)) for (name, prior), x in zip(PRIORS.items(), z, strict=True)}
    return values if ramp else values | {"half_bytes": 0.0}


def _arguments(row: Measured, values: dict[str, float]) -> tuple[float, ...]:
    system, per_domain = row.system, row.ranks // row.nodes
    made = fabric(values, system.generation, system.link, system.nic, system.fabric, row.nodes > 1)
    link = mesh_link(made.link, row.ranks, system.mesh) if system.mesh else made.link
    nvls = 0.0 if row.algorithm == "ring" else made.nvls
    return (row.ranks, per_domain, row.size, link, made.nic, nvls, made.launch, made.hop, made.nic_hop, made.half)


if __name__ == "__main__":
    main()
