"""The crash-safe append file of a running search.

``trials.log`` is one JSON header line and then fixed-size records, each with a checksum: whatever kills the writer, the
intact prefix is read back and the torn tail dropped. Parsing it executes nothing. A finished run turns it into Parquet.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.files import writing
from archgym.space import FloatArray, IntArray
from archgym.task import Task

NAME = "trials.log"
SYNC_EVERY_S = 2.0


def record_type(knobs: int, metrics: int) -> np.dtype[np.void]:
    """Layout of one record, little-endian and packed."""
    return np.dtype(
        [
            ("x", "<i8", (knobs,)),
            ("values", "<f8", (metrics,)),
            ("valid", "u1"),
            ("reason", "<u8"),
            ("distance", "<f8"),
            ("score", "<f8"),
            ("crc", "<u4"),
        ]
    )


class TrialLog:
    """Takes the trials of one run, in memory and, where a folder is given, on disk as they come.

    Args:
        task: gives knobs, metrics and the fingerprint under which trials may be taken up again.
        folder: the run's folder, or None to keep trials in memory only.

    Raises:
        BadInput: the folder holds trials of another task or model.
    """

    def __init__(self, task: Task, folder: Path | None = None) -> None:
        self._task = task
        self._type = record_type(len(task.space), len(task.model.metrics))
        self._parts: list[NDArray[np.void]] = []
        self._position = 0
        self._old: NDArray[np.void] = np.empty(0, self._type)
        self._file: BinaryIO | None = None
        self._path = folder / NAME if folder else None
        self._synced = time.monotonic()
        if self._path:
            self._open(self._path)

    # -- what the evaluator calls -------------------------------------------------------------------------------------

    def recorded(self) -> tuple[IntArray, Costs] | None:
        """Designs and costs that an interrupted run left, None where there are none."""
        return None if len(self._old) == 0 else (self._old["x"].astype(np.int64), self._costs(self._old))

    def append(self, x: IntArray, costs: Costs, score: FloatArray) -> None:
        """Take a batch. What an interrupted run already has on disk is compared, not written again."""
        rows = self._records(x, costs, score)
        self._parts.append(rows)
        again = self._old[self._position : self._position + len(rows)]
        if not np.array_equal(again["x"], rows["x"][: len(again)]):
            self._diverge()
            again = again[:0]
        self._position += len(rows)
        self._write(rows[len(again) :])

    # -- what the runner calls ----------------------------------------------------------------------------------------

    def trials(self) -> tuple[IntArray, Costs, FloatArray]:
        """All trials of this run so far: designs, costs, scores."""
        rows = np.concatenate(self._parts) if self._parts else np.empty(0, self._type)
        return rows["x"].astype(np.int64), self._costs(rows), rows["score"].astype(np.float64)

    def close(self, remove: bool = False) -> None:
        """Close the file; ``remove`` it once the trials are safe elsewhere."""
        if self._file:
            self._file.close()
            self._file = None
        if remove and self._path:
            self._path.unlink(missing_ok=True)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _records(self, x: IntArray, costs: Costs, score: FloatArray) -> NDArray[np.void]:
        rows = np.empty(len(x), self._type)
        rows["x"], rows["values"], rows["score"] = x, costs.values, score
        rows["valid"], rows["reason"], rows["distance"] = costs.valid, costs.reason, costs.distance
        rows["crc"] = _checksums(rows)
        return rows

    def _costs(self, rows: NDArray[np.void]) -> Costs:
        model = self._task.model
        return Costs(
            model.metrics,
            rows["values"].astype(np.float64),
            rows["valid"].astype(np.bool_),
            rows["reason"].astype(np.uint64),
            model.rules,
            rows["distance"].astype(np.float64),
        )

    def _header(self) -> dict[str, Any]:
        names = {"knobs": list(self._task.space.names), "metrics": [m.name for m in self._task.model.metrics]}
        return {"format": 1, "task": self._task.id, "fingerprint": self._task.fingerprint, **names}

    def _open(self, path: Path) -> None:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or not self._recover(path):
                path.write_bytes(json.dumps(self._header()).encode() + b"\n")
            self._file = path.open("ab", buffering=0)

    def _recover(self, path: Path) -> bool:
        """Read the intact records and cut the torn tail off; False where not even the header survived."""
        head, newline, body = path.read_bytes().partition(b"\n")
        if not newline:
            return False
        if _json(head) != self._header():
            raise BadInput(f"{path}: trials of another task or model version; choose another folder")
        whole = len(body) // self._type.itemsize
        rows = np.frombuffer(body, self._type, count=whole)
        good = _checksums(rows) == rows["crc"]
        self._old = rows[: whole if good.all() else int(good.argmin())]
        os.truncate(path, len(head) + 1 + self._old.nbytes)
        return True

    def _diverge(self) -> None:
        """The agent asked for other designs than before: keep the old file aside and start the log again."""
        assert self._path is not None
        self.close()
        self._path.replace(_free_name(self._path))
        self._old = self._old[:0]
        self._open(self._path)
        if len(self._parts) > 1:
            self._write(np.concatenate(self._parts[:-1]))

    def _write(self, rows: NDArray[np.void]) -> None:
        if self._file is None or len(rows) == 0:
            return
        assert self._path is not None
        with writing(self._path):
            data = memoryview(rows.tobytes())
            while data:
                data = data[self._file.write(data) :]
            if time.monotonic() - self._synced > SYNC_EVERY_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()


def _free_name(path: Path) -> Path:
    """The first of ``<name>.diverged``, ``<name>.diverged.2``, … that is not taken."""
    names = (path.with_name(f"{path.name}.diverged" + (f".{k}" if k > 1 else "")) for k in count(1))
    return next(name for name in names if not name.exists())


def _checksums(rows: NDArray[np.void]) -> NDArray[np.uint32]:
    """CRC-32 of every record without its last field, ``uint32 (N,)``."""
    if len(rows) == 0:
        return np.empty(0, np.uint32)
    size = rows.dtype.itemsize
    data = rows.tobytes()
    starts = range(0, len(data), size)
    return np.array([zlib.crc32(data[s : s + size - 4]) for s in starts], dtype=np.uint32)


def _json(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
