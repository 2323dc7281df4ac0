"""The compiled loops over rows of the design space: costs, rules, folding.

A row is decoded into the kernels' ``Run`` by tables: ``columns (D,)`` says which entry a knob sets, ``table (D, most)`` what
its values are, ``base (len(Run),)`` what is not searched; ``at (len(Run),)`` is the knob of an entry, -1 where it has none.
One pass over a row does everything, so that nothing of the size of the batch but the answer is written.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.parallelism import network
from archgym.jit import inlined

from .exchange import boundary_s, data_stride
from .iteration import iteration
from .layout import Machine, Mem, Net, Out, Run
from .memory import memory
from .rules import INTERLEAVED, Rule, structure
from .weights import copies, expert_copies, shard

N_OUT, N_MEM, N_RULE = len(Out), len(Mem), len(Rule)


class Cost(IntEnum):
    """Columns of the costs of a row."""

    ITERATION_S = 0
    COMPUTE_S = 1
    RECOMPUTE_S = 2
    COMMUNICATION_S = 3
    BUBBLE_S = 4
    OPTIMIZER_S = 5
    OFFLOAD_S = 6
    HOST_S = 7
    MEMORY_BYTES = 8
    WEIGHTS_BYTES = 9
    GRADIENTS_BYTES = 10
    OPTIMIZER_BYTES = 11
    ACTIVATIONS_BYTES = 12
    RESERVED_BYTES = 13
    HOST_BYTES = 14
    MFU = 15
    TOKENS_PER_S = 16
    GPUS = 17
    COST_USD = 18
    ENERGY_J = 19


@inlined
def decode(row, upto, columns, table, base, r):
    """Fill ``r`` from the first ``upto`` knobs of a row; the others take the value that breaks no rule."""
    for j in range(r.size):
        r[j] = base[j]
    for j in range(upto):
        r[columns[j]] = table[j, row[j]]
    for j in range(upto, columns.size):
        kindest = 1 if columns[j] == Run.SEQUENCE_PARALLEL else 0
        if columns[j] == Run.SCHEDULE and r[Run.CHUNKS] > 1.0:
            kindest = INTERLEAVED
        r[columns[j]] = table[j, kindest]


@inlined
def total(far):
    """Sum of the distances."""
    found = 0.0
    for j in range(far.size):
        found += far[j]
    return found


@inlined
def room(n, m, r, constants, mem, far):
    """Fill ``mem`` and the two memory rules of ``far``."""
    memory(n, m, r, constants, mem)
    far[Rule.MEMORY] = max(mem[Mem.TOTAL] / m[Machine.HBM_BYTES] - 1.0, 0.0)
    far[Rule.HOST] = max(mem[Mem.HOST] / m[Machine.HOST_BYTES] - 1.0, 0.0)


@inlined
def price(n, m, r, t, mem, out):
    """Fill the costs ``out`` from the parts of time and memory."""
    out[Cost.ITERATION_S] = t[Out.ITERATION]
    out[Cost.COMPUTE_S] = t[Out.GEMM] + t[Out.ATTENTION] + t[Out.ELEMENTWISE]
    out[Cost.RECOMPUTE_S] = t[Out.RECOMPUTE]
    out[Cost.COMMUNICATION_S] = t[Out.TP] + t[Out.CP] + t[Out.EP] + t[Out.SHARD] + t[Out.P2P] + t[Out.DP]
    out[Cost.BUBBLE_S], out[Cost.OPTIMIZER_S] = t[Out.BUBBLE], t[Out.OPTIMIZER]
    out[Cost.OFFLOAD_S], out[Cost.HOST_S] = t[Out.OFFLOAD], t[Out.HOST]
    out[Cost.MEMORY_BYTES], out[Cost.WEIGHTS_BYTES] = mem[Mem.TOTAL], mem[Mem.WEIGHTS]
    out[Cost.GRADIENTS_BYTES], out[Cost.OPTIMIZER_BYTES] = mem[Mem.GRADIENTS], mem[Mem.OPTIMIZER]
    out[Cost.ACTIVATIONS_BYTES] = mem[Mem.ACTIVATIONS] + mem[Mem.LOGITS]
    out[Cost.RESERVED_BYTES], out[Cost.HOST_BYTES] = mem[Mem.RESERVED], mem[Mem.HOST]
    gpus, seconds = r[Run.TP] * r[Run.PP] * r[Run.DP] * r[Run.CP], t[Out.ITERATION]
    tokens = n[Net.BATCH] * n[Net.SEQUENCE]
    busy = min((out[Cost.COMPUTE_S] + out[Cost.RECOMPUTE_S] + out[Cost.OPTIMIZER_S]) / seconds, 1.0)
    watts = m[Machine.IDLE_WATTS] + (m[Machine.WATTS] - m[Machine.IDLE_WATTS]) * busy
    out[Cost.MFU] = t[Out.MODEL_FLOPS] / (gpus * m[Machine.FLOPS_16] * seconds)
    out[Cost.TOKENS_PER_S], out[Cost.GPUS] = tokens / seconds, gpus
    out[Cost.COST_USD] = gpus * seconds / 3600.0 * m[Machine.USD_PER_HOUR] / tokens * 1e6
    out[Cost.ENERGY_J] = gpus * seconds * watts / tokens


@inlined
def judge(row, columns, table, base, n, m, constants, r, mem, far):
    """Decode a row, check every rule and return how far it is from keeping them; fills ``r``, ``mem`` and ``far``."""
    decode(row, columns.size, columns, table, base, r)
    structure(n, m, r, far)
    if total(far) == 0.0:
        room(n, m, r, constants, mem, far)
    return total(far)


@inlined
def bits(far):
    """One bit for every broken rule."""
    found = 0
    for j in range(far.size):
        if far[j] > 0.0:
            found |= 1 << j
    return found


@inlined
def crossing(n, m, r, k, pipeline, t):
    """Replace the pipeline's transfers in ``t`` by those over network cards of ``pipeline`` bytes/s, in the ramp too."""
    before, nic = boundary_s(n, m, r, k), m[Machine.NIC_BYTES_PER_S]
    if before <= 0.0:
        return
    m[Machine.NIC_BYTES_PER_S] = pipeline
    more = t[Out.P2P] * (boundary_s(n, m, r, k) / before - 1.0)
    m[Machine.NIC_BYTES_PER_S] = nic
    batches = n[Net.BATCH] / (r[Run.DP] * r[Run.MICRO_BATCH])
    ramp = more * (r[Run.PP] - 1.0) / (r[Run.CHUNKS] * batches)
    t[Out.P2P] += more
    t[Out.BUBBLE] += ramp
    t[Out.ITERATION] += more + ramp


