"""Training times and memory against measured runs, for sources the fit has not seen, beside Calculon and a constant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.family import Fidelity, Table
from archgym.space import BoolArray, FloatArray

from .baseline import calculon, constant_efficiency, families
from .calibrate import left_out, memory_left_out, with_memory
from .constants import BARE, fitted
from .layout import Machine, Mem, Net, Out
from .measured import GIB, GROUPS, REFERENCE, Measured, measured, read

TITLES = {
    "native": "16 bit, tensor, pipeline and data parallel",
    "fsdp": "16 bit, sharded data parallel (ZeRO-2, ZeRO-3, FSDP)",
    "fp8": "8 and 4 bit",
    "open": "context or expert parallel, which no peer expresses",
}
HEADINGS = ("runs of", "source", "runs", "ours", "ours, scaled", "constant", "runs Calculon expresses", "ours", "Calculon")
NOTES = (
    "Mean absolute error of the time of an iteration, per cent. ours: constants fitted without the source's rows.",
    "scaled: times one factor per source, for each run the median over the source's other runs.",
    "constant: the median utilisation of the group's runs from other sources.",
)
GOAL_ERROR, GOAL_REGRET, GOAL_RANK, GOAL_MEMORY = 10.0, 4.0, 0.6, 10.0


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Errors of time by group and source, ranking inside families, memory and its verdicts."""
    every = measured(read(REFERENCE))
    timed = every.take(np.isfinite(every.seconds))
    unseen = left_out(timed)
    errors, time_figures = _time_table(timed, unseen)
    ranking, rank_figures = _rank_table(timed, unseen)
    memory, memory_figures = _memory_table(with_memory(every))
    return [errors, ranking, memory], {"time": time_figures, "ranking": rank_figures, "memory": memory_figures}


def against(path: Path) -> Fidelity:
    """The shipped constants on a file's rows; ``iter_s_predicted`` and ``mem_gib_predicted`` are empty where a row does not
    tell how it was placed.

    Raises:
        BadInput: the file cannot be read, or a cell is missing or wrong.
    """
    rows = read(path)
    runs = measured(rows)
    time, memory = fitted()
    seconds, gib = runs.times(time)[:, Out.ITERATION], runs.memory(memory)[:, Mem.TOTAL] / GIB
    columns: dict[str, Sequence[Any]] = {name: [row.get(name, "") for row in rows] for name in rows[0]}
    columns["iter_s_predicted"] = _cells(seconds, runs, len(rows))
    columns["mem_gib_predicted"] = _cells(gib, runs, len(rows))
    cells = [(source, *_errors_of(runs, seconds, gib, source)) for source in dict.fromkeys(runs.sources)]
    heads = ("source", "runs with a time", "error, %", "error, scaled, %", "runs with memory", "error, %")
    cells.append(("all", *_errors_of(runs, seconds, gib, None)))
    notes: tuple[str, ...] = ("Mean absolute errors; constants as shipped, fitted to the runs of the default reference.",)
    missing = len(rows) - len(runs.rows)
    notes += (f"{missing} rows do not tell how they were placed, or on GPUs without data: not predicted.",) if missing else ()
    figures = {"runs": len(rows), "expressible": len(runs.rows), "error_percent": cells[-1][2]}
    return Fidelity([Table(f"training runs of {path.name}", heads, cells, notes)], figures, columns)


def _time_table(runs: Measured, unseen: FloatArray) -> tuple[Table, dict[str, Any]]:
    peer, baseline = calculon(runs), constant_efficiency(runs)
    groups, sources = np.array(runs.groups), np.array(runs.sources)
    cells: list[tuple[Any, ...]] = []
    figures: dict[str, Any] = {}
    for group in GROUPS:
        inside = groups == group
        for source in dict.fromkeys(sources[inside]):
            cells.append((TITLES[group], str(source), *_compare(runs, unseen, baseline, peer, inside & (sources == source))))
        total = _compare(runs, unseen, baseline, peer, inside)
        cells.append((TITLES[group], "all", *total))
        names = ("runs", "ours", "ours_scaled", "constant", "runs_calculon", "ours_there", "calculon")
        figures[group] = dict(zip(names, total, strict=True))
    plain = np.isin(groups, GROUPS[:2])
    figures["16_bit"] = _percent(unseen, runs.seconds, plain)
    cells.append(("16 bit, both kinds", "all", *_compare(runs, unseen, baseline, peer, plain)))
    return Table("time of an iteration, sources that the fit has not seen", HEADINGS, cells, NOTES), figures


def _compare(runs: Measured, unseen: FloatArray, baseline: FloatArray, peer: FloatArray, which: BoolArray) -> tuple[Any, ...]:
    there = which & np.isfinite(peer)
    ours = (_percent(unseen, runs.seconds, which), _percent(scaled(runs, unseen), runs.seconds, which))
    rest = (_percent(unseen, runs.seconds, there), _percent(peer, runs.seconds, there))
    return int(which.sum()), *ours, _percent(baseline, runs.seconds, which), int(there.sum()), *rest


