"""Which node takes which ranks, where links differ: the slowest links that a placement makes each kind of traffic use.

A cluster is a matrix of bandwidths between nodes, measured (Pipette, Yim 2024) or made from islands of different network cards
(Holmes, Yang 2024); ``clusters.Cluster.links`` gives both. With one GPU a node it is a matrix between GPUs. A placement is a
permutation: place ``i`` of the cluster, which holds ranks ``i g … i g + g - 1`` for ``g`` GPUs a node, is taken by node
``permutation[i]``. A run that needs fewer GPUs than there are takes the first places.

Ranks are numbered in cells of ``inner`` ranks (tensor times context parallel), and cells by data then pipeline parallel rank
(``tp_cp_dp_pp``), or by pipeline then data parallel rank (``tp_cp_pp_dp``). Three kinds of traffic meet links:

* pipeline: rank by rank from each stage to the next, from the last to the first too where stages hold several chunks. All
  pipelines advance together, so the slowest edge counts: ``message / B`` (Pipette);
* data: the ring of each stage's replicas in their order, ``2 (d-1)/d message / B`` with the ring's slowest edge (Pipette);
* inner: the ring over the nodes of a cell that is larger than a node.

Traffic inside a node meets no link: its bandwidth is infinite here, and whatever the fast links give.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from archgym.batch import in_parallel, slices, source_hash
from archgym.jit import inlined
from archgym.space import FloatArray, IntArray

DATA_FIRST, PIPELINE_FIRST = 0, 1  # as training.layout.ORDERS
CHUNK = 4096


class Layout(NamedTuple):
    """How a run's ranks are numbered: whole numbers.

    Args:
        pp: pipeline stages.
        dp: replicas.
        inner: ranks of a cell, tensor times context parallel.
        node: GPUs of a node.
        order: ``DATA_FIRST`` or ``PIPELINE_FIRST``: what changes fastest from cell to cell.
        wraps: 1: the last stage sends to the first too (interleaving).
    """

    pp: int
    dp: int
    inner: int
    node: int
    order: int = DATA_FIRST
    wraps: int = 0


@inlined
def common(a: int, b: int) -> int:
    """Greatest common divisor: ranks that far apart at least are never on different nodes for different ends."""
    while b:
        a, b = b, a % b
    return a


@inlined
def edge(matrix: Any, permutation: Any, a: int, b: int, node: int, found: Any) -> Any:
    """``(slowest, total)`` of a kind of traffic after the edge between ranks ``a`` and ``b``: bytes/s, seconds per byte."""
    i, j = permutation[a // node], permutation[b // node]
    if i == j:
        return found
    b_ij = min(matrix[i, j], matrix[j, i])
    return min(found[0], b_ij), found[1] + 1.0 / b_ij


@inlined
def traffic(matrix: Any, permutation: Any, pp: int, dp: int, inner: int, node: int, order: int, wraps: int) -> Any:
    """Slowest edge (bytes/s) and sum of 1/B over edges of pipeline, data and inner traffic; the run must fit the matrix."""
    pipe, data, cell = (np.inf, 0.0), (np.inf, 0.0), (np.inf, 0.0)
    step = common(inner, node)
    next_stage, next_replica = (inner * dp, inner) if order == DATA_FIRST else (inner, inner * pp)
    for p in range(pp):
        for d in range(dp):
            first = p * next_stage + d * next_replica
            across = first + next_stage if p + 1 < pp else d * next_replica
            around = first + next_replica if d + 1 < dp else p * next_stage
            for j in range(0, inner, step):
                if p + 1 < pp or wraps:
                    pipe = edge(matrix, permutation, first + j, across + j, node, pipe)
                data = edge(matrix, permutation, first + j, around + j, node, data)
                cell = edge(matrix, permutation, first + j, first + (j + step) % inner, node, cell)
    return pipe, data, cell


def make_kernel(source: int) -> Any:
    """The loop over a batch; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def run(matrix: Any, permutations: Any, layouts: Any, out: Any) -> None:
        nodes = matrix.shape[0] if source else 0
        for i in range(permutations.shape[0]):
            pp, dp, inner, node, order, wraps = layouts[i]
            if pp * dp * inner > nodes * node:
                out[i] = np.nan
                continue
            pipe, data, cell = traffic(matrix, permutations[i], pp, dp, inner, node, order, wraps)
            out[i, 0], out[i, 1], out[i, 2] = pipe[0], data[0], cell[0]

    return run


run = make_kernel(source_hash(Path(__file__).parent))


def placed_bandwidths(matrix: FloatArray, permutations: IntArray, layouts: IntArray | Layout) -> FloatArray:
    """Slowest link of the pipeline, of the data-parallel rings and of cells larger than a node, bytes/s, ``float64 (N, 3)``.

    Infinite where a kind of traffic leaves no node; NaN in rows that need more GPUs than there are.

    Args:
        matrix: bytes/s from node to node, ``float64 (nodes, nodes)``, positive off the diagonal; in what a caller counts (per
            GPU or per node), so is the answer. The slower direction of a pair counts.
        permutations: the node of each place, ``int64 (N, nodes)``.
        layouts: one for all rows, or ``int64 (N, 6)`` with the columns of :class:`Layout`.
    """
    n = permutations.shape[0]
    each = np.ascontiguousarray(np.broadcast_to(np.asarray(layouts, dtype=np.int64), (n, len(Layout._fields))))
    found = np.empty((n, 3))
    links = np.require(matrix, requirements=("C", "W"))  # a read-only one would be compiled for once more

    def part(rows: slice) -> None:
        run(links, permutations[rows], each[rows], found[rows])

    in_parallel(part, slices(n, CHUNK))
    return found
