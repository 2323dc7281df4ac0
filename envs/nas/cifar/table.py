"""The published table, read from the installed package analog-nasbench.

The package states no licence: it is an optional extra of its own (``nas201``), nothing of it is shipped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from archgym.envs.nas.cells.topology import EDGES, OPS, index_of
from archgym.envs.nas.installed import content_hash, data_file, read_pickle
from archgym.errors import BadInput
from archgym.space import FloatArray

CELLS = len(OPS) ** len(EDGES)
ACCURACIES = ("baseline_accuracy", "ptq_accuracy", "qat_accuracy", "noisy_accuracy", "analog_accuracy")
DRIFTS = tuple(f"{kind}_drift_{seconds}" for kind in ("baseline", "analog") for seconds in (60, 3600, 86400, 2592000))
COLUMNS = (*ACCURACIES, *DRIFTS)


@dataclass(frozen=True)
class CifarTable:
    """All cells.

    Attributes:
        accuracy: ``float64 (15625, 13)`` of :data:`COLUMNS` in per cent, rows by number of the cell.
        digest: hash of the package's file.
    """

    accuracy: FloatArray
    digest: str


@cache
def cifar_table() -> CifarTable:
    """The installed table.

    Raises:
        BadInput: the package is not installed (the line says how to install it), or its file is broken.
    """
    return read_table(data_file("analognasbench", "data.anb", "nas201", "analog-nasbench"))


def read_table(path: Path) -> CifarTable:
    """The package's file; its two classes are answered by :class:`_Record`, no other name is.

    Raises:
        BadInput: it is no such table, or has not every cell.
    """
    held = read_pickle(path, {("analognasbench.data", name): _Record for name in ("Architecture", "DriftMeasurement")})
    if not isinstance(held, dict):
        raise BadInput(f"{path}: must hold a dictionary of cells")
    accuracy = np.full((CELLS, len(COLUMNS)), np.nan)
    for cell, record in held.items():
        number = _number(path, cell)
        accuracy[number] = [_figure(path, cell, record, name) for name in COLUMNS]
    if not (np.isfinite(accuracy) & (accuracy >= 0.0) & (accuracy <= 100.0)).all():
        raise BadInput(f"{path}: needs accuracies from 0 to 100 of all {CELLS:,} cells")
    return CifarTable(accuracy, content_hash(path))


class _Record:
    """Attributes without behaviour."""


def _number(path: Path, cell: Any) -> int:
    if not isinstance(cell, tuple) or len(cell) != len(EDGES) or not all(op in range(len(OPS)) for op in cell):
        raise BadInput(f"{path}: {cell!r} is no cell: {len(EDGES)} operations from 0 to {len(OPS) - 1}")
    return index_of(cell)


def _figure(path: Path, cell: Any, record: Any, name: str) -> float:
    """One accuracy; of a drift measurement the mean, its uncertainty is left out."""
    value: Any = getattr(record, name, None)
    try:
        return float(getattr(value, "value", value))
    except (TypeError, ValueError):
        raise BadInput(f"{path}: cell {cell}: {name} must be a number") from None
