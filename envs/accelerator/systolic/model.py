"""A systolic accelerator as a cost model: designs and networks in, SI metrics out.

Compute cycles and SRAM accesses are SCALE-Sim's closed form; DRAM traffic, bandwidth limits and energy are derived in
`kernel`, sizes in `roles`, costs of the parts in `hardware`. Not modelled: activation, pooling and element-wise layers,
layers kept on chip or fused, DRAM pages and refresh, voltage and clock scaling, sparsity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.mix import weighted_mean
from archgym.model import CostModel
from archgym.space import BoolArray, FloatArray, IntArray

from ..layer import Network
from ..technology import load_technology
from ..workloads import load_mix
from .hardware import Hardware
from .layout import N_INDEX, N_OUT, Index, Out, Sram
from .program import Program, program
from .space import BANKS, BATCHES, COLUMN, DEPTHS, GRIDS, RULES, SIZES, SPACE, TENSORS, allowed, enlarge, shortage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
METRICS = (
    Metric("latency_s", "s", "min", "from the first word to the last of a batch of images"),
    Metric("throughput_per_s", "1/s", "max", "images per second: batch / latency_s"),
    Metric("energy_j", "J", "min", "of one image: MACs, registers, SRAMs with their leakage, DRAM transfers"),
    Metric("area_m2", "m2", "min", "arrays, SRAMs, DRAM interface"),
    Metric("power_w", "W", "min", "energy_j x throughput_per_s"),
    Metric("utilisation", "", "max", "multiplications / (multipliers x cycles)"),
    Metric("stall_share", "", "min", "share of the cycles in which the arrays wait for SRAM or DRAM"),
    Metric("dram_bytes", "B", "min", "moved to and from DRAM per image"),
    Metric("sram_bytes", "B", "none", "moved to and from the SRAMs per image, on both sides"),
)
GEOMETRIC = ("latency_s", "throughput_per_s", "energy_j", "power_w", "dram_bytes", "sram_bytes")
AREA = [m.name for m in METRICS].index("area_m2")
CHUNK = 4096  # designs a thread takes at a time


class SystolicModel(CostModel):
    """A design on one network, or on several with weights.

    On several networks, ratios are weighted arithmetic means, all else but the area weighted geometric means: no network
    dominates by being large, and products of metrics keep their meaning.

    Args:
        networks: with weights that sum to 1.
        hardware: costs of the parts.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS
    space = SPACE

    def __init__(self, networks: Mapping[Network, float], hardware: Hardware) -> None:
        self.networks = dict(networks)
        self.hardware = hardware

    @cached_property
    def programs(self) -> list[Program]:
        """Tables of each network."""
        return [program(network) for network in self.networks]

    def _evaluate(self, x: IntArray) -> Costs:
        values, short = np.full((len(x), len(METRICS)), np.nan), np.zeros((len(x), len(RULES)))

        def work(part: slice) -> None:
            short[part] = shortage(x[part])
            fits = ~short[part].any(axis=1)
            values[part][fits] = self._values(x[part][fits])

        in_parallel(work, slices(len(x), CHUNK))
        broken = short > 0.0
        reason = (broken * (1 << np.arange(len(RULES)))).sum(axis=1).astype(np.uint64)
        valid: BoolArray = np.logical_not(broken.any(axis=1))
        return Costs(METRICS, values, valid, reason, RULES, short.sum(axis=1))

    def _values(self, x: IntArray) -> FloatArray:
        """Metrics of valid rows ``(N, M)``."""
        index, weights = to_index(x), list(self.networks.values())
        parts = [self._metrics(x, index, p, self._run(index, p, by_layer=False)[:, 0]) for p in self.programs]
        return parts[0] if len(parts) == 1 else _mix(parts, weights)

    def _run(self, index: IntArray, job: Program, by_layer: bool) -> FloatArray:
        """The kernel's columns, ``float64 (N, layers or 1, N_OUT)``."""
        from .kernel import run  # numba is imported with the first evaluation

        hw = self.hardware
        out = np.zeros((len(index), len(job.network.layers) if by_layer else 1, N_OUT))
        scratch = np.zeros((2, N_OUT))
        run(index, *job.tables, hw.srams, hw.cycles_per_word, hw.register_pj, scratch, by_layer, out)
        return out

    def _metrics(self, x: IntArray, index: IntArray, job: Program, raw: FloatArray) -> FloatArray:
        hw, values = self.hardware, np.empty((len(x), len(METRICS)))
        batch = np.array(BATCHES, dtype=np.float64)[index[:, Index.BATCH]]
        arrays = _arrays(x)
        latency = raw[:, Out.CYCLES] / hw.technology.clock_hz
        moved = raw[:, Out.IFMAP_DRAM] + raw[:, Out.FILTER_DRAM] + raw[:, Out.OFMAP_DRAM]
        leakage = latency * arrays * self._sram_sum(index, Sram.LEAKAGE_W)
        energy = leakage + sum(energies(hw, float(job.network.macs), raw, batch).values())
        values[:, 0], values[:, 1], values[:, 2] = latency, batch / latency, energy / batch
        values[:, 3] = self._area(x, index, arrays)
        values[:, 4] = values[:, 2] * values[:, 1]
        cells = arrays * index[:, Index.ROWS] * index[:, Index.COLS]
        values[:, 5] = job.network.macs * batch / (cells * raw[:, Out.CYCLES])
        values[:, 6] = 1.0 - raw[:, Out.COMPUTE] / raw[:, Out.CYCLES]
        values[:, 7] = moved * hw.word_bytes / batch
        values[:, 8] = raw[:, Out.SRAM_WORDS] * hw.word_bytes / batch
        return values

    def _area(self, x: IntArray, index: IntArray, arrays: FloatArray) -> FloatArray:
        hw = self.hardware
        cells = index[:, Index.ROWS] * index[:, Index.COLS] * hw.cell_um2[index[:, Index.DATAFLOW]]
        array = cells + self._sram_sum(index, Sram.AREA_UM2)
        area: FloatArray = (arrays * array + hw.channel_um2[index[:, Index.CHANNELS]]) * 1e-12
        return area

    def _sram_sum(self, index: IntArray, column: Sram) -> FloatArray:
        table = self.hardware.srams[:, column]
        found: FloatArray = table[index[:, Index.IFMAP]] + table[index[:, Index.FILTER]] + table[index[:, Index.OFMAP]]
        return found

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Blocks and depths that leave room for what stays in the array."""
        return allowed(prefix, knob)

    def repair(self, x: IntArray) -> IntArray:
        """Enlarge the SRAMs that are too small."""
        return enlarge(x)

    def layers(self, row: IntArray) -> list[tuple[Network, FloatArray]]:
        """One design layer by layer: per network ``float64 (L, N_OUT)``, columns of `layout.Out`, a layer counted once."""
        index = to_index(self.space.check(row[None]))
        return [(p.network, self._run(index, p, by_layer=True)[0]) for p in self.programs]

    def render(self, row: IntArray) -> Figure | None:
        """Roofline and energy of every layer; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        shapes = [
            [network.name, weight, [(a.shape, n) for a, n in network.layers]] for network, weight in self.networks.items()
        ]
        digest = hashlib.sha256(repr(shapes).encode()).hexdigest()
        return [digest, self.hardware.technology.fingerprint, self.hardware.memory]


