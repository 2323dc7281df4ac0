"""Files of strangers: which may be there, and how much of them is read. No link is followed; what is understood is JSON."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archgym.errors import BadInput
from archgym.runlog import MANIFEST, TRIALS

SUBMISSION, VERIFICATION = "submission.json", "verification.json"
RUNS, TUNING = "runs", "tuning"
MOST_RUNS = 2_000  # in either folder
MOST_JSON = 128 * 1024
MOST_BYTES = 256 * 1024 * 1024  # of one submission
_DEEPEST = 16
_RUN_ID = re.compile(r"[0-9a-f]{16}")


def shown(text: object, most: int = 80) -> str:
    """A stranger's text for our own lines: what is not printable (directions, colours, line ends) escaped, and cut."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def contents(folder: Path) -> dict[str, int]:
    """The files of a submission with their sizes in bytes, by ``/``-separated name; without ``verification.json``.

    Raises:
        BadInput: a link, a device, a name that has no place in a submission, a file missing, or more than the limits.
    """
    if not stat.S_ISDIR(_lstat(folder).st_mode):
        raise BadInput(f"{shown(folder, 300)}: not a folder" + (", but a link" if folder.is_symlink() else ""))
    found = dict(_top(folder))
    if SUBMISSION not in found:
        raise BadInput(f"{shown(folder, 300)}: not a submission: it has no {SUBMISSION}")
    if sum(found.values()) > MOST_BYTES:
        raise BadInput(f"{shown(folder, 300)}: {sum(found.values()):,} bytes are more than {MOST_BYTES:,}")
    return found


def run_ids(files: dict[str, int], part: str) -> list[str]:
    """Ids of the runs in ``runs`` or ``tuning``, sorted."""
    return sorted(name.split("/")[1] for name in files if name.startswith(f"{part}/") and name.endswith(f"/{MANIFEST}"))


def read_bytes(path: Path, most: int) -> bytes:
    """A regular file of at most ``most`` bytes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(f"{shown(path, 300)}: cannot be read: {error.strerror}") from None
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadInput(f"{shown(path, 300)}: not a regular file")
        data = file.read(most + 1)
    if len(data) > most:
        raise BadInput(f"{shown(path, 300)}: larger than {most:,} bytes")
    return data


def read_object(path: Path, most: int = MOST_JSON) -> dict[str, Any]:
    """A JSON object: UTF-8, no key twice, every number finite, not nested deeper than 16.

    Raises:
        BadInput: it is something else.
    """
    where = shown(path, 300)
    try:
        text = read_bytes(path, most).decode("utf-8")
        if _depth(text) > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST}")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON as it must be: {shown(error, 160)}") from None
    if not isinstance(value, dict):
        raise BadInput(f"{where}: must hold a JSON object")
    return value


# -- inside ----------------------------------------------------------------------------------------------------------------


def _lstat(path: Path) -> os.stat_result:
    try:
        return os.lstat(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{shown(path, 300)}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as listed:
        found = []
        for entry in listed:
            found.append(entry)
            if len(found) > most:
                raise BadInput(f"{shown(folder, 300)}: more than {most:,} entries")
    return sorted(found, key=lambda e: e.name)


def _top(folder: Path) -> Iterator[tuple[str, int]]:
    for entry in _entries(folder, 8):
        if entry.name in (RUNS, TUNING) and entry.is_dir(follow_symlinks=False):
            for run in _entries(Path(entry.path), MOST_RUNS):
                yield from _run(run, entry.name)
        elif entry.name in (SUBMISSION, VERIFICATION):
            size = _size(entry)
            if entry.name == SUBMISSION:
                yield entry.name, size
        else:
            raise _unexpected(entry)


def _run(run: os.DirEntry[str], part: str) -> Iterator[tuple[str, int]]:
    if not _RUN_ID.fullmatch(run.name) or not run.is_dir(follow_symlinks=False):
        raise _unexpected(run)
    files = {entry.name: entry for entry in _entries(Path(run.path), 8)}
    for name in (MANIFEST, TRIALS):
        if name not in files:
            raise BadInput(f"{shown(run.path, 300)}: {name} is missing")
        yield f"{part}/{run.name}/{name}", _size(files.pop(name))
    for entry in files.values():
        raise _unexpected(entry)


def _size(entry: os.DirEntry[str]) -> int:
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(facts.st_mode):
        raise _unexpected(entry)
    return facts.st_size


def _unexpected(entry: os.DirEntry[str]) -> BadInput:
    kind = "a link" if entry.is_symlink() else "a folder" if entry.is_dir(follow_symlinks=False) else "a file"
    return BadInput(f"{shown(Path(entry.path).parent, 300)}: {kind} that has no place in a submission: {shown(entry.name)}")


def _depth(text: str) -> int:
    """How deep brackets are nested, those inside of texts not counted."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    depth = deepest = 0
    for sign in re.findall(r"[][{}]", bare):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number
