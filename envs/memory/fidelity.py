"""``archgym fidelity memory``: the model against DRAMSys 4.0, row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.comparison import Figures, compare, comparison_table, summary
from archgym.errors import BadInput, did_you_mean
from archgym.family import Fidelity
from archgym.files import read_table
from archgym.space import BoolArray, FloatArray

from .kernel.layout import N_CONFIG, CmdMux, Config
from .model import COMMANDS, METRICS, simulate_rows
from .space import NEUTRAL, code
from .traces import BUILT_IN, Trace, load_trace

REFERENCE = Path(__file__).parent / "reference"
KNOBS = {
    "PagePolicy": "page_policy",
    "Scheduler": "scheduler",
    "SchedulerBuffer": "scheduler_buffer",
    "RequestBufferSize": "request_buffer_size",
    "CmdMux": "cmd_mux",
    "RespQueue": "response_queue",
    "RefreshPolicy": "refresh_policy",
    "RefreshMaxPostponed": "refresh_max_postponed",
    "RefreshMaxPulledin": "refresh_max_pulled_in",
    "Arbiter": "arbiter",
    "MaxActiveTransactions": "max_active_transactions",
}


@dataclass(frozen=True)
class Figure:
    """One metric of the reference: its column, the factor to our SI unit, half a unit of the last digit printed there."""

    column: str
    factor: float
    rounding: float
    promised: str = ""


FIGURES = {
    "total_time_s": Figure("total_time_ps", 1e-12, 0.5e-12, "within 1 % on all rows, exact on 98 %"),
    "energy_j": Figure("energy_pJ", 1e-12, 0.5e-12, "within 1 % on all rows"),
    "power_w": Figure("power_mW", 1e-3, 0.5e-5, "within 1 % on all rows"),
    "mean_latency_s": Figure("lat_sched_ns", 1e-9, 0.5e-15, "within 1 % on 99 % of rows"),
    "mean_sent_latency_s": Figure("lat_sent_ns", 1e-9, 0.5e-15),
    "p95_sent_latency_s": Figure("lat_sent_p95_ns", 1e-9, 0.5e-15),
    "max_sent_latency_s": Figure("lat_sent_max_ns", 1e-9, 0.5e-15),
}
PROMISED = {name: f.promised for name, f in FIGURES.items()} | {"command_counts": "all equal on 75 % of rows"}
NOT_COVERED = "those with a power-down policy are not covered (DRAMGym fixes NoPowerDown)."
EXACT = "exact: to the last digit that DRAMSys prints. Latencies *_sent_* count from the send, the others from the trace."

Row = dict[str, str]


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Hold the model against reference rows.

    Args:
        reference: a CSV (gzip or not) with the columns of the shipped files; both shipped files where None.
        workloads: a folder of ``<trace>.stl[.gz]`` for traces that are not built in (or replace those that are).

    Raises:
        BadInput: a file is missing or broken; the line names file, row and reason.
    """
    files = [reference] if reference else sorted(REFERENCE.glob("dramsys_*.csv.gz"))
    rows = [row for file in files for row in read_rows(file)]
    predicted = _predict(rows, workloads, ", ".join(str(f) for f in files))
    covered = np.array([row["PowerDownPolicy"] == "NoPowerDown" for row in rows])
    figures = {name: _compare(rows, predicted, name, covered) for name in FIGURES}
    figures["command_counts"] = _compare_counts(rows, predicted, covered)
    columns: dict[str, Sequence[Any]] = {name: [row.get(name, "") for row in rows] for name in rows[0]}
    columns |= {f"{name}_predicted": _cells(values, covered) for name, values in predicted.items()}
    left_out = f"{int(covered.sum())} of {len(rows)} rows: {NOT_COVERED}"
    table = comparison_table("memory controller against DRAMSys 4.0", figures, PROMISED, (left_out, EXACT))
    return Fidelity([table], figures, columns, _passed(figures))


def read_rows(path: Path) -> list[Row]:
    """Rows of a reference file, checked for the columns that are needed."""
    rows = read_table(path, ("spec", "trace", *KNOBS, *(f.column for f in FIGURES.values() if f.promised)))
    return [row | {"PowerDownPolicy": _policy(row)} for row in rows]


