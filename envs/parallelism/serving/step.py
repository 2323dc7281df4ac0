"""Time of one pass of one micro-batch through the fullest pipeline stage: prefills, decodes, or both.

**GEMMs**: ``max(a, b) + blend min(a, b)`` of arithmetic ``a = 2 tokens parameters / (peak best sustained)`` and memory ``b =
bytes / (bandwidth share)``, the roofline (Williams et al., CACM 2009) with what tiles fail to hide.
**Experts**: of a rank's E experts a batch of T tokens touches ``E (1 - (1 - k/E)^T)``; each one touched pads its rows to a
tile.
**Attention**: prefill is arithmetic over token pairs, decoding reads the cache; keys of latent attention are decompressed
in prefill and absorbed in decoding (DeepSeek-V2, arXiv 2405.04434, section 2.1).
**Element-wise**: norms, residual, activation and rotary kernels read and write their tensors; hidden states are copied over
tp ranks, so this part does not shrink with tp. Experts gather and scatter k rows per token.
**Network**: two ring all-reduces per layer over tp ranks, ``2 (n-1)/n`` of the tensor each; dispatch and combine over ep
groups, a token going to the ``n (1 - (1 - 1/n)^k)`` groups that hold its experts. Between domains of fast links, reductions
carry a domain's share per card, and a token crosses once per domain (DeepSeek-V3, arXiv 2412.19437, section 3.2.2).
**Overhead**: a start per kernel, shorter where a pass without prompts runs as a captured graph, and the host's work per step
and request. A scheduler of requests prepares the next step while the GPU runs, and only the longer of both counts; a pipeline's
loop and a static batch's wait for their samples.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from archgym.jit import inlined, outlined

from ..training.layout import Machine, Net
from .layout import Part, S
from .weights import (
    KV_RANK,
    ROPE,
    WIDE,
    attention_rank_params,
    cache_bytes,
    dense_params,
    expert_layers,
    expert_params,
    stage_layers,
)

TILE = 64.0  # rows of the smallest tile of grouped GEMMs
KERNELS = 10.0  # of a dense layer under captured graphs, and more for routing and grouping
EXPERT_KERNELS = 8.0
MICRO = 1e-9


@inlined
def rate_of(m: Any, k: Any, item: float) -> Any:
    """Sustained FLOP/s of GEMMs whose weights have ``item`` bytes; formats that a GPU lacks run in its next wider one."""
    if item <= 0.75:
        return (
            m[Machine.FLOPS_4]
            * m[Machine.BEST_8]
            * k[S.SUSTAINED]
            * (k[S.FP4] if m[Machine.FLOPS_4] > m[Machine.FLOPS_8] else 1.0)
        )
    if item <= 1.5:
        return m[Machine.FLOPS_8] * m[Machine.BEST_8] * k[S.SUSTAINED]
    return m[Machine.FLOPS_16] * m[Machine.BEST_16] * k[S.SUSTAINED]


@inlined
def add(arithmetic: float, memory: float, times: float, k: Any, part: Any) -> None:
    """A kernel limited by arithmetic or memory, to the total and to the part that limits it."""
    spent = times * (max(arithmetic, memory) + k[S.BLEND] * min(arithmetic, memory))
    part[Part.TOTAL] += spent
    part[Part.COMPUTE if arithmetic > memory else Part.MEMORY] += spent


@inlined
def all_reduce(m: Any, k: Any, ranks: float, size: float) -> Any:
    """Rings inside the domains of fast links, then one between them over every member's network card."""
    inner = min(ranks, m[Machine.DOMAIN])
    spent = k[S.LATENCY] + 2.0 * (inner - 1.0) / inner * size / (k[S.LINK] * m[Machine.LINK_BYTES_PER_S])
    if ranks > inner:
        outer = ranks / inner
        spent += k[S.LATENCY] + 2.0 * (outer - 1.0) / outer * size / inner / (k[S.LINK] * m[Machine.NIC_BYTES_PER_S])
    return spent


@inlined
def reached(places: float, chosen: float) -> Any:
    """Distinct remote ones among equal places that hold a token's chosen experts, its own place left out."""
    return places * (1.0 - (1.0 - 1.0 / places) ** chosen) * (places - 1.0) / places


@inlined
def dispatch(m: Any, k: Any, tp: float, ep: float, chosen: float, size: float) -> Any:
    """A token's copies to the groups of its experts, or back: once per distant domain over the cards, on by links inside."""
    inner = max(min(ep, floor(m[Machine.DOMAIN] / tp)), 1.0)
    domains = ceil(ep / inner)
    near = reached(ep, chosen) * size / (k[S.LINK] * m[Machine.LINK_BYTES_PER_S]) if inner > 1.0 else 0.0
    far = reached(domains, chosen) * size / (k[S.LINK] * m[Machine.NIC_BYTES_PER_S])
    return k[S.LATENCY] * (2.0 if domains > 1.0 else 1.0) + max(near, far)


@inlined
def network_time(n: Any, m: Any, k: Any, tp: float, ep: float, tokens: float) -> Any:
    """Of one layer: two all-reduces over tp ranks; with groups, experts' dispatch and combine."""
    size, spent = tokens * n[Net.HIDDEN] * WIDE, 0.0
    if tp > 1.0:
        spent += 2.0 * all_reduce(m, k, tp, size)
    if ep > 1.0:
        spent += expert_layers(n) * 2.0 * dispatch(m, k, tp, ep, n[Net.TOP_K], size / tp)
    return spent


