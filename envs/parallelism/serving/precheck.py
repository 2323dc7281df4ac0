"""What a replica's memory holds, for callers outside the kernel: plain floats."""

from __future__ import annotations

from ..training.layout import Machine
from archgym.space import FloatArray
from .layout import Design
from .weights import request_cache_bytes, room_for_cache


def cache_room(net: FloatArray, machine: FloatArray, design: FloatArray, tokens: float) -> float:
    """Bytes that weights and a pass of ``tokens`` leave on a rank for the cache."""
    tp, pp, ep = design[Design.TP], design[Design.PP], design[Design.EP]
    return float(room_for_cache(net, machine, tp, pp, ep, design[Design.WEIGHT_BYTES], tokens))


def request_bytes(net: FloatArray, use: FloatArray, design: FloatArray) -> float:
    """Cache of one request on a rank, to its last token."""
    return float(request_cache_bytes(net, use, design))
