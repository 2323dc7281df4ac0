"""What our errors are held against: a constant efficiency, and Calculon's predictions of the same runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archgym.files import read_table
from archgym.space import BoolArray, FloatArray

from .layout import Machine, Net, Out, Run
from .measured import Measured

CALCULON = Path(__file__).parents[1] / "reference" / "calculon_on_measured.csv.gz"
FULL = 2


def constant_efficiency(runs: Measured) -> FloatArray:
    """Seconds by the median hardware utilisation of the group's runs from other sources, ``(N,)``.

    Work counts full recomputation; where no other source has runs of the group, the median is over all groups.
    """
    ideal = _ideal(runs)
    share, sources, groups = ideal / runs.seconds, np.array(runs.sources), np.array(runs.groups)
    seconds = np.empty(len(share))
    for i in range(len(share)):
        others = sources != sources[i]
        alike = others & (groups == groups[i])
        seconds[i] = ideal[i] / np.median(share[alike if alike.any() else others])
    return seconds


def calculon(runs: Measured) -> FloatArray:
    """Calculon's seconds of each run, NaN where it cannot express one, ``(N,)``."""
    known = {row["id"]: float(row["calculon_s"] or "nan") for row in read_table(CALCULON, ("id", "calculon_s"))}
    return np.array([known.get(row.get("id", ""), np.nan) for row in runs.rows])


def _ideal(runs: Measured) -> FloatArray:
    """Seconds of each run at the peak of its precision, ``(N,)``."""
    from .constants import fitted

    flops = runs.times(fitted()[0])[:, Out.MODEL_FLOPS]
    again: FloatArray = np.where(runs.runs[:, Run.RECOMPUTE] == FULL, 4.0 / 3.0, 1.0)
    precision = runs.runs[:, Run.PRECISION]
    peak = np.where(precision == 1, runs.machines[:, Machine.FLOPS_8], runs.machines[:, Machine.FLOPS_16])
    peak = np.where(precision == 2, runs.machines[:, Machine.FLOPS_4], peak)
    return np.asarray(flops * again / (peak * runs.machines[:, Machine.GPUS]))


def families(runs: Measured, least: int = 3) -> list[BoolArray]:
    """At least ``least`` runs of the same model, precision, cluster and software release, one mask per family.

    A model's number of heads is part of the configuration here: BLOOM's designers chose it beside the partition.
    """
    releases = [(row.get("source"), row.get("ref"), row.get("gpu"), row.get("n_gpus")) for row in runs.rows]
    keys = [
        (release, *net[[Net.LAYERS, Net.HIDDEN, Net.SEQUENCE]], run[Run.PRECISION])
        for release, net, run in zip(releases, runs.nets, runs.runs, strict=True)
    ]
    masks = [np.array([key == one for key in keys]) for one in dict.fromkeys(keys)]
    return [mask for mask in masks if mask.sum() >= least and len(np.unique(runs.runs[mask], axis=0)) > 1]
