"""Measured training runs: rows of a CSV, the kernels' rows of them, and what the models say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archgym.errors import BadInput
from archgym.files import read_table
from archgym.space import BoolArray, FloatArray, IntArray

from ..vectors import NEEDED, known_gpu, run_rows
from .layout import Mem, Out, Run

REFERENCE = Path(__file__).parents[1] / "reference" / "measured_training_runs.csv.gz"
GIB = 2.0**30
GROUPS = ("native", "fsdp", "fp8", "open")
Row = dict[str, str]


@dataclass(frozen=True)
class Measured:
    """Runs whose columns tell how they were placed.

    Args:
        rows: of the file, ``N``.
        nets, machines, runs: of the kernels, ``(N, ...)``.
        seconds: measured time of an iteration ``(N,)``, NaN where the run gave none (it ran out of memory).
        gib: measured memory of a GPU ``(N,)``, NaN where not published.
        sources: of each run.
        groups: ``native``, ``fsdp``, ``fp8``, or ``open``: context- or expert-parallel, which no peer expresses.
        number: each run's row in the file.
    """

    rows: Sequence[Row]
    nets: FloatArray
    machines: FloatArray
    runs: FloatArray
    seconds: FloatArray
    gib: FloatArray
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    number: IntArray

    @property
    def ran_out(self) -> BoolArray:
        """Runs that ran out of memory, ``bool (N,)``."""
        return np.array([row.get("notes", "").startswith("OOM") for row in self.rows])

    def take(self, which: BoolArray | IntArray) -> Measured:
        """Some of the runs, by mask or number."""
        chosen = np.arange(len(self.rows))[which]
        rows, sources, groups = ([part[i] for i in chosen] for part in (self.rows, self.sources, self.groups))
        arrays = (self.nets, self.machines, self.runs, self.seconds, self.gib)
        nets, machines, runs, seconds, gib = (array[chosen] for array in arrays)
        return Measured(rows, nets, machines, runs, seconds, gib, tuple(sources), tuple(groups), self.number[chosen])

    def times(self, constants: FloatArray) -> FloatArray:
        """Predicted seconds and their parts, ``float64 (N, len(Out))``."""
        from .kernel import times

        out = np.zeros((len(self.rows), len(Out)))
        times(self.nets, self.machines, self.runs, constants, out)
        return out

    def memory(self, constants: FloatArray) -> FloatArray:
        """Predicted bytes of the fullest GPU and their parts, ``float64 (N, len(Mem))``."""
        from .kernel import memories

        out = np.zeros((len(self.rows), len(Mem)))
        memories(self.nets, self.machines, self.runs, constants, out)
        return out


def read(path: Path = REFERENCE) -> list[Row]:
    """All rows of a CSV, gzip or not.

    Raises:
        BadInput: it cannot be read, holds no rows, or lacks a column.
    """
    return read_table(path, NEEDED)


def measured(rows: Sequence[Row]) -> Measured:
    """The rows that tell how they were placed, on GPUs that there is data for.

    Raises:
        BadInput: a cell is missing or wrong; the line names row and column.
    """
    number = np.array([i for i, row in enumerate(rows) if _placed(row)], dtype=np.int64)
    placed = [rows[i] for i in number]
    nets, machines, runs = run_rows(placed)
    sources = tuple(row.get("source") or "unnamed" for row in placed)
    groups = tuple(_group(run) for run in runs)
    return Measured(
        placed, nets, machines, runs, _column(placed, "iter_s"), _column(placed, "mem_gib"), sources, groups, number
    )


def _placed(row: Row) -> bool:
    """Whether a row tells how the model was placed, on GPUs that there is data for."""
    return bool(row.get("tp") and row.get("mbs")) and known_gpu(row.get("gpu", ""))


def _group(run: FloatArray) -> str:
    if run[Run.CP] > 1 or run[Run.EP] > 1:
        return "open"
    if run[Run.PRECISION] in (1, 2):
        return "fp8"
    return "fsdp" if run[Run.ZERO] >= 2 else "native"


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    """A column as numbers ``(N,)``, NaN where empty."""
    try:
        return np.array([float(row.get(name) or "nan") for row in rows])
    except ValueError as error:
        raise BadInput(f"column {name}: {error}") from None
