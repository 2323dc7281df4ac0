"""The 15,625 cells of the NAS-Bench-201 topology and the 5,044 functions they compute.

A cell has four nodes, numbered 0 (input) to 3 (output), and one operation on each of the six edges ``EDGES``; a node is the
sum of what its edges bring (Dong and Yang, NAS-Bench-201, ICLR 2020, section 2.1). A cell is a tuple of six indices into
``OPS``. Edges and operations are numbered as IBM's analog-nasbench numbers them, so that a cell means the same in both tables.

Two cells are equal here when their networks are the same function of the same trained weights, for every input and all
weights, after the weights are renamed. That follows from five identities, and no others are used:

1. a skip connection is the identity, a ``zero`` removes its edge;
2. an operation fed by nothing is nothing (in the original its batch normalisation would still add a trained constant:
   the networks here are built without it), and so is one whose result never reaches the output;
3. sums may be re-ordered and nested sums opened;
4. average pooling is linear: the pool of a sum is the sum of the pools;
5. two convolutions are the same term only if they are the same edge: results of one convolution that is used twice are
   tied, two convolutions of one input are trained apart.

Taking expressions without rule 5 for the functions, and leaving nested sums closed, counts 5,773, a number that is sometimes
quoted: it throws ``a + a`` in with ``a + b``, which are trained to different accuracies.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product
from typing import Any

OPS = ("skip", "zero", "conv3x3", "conv1x1", "pool3x3")
SKIP, ZERO, CONV3, CONV1, POOL = range(5)
KERNEL = {CONV3: 3, CONV1: 1}
EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
INPUT, OUTPUT = 0, 3

Cell = tuple[int, ...]
Sum = tuple[Any, ...]  # terms: ("in",), ("pool", term) or (op, edge, Sum)


def index_of(cell: Cell) -> int:
    """Number of a cell, 0 to 15,624: its operations as digits of base five, edge (0, 1) first."""
    number = 0
    for op in cell:
        number = 5 * number + op
    return number


def cell_of(index: int) -> Cell:
    """The cell of a number: inverse of :func:`index_of`."""
    return tuple(index // 5**place % 5 for place in reversed(range(6)))


def live_edges(cell: Cell) -> tuple[int, ...]:
    """Numbers of the edges that carry something from the input to the output."""
    fed, read = {INPUT}, {OUTPUT}
    for (source, target), op in zip(EDGES, cell, strict=True):  # edges are sorted by target's reach: sources come first
        if op != ZERO and source in fed:
            fed.add(target)
    for (source, target), op in reversed(list(zip(EDGES, cell, strict=True))):
        if op != ZERO and target in read:
            read.add(source)
    ends = enumerate(zip(EDGES, cell, strict=True))
    return tuple(edge for edge, ((source, target), op) in ends if op != ZERO and source in fed and target in read)


def output_of(cell: Cell) -> Sum:
    """What the cell computes, as the sorted sum of its output's terms; ``()`` where nothing reaches the output."""
    nodes: list[list[Any]] = [[("in",)], [], [], []]
    for edge in sorted(live_edges(cell), key=lambda edge: EDGES[edge][1]):
        source, target = EDGES[edge]
        nodes[target] += _terms(cell[edge], edge, nodes[source])
    return _ordered(nodes[OUTPUT])


def _terms(op: int, edge: int, fed: list[Any]) -> list[Any]:
    """What one edge adds to its target."""
    if op == SKIP:
        return fed
    if op == POOL:
        return [("pool", term) for term in fed]
    return [(OPS[op], edge, _ordered(fed))]


def _ordered(terms: list[Any]) -> Sum:
    return tuple(sorted(terms, key=repr))


def canonical(cell: Cell) -> str:
    """Name of the function a cell computes: equal exactly for equal functions."""
    output = output_of(cell)
    live = live_edges(cell)
    three, one = ([edge for edge in live if cell[edge] == op] for op in (CONV3, CONV1))
    names = (dict(zip((*p, *q), range(6), strict=False)) for p in permutations(three) for q in permutations(one))
    return min(repr(_renamed(output, name)) for name in names)


def _renamed(terms: Sum, name: dict[int, int]) -> Sum:
    """The same sum with each convolution's edge replaced by its new name."""
    return _ordered([_renamed_term(term, name) for term in terms])


def _renamed_term(term: Any, name: dict[int, int]) -> Any:
    if term[0] == "in":
        return term
    if term[0] == "pool":
        return ("pool", _renamed_term(term[1], name))
    return (term[0], name[term[1]], _renamed(term[2], name))


@cache
def representatives() -> tuple[int, ...]:
    """For every cell by number, the smallest number of a cell that computes the same function: 15,625 numbers (seconds)."""
    first: dict[str, int] = {}
    return tuple(first.setdefault(canonical(cell), index_of(cell)) for cell in product(range(len(OPS)), repeat=len(EDGES)))


def unique_cells() -> tuple[Cell, ...]:
    """One cell for each of the 5,044 functions, by number; one of them computes nothing."""
    return tuple(cell_of(index) for index in sorted(set(representatives())))
