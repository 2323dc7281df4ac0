"""Parameters and cache of a rank, bytes: what has to fit, and what a step reads.

A stage of the pipeline has ``tp x ep`` ranks: ``ep`` attention groups of ``tp`` ranks, each group with requests of its own
(attention data parallelism), and the routed experts spread over all of them (expert parallelism; DeepSeek-V3 technical report,
arXiv 2412.19437, section 3.4). A dense model has one group.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from archgym.jit import inlined

from ..training.layout import Machine, Net
from .layout import Design, Use

QUERY_RANK, KV_RANK, ROPE = 1536.0, 512.0, 64.0  # DeepSeek-V2 and V3
WIDE = 2.0  # bytes of what is never quantised: embeddings, output projection, activations between layers
CONTEXT = 3e9  # driver context, communication buffers, captured graphs: 2-4 GB as serving systems report
USABLE = 0.95  # of the memory for weights, activations and cache; TensorRT-LLM's benchmarks give the cache 0.90 to 0.95
PASS_TOKENS = 8192.0  # longer prefills run in passes of so many tokens
FEWEST_TOKENS = 2048.0  # smallest token budget that TensorRT-LLM's benchmark gives a pass
ACTIVATIONS = 12.0  # bytes per hidden element and token: residual, its copy, inputs and outputs of the widest kernel


@inlined
def attention_params(n: Any) -> Any:
    """Of one layer, over all ranks of a group."""
    h, a, d = n[Net.HIDDEN], n[Net.HEADS], n[Net.HEAD_DIM]
    if n[Net.LATENT] > 0.0:
        query = QUERY_RANK * (h + a * (d + ROPE))
        return query + h * (KV_RANK + ROPE) + a * d * (2.0 * KV_RANK + h)
    return 2.0 * h * d * (a + n[Net.KV_HEADS])


@inlined
def attention_rank_params(n: Any, tp: float) -> Any:
    """Of one rank: key and value heads are copied where there are fewer of them than ranks, latent projections always."""
    h, a, d = n[Net.HIDDEN], n[Net.HEADS], n[Net.HEAD_DIM]
    if n[Net.LATENT] > 0.0:
        down = h * (QUERY_RANK + KV_RANK + ROPE)
        return down + (attention_params(n) - down) / tp
    return 2.0 * h * d * (a / tp + max(n[Net.KV_HEADS] / tp, 1.0))


@inlined
def expert_params(n: Any) -> Any:
    """Of one routed expert."""
    return (2.0 + n[Net.GATED]) * n[Net.HIDDEN] * n[Net.FFN]


@inlined
def dense_params(n: Any) -> Any:
    """Feed-forward parameters that every token meets, averaged over the layers."""
    width = (2.0 + n[Net.GATED]) * n[Net.HIDDEN]
    if n[Net.EXPERTS] == 0.0:
        return width * n[Net.FFN]
    dense = n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    return (1.0 - dense) * width * n[Net.FFN] * n[Net.SHARED] + dense * width * n[Net.DENSE_FFN]


@inlined
def expert_layers(n: Any) -> Any:
    """Share of the layers that have routed experts."""
    return 1.0 - n[Net.DENSE_LAYERS] / n[Net.LAYERS] if n[Net.EXPERTS] > 0.0 else 0.0


@inlined
def stage_layers(n: Any, pp: float) -> Any:
    """Layers of the fullest stage."""
    return float(ceil(n[Net.LAYERS] / pp))


@inlined
def weight_bytes(n: Any, tp: float, pp: float, ep: float, item: float) -> Any:
    """Weights of the fullest rank; embedding and output projection stay in 16 bit, on the first and last stage."""
    layer = attention_rank_params(n, tp) + dense_params(n) / tp
    layer += expert_layers(n) * n[Net.EXPERTS] * expert_params(n) / (tp * ep)
    tables = 2.0 if pp <= 1.0 and n[Net.TIED] == 0.0 else 1.0
    return stage_layers(n, pp) * layer * item + tables * n[Net.VOCAB] * n[Net.HIDDEN] / tp * WIDE


@inlined
def cache_bytes(n: Any, tp: float, item: float) -> Any:
    """Of one token and layer on a rank: ``2 kv_heads head_dim`` elements over tp; a latent is held by every rank."""
    if n[Net.LATENT] > 0.0:
        return (KV_RANK + ROPE) * item
    return 2.0 * max(n[Net.KV_HEADS] / tp, 1.0) * n[Net.HEAD_DIM] * item


@inlined
def activation_bytes(n: Any, tp: float, tokens: float, sampled: float) -> Any:
    """Of one pass: hidden states, the widest feed-forward intermediate, logits in 32 bit."""
    wide = max(n[Net.FFN] * max(n[Net.TOP_K], 1.0), n[Net.DENSE_FFN])
    held = min(tokens, PASS_TOKENS)
    return held * (ACTIVATIONS * n[Net.HIDDEN] + 2.0 * WIDE * wide / tp) + sampled * n[Net.VOCAB] / tp * 4.0


@inlined
def room_for_cache(n: Any, m: Any, tp: float, pp: float, ep: float, item: float, tokens: float) -> Any:
    """Bytes a rank has left for the cache; below 0 where the weights do not fit."""
    spent = weight_bytes(n, tp, pp, ep, item) + CONTEXT + activation_bytes(n, tp, tokens, 0.0)
    return USABLE * m[Machine.HBM_BYTES] - spent


@inlined
def request_cache_bytes(n: Any, use: Any, d: Any) -> Any:
    """Cache of one request on each rank of its group, reserved to its last token."""
    tokens = use[Use.INPUT] + use[Use.OUTPUT]
    return tokens * stage_layers(n, d[Design.PP]) * cache_bytes(n, d[Design.TP], d[Design.KV_BYTES])
