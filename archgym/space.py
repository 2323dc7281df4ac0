"""Design spaces: finite tuples of values per knob; a design is a row of value indices.

Everything that searches sees a design as ``int64 (D,)`` and a batch as ``int64 (N, D)``; only files, tables and cost models
see the values behind the indices.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput, did_you_mean

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Value = str | int | float | bool


@dataclass(frozen=True)
class Param:
    """One knob.

    Args:
        name: snake_case, unique in its space.
        values: the values it may take, all different (1 and 1.0 and "1" are the same); their order is the order of the indices.
        unit: unit of the values, empty for plain counts and names.
        ordered: True where neighbouring values are near in meaning (sizes, counts), False for categories.
        doc: one line on what the knob does.
    """

    name: str
    values: tuple[Value, ...]
    unit: str = ""
    ordered: bool = False
    doc: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"knob name {self.name!r} is not an identifier")
        if not self.values or len({_text(v) for v in self.values}) != len(self.values):
            raise ValueError(f"knob {self.name} needs at least one value, all of them different as text")
        kinds = {bool if isinstance(v, bool) else type(v) for v in self.values}
        if not all(issubclass(k, Value) for k in kinds) or (bool in kinds and len(kinds) > 1):
            raise ValueError(f"knob {self.name}: values are text, numbers or booleans, and booleans stay among themselves")

    @cached_property
    def _index(self) -> dict[str, int]:
        return {_text(v): i for i, v in enumerate(self.values)}

    def index(self, value: object) -> int:
        """Index of ``value``, given as itself or as text (``"8"``, ``"open"``, ``"true"``).

        Raises:
            BadInput: the knob cannot take this value.
        """
        found = self._index.get(_text(value))
        if found is None:
            found = self._index.get(_text(_number(value)))
        if found is None:
            raise BadInput(f"knob {self.name} cannot be {value!r}" + did_you_mean(str(value), (_text(v) for v in self.values)))
        return found


def _text(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and math.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _number(value: object) -> object:
    try:
        return float(str(value))
    except ValueError:
        return str(value).strip().lower()


class DesignSpace:
    """The product of finite knobs.

    Args:
        params: the knobs, in the order of a row's columns.

    Attributes:
        nvec: ``int64 (D,)`` number of values of each knob.
        size: number of designs, an exact Python int (spaces of 1e24 points are usual).
    """

    def __init__(self, params: Sequence[Param]) -> None:
        self.params = tuple(params)
        self.names = tuple(p.name for p in self.params)
        if len(set(self.names)) != len(self.names) or not self.names:
            raise ValueError("a design space needs knobs with different names")
        self.nvec: IntArray = np.array([len(p.values) for p in self.params], dtype=np.int64)
        self.nvec.flags.writeable = False
        self.size = math.prod(int(n) for n in self.nvec)

    def __len__(self) -> int:
        """Number of knobs, D."""
        return len(self.params)

    def __repr__(self) -> str:
        return f"DesignSpace({len(self)} knobs, {self.size:,} designs)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DesignSpace) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of names, values and order flags: equal spaces, equal fingerprints, on every machine."""
        facts = [[p.name, list(p.values), p.unit, p.ordered] for p in self.params]
        return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()[:16]

    @cached_property
    def ordered(self) -> BoolArray:
        """``bool (D,)`` which knobs are ordered."""
        return np.array([p.ordered for p in self.params], dtype=np.bool_)

    # -- rows and values ------------------------------------------------------------------------------------------

    def check(self, x: object) -> IntArray:
        """Return ``x`` as a contiguous ``int64 (N, D)`` batch.

        Raises:
            BadInput: wrong shape, not whole numbers, or an index outside its knob.
        """
        try:
            rows = np.asarray(x)
        except (ValueError, OverflowError) as error:
            raise BadInput(f"designs must have shape (N, {len(self)}): {error}") from None
        if rows.ndim != 2 or rows.shape[1] != len(self):
            raise BadInput(f"designs must have shape (N, {len(self)}), got {rows.shape}")
        if rows.dtype.kind not in "iu":
            raise BadInput(f"designs are rows of whole-number indices, got {rows.dtype}")
        outside = (rows < 0) | (rows >= self.nvec)
        if outside.any():
            row, knob = (int(i) for i in np.argwhere(outside)[0])
            raise BadInput(
                f"design {row}: index {rows[row, knob]} of knob {self.names[knob]} is not in 0..{self.nvec[knob] - 1}"
            )
        return np.ascontiguousarray(rows, dtype=np.int64)

    def encode(self, design: Mapping[str, object]) -> IntArray:
        """Row ``int64 (D,)`` of a design given by value.

        Raises:
            BadInput: an unknown or missing knob, or a value the knob cannot take.
        """
        for name in design:
            if name not in self.names:
                raise BadInput(f"unknown knob '{name}'" + did_you_mean(str(name), self.names))
        missing = [n for n in self.names if n not in design]
        if missing:
            raise BadInput(f"knobs missing: {', '.join(missing)}")
        return np.array([p.index(design[p.name]) for p in self.params], dtype=np.int64)

    def decode(self, row: IntArray) -> dict[str, Value]:
        """The values behind one row ``(D,)``."""
        return {p.name: p.values[int(i)] for p, i in zip(self.params, row, strict=True)}

    def columns(self, x: IntArray) -> dict[str, NDArray[Any]]:
        """Values of a batch ``(N, D)``: one array ``(N,)`` per knob."""
        return {p.name: self._table(j)[x[:, j]] for j, p in enumerate(self.params)}

    def _table(self, knob: int) -> NDArray[Any]:
        return np.array(self.params[knob].values)

    # -- ways to draw, move and list --------------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator, n: int) -> IntArray:
        """``n`` independent uniform designs, ``int64 (n, D)``."""
        return rng.integers(0, self.nvec, size=(n, len(self)), dtype=np.int64)

    def to_unit(self, x: IntArray) -> FloatArray:
        """Rows to the middle of their cells in the unit cube, ``float64 (N, D)`` in (0, 1)."""
        return (np.asarray(x) + 0.5) / self.nvec

    def from_unit(self, u: FloatArray) -> IntArray:
        """The inverse: cut each axis of [0, 1] into equal cells. Every design is reachable; NaN is cell 0."""
        unit = np.nan_to_num(np.asarray(u, dtype=np.float64), nan=0.0)
        cells = np.floor(np.clip(unit, 0.0, 1.0) * self.nvec).astype(np.int64)
        return np.minimum(cells, self.nvec - 1)

    def one_hot(self, x: IntArray) -> FloatArray:
        """``float64 (N, sum(nvec))``, one 1 per knob."""
        starts = np.concatenate(([0], np.cumsum(self.nvec)[:-1]))
        out = np.zeros((len(x), int(self.nvec.sum())))
        np.put_along_axis(out, np.asarray(x) + starts, 1.0, axis=1)
        return out

    def neighbours(self, row: IntArray) -> IntArray:
        """All designs one move away, ``int64 (K, D)``: a step up or down for ordered knobs, any other value else."""
        moves = []
        for j, param in enumerate(self.params):
            here = int(row[j])
            steps = (here - 1, here + 1) if param.ordered else range(len(param.values))
            for value in steps:
                if value != here and 0 <= value < len(param.values):
                    moved = np.array(row, dtype=np.int64)
                    moved[j] = value
                    moves.append(moved)
        return np.array(moves, dtype=np.int64).reshape(-1, len(self))

    def enumerate(self, start: int, stop: int) -> IntArray:
        """Designs number ``start`` to ``stop`` (exclusive) in row order, last knob fastest, ``int64 (K, D)``."""
        if not 0 <= start <= stop <= self.size:
            raise BadInput(f"slice {start}..{stop} is not inside 0..{self.size}")
        if self.size <= np.iinfo(np.int64).max:
            number = np.arange(start, stop, dtype=np.int64)
            return np.stack(np.unravel_index(number, tuple(int(n) for n in self.nvec)), axis=1).astype(np.int64)
        return np.array([self._digits(i) for i in range(start, stop)], dtype=np.int64).reshape(-1, len(self))

    def _digits(self, number: int) -> list[int]:
        digits = []
        for n in reversed(self.nvec.tolist()):
            number, digit = divmod(number, n)
            digits.append(digit)
        return digits[::-1]

    def number(self, row: IntArray) -> int:
        """Position of a row in :meth:`enumerate`'s order."""
        place = 0
        for digit, n in zip(row.tolist(), self.nvec.tolist(), strict=True):
            place = place * n + digit
        return place

    def slices(self, length: int) -> Iterator[tuple[int, int]]:
        """The whole space as consecutive ``(start, stop)`` slices of at most ``length`` designs."""
        for start in range(0, self.size, length):
            yield start, min(start + length, self.size)