def _policy(row: Row) -> str:
    return row.get("PowerDownPolicy") or "NoPowerDown"


def snake(name: str) -> str:
    """``OpenAdaptive`` to ``open_adaptive``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def to_config(row: Row, where: str) -> list[int]:
    """The kernel's design row of one reference row."""
    config = [0] * N_CONFIG
    for column, value in NEUTRAL.items():
        config[column] = int(value)
    for name, knob in KNOBS.items():
        try:
            config[Config[knob.upper()]] = int(CmdMux[row[name].upper()]) if knob == "cmd_mux" else code(knob, snake(row[name]))
        except (KeyError, ValueError):
            raise BadInput(f"{where}: {name} cannot be {row[name]!r}") from None
    return config


def _predict(rows: Sequence[Row], workloads: Path | None, where: str) -> dict[str, FloatArray]:
    """Every metric of every row, ``(N,)`` each; NaN for rows with a power-down policy."""
    out = {name: np.full(len(rows), np.nan) for name in (*METRICS, *COMMANDS)}
    groups: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        if row["PowerDownPolicy"] == "NoPowerDown":
            groups.setdefault((row["spec"], row["trace"]), []).append(i)
    for (spec, name), members in groups.items():
        config = np.array([to_config(rows[i], f"{where}: row {i + 2}") for i in members], dtype=np.int64)
        metrics = simulate_rows(spec, find_trace(name, workloads), config)
        for metric, values in metrics.items():
            out[metric][members] = values
    return out


def find_trace(name: str, workloads: Path | None) -> Trace:
    """The trace of a reference row: ``DIR/<name>.stl[.gz]`` first, then the built-in ones."""
    if workloads is not None:
        if not workloads.is_dir():
            raise BadInput(f"{workloads}: no such folder")
        for path in (workloads / f"{name}.stl", workloads / f"{name}.stl.gz"):
            if path.is_file():
                return load_trace(path)
    if name in BUILT_IN:
        return load_trace(name)
    place = f" in {workloads}" if workloads else "; name its folder with --workloads"
    raise BadInput(f"no trace '{name}.stl' or '{name}.stl.gz'{place}" + did_you_mean(name, BUILT_IN))


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    try:
        return np.array([float(row[name] or "nan") for row in rows])
    except (KeyError, ValueError):
        return np.full(len(rows), np.nan)


def _compare(rows: Sequence[Row], predicted: Mapping[str, FloatArray], name: str, covered: BoolArray) -> Figures:
    figure = FIGURES[name]
    want = _column(rows, figure.column) * figure.factor
    return compare(np.where(covered, want, np.nan), predicted[name], figure.rounding)


def _compare_counts(rows: Sequence[Row], predicted: Mapping[str, FloatArray], covered: BoolArray) -> Figures:
    """Per row the sum of all differences relative to the sum of all counts; exact where every count agrees."""
    names = [n for n in COMMANDS if n != "n_served" and f"n_{n[2:].upper()}" in rows[0]]
    want = np.stack([_column(rows, f"n_{n[2:].upper()}") for n in names], axis=1)
    have = np.stack([predicted[n] for n in names], axis=1)
    used = covered & np.isfinite(want).all(axis=1)
    if not used.any():
        return {"rows": 0}
    difference = np.abs(have[used] - want[used]).sum(axis=1)
    return summary(difference, want[used].sum(axis=1), difference == 0)


def _passed(figures: Mapping[str, Figures]) -> bool:
    """What the family promises, on whatever rows were given."""
    bounds = {
        "total_time_s": ("exact", 0.98),
        "mean_latency_s": ("within_1_percent", 0.99),
        "command_counts": ("exact", 0.75),
    }
    everywhere = all(figures[n].get("within_1_percent", 1.0) == 1.0 for n in ("total_time_s", "energy_j", "power_w"))
    return everywhere and all(figures[n].get(key, 1.0) >= least for n, (key, least) in bounds.items())


def _cells(values: FloatArray, covered: BoolArray) -> list[Any]:
    return [v if c else "" for v, c in zip(values.tolist(), covered.tolist(), strict=True)]
