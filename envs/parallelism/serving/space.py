"""Knobs of a serving design.

Degrees and batches are powers of two as deployments use them. Cards of a platform: the clusters of ``data/clusters.toml``.
"""

from __future__ import annotations

from archgym.space import DesignSpace, Param

PLATFORMS = {
    "a100": "a100-hdr",
    "h100": "h100-ndr",
    "h200": "h200-efa",
    "b200": "b200-ndr",
    "gb200": "gb200-nvl72",
    "mi300x": "mi300x-400g",
}
SCHEDULERS = ("static", "continuous", "chunked", "disaggregated")
WEIGHTS = ("bf16", "fp8", "fp4")
CACHES = ("bf16", "fp8")
TP = (1, 2, 4, 8, 16)
PP = (1, 2, 4)
EP = (1, 4, 8, 16)
BATCHES = tuple(2**k for k in range(12))
LOADS = (0.6, 0.8, 0.9, 0.95)
CHUNKS = (256, 512, 1024, 2048, 4096)
PREFILL_TP = (1, 2, 4, 8)

_EP = Param("ep", EP, "", True, "attention groups of a stage, with their own requests; experts are spread over all of them")
_BEFORE = (
    Param("platform", tuple(PLATFORMS), "", False, "GPU and cluster"),
    Param("tp", TP, "", True, "tensor-parallel ranks of an attention group"),
    Param("pp", PP, "", True, "pipeline stages"),
)
_AFTER = (
    Param("weights", WEIGHTS, "", True, "format of the weights; GEMMs run in it where the GPU can"),
    Param("kv", CACHES, "", True, "format of the cache"),
    Param("scheduler", SCHEDULERS, "", False, "how prompts and answers share the GPUs"),
    Param("batch", BATCHES, "requests", True, "requests that one replica may hold"),
    Param("load", LOADS, "", True, "mean share of the batch in flight: what the operator lets in"),
    Param("chunk", CHUNKS, "tokens", True, "tokens of a pass; chunked only"),
    Param("prefill_platform", tuple(PLATFORMS), "", False, "GPU of the prefill pool; disaggregated only"),
    Param("prefill_tp", PREFILL_TP, "", True, "tensor-parallel ranks of its instances; disaggregated only"),
)
DENSE = DesignSpace((*_BEFORE, *_AFTER))
MIXTURE = DesignSpace((*_BEFORE, _EP, *_AFTER))


def design_space(experts: bool) -> DesignSpace:
    """The knobs of a dense model, or of a mixture of experts."""
    return MIXTURE if experts else DENSE
