"""Time of one transformer layer on one micro-batch, without communication: multiplications, attention, the rest, the host.

Formulas follow Megatron's partition: query, key, value and up projections split by columns over the tensor-parallel ranks,
output and down projections by rows; context parallelism splits the tokens. The backward pass multiplies twice (gradients of
inputs and of weights); fused attention computes its scores again, 2.5 times the forward pass (Dao 2023).
"""

from __future__ import annotations

from math import sqrt

from archgym.jit import inlined

from .gemm import gemm
from .layout import K, Machine, Net, Run

UNFUSED, FLASH, FLASH1 = 0, 1, 2
# DeepSeek-V3's multi-head latent attention: ranks of the compressed query and key-value, size of the rotary part, head sizes
QUERY_RANK, LATENT_RANK, LATENT_QK, LATENT_V = 1536.0, 576.0, 192.0, 128.0


@inlined
def tokens(n, r):
    """Tokens of a micro-batch on one rank."""
    return r[Run.MICRO_BATCH] * n[Net.SEQUENCE] / r[Run.CP]


@inlined
def multiplications(n, m, r, k):
    """Forward seconds of a layer's matrix multiplications, mixtures averaged over dense and expert layers."""
    t, h, tp = tokens(n, r), n[Net.HIDDEN], r[Run.TP]
    if n[Net.EXPERTS] == 0.0:
        return projections(t, n, m, r, k) + feed_forward(t, h, n[Net.FFN] / tp, n, m, r, k)
    dense = n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    expert = experts(t, n, m, r, k) + n[Net.SHARED] * feed_forward(t, h, n[Net.FFN] / tp, n, m, r, k)
    return projections(t, n, m, r, k) + (1.0 - dense) * expert + dense * feed_forward(t, h, n[Net.DENSE_FFN] / tp, n, m, r, k)


@inlined
def projections(t, n, m, r, k):
    """Attention's projections: queries, keys, values, output."""
    h, a, d, tp = n[Net.HIDDEN], n[Net.HEADS], n[Net.HEAD_DIM], r[Run.TP]
    if n[Net.LATENT] == 0.0:
        columns = (a + 2.0 * n[Net.KV_HEADS]) * d / tp
        return gemm(1.0, t, columns, h, True, m, r, k) + gemm(1.0, t, h, a * d / tp, True, m, r, k)
    down = gemm(1.0, t, QUERY_RANK + LATENT_RANK, h, True, m, r, k)
    queries = gemm(1.0, t, a * LATENT_QK / tp, QUERY_RANK, True, m, r, k)
    keys = gemm(1.0, t, a * 2.0 * LATENT_V / tp, LATENT_RANK - 64.0, True, m, r, k)
    return down + queries + keys + gemm(1.0, t, h, a * LATENT_V / tp, True, m, r, k)


@inlined
def feed_forward(t, h, ffn, n, m, r, k):
    """A dense feed-forward part of ``ffn`` columns per rank."""
    if ffn <= 0.0:
        return 0.0
    return gemm(1.0, t, (1.0 + n[Net.GATED]) * ffn, h, True, m, r, k) + gemm(1.0, t, h, ffn, True, m, r, k)


@inlined
def experts(t, n, m, r, k):
    """The routed experts of one rank, as grouped multiplications over balanced tokens."""
    local = n[Net.EXPERTS] / r[Run.EP]
    rows = t / r[Run.TP] * r[Run.EP] * n[Net.TOP_K] / n[Net.EXPERTS]
    up = gemm(local, rows, (1.0 + n[Net.GATED]) * n[Net.FFN], n[Net.HIDDEN], True, m, r, k)
    return (up + gemm(local, rows, n[Net.HIDDEN], n[Net.FFN], True, m, r, k)) / k[K.GROUPED]


