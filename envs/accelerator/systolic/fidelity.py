"""The systolic model against SCALE-Sim 3.0.0: every row of the shipped runs, column by column.

The reference (``reference/scalesim.csv.gz``) holds what the simulator printed: layers as matrix products (``npx`` x
``window`` by ``window`` x ``nfilt``), array, dataflow, and its counts; ``mode`` is empty for runs of the array alone, else
how the memory system was run (CALC: bandwidth as needed; USER: 10 words per cycle).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.comparison import Figures, compare
from archgym.errors import BadInput
from archgym.family import Table
from archgym.files import read_table

from .closed_form import DATAFLOWS, Dataflow, Product, compute_cycles, prefetched_words, sram_accesses

REFERENCE = Path(__file__).parents[1] / "reference" / "scalesim.csv.gz"
COLUMNS = ("npx", "window", "nfilt", "repeat", "rows", "cols", "dataflow", "mode", "compute_cycles", "total_cycles")
COUNTS = ("ifmap_sram_reads", "filter_sram_reads", "ofmap_sram_writes")
TRAFFIC = ("ifmap_dram_reads", "filter_dram_reads", "ofmap_dram_writes")
Row = dict[str, str]
Case = tuple[Product, int, int, Dataflow]


def rows(path: Path = REFERENCE) -> list[Row]:
    """Rows of the reference file.

    Raises:
        BadInput: it cannot be read, holds no rows or lacks a column.
    """
    return read_table(path, (*COLUMNS, *COUNTS, *TRAFFIC, "ifmap_words"))


def case(row: Row) -> Case:
    """Product, rows, columns and dataflow of a reference row."""
    sizes = (int(row[c]) for c in ("npx", "window", "nfilt", "repeat"))
    if row["dataflow"] not in DATAFLOWS:
        raise BadInput(f"dataflow cannot be {row['dataflow']!r}")
    return Product(*sizes), int(row["rows"]), int(row["cols"]), row["dataflow"]


def _sram(column: str, row: Row) -> int:
    counts = sram_accesses(*case(row), scalesim=True)
    return (counts.ifmap_reads, counts.filter_reads, counts.ofmap_writes)[COUNTS.index(column)]


def _dram(column: str, row: Row) -> int:
    """DRAM words; what CALC fetches is each operand once, and every output the array writes leaves at once."""
    product, *_ = shape = case(row)
    if column == "ofmap_dram_writes":
        return sram_accesses(*shape).ofmap_writes
    if row["mode"] == "USER":
        return prefetched_words(*shape)[TRAFFIC.index(column)]
    return int(row["ifmap_words"]) if column == "ifmap_dram_reads" else product.window * product.filters * product.repeat


PREDICTED: dict[str, Callable[[Row], int]] = {
    "compute_cycles": lambda row: compute_cycles(*case(row)),
    "total_cycles": lambda row: compute_cycles(*case(row)) - 1,
    **{c: (lambda row, c=c: _sram(c, row)) for c in COUNTS},  # type: ignore[misc]
    **{c: (lambda row, c=c: _dram(c, row)) for c in TRAFFIC},  # type: ignore[misc]
}


def figures_of(reference: Sequence[Row], column: str, mode: str | None = None) -> Figures:
    """Figures of one column over the rows that have it, of one ``mode`` or of all."""
    used = [r for r in reference if r[column] and mode in (None, r["mode"])]
    want, have = (np.array([of(r) for r in used], dtype=np.float64) for of in (lambda r: int(r[column]), PREDICTED[column]))
    return compare(want, have)


def tables() -> tuple[list[Table], dict[str, Any]]:
    """What ``archgym fidelity accelerator`` prints of the systolic model, and the same as plain data."""
    reference = rows()
    figures = {f"systolic_{c}": figures_of(reference, c) for c in ("compute_cycles", "total_cycles", *COUNTS)}
    for mode in ("CALC", "USER"):
        figures |= {f"systolic_{c}_{mode.lower()}": figures_of(reference, c, mode) for c in TRAFFIC}
    cells = [
        (name.removeprefix("systolic_"), f["rows"], f"{100 * f['exact']:.1f} %", f"{f['max_error_percent']:.4f} %")
        for name, f in figures.items()
    ]
    notes = (
        "ofmap_sram_writes: SCALE-Sim 3.0.0 adds rows + columns per fold under os, which are no writes: compared with "
        "them, but no cost counts them.",
        "ofmap_dram_writes, CALC: four rows count up to rows - 1 words more, left in the simulator's write buffer.",
        "ifmap and filter DRAM reads, USER: SCALE-Sim prefetches unrolled windows with the idle cells of the last fold; "
        "costs count overlapping inputs once, no idle cells, and partial sums that are read back.",
    )
    return [
        Table("systolic arrays against SCALE-Sim 3.0.0", ("figure", "rows", "exact", "largest error"), cells, notes)
    ], figures
