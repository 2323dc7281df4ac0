"""Training as a cost model: how a model is laid out over a cluster in, time, memory, price and energy of an iteration out.

Times and memory are the calibrated models of this folder; ``archgym fidelity parallelism`` holds them against measured runs.
A run may use fewer GPUs than the cluster has and pays for those it uses. Attention is fused or not as the setting says, all
gradients are accumulated in 32 bit. MFU counts 6 N + 12 L a d s FLOP per token (PaLM, appendix B) over the 16-bit peak, in
any precision. A GPU draws its busy power for the share of the iteration in which it computes, its idle power for the rest.
Not modelled: loading data, checkpoints and restarts, failures, uneven routing of tokens, context- or sequence-length changes
within a run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.errors import BadInput, did_you_mean
from archgym.model import CostModel
from archgym.space import BoolArray, FloatArray, IntArray

from ..clusters import load_cluster
from ..models import load_llm
from ..vectors import machine_vector, net_vector
from .constants import fitted
from .layout import ATTENTIONS, Machine, Mem, Out, Run
from .rules import RULES
from .space import COLUMNS, NAMES, Setting, build_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
METRICS = (
    Metric("iteration_s", "s", "min", "an iteration over the whole batch, gradients and optimizer included"),
    Metric("compute_s", "s", "none", "of it: multiplications, attention and element-wise work of the slowest stage"),
    Metric("recompute_s", "s", "none", "of it: activations computed again"),
    Metric("communication_s", "s", "none", "of it: exposed communication of all kinds"),
    Metric("bubble_s", "s", "none", "of it: filling and draining the pipeline"),
    Metric("optimizer_s", "s", "none", "of it: the optimizer's step"),
    Metric("offload_s", "s", "none", "of it: exposed transfers to the host, and the optimizer there"),
    Metric("host_s", "s", "none", "of it: exposed work of the host"),
    Metric("memory_bytes", "B", "min", "of the fullest GPU at its peak"),
    Metric("weights_bytes", "B", "none", "of it: weights"),
    Metric("gradients_bytes", "B", "none", "of it: gradients"),
    Metric("optimizer_bytes", "B", "none", "of it: moments and master weights"),
    Metric("activations_bytes", "B", "none", "of it: activations kept for the backward pass, and logits"),
    Metric("reserved_bytes", "B", "none", "of it: context, communication buffers, allocator"),
    Metric("host_bytes", "B", "none", "of the host's memory, per GPU"),
    Metric("mfu", "", "max", "model FLOP over the 16-bit peak of the GPUs used"),
    Metric("tokens_per_s", "1/s", "max", "batch x sequence / iteration_s"),
    Metric("gpus", "", "min", "GPUs used"),
    Metric("cost_usd", "USD", "min", "of a million tokens, at the cluster's price per GPU and hour"),
    Metric("energy_j", "J", "min", "of a token: GPUs with their share of the nodes"),
)
CHUNK = 16_384  # designs a thread takes at a time
GRADIENT_BYTES = 4.0


class TrainingModel(CostModel):
    """How to train one model on one cluster.

    Args:
        setting: model, cluster, batch.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.knobs = build_space(setting)
        self.space = self.knobs
        self.net = net_vector(setting.llm, setting.sequence, setting.batch)
        self.machine = machine_vector(setting.cluster)
        self.machine[Machine.DOMAIN] = setting.domain
        self.time, self.memory = fitted()
        self.columns: IntArray = np.array([COLUMNS[name] for name in self.knobs.names], dtype=np.int64)
        self.table = self._table()
        self.base = np.zeros(len(Run))
        self.base[[Run.TP, Run.PP, Run.DP, Run.CP, Run.EP, Run.MICRO_BATCH, Run.CHUNKS]] = 1.0
        self.base[Run.ATTENTION] = ATTENTIONS.index(setting.attention)
        self.base[Run.GRAD_BYTES] = GRADIENT_BYTES

    def _table(self) -> FloatArray:
        """What the kernels read for each value of each knob, ``float64 (D, most values)``."""
        table = np.zeros((len(self.knobs), int(self.knobs.nvec.max())))
        for j, param in enumerate(self.knobs.params):
            named = NAMES.get(param.name)
            table[j, : len(param.values)] = [named.index(str(v)) if named else float(v) for v in param.values]
        return table

    @cached_property
    def at(self) -> IntArray:
        """Knob of each column of ``Run``, -1 where it is not searched, ``int64 (len(Run),)``."""
        at = np.full(len(Run), -1, dtype=np.int64)
        at[self.columns] = np.arange(len(self.columns))
        return at

    def _evaluate(self, x: IntArray) -> Costs:
        values, reason, far = np.empty((len(x), len(METRICS))), np.zeros(len(x), np.int64), np.zeros(len(x))

        def work(part: slice) -> None:
            self._fill(x[part], values[part], reason[part], far[part])

        in_parallel(work, slices(len(x), CHUNK))
        return Costs(METRICS, values, far == 0.0, reason.astype(np.uint64), RULES, far)

    def _fill(self, x: IntArray, values: FloatArray, reason: IntArray, far: FloatArray) -> None:
        """Costs of some rows."""
        from .design import costs  # numba is imported with the first evaluation

        given = (self.columns, self.table, self.base, self.net, self.machine, self.time, self.memory)
        costs(x, *given, values, reason, far)

    def _canonical(self, x: IntArray) -> IntArray:
        return self.fold(x)

    def fold(self, x: IntArray) -> IntArray:
        """Rows ``(N, knobs or more)`` with the training knobs that cannot matter at their plain value."""
        from .design import folded

        rows = x.copy()
        folded(rows, self.columns, self.table, self.base, self.net, self.machine, self.at)
        return rows

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values after which every rule but those of memory can still be kept: exact for these."""
        if knob >= len(self.knobs):
            return None
        trial = np.zeros((int(self.knobs.nvec[knob]), len(self.knobs)), dtype=np.int64)
        trial[:, :knob] = prefix
        trial[:, knob] = np.arange(len(trial))
        return self.allowed(trial, knob + 1)

    def allowed(self, x: IntArray, upto: int) -> BoolArray:
        """Rows whose first ``upto`` knobs can still lead to a design that keeps every rule but those of memory, ``(N,)``."""
        from .design import allowed

        found = np.zeros(len(x), dtype=np.bool_)
        allowed(x, upto, self.columns, self.table, self.base, self.net, self.machine, found)
        return found

    def repair(self, x: IntArray) -> IntArray:
        """Knob by knob to the nearest legal value; then recomputation, ZeRO and offload as memory needs them."""
        from .repair import repaired

        rows = np.array(self.space.check(x))
        given = (self.columns, self.table, self.base, self.net, self.machine, self.memory)
        repaired(rows, self.space.nvec, *given, self.at)
        return rows

    def runs(self, x: IntArray) -> FloatArray:
        """The kernels' rows of designs, ``float64 (N, len(Run))``."""
        rows = np.tile(self.base, (len(x), 1))
        rows[:, self.columns] = np.take_along_axis(self.table, x[:, : len(self.knobs)].T, axis=1).T
        return rows

    def parts(self, x: IntArray) -> tuple[FloatArray, FloatArray]:
        """Seconds ``(N, len(Out))`` and bytes ``(N, len(Mem))`` by part, of legal rows."""
        from .kernel import memories, times

        seconds, held = np.zeros((len(x), len(Out))), np.zeros((len(x), len(Mem)))
        net, machine, runs = self.net[None], self.machine[None], self.runs(x)
        times(net, machine, runs, self.time, seconds)
        memories(net, machine, runs, self.memory, held)
        return seconds, held

    def legal(self) -> Iterator[IntArray] | None:
        """Every design that keeps all rules but those of memory, folded ones once, in batches ``int64 (N, D)``."""
        return self.runs_legal()

    def runs_legal(self) -> Iterator[IntArray]:
        """The same of the training knobs alone, ``int64 (N, training knobs)``."""
        from .legal import legal

        return legal(self)

    def render(self, row: IntArray) -> Figure | None:
        """Time and memory by part; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        arrays = (self.net, self.machine, self.base, self.time, self.memory)
        return [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays]


def build(workload: str, options: Mapping[str, str]) -> TrainingModel:
    """The model of a task.

    Options: ``cluster``, its size ``gpus``, ``batch`` and ``sequence`` (empty: as published), ``attention``.

    Raises:
        BadInput: an option is wrong.
    """
    llm, cluster = load_llm(workload), load_cluster(options["cluster"])
    gpus = _count("gpus", options["gpus"], cluster.gpus)
    attention = options["attention"]
    if attention not in ATTENTIONS:
        raise BadInput(f"option attention cannot be '{attention}'" + did_you_mean(attention, ATTENTIONS))
    sequence, batch = _count("sequence", options["sequence"], llm.sequence), _count("batch", options["batch"], llm.batch)
    setting = Setting(llm, cluster.sized(gpus), sequence, batch, attention)
    if setting.cluster.uniform or setting.cluster.nodes < 2:
        return TrainingModel(setting)
    from .placed import PlacedModel

    return PlacedModel(setting)


def _count(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 10**7:
        raise BadInput(f"option {name} must be a whole number from 1 to 10000000, got '{text}'")
    return int(text)
