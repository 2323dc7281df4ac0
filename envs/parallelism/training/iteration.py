"""Time of one training iteration: layers, pipeline schedule, gradients, optimizer.

* Steady state: every micro-batch costs the slowest stage; the pipeline fills and drains once. Interleaving divides the bubble
  by the chunks (Narayanan 2021); ZB-H1 of zero-bubble schedules fills it with the weight gradients: of the ``f + b`` of each
  of ``pp - 1`` steps, twice their time ``w`` is not lost (Qi 2023).
* ZeRO-3 gathers a layer's parameters before each pass and scatters its gradients, for every micro-batch. ZeRO-2 scatters only;
  with a pipeline it keeps the gradients until the last micro-batch instead, as Llama 3's training does.
* Gradients are reduced and parameters gathered once per iteration otherwise, beside half of the last micro-batch if overlapped.
"""

from __future__ import annotations

from math import log2

from archgym.jit import inlined

from .exchange import boundary_s, context_s, data_stride, expert_s, gather_s, hidden, reduce_s, tensor_s
from .gemm import gemm
from .layer import (
    UNFUSED,
    attention,
    attention_backward,
    casting,
    elementwise,
    host,
    kernels,
    multiplications,
    tokens,
)  # fmt: skip
from .layout import K, Machine, Net, Out, Run
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
INTERLEAVED, ZERO_BUBBLE = 1, 2
BACKWARD_KERNELS = 1.8  # kernels of a backward pass, relative to a forward pass
BYTES_PER_LOGIT = 30.0  # logits, softmax in 32 bit, gradients: reads and writes


@inlined
def iteration(n, m, r, k, out):
    """Fill ``out`` ``(len(Out),)`` with the seconds of an iteration and its parts."""
    gpus = r[Run.TP] * r[Run.PP] * r[Run.DP] * r[Run.CP]
    batches = n[Net.BATCH] / (r[Run.DP] * r[Run.MICRO_BATCH])
    layers, last, head = middle_layers(n, r), last_layers(n, r), head_s(n, m, r, k)
    layer_seconds(n, m, r, k, out)
    one = 0.0
    for part in range(1, 9):  # Out.GEMM to Out.SHARD
        one += out[part]
    one += out[Out.HOST]
    moved = offloaded_s(n, m, r, layers)
    slowest = max(layers * one, last * one + head)
    stall = max(moved - slowest, 0.0) if r[Run.OVERLAP] else moved
    crossing = boundary_s(n, m, r, k)
    lost = ramp_share(out, one, r) * (n[Net.LAYERS] * one + head) / r[Run.PP] * (r[Run.PP] - 1.0) / r[Run.CHUNKS]
    lost += (r[Run.PP] - 1.0) * crossing / r[Run.CHUNKS]
    nodes = max(gpus / m[Machine.DOMAIN], 1.0)
    late = 1.0 + k[K.STRAGGLER] * log2(nodes)
    for part in range(1, 9):
        out[part] *= batches * layers * late
    out[Out.HOST] *= batches * layers * late
    out[Out.GEMM] += batches * (slowest - layers * one) * late  # what the last stage's output projection adds
    out[Out.P2P] = batches * crossing * late
    out[Out.BUBBLE] = lost * late
    out[Out.DP] = reduction_s(n, m, r, k, slowest)
    out[Out.OPTIMIZER] = update_s(n, m, r, k)
    out[Out.OFFLOAD] = batches * stall + offloaded_update_s(n, m, r, k)
    out[Out.HOST] += k[K.ITERATION]
    total = 0.0
    for part in range(1, 15):
        total += out[part]
    out[Out.ITERATION] = total
    out[Out.MODEL_FLOPS] = model_flops(n)


