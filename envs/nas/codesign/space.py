"""The design space: a cell per network, where each of its stages runs, and two sub-accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.envs.nas.cells.topology import EDGES, OPS
from archgym.space import DesignSpace, IntArray, Param

from .chips import Chip

SUBS = ("first", "second")
EDGE_COUNT = len(EDGES)
KNOBS_OF_SUB = 5
_PLACES: IntArray = 5 ** np.arange(EDGE_COUNT - 1, -1, -1, dtype=np.int64)


@dataclass(frozen=True)
class Layout:
    """Which columns of a row mean what.

    Args:
        names: of the networks, T.
        stages: of each network; its stages run one after another.
        chip: of the sub-accelerators.
    """

    names: tuple[str, ...]
    stages: tuple[int, ...]
    chip: Chip

    @cached_property
    def space(self) -> DesignSpace:
        """Cells, then assignments, then the sub-accelerators, so that the first knobs say which of the last ones matter."""
        edges = [f"{a}{b}" for a, b in EDGES]
        cells = [Param(f"{n}_edge_{e}", OPS, doc=f"operation from node {e[0]} to {e[1]}") for n in self.names for e in edges]
        runs = [
            Param(f"{name}_stage_{p + 1}_on", SUBS, doc="sub-accelerator that runs this stage of the network")
            for name, count in zip(self.names, self.stages, strict=True)
            for p in range(count)
        ]
        return DesignSpace([*cells, *runs, *(knob for sub in SUBS for knob in self.chip.knobs(sub))])

    @property
    def first_run(self) -> int:
        """Column of the first assignment."""
        return EDGE_COUNT * len(self.names)

    @property
    def first_sub(self) -> int:
        """Column of the first sub-accelerator's first knob."""
        return self.first_run + sum(self.stages)

    @cached_property
    def order(self) -> tuple[tuple[int, int, int], ...]:
        """Network, stage and column of the assignment, in the order in which stages are started: stage by stage."""
        starts = np.cumsum([0, *self.stages[:-1]])
        parts = [(p, t, int(starts[t]) + p) for t, count in enumerate(self.stages) for p in range(count)]
        return tuple((t, p, column) for p, t, column in sorted(parts))

    def cells(self, x: IntArray) -> IntArray:
        """Number of each network's cell, ``int64 (N, T)``."""
        return np.asarray(x[:, : self.first_run].reshape(len(x), -1, EDGE_COUNT) @ _PLACES)

    def set_cells(self, x: IntArray, cells: IntArray) -> None:
        """Write cells ``(N, T)`` into rows."""
        x[:, : self.first_run] = (cells[:, :, None] // _PLACES % 5).reshape(len(x), -1)

    def runs(self, x: IntArray) -> IntArray:
        """Sub-accelerator of each stage, ``int64 (N, stages of all networks)``: 0 or 1."""
        return np.asarray(x[:, self.first_run : self.first_sub])

    def subs(self, x: IntArray) -> IntArray:
        """Number of both sub-accelerators, ``int64 (N, 2)``, in use or not."""
        places = np.append(np.cumprod(self.chip.nvec[:0:-1])[::-1], 1)
        return np.asarray(x[:, self.first_sub :].reshape(len(x), len(SUBS), KNOBS_OF_SUB) @ places)

    def row(self, cells: IntArray, runs: IntArray, knobs: IntArray) -> IntArray:
        """A row ``(D,)`` out of cells ``(T,)``, assignments and the knobs of the sub-accelerators ``(2, 5)``."""
        row = np.concatenate([np.zeros(self.first_run, np.int64), runs, knobs.reshape(-1)])[None]
        self.set_cells(row, np.asarray(cells)[None])
        return np.asarray(row[0])
