"""Placements by rule, and a code of all placements in which every row of knobs is legal.

**Swap code.** Column ``i`` of a code, 0 to ``nodes - 1 - i``, swaps place ``i`` with the place so far behind it, column by
column, starting from a base order: every code is a permutation and every permutation has one code (the shuffle of Fisher and
Yates, written down). All zeros is the base, and a change of one column moves at most three nodes, so neighbours stay near:
in a Lehmer code, or one that inserts, one column shifts everything behind it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archgym.space import FloatArray, IntArray, Param


def knobs(nodes: int) -> tuple[Param, ...]:
    """The ``nodes - 1`` knobs of a swap code."""
    doc = "places behind it with which this place of the cluster changes nodes"
    return tuple(Param(f"swap_{i}", tuple(range(nodes - i)), doc=doc) for i in range(nodes - 1))


def decode(base: IntArray, codes: IntArray) -> IntArray:
    """Permutations of codes, ``int64 (N, nodes)`` from ``(N, nodes - 1)``; ``base`` is what a code of zeros means."""
    permutations = np.tile(base, (len(codes), 1))
    rows = np.arange(len(codes))
    for i in range(codes.shape[1]):
        j = i + codes[:, i]
        there = permutations[rows, j]
        permutations[rows, j] = permutations[:, i]
        permutations[:, i] = there
    return permutations


def encode(base: IntArray, permutations: IntArray) -> IntArray:
    """Codes of permutations: the inverse of :func:`decode`."""
    work = np.tile(base, (len(permutations), 1))
    codes = np.empty((len(permutations), len(base) - 1), dtype=np.int64)
    rows = np.arange(len(permutations))
    for i in range(codes.shape[1]):
        j = (work == permutations[:, i, None]).argmax(axis=1)
        codes[:, i] = j - i
        work[rows, j], work[:, i] = work[:, i], permutations[:, i]
    return codes


def as_given(matrix: FloatArray) -> IntArray:
    """Nodes as numbered."""
    return np.arange(len(matrix), dtype=np.int64)


def by_bandwidth(matrix: FloatArray) -> IntArray:
    """Nodes by their median bandwidth, fastest first: slow nodes end up together."""
    return np.argsort(-np.median(_off_diagonal(matrix), axis=1), kind="stable").astype(np.int64)


def by_island(matrix: FloatArray) -> IntArray:
    """Islands one after the other, and islands of islands: leaves of the average-linkage tree over seconds per byte.

    With data-parallel ranks next to each other this is Holmes' rule: rings stay inside an island, pipelines cross.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    slow = 1.0 / np.minimum(matrix, matrix.T)
    np.fill_diagonal(slow, 0.0)
    return np.asarray(leaves_list(linkage(squareform(slow, checks=False), "average")), dtype=np.int64)


def chained(matrix: FloatArray) -> IntArray:
    """Greedy: always to the fastest link to a node not yet placed; of the chains from all nodes the one with the best slowest.

    Chains that agree on the slowest link are told apart by the seconds per byte of all their links.
    """
    fast = np.minimum(matrix, matrix.T)
    chains = [_chain(fast, start) for start in range(len(fast))]
    links = [fast[chain[:-1], chain[1:]] for chain in chains]
    best = max(range(len(fast)), key=lambda i: (links[i].min(), -(1.0 / links[i]).sum()))
    return chains[best]


def _chain(fast: FloatArray, start: int) -> IntArray:
    order, free = [start], np.ones(len(fast), dtype=bool)
    free[start] = False
    for _ in range(len(fast) - 1):
        order.append(int(np.where(free, fast[order[-1]], -1.0).argmax()))
        free[order[-1]] = False
    return np.array(order, dtype=np.int64)


RULES: dict[str, Callable[[FloatArray], IntArray]] = {
    "as_given": as_given,
    "by_bandwidth": by_bandwidth,
    "by_island": by_island,
    "chained": chained,
}


def _off_diagonal(matrix: FloatArray) -> FloatArray:
    n = len(matrix)
    return matrix[~np.eye(n, dtype=bool)].reshape(n, n - 1)