@inlined
def layer_seconds(n, m, r, k, out):
    """Seconds of a layer on a micro-batch, forth and back, into the parts of ``out``."""
    product, core = multiplications(n, m, r, k), attention(n, m, r, k)
    rest, cast = elementwise(n, m, r, k), casting(n, m, r, k)
    back = attention_backward(r)
    launched = kernels(n, r)
    forth_busy = product + core + rest + cast
    back_busy = 2.0 * product + back * core + 1.6 * rest + 1.5 * cast
    forth_host, back_host = host(forth_busy, launched, r, k), host(back_busy, BACKWARD_KERNELS * launched, r, k)
    tensor, expert, around = tensor_s(n, m, r, k), expert_s(n, m, r, k), context_s(n, m, r, k)
    forth_around, back_around = hidden(around, core, r, k), hidden(2.0 * around, back * core, r, k)
    again = again_s(core, forth_busy + forth_host + tensor + forth_around + expert, r)
    out[Out.GEMM], out[Out.ATTENTION] = 3.0 * product, (1.0 + back) * core
    out[Out.ELEMENTWISE] = 2.6 * rest + 2.5 * cast
    out[Out.RECOMPUTE] = again
    out[Out.TP], out[Out.CP], out[Out.EP] = 2.0 * tensor, forth_around + back_around, 2.0 * expert
    out[Out.HOST] = forth_host + back_host
    forth = forth_busy + forth_host + tensor + forth_around + expert
    back_all = back_busy + back_host + tensor + back_around + expert + again
    out[Out.SHARD] = shard_s(n, m, r, k, forth, back_all)


@inlined
def again_s(core, forth, r):
    """Seconds of computing again: the attention core (selective, needless with fused kernels) or the whole layer."""
    if int(r[Run.RECOMPUTE]) == FULL:
        return forth
    if int(r[Run.RECOMPUTE]) == SELECTIVE and int(r[Run.ATTENTION]) == UNFUSED:
        return core
    return 0.0


@inlined
def shard_s(n, m, r, k, forth, back):
    """Exposed seconds of a layer's gathers and scatters under ZeRO-2 and ZeRO-3."""
    if not scatters(r):
        return 0.0
    stride = data_stride(r)
    dense = _shard_s(layer_dense(n) / r[Run.TP], copies(r), stride, m, r, k)
    routed = _shard_s(layer_experts(n) / r[Run.EP], expert_copies(r), stride * r[Run.EP] / r[Run.TP], m, r, k)
    scatter = (dense + routed) * 0.5 * r[Run.GRAD_BYTES]
    if r[Run.ZERO] < 3.0:
        return hidden(scatter, back, r, k)
    gather = dense + routed
    return hidden(gather, forth, r, k) + hidden(gather + scatter, back, r, k)


@inlined
def _shard_s(parameters, n_copies, stride, m, r, k):
    """Seconds of gathering so many parameters of 16 bit over their shards."""
    ranks = shard(n_copies, max(stride, 1.0), m[Machine.DOMAIN], r)
    return gather_s(ranks, max(stride, 1.0), 2.0 * parameters, m, k)


@inlined
def head_s(n, m, r, k):
    """Seconds of the output projection and the loss on a micro-batch, forth and back; always in 16 bit."""
    t, columns = tokens(n, r), n[Net.VOCAB] / r[Run.TP]
    loss = k[K.LOSS] * BYTES_PER_LOGIT * t * columns / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM])
    return 3.0 * gemm(1.0, t, columns, n[Net.HIDDEN], False, m, r, k) + loss


@inlined
def ramp_share(out, one, r):
    """Share of a stage's time that filling and draining the pipeline loses."""
    if int(r[Run.SCHEDULE]) != ZERO_BUBBLE:
        return 1.0
    return max(one - 2.0 * out[Out.GEMM] / 3.0, 0.0) / one


@inlined
def reduction_s(n, m, r, k, window):
    """Exposed seconds of reducing gradients and gathering parameters at the end of an iteration."""
    stride = data_stride(r)
    dense = _reduction_s(rank_dense(n, r), copies(r), stride, m, r, k)
    routed = _reduction_s(rank_experts(n, r), expert_copies(r), stride * r[Run.EP] / r[Run.TP], m, r, k)
    return hidden(dense + routed, 0.5 * window, r, k)


