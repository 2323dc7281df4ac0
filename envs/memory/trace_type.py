"""The workload of a memory controller: a list of timed reads and writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput

LINE_BYTES = 64  # one request moves one burst: BL8 on a 64-bit bus
MAX_REQUESTS = 20_000_000

Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trace:
    """R memory requests in the order in which they are sent; the arrays are read-only.

    Attributes:
        name: what the user calls the workload.
        cycle: int64 (R,), earliest send time of each request in command-clock cycles, never decreasing, >= 0.
        is_write: bool (R,), True for a write.
        address: int64 (R,), byte address, >= 0.
        source: where the requests came from: "built-in", a file, or a generator's full text.

    Raises:
        BadInput: no request, arrays of different length, a negative value, or time that goes back.
    """

    name: str
    cycle: Int64Array
    is_write: BoolArray
    address: Int64Array
    source: str = ""

    def __post_init__(self) -> None:
        for field, dtype in (("cycle", np.int64), ("is_write", np.bool_), ("address", np.int64)):
            object.__setattr__(self, field, _frozen(getattr(self, field), dtype))
        if problem := _problem(self):
            raise BadInput(f"trace {self.name!r}: {problem}")

    def __len__(self) -> int:
        return len(self.cycle)

    def __repr__(self) -> str:
        return f"Trace({self.name!r}, {len(self)} requests, {self.fingerprint[:12]})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickled arrays are writable; going through the constructor freezes them again.
        return Trace, (self.name, self.cycle, self.is_write, self.address, self.source)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the requests alone (not the name or the source), the same on every machine."""
        digest = hashlib.sha256(b"archgym-trace-v1\0" + len(self).to_bytes(8, "little"))
        for array, dtype in ((self.cycle, "<i8"), (self.is_write, "u1"), (self.address, "<i8")):
            digest.update(array.astype(dtype, copy=False).tobytes())
        return digest.hexdigest()

    def head(self, n: int) -> Trace:
        """The first `n` requests, or all of them when there are fewer."""
        return self.slice(0, n)

    def slice(self, start: int, stop: int) -> Trace:
        """Requests start..stop-1 (clipped to the trace), moved in time to begin when this trace begins."""
        if not 0 <= start < min(stop, len(self)):
            raise BadInput(f"trace {self.name!r}: no request in the slice {start}:{stop} of {len(self)}")
        if start == 0 and stop >= len(self):
            return self
        part = slice(start, min(stop, len(self)))
        cycle = self.cycle[part] - (self.cycle[start] - self.cycle[0])
        name = f"{self.name}[{part.start}:{part.stop}]"
        return Trace(name, cycle, self.is_write[part], self.address[part], self.source)


def _frozen(values: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """A read-only, contiguous array; copies unless `values` is that already."""
    if isinstance(values, np.ndarray) and _is_frozen(values, dtype):
        return values
    given = np.array(values)
    with np.errstate(invalid="ignore"):
        array = given.astype(dtype, order="C") if given.dtype.kind in "biuf" else None
    if array is None or not np.array_equal(given, array):
        raise BadInput(f"a trace column does not fit into {np.dtype(dtype).name}")
    array.setflags(write=False)
    return array


def _is_frozen(array: NDArray[Any], dtype: type[np.generic]) -> bool:
    owner = array if array.base is None else array.base
    closed = isinstance(owner, np.ndarray) and not (owner.flags.writeable or array.flags.writeable)
    return closed and array.flags.c_contiguous and array.dtype == dtype


def _problem(trace: Trace) -> str:
    """Why the columns make no trace, or "" when they do."""
    shapes = {trace.cycle.shape, trace.is_write.shape, trace.address.shape}
    if len(shapes) != 1 or trace.cycle.ndim != 1:
        return "cycle, is_write and address must have one shape (R,)"
    if not len(trace):
        return "it holds no request"
    if len(trace) > MAX_REQUESTS:
        return f"more than {MAX_REQUESTS} requests"
    if trace.cycle[0] < 0 or trace.address.min() < 0:
        return "a cycle or an address is negative"
    # Compared, not subtracted: a difference of two int64 may overflow.
    late = np.flatnonzero(trace.cycle[1:] < trace.cycle[:-1])
    return f"time goes back at request {late[0] + 1}" if late.size else ""
