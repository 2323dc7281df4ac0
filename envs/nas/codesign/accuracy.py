"""Measured accuracies by cell: trained networks only, never a guess; cells that nobody trained are NaN."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from archgym.envs.nas import digits
from archgym.envs.nas.cells.topology import representatives
from archgym.envs.nas.digits.table import read_table
from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray, IntArray

from .networks import CELLS, CIFAR, DIGITS, Stage, counts, stages


@dataclass(frozen=True, eq=False)
class Learned:
    """A data set's networks.

    Args:
        name: of the data set.
        stages: their layers.
        validation, test: share of images classified rightly, mean over the seeds, ``float64 (15625,)``, NaN where not trained.
        source: hash of the figures.
    """

    name: str
    stages: tuple[Stage, ...]
    validation: FloatArray
    test: FloatArray
    source: str

    def folded(self, sizes: IntArray) -> IntArray:
        """For every cell the first with its accuracies and its layer counts ``sizes (15625, 4)``; itself where not trained."""
        rows = np.column_stack([self.validation, self.test, sizes])
        trained = np.flatnonzero(~np.isnan(self.validation))
        _, first, inverse = np.unique(rows[trained], axis=0, return_index=True, return_inverse=True)
        fold = np.arange(CELLS)
        fold[trained] = trained[first[inverse.reshape(-1)]]
        return fold


@lru_cache(maxsize=1)
def sizes() -> IntArray:
    """Layer counts of every cell, shared by all data sets."""
    return counts()


def digits_table() -> Path:
    """The largest table of trained digits networks that ships.

    Raises:
        BadInput: none is installed.
    """
    found = sorted(Path(digits.__file__).parent.rglob("digits-*.npz"), key=lambda path: (path.stat().st_size, path.name))
    if not found:
        raise BadInput("no table of trained digits networks is installed: collect one with archgym.envs.nas.digits.collect")
    return found[-1]


@lru_cache(maxsize=4)
def load_digits(path: str = "") -> Learned:
    """Our own table (`envs/nas/digits`), or the one at ``path``: 8x8 images, 8 and 16 channels, means over the seeds.

    Raises:
        BadInput: the file cannot be read.
    """
    file = Path(path) if path else digits_table()
    table = read_table(file)
    place = {int(cell): row for row, cell in enumerate(table.cell)}
    rows = np.array([place.get(first, -1) for first in representatives()])
    columns = [np.where(rows >= 0, c.mean(axis=1)[rows], np.nan) for c in (table.validation_accuracy, table.test_accuracy)]
    return Learned("digits", stages(DIGITS), *columns, _hash(*columns))


@lru_cache(maxsize=1)
def load_cifar(path: str = "") -> Learned:
    """All 15,625 cells on CIFAR-10 as IBM's analog-nasbench trained them; it has no validation set: both are its test accuracy.

    Raises:
        BadInput: the package is not installed.
    """
    from archgym.envs.nas.cifar.table import COLUMNS, cifar_table

    accuracy = cifar_table().accuracy[:, COLUMNS.index("baseline_accuracy")] / 100.0
    return Learned("cifar", stages(CIFAR, residual=True), accuracy, accuracy, _hash(accuracy))


LOADERS: dict[str, Callable[[str], Learned]] = {"digits": load_digits, "cifar": load_cifar}


def load(name: str, path: str = "") -> Learned:
    """A data set's networks by name; ``path`` is another file of the digits table.

    Raises:
        BadInput: there is no such data set, or its table is missing.
    """
    if name not in LOADERS:
        raise BadInput(f"there are no trained networks for '{name}'" + did_you_mean(name, LOADERS))
    return LOADERS[name](path if name == "digits" else "")


def _hash(*columns: FloatArray) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]