@inlined
def attention(n, m, r, k):
    """Forward seconds of scores, softmax and weighted values; causal for fused kernels, which skip masked tiles."""
    s, d = n[Net.SEQUENCE], n[Net.HEAD_DIM]
    kind, generation = int(r[Run.ATTENTION]), int(m[Machine.GENERATION])
    size = 0.5 * (LATENT_QK + LATENT_V) if n[Net.LATENT] else d
    heads = r[Run.MICRO_BATCH] * n[Net.HEADS] / r[Run.TP]
    flop = 4.0 * heads * s * s / r[Run.CP] * size
    if kind != UNFUSED:
        share = k[K.FLASH1_A + generation] if kind == FLASH1 else k[K.FLASH_A + generation]
        narrow = 1.0 + 0.3 * max(128.0 / d - 1.0, 0.0)
        return 0.5 * n[Net.ATTENDED] * flop * narrow / (m[Machine.FLOPS_16] * share)
    slow = k[K.HEAD_8] if d % 8.0 != 0.0 else 1.0
    slow *= sqrt(128.0 / d) if d < 128.0 else 1.0
    scores = k[K.SCORES] * heads * s * s / r[Run.CP] / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM])
    return flop * slow / (m[Machine.FLOPS_16] * k[K.UNFUSED]) + scores


@inlined
def attention_backward(r):
    """Backward over forward time of the attention core."""
    return 2.0 if int(r[Run.ATTENTION]) == UNFUSED else 2.5


@inlined
def elementwise(n, m, r, k):
    """Forward seconds of norms, residuals, dropout, activation, and of routing tokens to experts: bytes over bandwidth.

    Counted reads and writes per token in 16 bit: 10 h beside the tensor-parallel region (divided by sequence parallelism
    only): two norms, two residuals with dropout; 10 h inside it: queries, keys, values and context are split and transposed,
    the products' bias; and the activation's inputs and outputs.
    """
    t, h, tp = tokens(n, r), n[Net.HIDDEN], r[Run.TP]
    spread = tp if r[Run.SEQUENCE_PARALLEL] else 1.0
    inside = 10.0 * (1.5 if n[Net.LATENT] else 1.0)
    moved = k[K.ELEMENTWISE] * 2.0 * t * h * (10.0 / spread + inside / tp)
    if n[Net.EXPERTS] == 0.0:
        moved += k[K.ELEMENTWISE] * 2.0 * t * (2.0 + n[Net.GATED]) * n[Net.FFN] / tp
    else:
        routed = n[Net.TOP_K] * (8.0 * h + 2.0 * (2.0 + n[Net.GATED]) * n[Net.FFN])
        moved += k[K.PERMUTE] * t / tp * (routed + 16.0 * n[Net.EXPERTS])
    return moved / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM])


@inlined
def casting(n, m, r, k):
    """Forward seconds of scaling and casting the inputs of narrow multiplications: 3 bytes per element."""
    precision = int(r[Run.PRECISION])
    if precision not in (1, 2):
        return 0.0
    t, tp = tokens(n, r), r[Run.TP]
    spread = tp if r[Run.SEQUENCE_PARALLEL] else 1.0
    inside = (n[Net.HEADS] + 2.0 * n[Net.KV_HEADS]) * n[Net.HEAD_DIM]
    if n[Net.EXPERTS] == 0.0:
        inside += (2.0 + n[Net.GATED]) * n[Net.FFN]
    elements = t * (2.0 * n[Net.HIDDEN] / spread + inside / tp)
    return 3.0 * k[K.CAST] * elements / (m[Machine.HBM_BYTES_PER_S] * k[K.HBM])


@inlined
def kernels(n, r):
    """Kernels that a layer's forward pass launches."""
    count = 28.0 if int(r[Run.ATTENTION]) == UNFUSED else 18.0
    if n[Net.EXPERTS] > 0.0:
        count += 30.0
    if int(r[Run.PRECISION]) == 1 or int(r[Run.PRECISION]) == 2:
        count += 10.0
    return count


@inlined
def host(busy, launched, r, k):
    """Seconds added by launching: the host runs ahead unless the GPU is idle half of the time, or it waits for every kernel."""
    floor = launched * k[K.LAUNCH]
    added = sqrt(busy * busy + floor * floor) - busy
    return added + launched * k[K.BLOCKING] * r[Run.BLOCKING]
