"""Mappings: how a layer's loops are split over storage levels, ordered, and spread over the mesh."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.envs.accelerator.layer import DIMS
from archgym.errors import BadInput
from archgym.space import IntArray

from .architecture import Architecture, index_of

Loop = tuple[str, int]


@dataclass(frozen=True)
class Loops:
    """The loops of one level.

    Args:
        temporal: (dim, iterations), outermost first.
        x, y: (dim, copies) along both axes of the fan-out below the level; their order has no meaning.
    """

    temporal: tuple[Loop, ...] = ()
    x: tuple[Loop, ...] = ()
    y: tuple[Loop, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """Loops per level of an architecture, outermost level first; each dim's factors multiply to its bound."""

    levels: tuple[Loops, ...]

    @classmethod
    def from_reference(cls, data: Dictionary[str, Any], architecture: Architecture) -> Mapping:
        """Out of the reference tables' JSON: ``{"levels": [{"level", "temporal_outer_to_inner", "spatial": {"X", "Y"}}]}``.

        Raises:
            BadInput: the JSON has another form, or names a level that the architecture lacks.
        """
        levels = [Loops()] * len(architecture.levels)
        try:
            for part in data["levels"]:
                spatial = part.get("spatial", {})
                axes = (part["temporal_outer_to_inner"], spatial.get("X", ()), spatial.get("Y", ()))
                levels[architecture.index(part["level"])] = Loops(*(_loops(axis) for axis in axes))
        except BadInput:  # a ValueError of its own, with a line that says more
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"a mapping has levels with temporal_outer_to_inner and spatial X, Y: {error!r}") from None
        return cls(tuple(levels))

    @classmethod
    def from_arrays(cls, temporal: IntArray, order: IntArray, along_x: IntArray, along_y: IntArray) -> Mapping:
        """Inverse of :meth:`arrays`, for one mapping: each ``int64 (L, 8)``; loops of one iteration are dropped."""

        def loops(factors: IntArray, dims: Sequence[int]) -> tuple[Loop, ...]:
            return tuple((DIMS[d], int(factors[d])) for d in dims if factors[d] > 1)

        rows = zip(temporal, order, along_x, along_y, strict=True)
        return cls(tuple(Loops(loops(t, o[::-1]), loops(x, range(8)), loops(y, range(8))) for t, o, x, y in rows))

    def arrays(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Temporal factors, order (innermost first), factors along X and along Y: ``int64 (L, 8)`` each."""
        shape = (len(self.levels), 8)
        temporal, along_x, along_y = np.ones(shape, np.int64), np.ones(shape, np.int64), np.ones(shape, np.int64)
        order = np.empty(shape, np.int64)
        for i, level in enumerate(self.levels):
            for factors, loops in ((temporal, level.temporal), (along_x, level.x), (along_y, level.y)):
                for dim, n in loops:
                    factors[i, _dim(dim)] *= n
            order[i] = _order(level.temporal)
        return temporal, order, along_x, along_y

    def text(self, architecture: Architecture) -> str:
        """The loop nest as a person reads it, one line per loop, indented, with the buffer each block of loops runs from."""
        return self.lines([level.name for level in architecture.levels], [level.keeps for level in architecture.levels])

    def lines(self, names: Sequence[str], keeps: Sequence[Sequence[str]]) -> str:
        """As :meth:`text`, from the levels' names and what they keep."""
        lines, depth = [], 0
        for name, kept, loops in zip(names, keeps, self.levels, strict=True):
            lines.append(f"{'  ' * depth}-- {name}: {', '.join(kept) or 'nothing'}")
            spread = [(axis, loop) for axis, part in (("x", loops.x), ("y", loops.y)) for loop in part]
            for dim, n in loops.temporal:
                lines.append(f"{'  ' * depth}for {dim.lower()} in 0..{n}")
                depth += 1
            for axis, (dim, n) in spread:
                lines.append(f"{'  ' * depth}parallel-for {dim.lower()} in 0..{n} along {axis}")
                depth += 1
        return "\n".join([*lines, f"{'  ' * depth}multiply-accumulate"])


def _loops(pairs: Sequence[Sequence[Any]]) -> tuple[Loop, ...]:
    loops = []
    for dim, n in pairs:
        _dim(dim)
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise BadInput(f"a loop over {dim} must have 1 or more iterations, got {n!r}")
        loops.append((str(dim), n))
    return tuple(loops)


def _dim(name: str) -> int:
    return index_of(name, DIMS, "there is no dim")


def _order(loops: Sequence[Loop]) -> list[int]:
    """Dims from the innermost loop outwards, those without a loop last."""
    inner = [_dim(dim) for dim, _ in reversed(loops)]
    if len(set(inner)) < len(inner):
        raise BadInput("a dim has two temporal loops in one level")
    return [*inner, *(d for d in range(8) if d not in inner)]
