"""Communication of a training run: which groups talk, over which links, how many bytes, how much of it is hidden.

Ranks are numbered with tensor parallelism innermost, then context, then data and pipeline (or pipeline and data). A group of
n ranks with a stride stays inside a domain of fast links where ``n * stride`` fits. Times of collectives are those of
`network.collectives`, with latencies of its sweeps, and shares of the bandwidth as training sustains them.
"""

from __future__ import annotations

from archgym.jit import inlined

from ..network.collectives import all_gather, all_reduce, all_to_all
from .layer import tokens
from .layout import K, Machine, Net, Run


@inlined
def members(ranks, stride, m):
    """Ranks of a group inside one domain of fast links."""
    return ranks if ranks * stride <= m[Machine.DOMAIN] else min(max(m[Machine.DOMAIN] / stride, 1.0), ranks)


@inlined
def gather_s(ranks, stride, size, m, k):
    """Seconds of gathering, or of reducing and scattering, a tensor of ``size`` bytes over a group."""
    if ranks <= 1.0 or size <= 0.0:
        return 0.0
    link, nic = m[Machine.LINK_BYTES_PER_S] * k[K.LINK], m[Machine.NIC_BYTES_PER_S] * k[K.NIC]
    inside = members(ranks, stride, m)
    return all_gather(ranks, inside, size, link, nic, 0.0, k[K.LATENCY], k[K.HOP], k[K.NIC_HOP], k[K.HALF_BYTES])


@inlined
def reduce_s(ranks, stride, size, m, k):
    """Seconds of an all-reduce of a tensor of ``size`` bytes over a group."""
    if ranks <= 1.0 or size <= 0.0:
        return 0.0
    link, nic = m[Machine.LINK_BYTES_PER_S] * k[K.LINK], m[Machine.NIC_BYTES_PER_S] * k[K.NIC]
    inside = members(ranks, stride, m)
    return all_reduce(ranks, inside, size, link, nic, 0.0, k[K.LATENCY], k[K.HOP], k[K.NIC_HOP], k[K.HALF_BYTES])


@inlined
def hidden(seconds, window, r, k):
    """What stays exposed of communication that may run beside ``window`` seconds of computation."""
    if r[Run.OVERLAP] == 0.0:
        return seconds
    inside = min(seconds, window)
    return seconds - inside + (1.0 - min(k[K.OVERLAP], 0.98)) * inside


@inlined
def data_stride(r):
    """Distance of the ranks that hold the same parameters: data- and context-parallel ones, with tensor-parallel ones between.

    Where pipeline stages lie between data-parallel ranks, they count as lying between context-parallel ones too.
    """
    return r[Run.TP] if int(r[Run.ORDER]) == 0 else r[Run.TP] * r[Run.PP]


@inlined
def pipeline_stride(r):
    """Distance of neighbouring pipeline stages."""
    inner = r[Run.TP] * r[Run.CP]
    return inner * r[Run.DP] if int(r[Run.ORDER]) == 0 else inner


@inlined
def tensor_s(n, m, r, k):
    """Exposed seconds of a layer's forward pass: two all-reduces (one in expert layers), or as many gathers and scatters."""
    tp = r[Run.TP]
    if tp <= 1.0:
        return 0.0
    once = reduce_s(tp, 1.0, 2.0 * tokens(n, r) * n[Net.HIDDEN], m, k)
    share = min(k[K.TP_HIDDEN] * (3.0 if r[Run.OVERLAP] else 1.0), 0.9)
    return (1.0 if n[Net.EXPERTS] else 2.0) * once * (1.0 - share)


@inlined
def context_s(n, m, r, k):
    """Seconds of passing keys and values around the context-parallel ring once."""
    cp, tp = r[Run.CP], r[Run.TP]
    if cp <= 1.0:
        return 0.0
    block = 4.0 * tokens(n, r) * n[Net.KV_HEADS] * n[Net.HEAD_DIM] / tp
    inside = cp * tp <= m[Machine.DOMAIN]
    rate = m[Machine.LINK_BYTES_PER_S] * k[K.LINK] if inside else m[Machine.NIC_BYTES_PER_S] * k[K.NIC]
    return (cp - 1.0) * (block / rate + k[K.LATENCY])


@inlined
def expert_s(n, m, r, k):
    """Seconds of a layer's two all-to-alls, tokens to their experts and back, among neighbouring ranks."""
    ep = r[Run.EP]
    if ep <= 1.0 or n[Net.EXPERTS] == 0.0:
        return 0.0
    held = 2.0 * tokens(n, r) / r[Run.TP] * n[Net.TOP_K] * n[Net.HIDDEN]
    link, nic = m[Machine.LINK_BYTES_PER_S] * k[K.LINK], m[Machine.NIC_BYTES_PER_S] * k[K.NIC]
    inside = members(ep, 1.0, m)
    return 2.0 * all_to_all(ep, inside, held, link, nic, 0.0, k[K.LATENCY], k[K.HOP], k[K.NIC_HOP], k[K.HALF_BYTES])


@inlined
def boundary_s(n, m, r, k):
    """Seconds that one micro-batch spends crossing one stage boundary forth and back, all its chunks, exposed."""
    pp = r[Run.PP]
    if pp <= 1.0:
        return 0.0
    message = 2.0 * tokens(n, r) * n[Net.HIDDEN] / r[Run.TP]
    inside = pp * pipeline_stride(r) <= m[Machine.DOMAIN]
    rate = m[Machine.LINK_BYTES_PER_S] * k[K.LINK] if inside else m[Machine.NIC_BYTES_PER_S] * k[K.NIC]
    once = 2.0 * r[Run.CHUNKS] * (message / rate + k[K.LATENCY]) * k[K.P2P]
    return once * (1.0 - min(k[K.OVERLAP], 0.98)) if r[Run.CHUNKS] > 1.0 else once
