"""Cells of the NAS-Bench-201 topology: how many functions there are, and how large their networks."""

from __future__ import annotations

from functools import cache
from itertools import permutations, product

import numpy as np
import pytest

from archgym.envs.nas.cells.size import Skeleton, macs, parameters
from archgym.envs.nas.cells.topology import (
    CONV1,
    CONV3,
    EDGES,
    POOL,
    SKIP,
    ZERO,
    Cell,
    canonical,
    cell_of,
    index_of,
    live_edges,
    representatives,
    unique_cells,
)

CELLS = tuple(product(range(5), repeat=6))
NOTHING = (ZERO,) * 6


def test_numbers_and_cells_are_inverse() -> None:
    assert [cell_of(index) for index in range(15625)] == list(CELLS)
    assert [index_of(cell) for cell in CELLS] == list(range(15625))


def test_there_are_5044_functions_and_341_cells_compute_nothing() -> None:
    chosen = representatives()
    assert len(chosen) == 15625 and len(set(chosen)) == len(unique_cells()) == 5044
    assert chosen.count(index_of((SKIP, SKIP, ZERO, SKIP, ZERO, ZERO))) == 341  # the smallest number without a path
    assert sum(not live_edges(cell) for cell in CELLS) == 341


def test_the_functions_are_told_apart_by_numbers_as_by_symbols() -> None:
    """Independent of the rules: run every cell on stand-ins (random maps for layers), and average over the weights' names."""
    prints = {cell: fingerprint(cell) for cell in CELLS}
    assert len(set(prints.values())) == 5044
    for cell, chosen in zip(CELLS, representatives(), strict=True):
        assert prints[cell] == prints[cell_of(chosen)]


def fingerprint(cell: Cell) -> float:
    """A number that depends on the function alone: the mean, over all ways to hand out weights, of a bump of the output."""
    live = live_edges(cell)
    three, one = ([edge for edge in live if cell[edge] == op] for op in (CONV3, CONV1))
    names = (*range(len(three)), *range(6, 6 + len(one)))
    ways = [dict(zip((*p, *q), names, strict=True)) for p in permutations(three) for q in permutations(one)]
    return round(float(np.mean([np.cos(run(cell, live, way) @ stand_ins()[2]) for way in ways])), 9)


@cache
def stand_ins() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six 3x3 and six 1x1 "convolutions", a "pooling" that is linear, and the vector that is fed and asked for."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(12, 3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)


def run(cell: Cell, live: tuple[int, ...], way: dict[int, int]) -> np.ndarray:
    weights, pooling, fed = stand_ins()
    nodes = [fed, np.zeros(3), np.zeros(3), np.zeros(3)]
    for edge in live:
        (source, target), op = EDGES[edge], cell[edge]
        if op == SKIP:
            nodes[target] = nodes[target] + nodes[source]
        else:
            made = pooling @ nodes[source] if op == POOL else np.tanh(weights[way[edge]] @ nodes[source] + 0.3)
            nodes[target] = nodes[target] + made
    return nodes[3]


def test_expressions_that_forget_which_convolution_is_which_count_5773() -> None:
    """The number quoted elsewhere: terms without their edge, nested sums left closed, pooling of a sum left whole."""
    assert len({expression(cell) for cell in CELLS}) == 5773


def expression(cell: Cell) -> tuple:
    nodes: list[tuple] = [(("in",),), (), (), ()]
    for target in (1, 2, 3):
        terms: list[tuple] = []
        for (source, end), op in zip(EDGES, cell, strict=True):
            if end != target or op == ZERO or not nodes[source]:
                continue
            closed = len(nodes[source]) > 1 or op != SKIP
            terms.append((op, nodes[source]) if closed else nodes[source][0])
        opened = terms[0][1] if len(terms) == 1 and terms[0][0] == SKIP else terms
        nodes[target] = tuple(sorted(opened, key=repr))
    return nodes[3]


def test_a_convolution_used_twice_is_not_two_convolutions() -> None:
    two = (CONV3, ZERO, CONV3, ZERO, SKIP, ZERO)
    tied = (CONV3, ZERO, ZERO, SKIP, SKIP, SKIP)
    assert expression(two) == expression(tied)
    assert canonical(two) != canonical(tied)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param((SKIP, ZERO, ZERO, CONV3, ZERO, SKIP), (ZERO, ZERO, CONV3, ZERO, ZERO, ZERO), id="skips pass on"),
        pytest.param((CONV3, ZERO, POOL, ZERO, ZERO, ZERO), (ZERO, CONV1, POOL, CONV3, ZERO, ZERO), id="unread is nothing"),
        pytest.param((ZERO, ZERO, POOL, CONV3, CONV1, ZERO), (ZERO, ZERO, POOL, ZERO, ZERO, SKIP), id="unfed is nothing"),
        pytest.param((POOL, SKIP, ZERO, SKIP, ZERO, POOL), (POOL, ZERO, POOL, ZERO, POOL, ZERO), id="pooling is linear"),
        pytest.param((CONV3, CONV1, ZERO, ZERO, SKIP, SKIP), (CONV1, CONV3, ZERO, ZERO, SKIP, SKIP), id="sums have no order"),
    ],
)
def test_equal_functions_have_one_name(left: Cell, right: Cell) -> None:
    assert canonical(left) == canonical(right)


def test_parameters_and_macs_of_known_cells() -> None:
    skeleton = Skeleton()
    # stem 72 + 16; 1x1 to 16 channels 128 + 32; head 32 + 170
    assert parameters(NOTHING, skeleton) == parameters((SKIP,) * 6, skeleton) == 450
    assert macs(NOTHING, skeleton) == 72 * 64 + 128 * 16 + 160
    # a 3x3 convolution: 576 + 16 at 8 channels, 2,304 + 32 at 16
    assert parameters((ZERO, ZERO, CONV3, ZERO, ZERO, ZERO), skeleton) == 450 + 592 + 2336
    assert macs((ZERO, ZERO, CONV1, ZERO, ZERO, ZERO), skeleton) == macs(NOTHING, skeleton) + 64 * 64 + 256 * 16
    assert parameters((CONV3,) * 6, skeleton) == 450 + 6 * (592 + 2336)


@pytest.mark.parametrize(("cell", "published", "mmacs"), [((CONV3,) * 6, 1531546, 220.12), (NOTHING, 73306, 7.78)])
def test_sizes_agree_with_nas_bench_201s_extremes(cell: Cell, published: int, mmacs: float) -> None:
    """Its 17 blocks for 32x32 colour images, with its residual blocks in the place of our step between stages."""
    skeleton = Skeleton(image=32, inputs=3, channels=16, stages=3, cells=5, classes=10)
    weights = {c: 9 * c * 2 * c + 9 * 4 * c * c + c * 2 * c for c in (16, 32)}
    wider = sum(weights[c] - 2 * c * c for c in (16, 32)) + sum(2 * 2 * c for c in (16, 32))  # one more normalisation each
    assert parameters(cell, skeleton) + wider == published
    more = sum((weights[c] - 2 * c * c) * side**2 for c, side in ((16, 16), (32, 8)))
    assert (macs(cell, skeleton) + more) / 1e6 == pytest.approx(mmacs, abs=0.06)
