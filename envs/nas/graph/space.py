"""Wirings and operations of a four-layer graph network, and which designs are the same network.

Qin et al., NAS-Bench-Graph, NeurIPS 2022 Datasets and Benchmarks, section 3: four computing nodes, each fed by the input or by
one node before it, one operation each; every node that feeds no other is an output. Nine wirings are left once those that
differ in the numbering of their nodes count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from archgym.space import DesignSpace, IntArray, Param

# node feeding node 1, 2, 3, 4; 0 is the input. The table numbers them in this order.
WIRINGS = ("0-0-0-0", "0-0-0-1", "0-0-1-1", "0-0-1-2", "0-0-1-3", "0-1-1-1", "0-1-1-2", "0-1-2-2", "0-1-2-3")
OPS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
OPS_PROTEINS = ("gcn", "sage", "arma", "fc", "skip")
NODES = 4
SKIP = "skip"
FEEDS = tuple(tuple(int(part) for part in wiring.split("-")) for wiring in WIRINGS)

Form = tuple[Any, ...]  # sorted children: (op, Form), or ("skip", ()) where the parent is an output as well


def space(ops: Sequence[str] = OPS) -> DesignSpace:
    """Wiring and four operations: 59,049 designs with the nine operations, 5,625 with the five of proteins."""
    wiring = Param("wiring", WIRINGS, doc="node that feeds node 1-2-3-4; 0 is the input")
    return DesignSpace([wiring, *(Param(f"op_{n}", tuple(ops), doc=f"layer at node {n}") for n in range(1, NODES + 1))])


def form(wiring: int, ops: Sequence[str]) -> Form:
    """The network as a tree: equal exactly for designs that are the same network up to the order of nodes and skips.

    A skip that feeds others is taken out; one that feeds none makes what feeds it an output, which says something only beside
    other children; the input is no output by itself.
    """
    below: list[list[Any]] = [[] for _ in range(NODES + 1)]
    for node in range(NODES, 0, -1):
        op, children = ops[node - 1], below[node]
        if children == [(SKIP, ())]:
            children = []
        if op == SKIP:
            below[FEEDS[wiring][node - 1]] += children or [(SKIP, ())]
        else:
            below[FEEDS[wiring][node - 1]].append((op, tuple(sorted(children))))
    return tuple(sorted(child for child in below[0] if child[0] != SKIP))


@cache
def forms(ops: tuple[str, ...]) -> dict[Form, IntArray]:
    """Numbers of the designs of each form, ascending, in the space of these operations (a second of work for nine)."""
    found: dict[Form, list[int]] = {}
    designs = product(range(len(WIRINGS)), product(ops, repeat=NODES))
    for number, (wiring, layers) in enumerate(designs):
        found.setdefault(form(wiring, layers), []).append(number)
    return {key: np.array(numbers, dtype=np.int64) for key, numbers in found.items()}


def form_of_key(key: int) -> Form:
    """The form behind a key of the published table: the wiring's number, then each operation's as a decimal digit.

    Raises:
        ValueError: no such wiring or operation.
    """
    digits = [key // 10**place % 10 for place in range(NODES, -1, -1)]
    if not 0 <= key < 10 ** (NODES + 1) or digits[0] >= len(WIRINGS) or max(digits[1:]) >= len(OPS):
        raise ValueError(f"{key} is no key of a graph network")
    return form(digits[0], [OPS[digit] for digit in digits[1:]])