@inlined
def _reduction_s(parameters, n_copies, stride, m, r, k):
    """Seconds for one kind of parameters; between domains only, where the shards stay inside them."""
    stride = max(stride, 1.0)
    ranks = shard(n_copies, stride, m[Machine.DOMAIN], r)
    total = 0.0
    if not scatters(r):
        total += gather_s(ranks, stride, r[Run.GRAD_BYTES] * parameters, m, k)
        total += gather_s(ranks, stride, 2.0 * parameters, m, k)
    if n_copies > ranks:
        total += reduce_s(n_copies / ranks, m[Machine.DOMAIN], r[Run.GRAD_BYTES] * parameters / ranks, m, k)
    return total


@inlined
def update_s(n, m, r, k):
    """Seconds of Adam: gradients and parameters read and written, moments and master copies twice."""
    if int(r[Run.OFFLOAD]) > 0:
        return 0.0
    stride = data_stride(r)
    moved = _update_bytes(rank_dense(n, r), copies(r), stride, m, r)
    moved += _update_bytes(rank_experts(n, r), expert_copies(r), stride * r[Run.EP] / r[Run.TP], m, r)
    return k[K.OPTIMIZER] * moved / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM])


@inlined
def _update_bytes(parameters, n_copies, stride, m, r):
    ranks = shard(n_copies, max(stride, 1.0), m[Machine.DOMAIN], r) if r[Run.ZERO] > 0.0 else 1.0
    if r[Run.ZERO] >= 3.0:
        return 28.0 * parameters / ranks
    return parameters * (4.0 + 24.0 / ranks)


@inlined
def offloaded_update_s(n, m, r, k):
    """Seconds of gradients going to the host, Adam there, and parameters coming back."""
    if int(r[Run.OFFLOAD]) == 0:
        return 0.0
    stride = data_stride(r)
    ranks = shard(copies(r), stride, m[Machine.DOMAIN], r) if r[Run.ZERO] > 0.0 else 1.0
    routed = (
        shard(expert_copies(r), max(stride * r[Run.EP] / r[Run.TP], 1.0), m[Machine.DOMAIN], r) if r[Run.ZERO] > 0.0 else 1.0
    )
    own = rank_dense(n, r) / ranks + rank_experts(n, r) / routed
    return own * ((r[Run.GRAD_BYTES] + 2.0) / m[Machine.HOST_BYTES_PER_S] + 1.0 / k[K.HOST_ADAM])


@inlined
def offloaded_s(n, m, r, layers):
    """Seconds of a micro-batch's kept activations going to the host and back: one 16-bit input per layer."""
    if int(r[Run.OFFLOAD]) < 2:
        return 0.0
    spread = r[Run.TP] if r[Run.SEQUENCE_PARALLEL] else 1.0
    return 4.0 * layers * tokens(n, r) * n[Net.HIDDEN] / spread / m[Machine.HOST_BYTES_PER_S]


@inlined
def model_flops(n):
    """``6 N + 12 L a d s`` per token (PaLM, appendix B), N of the parameters that a token meets; over the whole batch."""
    h = n[Net.HIDDEN]
    share = 1.0 - n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    routed = share * n[Net.TOP_K] * (2.0 + n[Net.GATED]) * h * n[Net.FFN] if n[Net.EXPERTS] else 0.0
    active = n[Net.LAYERS] * (layer_dense(n) + routed) + n[Net.VOCAB] * h
    attended = 12.0 * n[Net.LAYERS] * n[Net.HEADS] * n[Net.HEAD_DIM] * n[Net.SEQUENCE]
    return (6.0 * active + attended) * n[Net.SEQUENCE] * n[Net.BATCH]
