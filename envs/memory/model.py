"""The memory controller as a cost model: designs and traces in, SI metrics out.

The simulator is a command-level, event-driven re-implementation of DRAMSys 4.0's controller (see ``kernel``), true to it on
the base knobs. Left out: I/O and termination energy, temperature, ECC, data contents, several initiators. The extended
knobs are not covered by the reference tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from archgym.costs import Costs, Metric
from archgym.mix import read_mix, weighted_mean
from archgym.model import CostModel
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray

from .folding import Folding
from .kernel import simulate
from .kernel.layout import Config, Out
from .mapping import decode
from .memspec import MemSpec, load_memspec
from .space import DEFAULT, DRAMGYM, EXTENDED, to_config
from .traces import Trace, load_trace

VERSION = "1"
VERSION_OF_EXTENDED = "2"  # of spaces with extended knobs: in "1" an age cap could hold a command back, though nothing was old

METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("total_time_s", "s", "min", "time at which the last response is taken"),
        Metric("mean_latency_s", "s", "min", "mean over requests, from the trace's time stamp to the response"),
        Metric("p95_latency_s", "s", "min", "95th percentile of the same"),
        Metric("p99_latency_s", "s", "min", "99th percentile of the same"),
        Metric("max_latency_s", "s", "min", "largest of the same"),
        Metric("mean_sent_latency_s", "s", "none", "mean from the send: falls under back-pressure, so do not optimise it"),
        Metric("p95_sent_latency_s", "s", "none", "95th percentile from the send"),
        Metric("max_sent_latency_s", "s", "none", "largest from the send"),
        Metric("energy_j", "J", "min", "DRAM core energy of all devices, without I/O"),
        Metric("power_w", "W", "min", "energy_j / energy_window_s"),
        Metric("energy_window_s", "s", "none", "time the energy accounts for: it ends with the last command"),
        Metric("bandwidth_bytes_per_s", "B/s", "max", "bytes served / total_time_s"),
        Metric("row_hit_rate", "", "max", "share of column accesses that found their row open"),
    )
}
COMMANDS: dict[str, Metric] = {
    name: Metric(name, "", "none", f"{name[2:].upper()} commands issued")
    for name in (o.name.lower() for o in Out if o >= Out.N_ACT)
}
RULES = ("the controller deadlocked: requests were left unserved",)


def to_metrics(raw: FloatArray, spec: MemSpec) -> dict[str, FloatArray]:
    """The kernel's results ``(N, M)`` in SI units, one array ``(N,)`` per metric.

    Cycles become seconds by the simulator's clock period, rounded to 1 ps as SystemC does; only ``energy_window_s`` uses
    the exact period, as DRAMPower does. The 2023 artifact dropped a unit here and read 1000x too small.
    """

    def seconds(column: Out) -> FloatArray:
        return raw[:, column] * spec.tck_ps / 1e12

    served = np.maximum(raw[:, Out.N_SERVED], 1.0)
    total = seconds(Out.TOTAL_TIME)
    return {
        "total_time_s": total,
        "mean_latency_s": seconds(Out.MEAN_LATENCY),
        "p95_latency_s": seconds(Out.P95_LATENCY),
        "p99_latency_s": seconds(Out.P99_LATENCY),
        "max_latency_s": seconds(Out.MAX_LATENCY),
        "mean_sent_latency_s": seconds(Out.MEAN_SENT_LATENCY),
        "p95_sent_latency_s": seconds(Out.P95_SENT_LATENCY),
        "max_sent_latency_s": seconds(Out.MAX_SENT_LATENCY),
        "energy_j": raw[:, Out.ENERGY_PJ] / 1e12,
        "power_w": raw[:, Out.POWER_MW] / 1e3,
        "energy_window_s": raw[:, Out.ENERGY_WINDOW] * spec.clk_period_ns / 1e9,
        "bandwidth_bytes_per_s": served * spec.bytes_per_request / np.maximum(total, 1e-15),
        "row_hit_rate": raw[:, Out.ROW_HITS] / served,
        **{name: raw[:, Out[name.upper()]] for name in COMMANDS},
    }


def simulate_rows(spec_name: str, trace: Trace, config: IntArray) -> dict[str, FloatArray]:
    """Metrics of raw kernel design rows ``(N, C)`` on one trace under the memory's own address mapping."""
    spec = load_memspec(spec_name)
    return to_metrics(simulate(config, spec, trace, decode(spec, trace.address, [("default", 1, 1, 64)])), spec)


