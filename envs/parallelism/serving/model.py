"""Serving as a cost model: designs and a workload in, latencies, throughput, energy and cost out.

The physics of a pass is in `step`, of schedulers and queues in `service`, memory in `weights`; constants are fitted to
published throughput (`calibrate`). Everything is a steady state of one kind of request; energy and cost count all GPUs for all
the time. Not modelled: accuracy lost to quantisation (``weight_bits`` and ``kv_bits`` are there to be bounded), caches of
shared prefixes, speculative decoding, preemption, failures, and tails beyond the regular gap between tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.model import CostModel
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray

from ..clusters import load_cluster
from ..models import Llm, load_llm
from ..vectors import machine_vector, net_vector
from .constants import CACHE_BYTES, WEIGHT_BYTES, constants
from .layout import Design, Out, Part
from .mend import allowed, fold, mend
from .space import BATCHES, CACHES, CHUNKS, EP, LOADS, PLATFORMS, PP, PREFILL_TP, TP, WEIGHTS, design_space
from .workloads import Requests, parse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
RULES = (
    "weights, activations and the cache of a full batch exceed a GPU's memory",
    "weights, activations and the cache of one prompt exceed the memory of a prefill GPU",
    "the batch is smaller than pipeline stages x attention groups",
    "the experts cannot be divided over the attention groups",
    "the attention heads cannot be divided over the tensor-parallel ranks",
    "the token budget of a pass cannot hold the decodes and the prompts that replace finished requests",
)
METRICS = (
    Metric("ttft_s", "s", "min", "mean time to the first token: queues and prefill"),
    Metric("tpot_s", "s", "min", "mean time per output token after the first"),
    Metric("gap_s", "s", "min", "longest regular pause between two tokens: a decode step with the prefill that delays it"),
    Metric("tokens_per_s", "1/s", "max", "output tokens of a replica"),
    Metric("tokens_per_s_per_gpu", "1/s", "max", "the same over all its GPUs, prefill pool included"),
    Metric("energy_j", "J", "min", "per output token, all GPUs with their share of the node"),
    Metric("cost_usd", "USD", "min", "per million output tokens at list prices"),
    Metric("power_w", "W", "none", "mean of a GPU with its share of the node"),
    Metric("memory_bytes", "B", "min", "of the fullest GPU with a full batch"),
    Metric("weights_bytes", "B", "none", "part of it: weights"),
    Metric("kv_bytes", "B", "none", "part of it: cache of a full batch"),
    Metric("gpus", "", "min", "of a replica with its share of the prefill pool"),
    Metric("in_flight", "", "none", "mean requests that a replica is answering"),
    Metric("weight_bits", "", "max", "of a weight, scales not counted"),
    Metric("kv_bits", "", "max", "of a cached element"),
)
VALUES: dict[str, tuple[Design, tuple[float, ...]]] = {
    "platform": (Design.MACHINE, tuple(float(i) for i in range(len(PLATFORMS)))),
    "tp": (Design.TP, TP),
    "pp": (Design.PP, PP),
    "ep": (Design.EP, EP),
    "weights": (Design.WEIGHT_BYTES, tuple(WEIGHT_BYTES[w] for w in WEIGHTS)),
    "kv": (Design.KV_BYTES, tuple(CACHE_BYTES[c] for c in CACHES)),
    "scheduler": (Design.SCHEDULER, (0.0, 1.0, 2.0, 3.0)),
    "batch": (Design.BATCH, BATCHES),
    "load": (Design.LOAD, LOADS),
    "chunk": (Design.CHUNK, CHUNKS),
    "prefill_platform": (Design.PREFILL_MACHINE, tuple(float(i) for i in range(len(PLATFORMS)))),
    "prefill_tp": (Design.PREFILL_TP, PREFILL_TP),
}
BITS = {"bf16": 16.0, "fp8": 8.0, "fp4": 4.0}
CHUNK = 8192  # designs a thread takes at a time


class ServingModel(CostModel):
    """One model and one kind of request on every platform.

    Args:
        llm: what is served.
        requests: what is asked of it.
        constants: ``float64 (len(S),)`` of the kernel; the fitted ones if left out.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS

    def __init__(self, llm: Llm, requests: Requests, constants_: FloatArray | None = None) -> None:
        self.llm, self.requests = llm, requests
        self.space: DesignSpace = design_space(llm.experts > 0)
        self.net = net_vector(llm, 1, 1)
        self.machines = np.array([machine_vector(load_cluster(name)) for name in PLATFORMS.values()])
        self.constants = constants() if constants_ is None else constants_
        self.use = np.array([requests.input, requests.output, requests.spread])

    def _evaluate(self, x: IntArray) -> Costs:
        values, short = np.full((len(x), len(METRICS)), np.nan), np.zeros((len(x), len(RULES)))

        def work(part: slice) -> None:
            designs = self.designs(x[part])
            found, fits = self.run(designs, short[part])
            values[part][fits] = self._metrics(x[part][fits], designs[fits], found[fits])

        in_parallel(work, slices(len(x), CHUNK))
        broken = short > 0.0
        reason = (broken * (1 << np.arange(len(RULES)))).sum(axis=1).astype(np.uint64)
        valid: BoolArray = np.logical_not(broken.any(axis=1))
        return Costs(METRICS, values, valid, reason, RULES, short.sum(axis=1))

    def designs(self, x: IntArray) -> FloatArray:
        """Rows of the space to the kernel's, ``float64 (N, len(Design))``."""
        designs = np.zeros((len(x), len(Design)))
        designs[:, Design.EP] = 1.0
        for j, name in enumerate(self.space.names):
            column, table = VALUES[name]
            designs[:, column] = np.array(table, dtype=np.float64)[x[:, j]]
        return designs

    def run(self, designs: FloatArray, short: FloatArray) -> tuple[FloatArray, BoolArray]:
        """The kernel's columns ``float64 (N, len(Out))`` and which rows fit; ``short`` (N, rules) takes what they break."""
        from .kernel import run  # numba is imported with the first evaluation

        out = np.zeros((len(designs), len(Out)))
        run(self.net, self.machines, self.constants, self.use, designs, short, np.zeros(len(Part)), out)
        fits: BoolArray = np.logical_not(short.any(axis=1))
        return out, fits

    def shortages(self, x: IntArray) -> FloatArray:
        """How far each rule is broken, ``float64 (N, rules)``, without costs."""
        from .kernel import check

        short = np.zeros((len(x), len(RULES)))
        check(self.net, self.machines, self.use, self.designs(x), short)
        return short

    def _metrics(self, x: IntArray, designs: FloatArray, out: FloatArray) -> FloatArray:
        columns = {name: x[:, j] for j, name in enumerate(self.space.names)}
        rate, gpus = out[:, Out.TOKENS_PER_S], out[:, Out.GPUS]
        bits = [np.array([BITS[w] for w in table])[columns[name]] for name, table in (("weights", WEIGHTS), ("kv", CACHES))]
        cost = out[:, Out.USD_PER_HOUR] / 3600.0 / rate * 1e6
        found = (
            out[:, Out.TTFT], out[:, Out.TPOT], out[:, Out.GAP], rate, rate / gpus, out[:, Out.WATTS] / rate, cost,
            out[:, Out.WATTS] / gpus, out[:, Out.MEMORY], out[:, Out.WEIGHTS], out[:, Out.KV], gpus, out[:, Out.IN_FLIGHT],
            *bits,
        )  # fmt: skip
        return np.stack(found, axis=1)

    def _canonical(self, x: IntArray) -> IntArray:
        return fold(self.space, x)

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values that break no rule for certain, each rule by itself."""
        return allowed(self, prefix, knob)

    def repair(self, x: IntArray) -> IntArray:
        """Smaller batches, more ranks, narrower weights, larger token budgets, as far as needed."""
        return mend(self, x)

    def render(self, row: IntArray) -> Figure | None:
        """Roofline of prefill and decode and where their time goes; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        facts = [self.net, self.machines, self.use, self.constants]
        return [hashlib.sha256(fact.tobytes()).hexdigest() for fact in facts]


def build(workload: str, options: Mapping[str, str]) -> ServingModel:
    """The model of a task, by its workload ``MODEL@KIND``.

    Raises:
        BadInput: no such model or kind of requests.
    """
    name, requests = parse(workload)
    return ServingModel(load_llm(name), requests)


__all__ = ["METRICS", "ServingModel", "build"]