def make_costs(source: int) -> Callable[..., None]:
    """The loop over a batch; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def costs(
        x: Any, columns: Any, table: Any, base: Any, n: Any, m: Any, time: Any, memories: Any, out: Any, reason: Any, away: Any
    ) -> None:
        r, t, mem, far = base.copy(), np.zeros(N_OUT), np.zeros(N_MEM), np.zeros(N_RULE)
        for i in range(x.shape[0] if source else 0):
            away[i] = judge(x[i], columns, table, base, n, m, memories, r, mem, far)
            reason[i] = bits(far)
            if away[i] > 0.0:
                out[i] = np.nan
                continue
            iteration(n, m, r, time, t)
            price(n, m, r, t, mem, out[i])

    kernel: Callable[..., None] = costs
    return kernel


def make_placed(source: int) -> Callable[..., None]:
    """The same where links differ: ``nics (N, 2)`` are bytes/s of the slowest link of the pipeline, and of all else."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def placed(
        x: Any, columns: Any, table: Any, base: Any, n: Any, m: Any, time: Any, memories: Any, nics: Any, out: Any, reason: Any,
        away: Any,
    ) -> None:  # fmt: skip
        r, t, mem, far = base.copy(), np.zeros(N_OUT), np.zeros(N_MEM), np.zeros(N_RULE)
        machine = m.copy()
        for i in range(x.shape[0] if source else 0):
            away[i] = judge(x[i], columns, table, base, n, m, memories, r, mem, far)
            reason[i] = bits(far)
            if away[i] > 0.0:
                out[i] = np.nan
                continue
            machine[Machine.NIC_BYTES_PER_S] = nics[i, 1]
            iteration(n, machine, r, time, t)
            crossing(n, machine, r, time, nics[i, 0], t)
            price(n, m, r, t, mem, out[i])

    kernel: Callable[..., None] = placed
    return kernel


def make_allowed(source: int) -> Callable[..., None]:
    """The loop that tells which rows can still keep every structural rule after their first ``upto`` knobs."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def allowed(x: Any, upto: int, columns: Any, table: Any, base: Any, n: Any, m: Any, out: Any) -> None:
        r, far = base.copy(), np.zeros(N_RULE)
        for i in range(x.shape[0] if source else 0):
            decode(x[i], upto, columns, table, base, r)
            structure(n, m, r, far)
            out[i] = total(far) == 0.0

    kernel: Callable[..., None] = allowed
    return kernel


@inlined
def set_knob(row, at, entry, index):
    """Set the knob of an entry, where it has one."""
    if at[entry] >= 0:
        row[at[entry]] = index


@inlined
def fold(n, m, r, at, row):
    """Set what cannot matter to its plain value, in ``row`` and in ``r``; costs stay equal to the last bit."""
    stride, mixture = data_stride(r), n[Net.EXPERTS] > 0.0
    dense, routed = copies(r), expert_copies(r) if mixture else 1.0
    alone = dense <= 1.0 and routed <= 1.0
    if r[Run.TP] <= 1.0:
        set_knob(row, at, Run.SEQUENCE_PARALLEL, 0)
    if r[Run.PP] <= 1.0 or alone:
        set_knob(row, at, Run.ORDER, 0)
    whole = shard(dense, stride, m[Machine.DOMAIN], r) == dense
    if mixture:
        whole = whole and shard(routed, max(stride * r[Run.EP] / r[Run.TP], 1.0), m[Machine.DOMAIN], r) == routed
    if whole:
        set_knob(row, at, Run.NODE_PARTITION, 0)
    if alone and (r[Run.ZERO] == 1.0 or r[Run.ZERO] == 2.0):
        set_knob(row, at, Run.ZERO, 0)
    elif r[Run.ZERO] == 2.0 and r[Run.PP] > 1.0:
        set_knob(row, at, Run.ZERO, 1)
    if alone and r[Run.TP] * r[Run.CP] <= 1.0 and r[Run.OFFLOAD] < 2.0:
        set_knob(row, at, Run.OVERLAP, 0)


def make_folded(source: int) -> Callable[..., None]:
    """The loop that folds rows in place."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def folded(x: Any, columns: Any, table: Any, base: Any, n: Any, m: Any, at: Any) -> None:
        r = base.copy()
        for i in range(x.shape[0] if source else 0):
            decode(x[i], columns.size, columns, table, base, r)
            fold(n, m, r, at, x[i])

    kernel: Callable[..., None] = folded
    return kernel


SOURCE = source_hash(Path(__file__).parent) ^ source_hash(Path(network.__file__).parent)
costs = make_costs(SOURCE)
placed = make_placed(SOURCE)
allowed = make_allowed(SOURCE)
folded = make_folded(SOURCE)
