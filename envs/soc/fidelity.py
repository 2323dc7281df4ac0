"""``archgym fidelity soc``: FARSI's rules against FARSI itself, and what its quirks cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.comparison import Figures, compare
from archgym.errors import BadInput
from archgym.family import Fidelity, Table
from archgym.space import FloatArray

from .design import pack
from .reference_file import Entry, References, read

REFERENCE = Path(__file__).parent / "reference" / "farsi.json.gz"
METRICS = {"latency_s": "latency", "energy_j": "energy", "power_w": "power", "area_m2": "area"}  # ours: FARSI's name
GOAL = 1e-9  # largest relative difference
NOTES = (
    "FARSI's own rules (compat=True) against Project_FARSI, built as ArchGym's environment builds it, CACTI on.",
    "exact: to 1e-12.",
)
Predicted = dict[str, FloatArray]


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Hold FARSI's rules against reference designs, and set our own rules beside them.

    Args:
        reference: a JSON file (gzip or not) in the form of ``reference/farsi.json.gz``, which is used where None; designs
            without results are predicted only.
        workloads: must be None: a file brings its own task graphs.

    Raises:
        BadInput: the file is missing or broken: the line names file, design, field and reason; or ``workloads`` is given.
    """
    if workloads is not None:
        raise BadInput(f"{workloads}: --workloads is of no use here: a reference file brings its own under 'workloads'")
    found = read(reference or REFERENCE)
    theirs, reasons = predict(found, compat=True)
    ours, _ = predict(found, compat=False)
    wanted = {name: _wanted(found.entries, key) for name, key in METRICS.items()}
    built = {name: np.where(np.isnan(theirs[name]), np.nan, wanted[name]) for name in METRICS}
    figures = {name: compare(built[name], theirs[name]) for name in METRICS}
    tables = [_accuracy(figures, reasons), _quirks(theirs, ours)]
    return Fidelity(tables, figures, _columns(found.entries, wanted, theirs), _passed(wanted, theirs))


def predict(found: References, compat: bool) -> tuple[Predicted, list[str]]:
    """What the model says of every design ``(N,)``, NaN where it cannot be built, and the reasons for these as lines."""
    from .kernel import RULES, simulate

    out = {name: np.full(len(found.entries), np.nan) for name in METRICS}
    lines = []
    for name, (workload, library) in found.workloads.items():
        members = [k for k, entry in enumerate(found.entries) if entry.workload == name]
        if not members:
            continue
        results = simulate(pack([found.entries[k].design for k in members], workload, library), workload, library, compat)
        out["latency_s"][members] = results.latency_s.max(axis=1)
        for metric in ("energy_j", "power_w", "area_m2"):
            out[metric][members] = getattr(results, metric)
        for k, bits in zip(members, results.reason.tolist(), strict=True):
            if bits:
                why = "; ".join(rule for bit, rule in enumerate(RULES) if bits >> bit & 1)
                lines.append(f"{found.entries[k].id}: {why}")
    return out, lines


def _wanted(entries: Sequence[Entry], key: str) -> FloatArray:
    values = [getattr(entry.result, key) for entry in entries]
    return np.array([np.nan if value is None else value for value in values])


def _accuracy(figures: dict[str, Figures], reasons: Sequence[str]) -> Table:
    cells = [
        (name, f["rows"], f"{100 * f['exact']:.1f} %", f"{f['max_error_percent'] / 100:.1e}", f"within {GOAL:.0e} on all rows")
        for name, f in figures.items()
        if f["rows"]
    ]
    heads = ("metric", "rows", "exact", "largest relative error", "promised")
    left_out = tuple(f"cannot be built: {line}" for line in reasons)
    return Table("System-on-chip against FARSI", heads, cells, (*NOTES, *left_out))


def _quirks(theirs: Predicted, ours: Predicted) -> Table:
    """What the rules of the default tasks change on the same designs."""
    cells = []
    for name in METRICS:
        with np.errstate(invalid="ignore", divide="ignore"):
            change = 100 * (ours[name] / theirs[name] - 1)
        change = change[np.isfinite(change)]
        if len(change):
            same, size = np.mean(np.abs(change) < 1e-10), np.median(np.abs(change))
            range_ = f"{change.min():+.1f} %", f"{change.max():+.1f} %"
            cells.append((name, len(change), f"{100 * same:.0f} %", f"{size:.2f} %", *range_))
    heads = ("metric", "designs", "the same", "median size", "lowest", "highest")
    note = "Without them (compat=False, the rules of the default tasks; docs/soc.md lists them) against with them."
    return Table("What FARSI's quirks change", heads, cells, (note,))


def _columns(entries: Sequence[Entry], wanted: Predicted, predicted: Predicted) -> dict[str, Sequence[Any]]:
    """The file's designs with figures given and predicted side by side; empty where there is none."""
    columns: dict[str, Sequence[Any]] = {"workload": [e.workload for e in entries], "id": [e.id for e in entries]}
    for name in METRICS:
        if np.isfinite(wanted[name]).any():
            columns[name] = _cells(wanted[name])
        columns[f"{name}_predicted"] = _cells(predicted[name])
    return columns


def _cells(values: FloatArray) -> list[Any]:
    return ["" if np.isnan(value) else value for value in values.tolist()]


def _passed(wanted: Predicted, predicted: Predicted) -> bool:
    """Every figure given is met to within the goal; a figure of 0 exactly."""
    checks = [
        np.abs(predicted[name] - wanted[name])[np.isfinite(wanted[name])] <= GOAL * wanted[name][np.isfinite(wanted[name])]
        for name in METRICS
    ]
    return all(bool(check.all()) for check in checks)
