"""Small file helpers: atomic writes; text, tables and JSON that answer a broken file with one line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archgym.errors import ArchGymError, BadInput


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of ``path`` to write; it takes the name only once the block has succeeded.

    Raises:
        ArchGymError: the disk is full, or the place cannot be written; what ``path`` held before is untouched.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's error while ``path`` is written into one line that names it."""
    try:
        yield
    except OSError as error:
        raise ArchGymError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write plain data as readable JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        BadInput: the file cannot be read, or holds no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except (ValueError, RecursionError) as error:  # ValueError: also whole numbers of more than 4,300 digits
        raise BadInput(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path}: must hold a JSON object")
    return value


def read_text(path: Path) -> str:
    """A text file, gzip or not; for files of one's own: nothing bounds what a gzip file unpacks to.

    Raises:
        BadInput: it cannot be read, unpacked or decoded.
    """
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_table(path: Path, needed: Sequence[str] = ()) -> list[dict[str, str]]:
    """Rows of a CSV (gzip or not) that has the columns ``needed``; missing cells are empty, cells beyond the header left out.

    Raises:
        BadInput: it cannot be read, is no CSV, holds no rows or lacks a column.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path)), restval=""))
    except csv.Error as error:
        raise BadInput(f"{path}: not a CSV: {error}") from None
    if not rows:
        raise BadInput(f"{path}: holds no rows")
    missing = [column for column in needed if column not in rows[0]]
    if missing:
        raise BadInput(f"{path}: column missing: {', '.join(missing)}")
    return [{key: value for key, value in row.items() if key is not None} for row in rows]
