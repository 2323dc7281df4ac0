"""Peak memory of a network: every tensor lives from when it is first written to when it is last read.

The nodes of a cell are sums, so an operation adds its result to its target's tensor in place; no tensor is read and written by
one operation, as windows overlap. Within a cell the order of the edges decides what lives together: by target (a node is
finished before the next one is begun) or by source (what a node feeds is done at once, and its tensor is free). Tensors of
dead edges do not exist. Stages follow each other; the widest moment of all counts, with the buffer of the code that runs then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from archgym.envs.nas.cells.size import Skeleton
from archgym.envs.nas.cells.topology import EDGES, INPUT, KERNEL, OUTPUT, Cell, live_edges

ORDERS = ("by_target", "by_source")


@dataclass(frozen=True)
class Step:
    """One operation of a cell at work: tensors alive beside it, its own result included, and its kernel (0: none)."""

    tensors: int
    kernel: int


@lru_cache(maxsize=64)
def steps(cell: Cell, order: str) -> tuple[Step, ...]:
    """The operations of a cell in the order in which they run."""
    live = sorted(live_edges(cell), key=lambda edge: EDGES[edge][:: -1 if order == "by_target" else 1])
    return tuple(Step(_alive(live, at), KERNEL.get(cell[edge], 0)) for at, edge in enumerate(live))


def _alive(live: Sequence[int], at: int) -> int:
    """Nodes whose tensor was written before or at ``at`` and is read then or later; the output is read after the cell."""
    written = {INPUT} | {EDGES[edge][1] for edge in live[: at + 1]}
    read = {OUTPUT} | {EDGES[edge][0] for edge in live[at:]}
    return len(written & read)


def peak_words(cell: Cell, order: str, columns: Sequence[bool], skeleton: Skeleton) -> int:
    """Words that the widest moment needs.

    Args:
        columns: for each stage, whether its convolutions copy two windows into a buffer of their own.
    """
    sizes = skeleton.stages_of()
    widest = []
    for (side, width), copies in zip(sizes, columns, strict=True):
        tensor = side * side * width
        widest += [step.tensors * tensor + copies * 2 * step.kernel**2 * width for step in steps(cell, order)]
    return max([*widest, *_around(columns, skeleton)])


def _around(columns: Sequence[bool], skeleton: Skeleton) -> list[int]:
    """Words of the stem, of what leads from stage to stage, and of the linear layer."""
    sizes = skeleton.stages_of()
    tensors = [side * side * width for side, width in sizes]
    stem = skeleton.image**2 * skeleton.inputs + tensors[0] + columns[0] * 2 * 9 * skeleton.inputs
    moments = [stem, sizes[-1][1] + tensors[-1], sizes[-1][1] + skeleton.classes]
    for before, after, (_, width), copies in zip(tensors, tensors[1:], sizes, columns[1:], strict=False):
        pooled = before // 4
        moments += [before + pooled, pooled + after + copies * 2 * width]
    return moments
