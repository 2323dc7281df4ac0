"""Rows on disk: files that only grow, one per shard, each begun (and on every later start continued) by a line that says how.

A line is one JSON object: a *header* (recipe, its digest, library versions, processor) or a row of the table. A line is
written whole and flushed to the disk before the next network is trained, so a killed trainer loses the one at hand and no
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

from archgym.envs.nas.trained.programme import Programme, Row
from archgym.errors import BadInput
from archgym.files import writing

LIBRARIES = ("numpy", "scikit-learn", "torch")
FIGURES = tuple(field.name for field in fields(Row) if field.name != "number")


def header(programme: Programme) -> dict[str, Any]:
    """What the rows after it were trained with."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    return {**programme.header(), "versions": versions, "processor": _processor()}


def _processor() -> str:
    """The vector instructions torch uses: they decide the order of its sums."""
    import torch

    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


class Shard:
    """One file of rows, open for appending by this process alone."""

    def __init__(self, path: Path, programme: Programme) -> None:
        self.path, self.key = path, programme.key
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            _alone(self._file, path)
            _cut_torn_line(self._file)
        self._append(header(programme))

    def add(self, row: Row) -> None:
        """Append a row; it is on the disk when this returns."""
        self._append(row.as_dict(self.key))

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


def read(folder: Path, programme: Programme) -> tuple[dict[int, Row], list[dict[str, Any]]]:
    """All rows of a folder's shards by number (the first where one was trained twice), and the different headers above them.

    Raises:
        BadInput: a line is no row, or stands under another recipe or none.
    """
    rows: dict[int, Row] = {}
    headers: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, value in lines(path):
            if "digest" in value:
                _check_digest(value, programme, f"{path}, line {number}")
                headers += [value] if value not in headers else []
                continue
            if number == 1:
                raise BadInput(f"{path}, line 1: must be a header with the recipe's digest")
            row = _row(value, programme, f"{path}, line {number}")
            rows.setdefault(row.number, row)
    return rows, headers


def _check_digest(value: dict[str, Any], programme: Programme, place: str) -> None:
    if value["digest"] != programme.recipe.digest():
        raise BadInput(
            f"{place}: trained by another recipe ({value['digest']}, not {programme.recipe.digest()}); use another folder"
        )


def _row(value: dict[str, Any], programme: Programme, place: str) -> Row:
    if set(value) != {programme.key, *FIGURES}:
        names = sorted([programme.key, *FIGURES])
        raise BadInput(f"{place}: not a row of the table: its fields must be {', '.join(names)}")
    seeds, number = programme.recipe.seeds, value[programme.key]
    figures: dict[str, Any] = {name: tuple(v) if isinstance(v := value[name], list) else v for name in FIGURES}
    whole = all(isinstance(v, tuple) and len(v) == len(seeds) for name, v in figures.items() if name != "seconds")
    if not whole or figures["seeds"] != seeds or not isinstance(number, int):
        raise BadInput(f"{place}: not a row of the table: needs one figure for each of the seeds {list(seeds)}")
    return Row(number, **figures)
