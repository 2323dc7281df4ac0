"""The committed table of trained networks, read into arrays. Needs neither torch nor scikit-learn."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput

ARRAYS = ("cell", "validation_right", "validation_loss", "test_right", "test_loss", "seconds", "parameters", "macs")
PER_SEED = ("validation_right", "validation_loss", "test_right", "test_loss")
WHOLE = 5044  # unique cells of the topology: their number is proved by a test


@dataclass(frozen=True)
class Table:
    """Trained cells, sorted by number; ``R`` rows, ``S`` seeds.

    Attributes:
        cell: number of the cell, ``int64 (R,)``; ``cells.topology.cell_of`` gives its operations.
        validation_accuracy, test_accuracy: share of images classified rightly, 0 to 1, ``float64 (R, S)``.
        validation_loss, test_loss: mean cross-entropy in nats, ``float64 (R, S)``.
        seconds: processor time of training all seeds as one network, on a shared machine, ``float64 (R,)``.
        parameters, macs: trained parameters, and multiply-accumulates for one image, ``int64 (R,)``.
        manifest: protocol, its digest, number of rows, library versions.
    """

    cell: NDArray[np.int64]
    validation_accuracy: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    test_accuracy: NDArray[np.float64]
    test_loss: NDArray[np.float64]
    seconds: NDArray[np.float64]
    parameters: NDArray[np.int64]
    macs: NDArray[np.int64]
    manifest: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Does it hold every unique cell? Otherwise it is a random subset of them."""
        return len(self.cell) == WHOLE


def read_table(path: Path) -> Table:
    """A table that ``collect`` wrote.

    Raises:
        BadInput: the file cannot be read, or is no such table.
    """
    arrays, manifest = _arrays(path)
    try:
        protocol = manifest["protocol"]
        rows, seeds = manifest["rows"], len(protocol["seeds"])
        images = {"validation": protocol["validation"], "test": protocol["test"]}
    except (KeyError, TypeError):
        raise BadInput(f"{path}: manifest: must give protocol and rows") from None
    for name in ARRAYS:
        shape = (rows, seeds) if name in PER_SEED else (rows,)
        if arrays[name].shape != shape:
            raise BadInput(f"{path}: {name}: must be of shape {shape}, is {arrays[name].shape}")
    columns: dict[str, Any] = {f"{name}_accuracy": arrays.pop(f"{name}_right") / count for name, count in images.items()}
    for name, array in arrays.items():
        columns[name] = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    return Table(**columns, manifest=manifest)


def _arrays(path: Path) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays of the file and its manifest."""
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in (*ARRAYS, "manifest") if name not in file.files]
            if missing:
                raise BadInput(f"{path}: array missing: {', '.join(missing)}")
            return {name: file[name] for name in ARRAYS}, json.loads(bytes(file["manifest"]))
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a table of trained networks: {getattr(error, 'strerror', None) or error}") from None
