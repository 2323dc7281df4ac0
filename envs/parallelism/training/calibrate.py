"""Fits the constants of time and memory to measured runs: ``python -m archgym.envs.parallelism.training.calibrate``.

Residuals are logarithms of predicted over measured. A source of many runs is worth 40 of them at most, so that no single
cluster sets the constants of all. Errors are told for sources the fit has not seen: one fit per source, without its rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from archgym.space import BoolArray, FloatArray

from ..fitting import NOISE, Constants, document, fit
from .constants import DATA, MEMORY, TIME, memory_array, time_array
from .layout import Machine, Mem, Out
from .measured import GIB, GROUPS, REFERENCE, Measured, measured, read

MOST = 40.0  # rows that a source counts as
EDGE = 1e-4  # relative distance beyond the limit at which a run's verdict costs as much as its figure
MARGIN = 5e-4  # relative distance from the limit that a verdict should keep


def fit_time(runs: Measured) -> Constants:
    """The constants of the time model that explain the runs best."""
    goal, weights = np.log(runs.seconds), _weights(runs)

    def residuals(values: Constants) -> FloatArray:
        wrong = np.log(runs.times(time_array(values))[:, Out.ITERATION]) - goal
        return np.asarray(weights * wrong / NOISE)

    return fit(TIME, residuals)


def fit_memory(runs: Measured, verdicts: BoolArray) -> Constants:
    """The constants of the memory model that explain figures and verdicts best.

    Args:
        runs: with a published figure, or that ran out of memory.
        verdicts: runs ``(N,)`` whose verdict (ran, or ran out of memory) counts too, beside the figure.
    """
    known, out = np.isfinite(runs.gib), runs.ran_out
    limit, goal = runs.machines[:, Machine.HBM_BYTES], np.log(runs.gib * GIB)

    def residuals(values: Constants) -> FloatArray:
        total = runs.memory(memory_array(values))[:, Mem.TOTAL]
        over = np.log(total / limit)
        beyond, short = np.maximum(over + MARGIN, 0.0) / EDGE, np.maximum(MARGIN - over, 0.0) / EDGE
        wrong = (np.log(total) - goal)[known] / NOISE
        return np.concatenate([wrong, beyond[known & verdicts], short[out & verdicts]])

    return fit(MEMORY, residuals)


def left_out(runs: Measured) -> FloatArray:
    """Seconds of each run by the fit that has not seen its source, ``(N,)``."""
    seconds, sources = np.full(len(runs.rows), np.nan), np.array(runs.sources)
    for source in dict.fromkeys(runs.sources):
        own = sources == source
        values = fit_time(runs.take(~own))
        seconds[own] = runs.take(own).times(time_array(values))[:, Out.ITERATION]
    return seconds


def memory_left_out(runs: Measured, splits: int = 10) -> FloatArray:
    """Relative errors of memory on the half that the fit has not seen, over random halves, ``(figures,)``."""
    known, random, errors = np.isfinite(runs.gib), np.random.default_rng(0), []
    for _ in range(splits):
        seen = random.random(len(known)) < 0.5
        values = fit_memory(runs.take(known & seen), np.zeros(int((known & seen).sum()), np.bool_))
        rest = runs.take(known & ~seen)
        errors.append(rest.memory(memory_array(values))[:, Mem.TOTAL] / (rest.gib * GIB) - 1.0)
    return np.concatenate(errors)


def with_memory(runs: Measured) -> Measured:
    """Runs with a published figure of memory, or that ran out of it."""
    return runs.take(np.isfinite(runs.gib) | runs.ran_out)


def separable(runs: Measured) -> BoolArray:
    """Runs whose verdict is asked of the fit: all but one of BLOOM's.

    GPT-206B (82 layers of 14,336 on 12 stages) ran out of memory where 94 layers of 13,312, with as many parameters and
    micro-batches per GPU, took 67 of 80 GiB: no count of bytes tells them apart.
    """
    return np.array([row["model"] != "GPT-206B" for row in runs.rows])


def _weights(runs: Measured) -> FloatArray:
    count = {source: runs.sources.count(source) for source in set(runs.sources)}
    return np.array([min(1.0, (MOST / count[source]) ** 0.5) for source in runs.sources])


def main(reference: Path = REFERENCE) -> None:
    """Fit, print the errors, write ``data/training.json``."""
    every = measured(read(reference))
    timed, sized = every.take(np.isfinite(every.seconds)), with_memory(every)
    time, memory = fit_time(timed), fit_memory(sized, separable(sized))
    errors = np.abs(left_out(timed) / timed.seconds - 1.0)
    groups = {group: _percent(errors[np.array(timed.groups) == group]) for group in GROUPS}
    known = sized.take(np.isfinite(sized.gib))
    inside = known.memory(memory_array(memory))[:, Mem.TOTAL] / (known.gib * GIB) - 1.0
    data: dict[str, Any] = {
        "source": "python -m archgym.envs.parallelism.training.calibrate",
        "time": {
            "split": "constants from all rows; errors from one fit per source without its rows",
            "rows": len(timed.rows),
            "mean_absolute_error_percent": groups,
            **document(TIME, time),
        },
        "memory": {
            "split": "constants from all rows; held-out error from ten random halves",
            "rows": len(sized.rows),
            "mean_absolute_error_percent": {"in the fit": _percent(inside), "held out": _percent(memory_left_out(sized))},
            **document(MEMORY, memory),
        },
    }
    DATA.write_text(json.dumps(data, indent=1) + "\n")
    for part in ("time", "memory"):
        print(part, *(f"{name}: {value} %" for name, value in data[part]["mean_absolute_error_percent"].items()), sep="\n  ")


def _percent(errors: FloatArray) -> float:
    return round(100.0 * float(np.abs(errors).mean()), 2) if len(errors) else float("nan")


if __name__ == "__main__":
    main()
