"""The committed table of trained networks, read into arrays. Needs neither torch nor scikit-learn."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput

FIGURES = ("validation_right", "validation_loss", "test_right", "test_loss", "seconds", "parameters", "macs")
PER_SEED = ("validation_right", "validation_loss", "test_right", "test_loss")


@dataclass(frozen=True)
class Table:
    """Trained networks, sorted by number; ``R`` rows, ``S`` seeds.

    Attributes:
        number: of the network, ``int64 (R,)``.
        validation_accuracy, test_accuracy: share of images classified rightly, 0 to 1, ``float64 (R, S)``.
        validation_loss, test_loss: mean cross-entropy in nats, ``float64 (R, S)``.
        seconds: processor time of training all seeds as one network, on a shared machine, ``float64 (R,)``.
        parameters, macs: trained parameters, and multiply-accumulates for one image, ``int64 (R,)``.
        manifest: recipe, its digest, number of rows and of how many, library versions.
    """

    number: NDArray[np.int64]
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
        """Does it hold every network there is? Otherwise it is a random subset of them."""
        return bool(self.manifest["rows"] == self.manifest["of"])

    @property
    def digest(self) -> str:
        """Short hash of what was measured."""
        held = (self.number, self.validation_loss, self.validation_accuracy, self.test_loss, self.test_accuracy)
        return hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in held)).hexdigest()[:16]


def read_table(path: Path, key: str) -> Table:
    """A table that ``collect`` wrote; ``key`` is its name for the numbers of its networks.

    Raises:
        BadInput: the file cannot be read, or is no such table.
    """
    arrays, manifest = _arrays(path, (key, *FIGURES))
    try:
        protocol = manifest["protocol"]
        rows, seeds = manifest["rows"], len(protocol["seeds"])
        images = {"validation": protocol["validation"], "test": protocol["test"]}
    except (KeyError, TypeError):
        raise BadInput(f"{path}: manifest: must give protocol and rows") from None
    for name in (key, *FIGURES):
        shape = (rows, seeds) if name in PER_SEED else (rows,)
        if arrays[name].shape != shape:
            raise BadInput(f"{path}: {name}: must be of shape {shape}, is {arrays[name].shape}")
    columns: dict[str, Any] = {f"{name}_accuracy": arrays.pop(f"{name}_right") / count for name, count in images.items()}
    columns["number"] = arrays.pop(key).astype(np.int64)
    for name, array in arrays.items():
        columns[name] = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    return Table(**columns, manifest=manifest)


def _arrays(path: Path, names: Sequence[str]) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays of the file and its manifest."""
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in (*names, "manifest") if name not in file.files]
            if missing:
                raise BadInput(f"{path}: array missing: {', '.join(missing)}")
            return {name: file[name] for name in names}, json.loads(bytes(file["manifest"]))
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a table of trained networks: {getattr(error, 'strerror', None) or error}") from None
