"""The compiled parts: what each half of a block costs, taken from the serving model's own parts, and sums over blocks.

A pass of the serving model (`serving.step.stage`) is a sum over its layers, so that its terms can be dealt out: to attention
its projections, scores, half of the element-wise work, one all-reduce and 6 of 10 kernels; the rest to the feed-forward part.
One matrix in the place of either has ``h x h`` parameters and two kernels. The output projection and the host's work stay.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.parallelism import serving, training
from archgym.envs.parallelism.serving.layout import Part, S
from archgym.envs.parallelism.serving.step import add, all_reduce, attention_time, passes, rate_of
from archgym.envs.parallelism.serving.weights import (
    CONTEXT,
    PASS_TOKENS,
    WIDE,
    activation_bytes,
    attention_params,
    attention_rank_params,
    cache_bytes,
)
from archgym.envs.parallelism.training.layout import Machine, Net
from archgym.jit import inlined


class Half(IntEnum):
    """What an alternative costs, per replica and rank."""

    PREFILL_S = 0  # of the whole batch's prompts
    DECODE_S = 1  # of a step of the whole batch, halfway through its answers
    WEIGHTS_BYTES = 2
    KV_BYTES = 3
    RESERVED_BYTES = 4
    PARAMETERS = 5


N_HALF, N_PART = len(Half), len(Part)
ATTENTION_KERNELS, FFN_KERNELS, LINEAR_KERNELS = 6.0, 4.0, 2.0


@inlined
def moved(tokens: float, elements: float, kernels: float, eager: bool, n: Any, m: Any, k: Any, tp: float) -> Any:
    """Seconds of a half's element-wise work, its all-reduce and its kernels' starts."""
    spent = k[S.ELEMENTWISE] * tokens * WIDE * elements / (m[Machine.HBM_BYTES_PER_S] * k[S.HBM])
    if tp > 1.0:
        spent += all_reduce(m, k, tp, tokens * n[Net.HIDDEN] * WIDE)
    return spent + kernels * (k[S.EAGER] if eager else k[S.LAUNCH])


@inlined
def product(tokens: float, params: float, item: float, m: Any, k: Any, part: Any) -> None:
    """A half's matrices: arithmetic against reading the weights."""
    bandwidth = m[Machine.HBM_BYTES_PER_S] * k[S.HBM]
    add(2.0 * tokens * params / rate_of(m, k, item), params * item / bandwidth, 1.0, k, part)


@inlined
def attention(n: Any, m: Any, k: Any, tp: float, item: float, cache: float, load: Any, eager: bool, part: Any) -> Any:
    """Seconds of attention in one block; ``load``: tokens, pairs of prefilled tokens, cached tokens."""
    part[:] = 0.0
    product(load[0], attention_rank_params(n, tp), item, m, k, part)
    attention_time(n, m, k, tp, cache, load[1], load[2], 1.0, part)
    qkv = (n[Net.HEADS] + 2.0 * n[Net.KV_HEADS]) * n[Net.HEAD_DIM] / tp
    return part[Part.TOTAL] + moved(load[0], 4.0 * n[Net.HIDDEN] + 2.0 * qkv, ATTENTION_KERNELS, eager, n, m, k, tp)


@inlined
def feed_forward(width: float, n: Any, m: Any, k: Any, tp: float, item: float, load: Any, eager: bool, part: Any) -> Any:
    """Seconds of a gated feed-forward part of ``width``."""
    part[:] = 0.0
    product(load[0], 3.0 * n[Net.HIDDEN] * width / tp, item, m, k, part)
    return part[Part.TOTAL] + moved(load[0], 4.0 * n[Net.HIDDEN] + 3.0 * width / tp, FFN_KERNELS, eager, n, m, k, tp)


@inlined
def linear(n: Any, m: Any, k: Any, tp: float, item: float, load: Any, eager: bool, part: Any) -> Any:
    """Seconds of one matrix in the place of a half."""
    part[:] = 0.0
    product(load[0], n[Net.HIDDEN] ** 2 / tp, item, m, k, part)
    return part[Part.TOTAL] + moved(load[0], 4.0 * n[Net.HIDDEN], LINEAR_KERNELS, eager, n, m, k, tp)