def energies(hw: Hardware, macs: FloatArray | float, raw: FloatArray, batch: FloatArray | float) -> dict[str, FloatArray]:
    """Joules of a whole batch by part, ``(N,)`` each: of the kernel's columns ``(N, N_OUT)`` and the MACs of one image."""
    moved = raw[:, Out.IFMAP_DRAM] + raw[:, Out.FILTER_DRAM] + raw[:, Out.OFMAP_DRAM]
    return {
        "MACs": np.asarray(macs * batch * hw.technology.mac_pj * 1e-12) + np.zeros(len(raw)),
        "registers": raw[:, Out.REGISTER_PJ] * 1e-12,
        "SRAM": raw[:, Out.SRAM_PJ] * 1e-12,
        "DRAM": moved * hw.dram_pj * 1e-12,
    }


def to_index(x: IntArray) -> IntArray:
    """Rows of the space to the kernel's, ``int64 (N, N_INDEX)``."""
    index = np.empty((len(x), N_INDEX), dtype=np.int64)
    sizes = np.array(SIZES, dtype=np.int64)
    rows, cols, grid_rows, grid_cols = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    index[:, Index.BATCH] = x[:, COLUMN["batch"]]
    index[:, Index.DATAFLOW] = x[:, COLUMN["dataflow"]]
    index[:, Index.BY_ROW] = rows * len(GRIDS) + grid_rows
    index[:, Index.BY_COL] = cols * len(GRIDS) + grid_cols
    index[:, Index.GRID] = grid_rows * len(GRIDS) + grid_cols
    index[:, Index.CHANNELS] = x[:, COLUMN["dram_channels"]]
    for k, tensor in enumerate(TENSORS):
        depth = x[:, COLUMN["block"]] * len(DEPTHS) + x[:, COLUMN[f"{tensor}_depth"]]
        index[:, Index.IFMAP + k] = depth * len(BANKS) + x[:, COLUMN[f"{tensor}_banks"]]
    index[:, Index.ROWS], index[:, Index.COLS] = sizes[rows], sizes[cols]
    return index


def _arrays(x: IntArray) -> FloatArray:
    grids = np.array(GRIDS, dtype=np.float64)
    return np.asarray(grids[x[:, 2]] * grids[x[:, 3]])


def _mix(parts: list[FloatArray], weights: list[float]) -> FloatArray:
    """Weighted means over networks, ``(N, M)``."""
    mixed = np.zeros_like(parts[0])
    for j, metric in enumerate(METRICS):
        mixed[:, j] = weighted_mean([values[:, j] for values in parts], weights, geometric=metric.name in GEOMETRIC)
    mixed[:, AREA] = parts[0][:, AREA]  # one accelerator: not even rounding may touch it
    return mixed


def build(workload: str, options: Mapping[str, str]) -> SystolicModel:
    """The model of a task. Options: technology and memory, by name."""
    return SystolicModel(load_mix(workload), Hardware(load_technology(options["technology"]), options["memory"]))


__all__ = ["METRICS", "SystolicModel", "build", "energies", "to_index"]
