"""Measured accuracies by cell: trained networks only, never a guess; cells that nobody trained are NaN."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from archgym.envs.nas.cells.topology import representatives
from archgym.envs.nas.digits.shipped import FOLDER, KEY, shipped
from archgym.envs.nas.trained.shipped import table_file
from archgym.envs.nas.trained.table import read_table
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


def digits_table(name: str = "") -> Path:
    """A table of trained digits networks: a shipped one by name, the largest of them where no name is given, or a path.

    Raises:
        BadInput: none is shipped, or there is no such file.
    """
    found = shipped() if not name else (name, 0)
    if found is None:
        raise BadInput("no table of trained digits networks is shipped: collect one with archgym.envs.nas.digits.collect")
    return table_file(FOLDER, found[0])


@lru_cache(maxsize=4)
def load_digits(name: str = "") -> Learned:
    """Our own table (`envs/nas/digits`), as :func:`digits_table` finds it: 8x8 images, 8 and 16 channels, means over seeds.

    Raises:
        BadInput: there is no such table, or it cannot be read.
    """
    table = read_table(digits_table(name), KEY)
    place = {int(cell): row for row, cell in enumerate(table.number)}
    rows = np.array([place.get(first, -1) for first in representatives()])
    measured = table.validation_accuracy, table.test_accuracy
    validation, test = (np.where(rows >= 0, accuracy.mean(axis=1)[rows], np.nan) for accuracy in measured)
    return Learned("digits", stages(DIGITS), validation, test, _hash(validation, test))


@lru_cache(maxsize=1)
def load_cifar(name: str = "") -> Learned:
    """All 15,625 cells on CIFAR-10 as IBM's analog-nasbench trained them; it has no validation set: both are its test accuracy.

    Raises:
        BadInput: the package is not installed.
    """
    from archgym.envs.nas.cifar.table import COLUMNS, cifar_table

    accuracy = cifar_table().accuracy[:, COLUMNS.index("baseline_accuracy")] / 100.0
    return Learned("cifar", stages(CIFAR, residual=True), accuracy, accuracy, _hash(accuracy))


LOADERS: dict[str, Callable[[str], Learned]] = {"digits": load_digits, "cifar": load_cifar}


def load(name: str, table: str = "") -> Learned:
    """A data set's networks by name; ``table`` as in :func:`digits_table`.

    Raises:
        BadInput: there is no such data set, or its table is missing.
    """
    if name not in LOADERS:
        raise BadInput(f"there are no trained networks for '{name}'" + did_you_mean(name, LOADERS))
    return LOADERS[name](table if name == "digits" else "")


def _hash(*columns: FloatArray) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]
