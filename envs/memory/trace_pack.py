"""Small packed traces, for those that ship with the package.

A packed trace is an .npz with gaps between requests, zigzag-coded address steps and one bit per write, each
in the narrowest unsigned type that holds it. Lines follow lines, so the steps are small and deflate does the
rest.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput

from .trace_files import replace_file
from .trace_type import Trace


def pack_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write a trace as a packed .npz; `pack_trace(load_trace("x.stl.gz"), "x.npz")` makes the shipped ones.

    Raises:
        BadInput: the file cannot be written.
    """
    shift = _common_shift(trace.address)
    step = np.diff(trace.address >> shift, prepend=np.int64(0))
    columns: dict[str, Any] = {
        "gap": _narrow(np.diff(trace.cycle, prepend=np.int64(0))),
        "step": _narrow(((step << 1) ^ (step >> 63)).view(np.uint64)),
        "write": np.packbits(trace.is_write),
        "shift": np.uint8(shift),
    }
    replace_file(Path(path), lambda stream: np.savez_compressed(stream, allow_pickle=False, **columns))


def unpack_trace(path: str | os.PathLike[str], name: str, source: str) -> Trace:
    """Read what `pack_trace` wrote.

    Raises:
        BadInput: the file is missing or not a packed trace.
    """
    try:
        with np.load(path, allow_pickle=False) as columns:
            return _unpack(columns, name, source)
    except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile):
        raise BadInput(f"{os.fspath(path)}: not a packed trace") from None


def _unpack(columns: Any, name: str, source: str) -> Trace:
    zigzag = columns["step"].astype(np.uint64)
    step = (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)
    address = np.cumsum(step, dtype=np.int64) << np.int64(columns["shift"])
    cycle = np.cumsum(columns["gap"], dtype=np.int64)
    is_write = np.unpackbits(columns["write"], count=len(cycle)).astype(np.bool_)
    return Trace(name, cycle, is_write, address, source)


def _common_shift(address: NDArray[np.int64]) -> int:
    """How many low bits are zero in every address, up to the 6 of a 64-byte line."""
    used = int(np.bitwise_or.reduce(address))
    return next((bit for bit in range(6) if used >> bit & 1), 6)


def _narrow(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.min_scalar_type(int(values.max())))