@inlined
def hand_on(m: Any, k: Any, ranks: float, size: float) -> Any:
    """To the next pipeline stage, over the cards where the replica is larger than a domain."""
    way = m[Machine.LINK_BYTES_PER_S] if ranks <= m[Machine.DOMAIN] else m[Machine.NIC_BYTES_PER_S]
    return k[S.LATENCY] + size / (k[S.LINK] * way)


@inlined
def expert_time(n: Any, m: Any, k: Any, tp: float, ep: float, item: float, tokens: float, times: float, part: Any) -> None:
    """Routed experts of ``times`` layers."""
    h, chosen, local = n[Net.HIDDEN], n[Net.TOP_K], n[Net.EXPERTS] / ep
    touched = local * (1.0 - (1.0 - chosen / n[Net.EXPERTS]) ** (tokens * ep))
    rows = tokens * chosen * (k[S.EXPERT_IMBALANCE] if ep > 1.0 else 1.0)
    bw = m[Machine.HBM_BYTES_PER_S] * k[S.HBM]
    work = 2.0 * (rows + touched * TILE / 2.0) * expert_params(n) / tp
    add(work / (rate_of(m, k, item) * k[S.GROUPED]), touched * expert_params(n) / tp * item / bw, times, k, part)
    moved = rows * WIDE * (4.0 * h + (2.0 + n[Net.GATED]) * n[Net.FFN] / tp)
    spent = times * k[S.ELEMENTWISE] * moved / bw
    part[Part.TOTAL] += spent
    part[Part.MEMORY] += spent


@inlined
def attention_time(
    n: Any, m: Any, k: Any, tp: float, cache: float, pairs: float, cached: float, times: float, part: Any
) -> None:
    """Scores and their products of ``times`` layers: prefill over ``pairs`` of tokens, decodes over ``cached`` tokens."""
    heads, peak = n[Net.HEADS] / tp, m[Machine.FLOPS_16] * k[S.ATTENTION]
    bw = m[Machine.HBM_BYTES_PER_S] * k[S.KV]
    latent = n[Net.LATENT] > 0.0
    wide = 2.0 * n[Net.HEAD_DIM] + (ROPE if latent else 0.0)
    absorbed = 2.0 * KV_RANK + ROPE if latent else wide
    add(2.0 * pairs * n[Net.ATTENDED] * heads * wide / peak, 0.0, times, k, part)
    read = cached * n[Net.ATTENDED]
    add(2.0 * read * heads * absorbed / peak, read * cache_bytes(n, tp, cache) / bw, times, k, part)


@outlined
def stage(
    n: Any, m: Any, k: Any, tp: float, pp: float, ep: float, item: float, cache: float,
    tokens: float, pairs: float, cached: float, sampled: float, hidden: bool, part: Any,
) -> Any:  # fmt: skip
    """Seconds of one pass; per attention group: ``tokens`` in it, ``pairs`` of prefilled tokens, ``cached`` tokens read by
    ``sampled`` decoding or finished requests; ``hidden`` where a scheduler works ahead. ``part`` takes the time apart.
    """
    part[:] = 0.0
    layers, experts, bw = stage_layers(n, pp), expert_layers(n), m[Machine.HBM_BYTES_PER_S] * k[S.HBM]
    rate, h = rate_of(m, k, item), n[Net.HIDDEN]
    attention, dense = attention_rank_params(n, tp), dense_params(n) / tp
    add(2.0 * tokens * attention / rate, attention * item / bw, layers, k, part)
    add(2.0 * tokens * dense / rate, dense * item / bw, layers, k, part)
    if experts > 0.0:
        expert_time(n, m, k, tp, ep, item, tokens, layers * experts, part)
    attention_time(n, m, k, tp, cache, pairs, cached, layers, part)
    head = n[Net.VOCAB] * h / tp
    add(2.0 * sampled * head / rate_of(m, k, WIDE), (head + 3.0 * sampled * n[Net.VOCAB] / tp) * WIDE / bw, 1.0, k, part)
    qkv = (n[Net.HEADS] + 2.0 * n[Net.KV_HEADS]) * n[Net.HEAD_DIM] / tp
    moved = tokens * WIDE * (8.0 * h + 2.0 * qkv + (2.0 + n[Net.GATED]) * dense / ((2.0 + n[Net.GATED]) * h))
    spent = layers * k[S.ELEMENTWISE] * moved / bw
    part[Part.MEMORY] += spent
    part[Part.NETWORK] = layers * network_time(n, m, k, tp, ep, tokens)
    if pp > 1.0:
        part[Part.NETWORK] += hand_on(m, k, tp * ep * pp, tokens * h * WIDE)
    launches = layers * (KERNELS + EXPERT_KERNELS * experts) * (k[S.EAGER] if pairs > 0.0 else k[S.LAUNCH])
    gpu = part[Part.TOTAL] + spent + part[Part.NETWORK] + launches
    host = k[S.HOST] + k[S.HOST_REQUEST] * sampled
    total = max(gpu, host) if hidden and pp <= 1.0 else gpu + host
    part[Part.TOTAL] = total
    part[Part.OVERHEAD] = total - gpu + launches
    return total


@inlined
def passes(tokens: float, most: float) -> Any:
    """Whole passes of at most so many tokens."""
    return float(ceil(tokens / most - MICRO))
