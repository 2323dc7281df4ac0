"""Our own trained cells as a cost model: loss and accuracy on held-out digits, parameters and MACs, looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from archgym.costs import Metric
from archgym.envs.nas.cells.space import SPACE
from archgym.envs.nas.cells.topology import representatives
from archgym.envs.nas.tabular import MISSING, TabularModel
from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray

from .shipped import FOLDER
from .table import Table, read_table

VERSION = "1"
METRICS = (
    Metric("validation_loss", "nat", doc="cross-entropy on the validation images, mean of the seeds"),
    Metric("validation_error", doc="share of the validation images classified wrongly, mean of the seeds"),
    Metric("parameters", doc="trained parameters"),
    Metric("macs", doc="multiply-accumulates for one image"),
    Metric("test_loss", "nat", "none", "cross-entropy on the test images: for reports, not to be searched on"),
    Metric("test_error", "", "none", "share of the test images classified wrongly: for reports, not to be searched on"),
)
UNTRAINED = "this cell was not trained: the table holds a random part of the cells"


class DigitsModel(TabularModel):
    """Cells of the NAS-Bench-201 topology trained by us on scikit-learn's digits (see ``protocol``), search on validation.

    Cells that compute the same function share a row and are folded. In a table that is not complete, a cell whose function
    was not trained is invalid, as far away as there are edges to change until a trained one (see ``tabular``): nobody guesses
    its figures.
    Left out: the spread between seeds, which the table holds and the documentation reports.

    Args:
        table: the trained cells.
    """

    def __init__(self, table: Table) -> None:
        stands = np.array(representatives(), dtype=np.int64)
        super().__init__(SPACE, METRICS, _figures(table), _rows(table, stands), VERSION, UNTRAINED, [_digest(table)], stands)


def _figures(table: Table) -> FloatArray:
    """Columns of :data:`METRICS`."""
    sizes = (table.parameters.astype(np.float64), table.macs.astype(np.float64))
    validation = (table.validation_loss.mean(axis=1), 1.0 - table.validation_accuracy.mean(axis=1))
    return np.stack([*validation, *sizes, table.test_loss.mean(axis=1), 1.0 - table.test_accuracy.mean(axis=1)], axis=1)


def _rows(table: Table, stands: IntArray) -> IntArray:
    """Row of each cell's function, ``int64 (15625,)``."""
    row = np.full(SPACE.size, MISSING, dtype=np.int64)
    row[stands[table.cell]] = np.arange(len(table.cell))
    return row[stands]


def _digest(table: Table) -> str:
    held = (table.cell, table.validation_loss, table.validation_accuracy, table.test_loss, table.test_accuracy)
    return hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in held)).hexdigest()[:16]


def build(workload: str, options: Mapping[str, str]) -> DigitsModel:
    """The model of a task; the workload is a shipped table, or the path of another that ``collect`` wrote.

    Raises:
        BadInput: there is no such file, or it is no table.
    """
    shipped = FOLDER / f"{workload}.npz"
    path = shipped if shipped.is_file() else Path(workload)
    if not path.is_file():
        raise BadInput(f"no table '{workload}': neither shipped nor a file")
    return DigitsModel(read_table(path))
