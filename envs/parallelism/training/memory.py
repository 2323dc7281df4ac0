"""Memory of the fullest GPU: states, activations in flight, logits, and what frameworks reserve.

States: 2 bytes per weight, 2 or 4 per gradient, 12 for Adam's moments and the master copy (Rajbhandari 2020). Activations of a
layer per token of a micro-batch, in bytes (Korthikanti 2022): 10 h beside the tensor-parallel region, 24 h inside it, 5 a s
of unfused scores; here with the parts of gated feed-forwards, grouped keys and experts counted apart. The first stage of a
1F1B schedule keeps ``pp`` micro-batches of its ``L / pp`` layers; interleaving ``1 + (pp - 1) / (pp v)`` times as many. The
fullest stage is the first or the last: the last keeps one micro-batch, and the logits.
"""

from __future__ import annotations

from archgym.jit import inlined

from .exchange import data_stride
from .layer import UNFUSED, tokens
from .layout import M, Machine, Mem, Net, Run
from .weights import (
    copies,
    expert_copies,
    last_layers,
    layer_dense,
    layer_experts,
    middle_layers,
    rank_dense,
    rank_experts,
    scatters,
    shard,
)

SELECTIVE, FULL = 1, 2
LOGIT_BYTES = 6.0  # a logit in 16 bit, and its 32-bit copy for the loss


@inlined
def memory(n, m, r, k, out):
    """Fill ``out`` ``(len(Mem),)`` with the bytes of the fullest GPU and their parts."""
    states(n, m, r, k, out)
    first, last = flight(n, r) * layer_bytes(n, r), last_layers(n, r) * layer_bytes(n, r)
    live, host_kept = live_bytes(n, r), 0.0
    if int(r[Run.OFFLOAD]) >= 2:  # the layer at work and the one on its way stay
        host_kept = max(first, last)
        first, last = min(first, 2.0 * layer_bytes(n, r)), min(last, 2.0 * layer_bytes(n, r))
    logits = k[M.LOGITS] * LOGIT_BYTES * tokens(n, r) * n[Net.VOCAB] / r[Run.TP]
    full_first = r[Run.PP] > 1.0 and first > last + logits / k[M.ACTIVATIONS]
    kept = max(first, last) if r[Run.PP] <= 1.0 else (first if full_first else last)
    out[Mem.ACTIVATIONS] = k[M.ACTIVATIONS] * (kept + live)
    out[Mem.LOGITS] = 0.0 if full_first else logits
    out[Mem.RESERVED] = k[M.RESERVED_BYTES]
    out[Mem.HOST] += k[M.ACTIVATIONS] * host_kept
    total = 0.0
    for part in range(1, 7):  # Mem.WEIGHTS to Mem.RESERVED
        total += out[part]
    out[Mem.TOTAL] = total


@inlined
def states(n, m, r, k, out):
    """Weights, gradients and optimizer of a rank."""
    stride = data_stride(r)
    out[Mem.WEIGHTS], out[Mem.GRADIENTS], out[Mem.OPTIMIZER], out[Mem.HOST] = 0.0, 0.0, 0.0, 0.0
    _add_states(rank_dense(n, r), copies(r), stride, m, r, k, out)
    _add_states(rank_experts(n, r), expert_copies(r), max(stride * r[Run.EP] / r[Run.TP], 1.0), m, r, k, out)
    if r[Run.ZERO] >= 3.0:  # the layer at work and the one gathered ahead
        out[Mem.WEIGHTS] += k[M.RESIDENT] * 4.0 * (layer_dense(n) / r[Run.TP] + layer_experts(n) / r[Run.EP])


@inlined
def _add_states(parameters, n_copies, stride, m, r, k, out):
    """Add the states of one kind of parameters, dense or experts."""
    ranks = shard(n_copies, stride, m[Machine.DOMAIN], r)
    weights = parameters / ranks if r[Run.ZERO] >= 3.0 else parameters
    gradients = parameters / ranks if scatters(r) else parameters
    moments = k[M.SHARDED] * 12.0 * (parameters / ranks if r[Run.ZERO] >= 1.0 else parameters)
    out[Mem.WEIGHTS] += k[M.RESIDENT] * 2.0 * weights
    out[Mem.GRADIENTS] += k[M.RESIDENT] * (r[Run.GRAD_BYTES] + r[Run.GRAD_COPY]) * gradients
    if int(r[Run.OFFLOAD]) == 0:
        out[Mem.OPTIMIZER] += moments
    else:
        out[Mem.HOST] += moments


@inlined
def flight(n, r):
    """Layers times micro-batches that the first stage keeps."""
    pp = r[Run.PP]
    batches = n[Net.BATCH] / (r[Run.DP] * r[Run.MICRO_BATCH])
    more = 1.0 + (pp - 1.0) / (pp * r[Run.CHUNKS]) if r[Run.CHUNKS] > 1.0 else 1.0
    layers = n[Net.LAYERS] / pp if n[Net.LAYERS] % pp == 0.0 else middle_layers(n, r)
    return layers * min(pp * more, batches)


@inlined
def layer_bytes(n, r):
    """Bytes that a layer keeps of a micro-batch until its backward pass."""
    spread = r[Run.TP] if r[Run.SEQUENCE_PARALLEL] else 1.0
    if int(r[Run.RECOMPUTE]) == FULL:
        return 2.0 * tokens(n, r) * n[Net.HIDDEN] / spread
    return whole_layer_bytes(n, r)


@inlined
def live_bytes(n, r):
    """Bytes of the one layer that is being computed again."""
    return whole_layer_bytes(n, r) if int(r[Run.RECOMPUTE]) == FULL else 0.0


@inlined
def whole_layer_bytes(n, r):
    """Bytes of a layer's activations without recomputation of the whole layer."""
    t, h, tp = tokens(n, r), n[Net.HIDDEN], r[Run.TP]
    spread = tp if r[Run.SEQUENCE_PARALLEL] else 1.0
    inside = 4.0 * (n[Net.HEADS] + n[Net.KV_HEADS]) * n[Net.HEAD_DIM] + feed_forward_bytes(n)
    scores = 0.0
    if int(r[Run.ATTENTION]) == UNFUSED and int(r[Run.RECOMPUTE]) != SELECTIVE:
        scores = 5.0 * n[Net.HEADS] * n[Net.SEQUENCE]
    return t * (10.0 * h / spread + (inside + scores) / tp)


@inlined
def feed_forward_bytes(n):
    """Bytes per token of the feed-forward part's inputs and activations inside the tensor-parallel region."""
    each = 2.0 * (2.0 + n[Net.GATED])
    if n[Net.EXPERTS] == 0.0:
        return each * n[Net.FFN]
    routed = n[Net.TOP_K] * (4.0 * n[Net.HIDDEN] + each * n[Net.FFN]) + n[Net.SHARED] * each * n[Net.FFN]
    dense = n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    return (1.0 - dense) * routed + dense * each * n[Net.DENSE_FFN]
