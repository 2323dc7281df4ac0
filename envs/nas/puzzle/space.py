"""What may stand in each half of a block: the alternatives of Puzzle (arXiv 2411.19146), 6 x 9 a block."""

from __future__ import annotations

from functools import cache

from archgym.space import DesignSpace, Param

ATTENTIONS = ("kv8", "kv4", "kv2", "kv1", "linear", "none")
FFNS = ("1", "0.87", "0.75", "0.5", "0.25", "0.2", "0.1", "linear", "none")
KV_HEADS = (8.0, 4.0, 2.0, 1.0)
RATIOS = (1.0, 0.87, 0.75, 0.5, 0.25, 0.2, 0.1)
_ATTENTION = "attention of this block: fewer key-value heads, one matrix in its place, nothing"
_FFN = "feed-forward part of this block: narrower, one matrix in its place, nothing"


@cache
def design_space(blocks: int) -> DesignSpace:
    """Two knobs a block, attention before feed-forward part, from the first block to the last."""
    halves = (("attention", ATTENTIONS, _ATTENTION), ("ffn", FFNS, _FFN))
    return DesignSpace([Param(f"{name}_{i + 1}", values, "", True, doc) for i in range(blocks) for name, values, doc in halves])
