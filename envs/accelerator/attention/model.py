"""An attention accelerator as a cost model: designs and workloads in, SI metrics out.

The laws are closed forms (`storage`, `traffic`, `cycles`, `energy`, `area`); at the published design points they give the
published figures. Not modelled: masks and sparsity, grouped or shared keys and values, decoding one token at a time, start and
end of a pipeline, leakage, buffer bandwidth, technology other than 45 nm. The interface area is a round assumption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.mix import weighted_mean
from archgym.model import CostModel
from archgym.space import BoolArray, FloatArray, IntArray

from .design import COLUMN, Designs, designs
from .evaluate import NAMES, energy_parts, evaluate
from .space import CASCADES, OPERANDS, SPACE
from .storage import Storage, storage
from .workload import Attention, load_mix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
METRICS = (
    Metric("latency_s", "s", "min", "all heads of a batch"),
    Metric("energy_j", "J", "min", "of the same: operations, buffer, registers, DRAM"),
    Metric("area_m2", "m2", "min", "array, vector unit, buffer, DRAM interface"),
    Metric("utilisation", "", "max", "share of the array's element-cycles that compute"),
    Metric("utilisation_1d", "", "max", "share of the vector unit's cycles that compute"),
    Metric("dram_bytes", "B", "min", "moved to and from DRAM"),
    Metric("on_chip_bytes", "B", "min", "of the buffer that is used"),
    Metric("interface_area_m2", "m2", "none", "DRAM interface, which the published areas leave out"),
)
RULES = ("tiles and statistics exceed the on-chip buffer",)
GEOMETRIC = ("latency_s", "energy_j", "dram_bytes")
LARGEST = ("area_m2", "on_chip_bytes", "interface_area_m2")
# knobs that decide what must be on chip, in the space's order; the others cannot make a design fit
TILING = ("cascade", "softmax_unit", "array_edge", "buffer_bytes", "query_tiles", "key_tiles", "operands")
CHUNK = 8192  # rows: fewer, and NumPy's calls weigh; more, and their columns leave the cache


class AttentionModel(CostModel):
    """A design on one workload, or on several with weights.

    On several, times, energies and traffic are weighted geometric means (no length dominates by being long), utilisations
    weighted arithmetic means, areas and buffer use the largest.

    Args:
        workloads: with weights that sum to 1.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS
    space = SPACE

    def __init__(self, workloads: Mapping[Attention, float]) -> None:
        self.workloads = dict(workloads)
        self._longest = max(a.length for a in workloads)

    def _evaluate(self, x: IntArray) -> Costs:
        values, distance = np.empty((len(x), len(METRICS))), np.empty(len(x))

        def work(rows: slice) -> None:
            values[rows], distance[rows] = self._chunk(x[rows])

        in_parallel(work, slices(len(x), CHUNK))
        valid = distance == 0.0
        return Costs(METRICS, values, valid, (~valid).astype(np.uint64), RULES, distance)

    def _chunk(self, x: IntArray) -> tuple[FloatArray, FloatArray]:
        """Metrics ``(n, M)``, NaN where a design does not fit, and how far tiles exceed the buffer, ``(n,)``."""
        tiled = self._tiled(x)
        excess = _excess(tiled)
        rows = np.flatnonzero(excess == 0.0)
        if len(rows) < len(x):
            tiled = self._tiled(x[rows])
        found = [evaluate(d, a, kept) for (d, kept), a in zip(tiled, self.workloads, strict=True)]
        values = np.full((len(x), len(METRICS)), np.nan)
        values[rows] = np.stack([self._mean(name, [f[name] for f in found]) for name in NAMES], axis=1)
        return values, excess

    def _tiled(self, x: IntArray) -> list[tuple[Designs, Storage]]:
        """The designs on each workload, and what they keep on chip there."""
        on_each = [(designs(x, a), a) for a in self.workloads]
        return [(d, storage(d, a)) for d, a in on_each]

    def _mean(self, name: str, columns: list[FloatArray]) -> FloatArray:
        if len(columns) == 1:
            return columns[0]
        if name in LARGEST:
            return np.asarray(np.maximum.reduce(columns))
        return weighted_mean(columns, self.workloads.values(), geometric=name in GEOMETRIC)

    # -- knobs that cannot matter, and designs that cannot run ----------------------------------------------------------

    def _canonical(self, x: IntArray) -> IntArray:
        """Blocks beyond the whole sequence, and knobs that the cascade does not read."""
        out = x.copy()
        kind = x[:, COLUMN["cascade"]]
        unfused, one, three = (kind == CASCADES.index(n) for n in ("unfused", "one_pass", "three_pass"))
        tiles = self._longest // _EDGES[x[:, COLUMN["array_edge"]]]
        _fold(out, "query_tiles", np.log2(tiles).astype(np.int64))
        _fold(out, "key_tiles", np.where(unfused | three, 0, np.log2(tiles).astype(np.int64)))
        for name in ("operands", "scores"):
            _fold(out, name, np.where(unfused | one, 0, len(OPERANDS)))
        held = np.isin(x[:, COLUMN["operands"]], [OPERANDS.index(n) for n in ("query", "block")])
        waiting = three & (x[:, COLUMN["scores"]] == 1) & ~held
        _fold(out, "query_tiles", np.where(waiting, 0, 64))
        alone = unfused & (x[:, COLUMN["softmax_unit"]] == 0)
        _fold(out, "schedule", np.where(alone, 0, 1))
        return out

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Exactly the values after which some design fits its buffer on all workloads; all where the prefix is lost."""
        name = SPACE.names[knob]
        if name not in TILING:
            return None
        known = TILING[: TILING.index(name)]
        allowed = self._open[len(known)][tuple(int(prefix[COLUMN[n]]) for n in known)]
        return allowed.copy() if allowed.any() else None

    @cached_property
    def _open(self) -> list[BoolArray]:
        """Per knob of `TILING`: which values of those before it and of its own some design that fits has."""
        shape = tuple(int(SPACE.nvec[COLUMN[name]]) for name in TILING)
        x = np.zeros((math.prod(shape), len(SPACE)), np.int64)
        x[:, [COLUMN[name] for name in TILING]] = np.indices(shape).reshape(len(shape), -1).T
        fits = np.concatenate([self._fits(x[rows]) for rows in slices(len(x), CHUNK)]).reshape(shape)
        return [np.asarray(fits.any(axis=tuple(range(k + 1, len(shape))))) for k in range(len(shape))]

    def repair(self, x: IntArray) -> IntArray:
        """Larger buffers until the design fits; where none does, the smallest blocks and streamed operands."""
        out = self.space.check(x).copy()
        largest = int(self.space.nvec[COLUMN["buffer_bytes"]]) - 1
        for _ in range(largest + 1):
            broken = np.flatnonzero(~self._fits(out))
            if not len(broken):
                return out
            full = broken[out[broken, COLUMN["buffer_bytes"]] == largest]
            for name in ("query_tiles", "key_tiles", "operands"):
                out[full, COLUMN[name]] = 0
            out[broken, COLUMN["buffer_bytes"]] = np.minimum(out[broken, COLUMN["buffer_bytes"]] + 1, largest)
        return out

    def _fits(self, x: IntArray) -> BoolArray:
        return np.asarray(_excess(self._tiled(x)) == 0.0)

    def _identity(self) -> list[str]:
        return [f"{attention!r}*{weight!r}" for attention, weight in self.workloads.items()]

    def render(self, row: IntArray) -> Figure:
        """Energy by part and occupancy of array, vector unit and DRAM, per workload."""
        from .figure import draw

        return draw(self, row)

    def breakdown(self, row: IntArray) -> dict[str, dict[str, float]]:
        """Energy in J by part, per workload."""
        x = self.space.check(np.asarray(row)[None, :])
        return {
            a.name: {k: 1e-12 * a.instances * float(v[0]) for k, v in vars(energy_parts(designs(x, a), a)).items()}
            for a in self.workloads
        }


_EDGES = np.array(SPACE.params[COLUMN["array_edge"]].values, dtype=np.int64)


def _excess(tiled: list[tuple[Designs, Storage]]) -> FloatArray:
    """By how much the tiles exceed the buffer, relative, ``(N,)``: of the workload that exceeds it most, 0 where all fit."""
    return np.asarray(np.maximum.reduce([np.maximum(kept.tiles / d.buffer - 1.0, 0.0) for d, kept in tiled]))


def _fold(out: IntArray, name: str, most: IntArray) -> None:
    """No index of a knob above ``most (N,)``."""
    out[:, COLUMN[name]] = np.minimum(out[:, COLUMN[name]], most)


def build(workload: str, options: Mapping[str, str]) -> CostModel:
    """The ``build`` of the tasks; no options."""
    return AttentionModel(load_mix(workload))
