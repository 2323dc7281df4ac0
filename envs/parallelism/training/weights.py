"""Parameters of a stage and how they are spread: per rank, dense and expert ones apart."""

from __future__ import annotations

from math import ceil

from archgym.jit import inlined

from .layout import Net, Run


@inlined
def layer_dense(n):
    """Parameters of a layer that every token meets, averaged over dense and expert layers."""
    h, a, d, gated = n[Net.HIDDEN], n[Net.HEADS], n[Net.HEAD_DIM], n[Net.GATED]
    if n[Net.LATENT]:
        mixer = h * (1536.0 + 576.0) + 1536.0 * a * 192.0 + 512.0 * a * 256.0 + a * 128.0 * h
    else:
        mixer = h * (a + 2.0 * n[Net.KV_HEADS]) * d + a * d * h
    if n[Net.EXPERTS] == 0.0:
        return mixer + (2.0 + gated) * h * n[Net.FFN]
    dense = n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    expert = n[Net.SHARED] * (2.0 + gated) * h * n[Net.FFN] + h * n[Net.EXPERTS]
    return mixer + (1.0 - dense) * expert + dense * (2.0 + gated) * h * n[Net.DENSE_FFN]


@inlined
def layer_experts(n):
    """Parameters of a layer's routed experts, averaged over dense and expert layers."""
    share = 1.0 - n[Net.DENSE_LAYERS] / n[Net.LAYERS]
    return share * n[Net.EXPERTS] * (2.0 + n[Net.GATED]) * n[Net.HIDDEN] * n[Net.FFN]


@inlined
def middle_layers(n, r):
    """Layers of a stage in the middle; frameworks count embedding and loss as layers where that divides evenly."""
    pp, layers = r[Run.PP], n[Net.LAYERS]
    if pp <= 1.0:
        return layers
    if layers % pp != 0.0 and (layers + 2.0) % pp == 0.0:
        return (layers + 2.0) / pp
    return ceil(layers / pp)


@inlined
def last_layers(n, r):
    """Layers of the last stage, which also holds the output projection and the loss."""
    pp, layers = r[Run.PP], n[Net.LAYERS]
    if pp <= 1.0:
        return layers
    if layers % pp != 0.0 and (layers + 2.0) % pp == 0.0:
        return (layers + 2.0) / pp - 1.0
    return max(layers - (pp - 1.0) * ceil(layers / pp), 1.0)


@inlined
def embedding(n, r):
    """Parameters of embeddings on the fullest stage of a rank."""
    tables = 2.0 if r[Run.PP] <= 1.0 and n[Net.TIED] == 0.0 else 1.0
    return tables * n[Net.VOCAB] * n[Net.HIDDEN] / r[Run.TP]


@inlined
def rank_dense(n, r):
    """Parameters of a rank that are copied over its data- and context-parallel group."""
    return middle_layers(n, r) * layer_dense(n) / r[Run.TP] + embedding(n, r)


@inlined
def rank_experts(n, r):
    """Expert parameters of a rank."""
    return middle_layers(n, r) * layer_experts(n) / r[Run.EP]


@inlined
def copies(r):
    """Ranks that hold the same dense parameters."""
    return r[Run.DP] * r[Run.CP]


@inlined
def expert_copies(r):
    """Ranks that hold the same experts: expert parallelism folds over tensor, context and data ranks."""
    return max(r[Run.DP] * r[Run.CP] * r[Run.TP] / r[Run.EP], 1.0)


@inlined
def shard(n_copies, stride, domain, r):
    """Ranks over which ZeRO divides what it divides: all copies, or those inside a domain of fast links."""
    if r[Run.NODE_PARTITION] == 0.0:
        return n_copies
    return min(n_copies, max(domain / stride, 1.0))


@inlined
def scatters(r):
    """Whether gradients are scattered after every micro-batch, so that only a shard of them is kept."""
    return r[Run.ZERO] >= 3.0 or (r[Run.ZERO] >= 2.0 and r[Run.PP] <= 1.0)