@inlined
def around(n: Any, m: Any, k: Any, tp: float, sampled: float, part: Any) -> Any:
    """Seconds of a pass outside the blocks: output projection and host."""
    part[:] = 0.0
    head, bandwidth = n[Net.VOCAB] * n[Net.HIDDEN] / tp, m[Machine.HBM_BYTES_PER_S] * k[S.HBM]
    read = (head + 3.0 * sampled * n[Net.VOCAB] / tp) * WIDE / bandwidth
    add(2.0 * sampled * head / rate_of(m, k, WIDE), read, 1.0, k, part)
    return part[Part.TOTAL] + k[S.HOST] + k[S.HOST_REQUEST] * sampled


@inlined
def weigh(params: float, rank_params: float, item: float, row: Any) -> None:
    """Parameters of a half and their bytes on a rank."""
    row[Half.PARAMETERS], row[Half.WEIGHTS_BYTES] = params, rank_params * item


def make_tables(source: int) -> Callable[..., None]:
    """What every alternative costs; ``source`` makes the disk cache follow every file that it is made of."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def tables(
        n: Any, m: Any, k: Any, tp: float, item: float, cache: float, batch: float, prompt: float, answer: float,
        kv_heads: Any, ratios: Any, attentions: Any, ffns: Any, rest: Any,
    ) -> None:  # fmt: skip
        part, net = np.zeros(N_PART), n.copy()
        count = passes(batch * prompt, PASS_TOKENS) if source else 1.0
        tokens = batch * prompt / count
        first = np.array([tokens, tokens * prompt / 2.0, 0.0])
        step = np.array([batch, 0.0, batch * (prompt + answer / 2.0)])
        for j in range(kv_heads.size):
            net[Net.KV_HEADS] = kv_heads[j]
            attentions[j, Half.PREFILL_S] = count * attention(net, m, k, tp, item, cache, first, True, part)
            attentions[j, Half.DECODE_S] = attention(net, m, k, tp, item, cache, step, False, part)
            weigh(attention_params(net), attention_rank_params(net, tp), item, attentions[j])
            attentions[j, Half.KV_BYTES] = batch * (prompt + answer) * cache_bytes(net, tp, cache)
        for j in range(ratios.size):
            width = ratios[j] * n[Net.FFN]
            ffns[j, Half.PREFILL_S] = count * feed_forward(width, n, m, k, tp, item, first, True, part)
            ffns[j, Half.DECODE_S] = feed_forward(width, n, m, k, tp, item, step, False, part)
            weigh(3.0 * n[Net.HIDDEN] * width, 3.0 * n[Net.HIDDEN] * width / tp, item, ffns[j])
        for row in (attentions[kv_heads.size], ffns[ratios.size]):
            row[Half.PREFILL_S] = count * linear(n, m, k, tp, item, first, True, part)
            row[Half.DECODE_S] = linear(n, m, k, tp, item, step, False, part)
            weigh(n[Net.HIDDEN] ** 2, n[Net.HIDDEN] ** 2 / tp, item, row)
        rest[Half.PREFILL_S] = count * around(n, m, k, tp, batch / count, part)
        rest[Half.DECODE_S] = around(n, m, k, tp, batch, part)
        embeddings = (2.0 - n[Net.TIED]) * n[Net.VOCAB] * n[Net.HIDDEN]
        weigh(embeddings, embeddings / tp, WIDE, rest)
        rest[Half.RESERVED_BYTES] = CONTEXT + activation_bytes(n, tp, tokens, batch)

    kernel: Callable[..., None] = tables
    return kernel


def make_sums(source: int) -> Callable[..., None]:
    """Sums over the blocks of a batch of designs."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def sums(x: Any, scores: Any, attentions: Any, ffns: Any, rest: Any, damage: Any, out: Any) -> None:
        some_a, some_f = np.zeros(attentions.shape[0]), np.zeros(ffns.shape[0])
        for i in range(x.shape[0] if source else 0):
            some_a[:], some_f[:], total = 0.0, 0.0, 0.0
            for block in range(scores.shape[0]):
                a, f = x[i, 2 * block], x[i, 2 * block + 1]
                total += scores[block, a, f]
                some_a[a] += 1.0
                some_f[f] += 1.0
            damage[i] = total
            for c in range(N_HALF):
                spent = rest[c]
                for a in range(some_a.size):
                    spent += some_a[a] * attentions[a, c]
                for f in range(some_f.size):
                    spent += some_f[f] * ffns[f, c]
                out[i, c] = spent

    kernel: Callable[..., None] = sums
    return kernel


def _source() -> int:
    found = source_hash(Path(__file__).parent)
    for module in (serving, training):
        found ^= source_hash(Path(module.__file__ or "").parent)
    return found | 1


tables = make_tables(_source())
sums = make_sums(_source())
