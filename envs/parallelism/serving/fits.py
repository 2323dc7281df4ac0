"""Which designs can work at all: how far each rule is broken, from the workload and the shapes alone."""

from __future__ import annotations

from typing import Any

from archgym.jit import inlined

from ..training.layout import Machine, Net
from .layout import Design, Use
from .weights import CONTEXT, PASS_TOKENS, USABLE, activation_bytes, cache_bytes, request_cache_bytes, weight_bytes

MEMORY, PREFILL_MEMORY, FILL, EXPERTS, HEADS, BUDGET = range(6)  # in the order of `model.RULES`
CHUNKED, DISAGGREGATED = 2, 3


@inlined
def requests_of_a_pass(d: Any) -> Any:
    """Of one group, with a full batch."""
    return d[Design.BATCH] / (d[Design.PP] * d[Design.EP])


@inlined
def needed(n: Any, use: Any, d: Any) -> Any:
    """Bytes of the fullest GPU that decodes."""
    scheduler, s = int(d[Design.SCHEDULER]), requests_of_a_pass(d)
    tokens = use[Use.INPUT] + s
    if scheduler == CHUNKED:
        tokens = d[Design.CHUNK]
    elif scheduler == DISAGGREGATED:
        tokens = s
    elif scheduler == 0:
        tokens = s * use[Use.INPUT]
    held = weight_bytes(n, d[Design.TP], d[Design.PP], d[Design.EP], d[Design.WEIGHT_BYTES]) + CONTEXT
    held += activation_bytes(n, d[Design.TP], min(tokens, PASS_TOKENS), s)
    return held + d[Design.BATCH] / d[Design.EP] * request_cache_bytes(n, use, d)


@inlined
def needed_by_prefill(n: Any, use: Any, d: Any) -> Any:
    """Bytes of a GPU of the prefill pool, which has no pipeline stages and holds one prompt."""
    tp = d[Design.PREFILL_TP]
    held = weight_bytes(n, tp, 1.0, d[Design.EP], d[Design.WEIGHT_BYTES]) + CONTEXT
    held += activation_bytes(n, tp, min(use[Use.INPUT], PASS_TOKENS), 1.0)
    return held + use[Use.INPUT] * n[Net.LAYERS] * cache_bytes(n, tp, d[Design.KV_BYTES])


@inlined
def shortages(n: Any, m: Any, other: Any, use: Any, d: Any, short: Any) -> Any:
    """How many times over each rule's bound, minus 1, in ``short`` (rules,); 0 where it holds. Returns their sum."""
    scheduler, s, ep = int(d[Design.SCHEDULER]), requests_of_a_pass(d), d[Design.EP]
    short[:] = 0.0
    short[MEMORY] = max(needed(n, use, d) / (USABLE * m[Machine.HBM_BYTES]) - 1.0, 0.0)
    if scheduler == DISAGGREGATED:
        short[PREFILL_MEMORY] = max(needed_by_prefill(n, use, d) / (USABLE * other[Machine.HBM_BYTES]) - 1.0, 0.0)
    short[FILL] = max(1.0 / s - 1.0, 0.0)
    if n[Net.EXPERTS] > 0.0 and n[Net.EXPERTS] % ep > 0.0:
        short[EXPERTS] = ep / n[Net.EXPERTS]
    heads = d[Design.TP] if scheduler < DISAGGREGATED else max(d[Design.TP], d[Design.PREFILL_TP])
    if n[Net.HEADS] % heads > 0.0:
        short[HEADS] = heads / n[Net.HEADS]
    if scheduler == CHUNKED:
        demand = s * (1.0 + use[Use.INPUT] / use[Use.OUTPUT])
        short[BUDGET] = max(demand / d[Design.CHUNK] - 1.0, 0.0)
    total = 0.0
    for j in range(short.size):
        total += short[j]
    return total
