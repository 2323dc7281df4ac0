"""Fits the constants of `data/serving.json`: ``python -m archgym.envs.parallelism.serving.calibrate``.

All rows of ``measured_inference.csv`` weigh the same: throughput, and first-token latency where that was measured. The errors
printed and written are of rows whose model the fit has not seen (leave-one-model-out, with the same priors).
"""

from __future__ import annotations

import numpy as np

from archgym.files import write_json
from archgym.space import FloatArray

from ..fitting import NOISE, Constants, document, fit
from .constants import DATA, PRIORS, vector
from .kernel import simulate
from .layout import Out, Part
from .measured import Runs, measured

SPLIT = "leave-one-model-out: rows of a model are predicted by constants fitted to all other models' rows"


def predict(runs: Runs, values: Constants) -> FloatArray:
    """The kernel's columns of every run, ``float64 (N, len(Out))``."""
    return simulated(runs, vector(values))


def simulated(runs: Runs, constants: FloatArray) -> FloatArray:
    """The same, of constants ``(len(S),)`` in the kernel's order."""
    out = np.zeros((len(runs), len(Out)))
    simulate(runs.nets, runs.machines, constants, runs.uses, runs.designs, np.zeros(len(Part)), out)
    return out


def fitted(runs: Runs, rows: FloatArray | None = None) -> Constants:
    """Constants from some of the runs, all if left out."""
    chosen = np.arange(len(runs)) if rows is None else np.flatnonzero(rows)

    def residuals(values: Constants) -> FloatArray:
        out = predict(runs, values)
        throughput = np.log(out[:, Out.TOKENS_PER_S] / runs.tokens_per_s)
        first = np.log(out[:, Out.TTFT] / runs.ttft_s)
        both = np.where(np.isfinite(throughput), throughput, np.where(np.isfinite(first), first, 0.0))
        found: FloatArray = both[chosen] / NOISE
        return found

    return fit({s.name.lower(): prior for s, prior in PRIORS.items()}, residuals)


def left_out(runs: Runs) -> FloatArray:
    """The kernel's columns of every run by constants that have not seen its model, ``float64 (N, len(Out))``."""
    out, names = np.zeros((len(runs), len(Out))), np.array(runs.models)
    for name in dict.fromkeys(runs.models):
        out[names == name] = predict(runs, fitted(runs, names != name))[names == name]
    return out


def error_percent(out: FloatArray, runs: Runs) -> FloatArray:
    """Absolute error of the throughput, ``(N,)``, NaN where it was not measured."""
    return np.asarray(100.0 * np.abs(out[:, Out.TOKENS_PER_S] / runs.tokens_per_s - 1.0))


def main() -> None:
    """Fit, print, write."""
    runs = measured()
    values, unseen = fitted(runs), error_percent(left_out(runs), runs)
    seen = error_percent(predict(runs, values), runs)
    names = np.array(runs.models)
    errors = {name: round(float(np.nanmean(unseen[names == name])), 2) for name in dict.fromkeys(runs.models)}
    facts = {
        "split": SPLIT,
        "error_percent": {"seen": round(float(np.nanmean(seen)), 2), "unseen": round(float(np.nanmean(unseen)), 2)},
        "unseen_error_percent_by_model": errors,
    }
    priors = {s.name.lower(): prior for s, prior in PRIORS.items()}
    write_json(DATA, document(priors, values) | facts)
    for name, value in values.items():
        print(f"{name:18s} {value:.4g}  (expected {priors[name].median:g})")
    print(facts)


if __name__ == "__main__":
    main()