def scaled(runs: Measured, seconds: FloatArray) -> FloatArray:
    """Predictions times one factor per source: for each run, the median of measured over predicted of the others ``(N,)``."""
    ratio, sources = runs.seconds / seconds, np.array(runs.sources)
    factors = np.ones(len(ratio))
    for i in range(len(ratio)):
        others = (sources == sources[i]) & (np.arange(len(ratio)) != i) & np.isfinite(ratio)
        if others.any():
            factors[i] = np.median(ratio[others])
    return seconds * factors


def _rank_table(runs: Measured, unseen: FloatArray) -> tuple[Table, dict[str, Any]]:
    ours, peer = _ranking(runs, unseen), _ranking(runs, calculon(runs))
    cells = [("ours, source not seen", *ours), ("Calculon, the families it expresses", *peer)]
    notes = ("Families: three runs or more of the same model, precision, cluster and release in different configurations.",)
    heads = ("", "families", "runs", "Spearman, weighted by runs", "mean regret of the predicted best, %", "median")
    figures = dict(zip(("families", "runs", "spearman", "mean_regret_percent", "median_regret_percent"), ours, strict=True))
    return Table("ranking inside families", heads, cells, notes), figures


def _ranking(runs: Measured, predicted: FloatArray) -> tuple[Any, ...]:
    """Families, runs, weighted Spearman, mean and median regret in per cent, of seconds per sample."""
    from scipy.stats import spearmanr

    known = runs.take(np.isfinite(predicted))
    said = predicted[np.isfinite(predicted)] / known.nets[:, Net.BATCH]
    took = known.seconds / known.nets[:, Net.BATCH]
    masks = families(known)
    sizes = np.array([mask.sum() for mask in masks])
    ranks = np.array([spearmanr(took[mask], said[mask]).statistic for mask in masks])
    regrets = [100.0 * (took[mask][np.argmin(said[mask])] / took[mask].min() - 1.0) for mask in masks]
    weighted = float((np.nan_to_num(ranks) * sizes).sum() / sizes.sum())
    return (
        len(masks),
        int(sizes.sum()),
        round(weighted, 3),
        round(float(np.mean(regrets)), 2),
        round(float(np.median(regrets)), 2),
    )


def _memory_table(runs: Measured) -> tuple[Table, dict[str, Any]]:
    known, limit = np.isfinite(runs.gib), runs.machines[:, Machine.HBM_BYTES] / GIB
    predicted = runs.memory(fitted()[1])[:, Mem.TOTAL] / GIB
    bare = runs.memory(BARE)[:, Mem.TOTAL] / GIB
    held_out = round(100.0 * float(np.abs(memory_left_out(runs)).mean()), 2)
    accepted = int((runs.ran_out & (predicted <= limit)).sum())
    rejected = int((known & (predicted > limit)).sum())
    cells = [
        ("mean absolute error, held-out halves, %", held_out, ""),
        ("mean absolute error, shipped constants, %", _percent(predicted, runs.gib, known), _percent(bare, runs.gib, known)),
        ("runs that fitted, but are refused", rejected, int((known & (bare > limit)).sum())),
        ("runs out of memory, but accepted", accepted, int((runs.ran_out & (bare <= limit)).sum())),
    ]
    notes = (
        f"{int(known.sum())} runs with a published figure, {int(runs.ran_out.sum())} that ran out of memory.",
        "GPT-206B (82 layers of 14,336 on 12 stages) ran out where 94 layers of 13,312, as large per GPU, took 67 GiB:"
        " no count of bytes tells them apart.",
    )
    figures = {"held_out_percent": held_out, "refused": rejected, "accepted": accepted}
    return Table("memory of the fullest GPU", ("", "ours", "bare arithmetic"), cells, notes), figures


def _errors_of(runs: Measured, seconds: FloatArray, gib: FloatArray, source: str | None) -> tuple[Any, ...]:
    own = np.array([source in (None, name) for name in runs.sources])
    timed, sized = own & np.isfinite(runs.seconds), own & np.isfinite(runs.gib)
    time = (_percent(seconds, runs.seconds, timed), _percent(scaled(runs, seconds), runs.seconds, timed))
    return int(timed.sum()), *time, int(sized.sum()), _percent(gib, runs.gib, sized)


def _percent(said: FloatArray, took: FloatArray, which: BoolArray) -> float | None:
    """Mean absolute error of some rows in per cent, None without rows."""
    return round(100.0 * float(np.abs(said[which] / took[which] - 1.0).mean()), 2) if which.any() else None


def _cells(values: FloatArray, runs: Measured, n: int) -> list[Any]:
    cells: list[Any] = [""] * n
    for i, value in zip(runs.number, values, strict=True):
        cells[i] = float(value)
    return cells


__all__ = ["GOAL_ERROR", "GOAL_MEMORY", "GOAL_RANK", "GOAL_REGRET", "against", "scaled", "tables"]
