"""Rows on disk: files that only grow, one per shard, each begun (and on every later start continued) by a line that says how.

A line is one JSON object: a *header* (protocol, its digest, library versions, processor) or a row of the table. A line is
written whole and flushed to the disk before the next cell is trained, so a killed trainer loses the cell at hand and no
more; what it left of a last line is cut off when the shard is opened again.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from archgym.envs.nas.digits.protocol import Protocol
from archgym.envs.nas.digits.training import Row
from archgym.errors import BadInput
from archgym.files import writing

LIBRARIES = ("numpy", "scikit-learn", "torch")
FIELDS = {field.name for field in fields(Row)}


def header(protocol: Protocol) -> dict[str, Any]:
    """What the rows after it were trained with."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    return {"protocol": protocol.as_dict(), "digest": protocol.digest(), "versions": versions, "processor": _processor()}


def _processor() -> str:
    """The vector instructions torch uses: they decide the order of its sums."""
    import torch

    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


class Shard:
    """One file of rows, open for appending by this process alone."""

    def __init__(self, path: Path, protocol: Protocol) -> None:
        self.path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            _alone(self._file, path)
            _cut_torn_line(self._file)
        self._append(header(protocol))

    def add(self, row: Row) -> None:
        """Append a row; it is on the disk when this returns."""
        self._append(row.as_dict())

    def _append(self, value: dict[str, Any]) -> None:
        with writing(self.path):
            self._file.write(json.dumps(value).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let another process have the file."""
        self._file.close()


def _alone(file: IO[bytes], path: Path) -> None:
    """Lock the file as long as it is open."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BadInput(f"{path}: another trainer is writing this shard") from None


def _cut_torn_line(file: IO[bytes]) -> None:
    """Drop what follows the last end of line: a killed process wrote it halfway."""
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and content of each whole line of a shard; a torn last one is left out.

    Raises:
        BadInput: it cannot be read, or a whole line is no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), start=1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path}, line {number}: not JSON: {error}") from None
        if not isinstance(value, dict):
            raise BadInput(f"{path}, line {number}: must be a JSON object")
        yield number, value


def read(folder: Path, protocol: Protocol) -> tuple[dict[int, Row], list[dict[str, Any]]]:
    """All rows of a folder's shards by cell (the first where a cell was trained twice), and the different headers above them.

    Raises:
        BadInput: a line is no row, or stands under another protocol or none.
    """
    rows: dict[int, Row] = {}
    headers: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, value in lines(path):
            if "digest" in value:
                _check_digest(value, protocol, f"{path}, line {number}")
                headers += [value] if value not in headers else []
                continue
            if number == 1:
                raise BadInput(f"{path}, line 1: must be a header with the protocol's digest")
            row = _row(value, protocol, f"{path}, line {number}")
            rows.setdefault(row.cell, row)
    return rows, headers


def _check_digest(value: dict[str, Any], protocol: Protocol, place: str) -> None:
    if value["digest"] != protocol.digest():
        raise BadInput(f"{place}: trained by another protocol ({value['digest']}, not {protocol.digest()}); use another folder")


def _row(value: dict[str, Any], protocol: Protocol, place: str) -> Row:
    if set(value) != FIELDS:
        raise BadInput(f"{place}: not a row of the table: its fields must be {', '.join(sorted(FIELDS))}")
    try:
        figures: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
        row = Row(**figures)
        whole = all(len(item) == len(protocol.seeds) for item in vars(row).values() if isinstance(item, tuple))
    except TypeError as error:
        raise BadInput(f"{place}: not a row of the table: {error}") from None
    if row.seeds != protocol.seeds or not whole or not isinstance(row.cell, int):
        raise BadInput(f"{place}: not a row of the table: needs one figure for each of the seeds {list(protocol.seeds)}")
    return row
