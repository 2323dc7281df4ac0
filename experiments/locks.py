"""Locks between processes: one driver per study, one worker per run. A lock ends with its holder, however that ends."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archgym.errors import ArchGymError

_POLL_S = 0.1


class Busy(ArchGymError):
    """Someone else holds the lock; the message says who."""


@contextmanager
def locked(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold ``path`` as a lock file; it is removed on leaving.

    Args:
        path: the lock file, on a file system with ``flock`` (local ones, NFS 4).
        wait_s: how long to wait for another holder, such as a process that is just being killed.

    Raises:
        Busy: held by another process still.
        ArchGymError: the file cannot be made or locked.
    """
    handle = _acquire(path, time.monotonic() + wait_s)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _acquire(path: Path, deadline: float) -> int:
    while True:
        handle = _try(path)
        if handle is not None:
            return handle
        if time.monotonic() > deadline:
            raise Busy(_holder(path))
        time.sleep(_POLL_S)


def _try(path: Path) -> int | None:
    """The locked file's handle, or None where another process has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ArchGymError(f"{path}: cannot be made: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _still_named(handle, path):
            _sign(handle)
            return handle
    except BlockingIOError:
        pass
    except OSError as error:
        os.close(handle)
        raise ArchGymError(f"{path}: cannot be locked: {error.strerror}") from None
    os.close(handle)
    return None


def _still_named(handle: int, path: Path) -> bool:
    """Whether the file we locked is the one that is there now: its last holder may have removed it meanwhile."""
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _sign(handle: int) -> None:
    with suppress(OSError):  # a full disk: the lock holds without a signature
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())


def _holder(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip() or "another process"
    return "another process"