class MemoryModel(CostModel):
    """A controller's design on one program, or on several at once with weights.

    On several programs, times are weighted geometric means (no program dominates by being slow), energy, its window and the
    counts are weighted arithmetic means, and power, bandwidth and hit rate follow from those.

    Args:
        space: its knobs.
        spec: the memory.
        programs: traces with their weights, which sum to 1.
        channels, ranks: of the memory system; knobs only choose how addresses are spread over them.
    """

    rules = RULES
    metrics = (*METRICS.values(), *COMMANDS.values())

    def __init__(
        self, space: DesignSpace, spec: MemSpec, programs: Mapping[Trace, float], channels: int = 1, ranks: int = 1
    ) -> None:
        self.version = VERSION_OF_EXTENDED if "age_cap" in space.names else VERSION
        self.space = space
        self.spec = spec
        self.programs = dict(programs)
        self._folding = Folding(space)
        self._shape = (channels, ranks)
        self._schemes, self._scheme_of = _schemes(space, channels, ranks)
        self._decoded = [decode(spec, trace.address, self._schemes) for trace in self.programs]

    def _evaluate(self, x: IntArray) -> Costs:
        config = to_config(self.space, x)
        config[:, Config.N_CHANNELS], config[:, Config.N_RANKS] = self._shape
        config[:, Config.MAPPING] = self._scheme_of(x)
        results = [
            simulate(config, self.spec, trace, decoded) for trace, decoded in zip(self.programs, self._decoded, strict=True)
        ]
        served = [raw[:, Out.N_SERVED] == len(trace) for raw, trace in zip(results, self.programs, strict=True)]
        values = self._combine([to_metrics(raw, self.spec) for raw in results])
        return _costs(self.metrics, values, np.logical_and.reduce(served))

    def _combine(self, parts: list[dict[str, FloatArray]]) -> FloatArray:
        """One value per metric over all programs, ``(N, M)``."""
        if len(parts) == 1:
            return np.stack([parts[0][m.name] for m in self.metrics], axis=1)
        weights = list(self.programs.values())
        mixed = {m.name: _mean(m.name, [p[m.name] for p in parts], weights) for m in self.metrics}
        mixed["power_w"] = mixed["energy_j"] / mixed["energy_window_s"]
        return np.stack([mixed[m.name] for m in self.metrics], axis=1)

    def _canonical(self, x: IntArray) -> IntArray:
        return self._folding(x)

    def _identity(self) -> list[str]:
        programs = [f"{trace.fingerprint}*{weight!r}" for trace, weight in self.programs.items()]
        return [self.spec.fingerprint, repr(self._shape), *programs]


def _mean(name: str, values: list[FloatArray], weights: list[float]) -> FloatArray:
    """Weighted mean: geometric for times (but the energy's window), arithmetic for the rest."""
    is_time = name.endswith("_s") and name not in ("energy_window_s", "bandwidth_bytes_per_s")
    return weighted_mean(values, weights, geometric=is_time)


def _costs(metrics: tuple[Metric, ...], values: FloatArray, valid: BoolArray) -> Costs:
    values = np.where(valid[:, None], values, np.nan)
    return Costs(metrics, values, valid, (~valid).astype(np.uint64), RULES)


def _schemes(space: DesignSpace, channels: int, ranks: int) -> tuple[list[Any], Any]:
    """All address mappings that the space's knobs can choose, and the function from designs to their number."""
    names: tuple[Any, ...] = ("default",)
    grains: tuple[Any, ...] = (64,)
    columns = {name: j for j, name in enumerate(space.names)}
    if "address_mapping" in columns:
        names = space.params[columns["address_mapping"]].values
    if "channel_interleave" in columns:
        grains = space.params[columns["channel_interleave"]].values

    def number(x: IntArray) -> IntArray:
        name = x[:, columns["address_mapping"]] if "address_mapping" in columns else np.zeros(len(x), np.int64)
        grain = x[:, columns["channel_interleave"]] if "channel_interleave" in columns else np.zeros(len(x), np.int64)
        return np.asarray(name * len(grains) + grain)

    return [(name, channels, ranks, grain) for name in names for grain in grains], number


# -- builders, named by the tasks -------------------------------------------------------------------------------------------


def build_default(workload: str, options: Mapping[str, str]) -> CostModel:
    """The default space: refresh always on, address mapping free. Options: memory."""
    return MemoryModel(DEFAULT, load_memspec(options["memory"]), programs(workload))


def build_dramgym(workload: str, options: Mapping[str, str]) -> CostModel:
    """DRAMGym's own space and address mapping. Options: memory."""
    return MemoryModel(DRAMGYM, load_memspec(options["memory"]), programs(workload))


def build_extended(workload: str, options: Mapping[str, str]) -> CostModel:
    """The extended space on a memory of two channels with two ranks each. Options: memory."""
    return MemoryModel(EXTENDED, load_memspec(options["memory"]), programs(workload), channels=2, ranks=2)


def programs(workload: str) -> dict[Trace, float]:
    """Traces with their weights, which sum to 1: one trace, or ``"2*cloud + stream"``.

    Raises:
        BadInput: as :func:`~archgym.mix.read_mix` and :func:`~archgym.envs.memory.traces.load_trace`.
    """
    return read_mix(workload, _trace)


@cache
def _trace(name: str) -> Trace:
    """One object per workload text: several tasks share a trace in memory."""
    return load_trace(name)
