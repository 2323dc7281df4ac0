"""``archgym fidelity accelerator``: loop nests against Timeloop 3.0.3, and what the family's other models are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.comparison import Figures, compare, comparison_table, summary
from archgym.errors import BadInput
from archgym.family import Fidelity
from archgym.files import read_table

from .attention import fidelity as attention
from .fixed import NEEDED, REFERENCE, AccessKey, Prediction, Row, count_errors, find_accesses, number, predict
from .hardware import fidelity as hardware
from .mapper import fidelity as large_spaces
from .peers import maestro, zigzag
from .systolic import fidelity as systolic

LINKS = "_with_links"  # on the names of figures over rows of runs that had neighbour links
PROMISED = {
    "cycles": "equal on all rows",
    "access_counts": "equal on all rows",
    "energy_uJ": "equal on all rows, as printed",
    "area_um2": "equal on all rows, as printed",
    f"cycles{LINKS}": "equal on 97 % of rows",
    f"access_counts{LINKS}": "equal on 97 % of rows",
    f"energy_uJ{LINKS}": "equal on 97 % of rows, as printed",
}
NOTES = (
    "exact: to the last digit that Timeloop prints. access_counts: reads, fills, updates of all levels and tensors of a row.",
    "*_with_links: Timeloop's default, in which neighbours on the mesh may hand data on.",
)
PARTS = (systolic, attention, hardware, large_spaces, zigzag, maestro)
EXACT = tuple(f"systolic_{name}" for name in ("compute_cycles", "ifmap_sram_reads", "filter_sram_reads", "ofmap_sram_writes"))
# Columns, and half a unit of their last printed digit.
COLUMNS = {"cycles": ("cycles", 0.0), "energy_uJ": ("energy_total_uJ", 0.005), "area_um2": ("area_um2", 0.05)}


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Hold the family's models against their references.

    Args:
        reference: a CSV (gzip or not) with the columns of ``fixed_timeloop.csv``; access counts are compared where
            ``<name>_accesses.csv[.gz]`` lies beside it. Only this file is then compared. The shipped references where None.
        workloads: must be None: the rows' mappings hold the layers.

    Raises:
        BadInput: a file is missing or broken, the line names file, row and reason; or ``workloads`` is given.
    """
    if workloads is not None:
        raise BadInput(f"{workloads}: --workloads is of no use here: the mappings of the reference rows hold their layers")
    nests = against_timeloop(reference or REFERENCE)
    if reference is not None:
        return nests
    tables = [*nests.tables]
    figures = dict(nests.figures)
    for part in PARTS:
        more, measured = part.tables()
        tables += more
        figures |= measured
    return Fidelity(tables, figures, nests.columns, nests.passed and _others_passed(figures))


def against_timeloop(path: Path) -> Fidelity:
    """The loop-nest evaluator against the explicit mappings of one file.

    Raises:
        BadInput: as :func:`fidelity`.
    """
    rows, accesses = read_table(path, NEEDED), find_accesses(path)
    places = [f"{path}: row {i + 2}" for i in range(len(rows))]
    for row, where in zip(rows, places, strict=True):
        if row["link_transfers"] not in ("0", "1"):
            raise BadInput(f"{where}: link_transfers must be 0 or 1, got {row['link_transfers']!r}")
    predictions = [predict(row, where) for row, where in zip(rows, places, strict=True)]
    figures: dict[str, Figures] = {}
    for links, ending in (("0", ""), ("1", LINKS)):
        chosen = [i for i, row in enumerate(rows) if row["link_transfers"] == links]
        part = [(rows[i], predictions[i], places[i]) for i in chosen]
        figures |= {name + ending: found for name, found in _figures(part, accesses).items()}
    table = comparison_table("loop nests against Timeloop 3.0.3", figures, PROMISED, NOTES)
    return Fidelity([table], figures, _columns(rows, predictions), _passed(figures))


def _figures(part: Sequence[tuple[Row, Prediction, str]], accesses: Mapping[AccessKey, list[Row]]) -> dict[str, Figures]:
    found = {}
    for name, (column, rounding) in COLUMNS.items():
        want = np.array([number(row, column, where) if row.get(column) else np.nan for row, _, where in part])
        found[name] = compare(want, np.array([_predicted(p, name) for _, p, _ in part]), rounding)
    found["access_counts"] = _compare_counts(part, accesses)
    return found


def _predicted(prediction: Prediction, name: str) -> float:
    return {"cycles": prediction.cycles, "energy_uJ": prediction.energy_pj / 1e6, "area_um2": prediction.area_um2}[name]


def _compare_counts(part: Sequence[tuple[Row, Prediction, str]], accesses: Mapping[AccessKey, list[Row]]) -> Figures:
    """Per row the sum of all differences relative to the sum of all counts; exact where every count agrees."""
    errors = []
    for row, prediction, where in part:
        counts = accesses.get((row["id"], row["link_transfers"]))
        if counts:
            errors.append(count_errors(prediction, counts, where))
    if not errors:
        return {"rows": 0}
    difference, total = np.array(errors).T
    return summary(difference, total, difference == 0)


def _columns(rows: Sequence[Row], predictions: Sequence[Prediction]) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {name: [row.get(name, "") for row in rows] for name in rows[0]}
    columns["cycles_predicted"] = [p.cycles for p in predictions]
    columns["energy_uJ_predicted"] = [p.energy_pj / 1e6 for p in predictions]
    return columns


def _others_passed(figures: Mapping[str, Figures]) -> bool:
    """SCALE-Sim's cycles and SRAM accesses are equal on every row, and Timeloop's mapper never finds a better mapping."""
    never_worse = all(figures[name]["worse"] == 0 for name in ("mapper", "mapper_large"))
    return never_worse and all(figures[name]["exact"] == 1.0 for name in EXACT)


def _passed(figures: Mapping[str, Figures]) -> bool:
    """What the family promises of loop nests, on whatever rows were given."""
    least = {name: 0.97 if name.endswith(LINKS) else 1.0 for name in PROMISED}
    return all(figures[name].get("exact", 1.0) >= share for name, share in least.items())
