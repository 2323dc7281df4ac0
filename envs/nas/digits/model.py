"""Our own trained cells as a cost model: loss and accuracy on held-out digits, parameters and MACs, looked up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archgym.envs.nas.cells.space import SPACE
from archgym.envs.nas.cells.topology import representatives
from archgym.envs.nas.tabular import MISSING, TabularModel
from archgym.envs.nas.trained.figures import METRICS, figures
from archgym.envs.nas.trained.shipped import table_file
from archgym.envs.nas.trained.table import Table, read_table
from archgym.space import IntArray

from .shipped import FOLDER, KEY

VERSION = "1"
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
        super().__init__(SPACE, METRICS, figures(table), _rows(table, stands), VERSION, UNTRAINED, [table.digest], stands)


def _rows(table: Table, stands: IntArray) -> IntArray:
    """Row of each cell's function, ``int64 (15625,)``."""
    row = np.full(SPACE.size, MISSING, dtype=np.int64)
    row[stands[table.number]] = np.arange(len(table.number))
    return row[stands]


def build(workload: str, options: Mapping[str, str]) -> DigitsModel:
    """The model of a task; the workload is a shipped table, or the path of another that ``collect`` wrote.

    Raises:
        BadInput: there is no such file, or it is no table.
    """
    return DigitsModel(read_table(table_file(FOLDER, workload), KEY))
