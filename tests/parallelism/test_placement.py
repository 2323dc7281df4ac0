"""Placement: slowest links by hand and by brute force, Holmes' rule as the optimum, codes that are always legal."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from archgym.envs.parallelism.clusters import load_cluster
from archgym.envs.parallelism.network.annealing import Wire, anneal, placement_cost
from archgym.envs.parallelism.network.orders import RULES, by_island, chained, decode, encode, knobs
from archgym.envs.parallelism.network.placement import DATA_FIRST, PIPELINE_FIRST, Layout, placed_bandwidths
from archgym.space import FloatArray, IntArray

GRADIENTS = Wire(pipeline=1e9, data=1e10)


def random_matrix(nodes: int, seed: int = 0) -> FloatArray:
    """Links of one cluster between 10 and 25 GB/s, each direction its own."""
    return np.random.default_rng(seed).uniform(10e9, 25e9, (nodes, nodes))


def two_islands(islands: IntArray) -> FloatArray:
    """25 GB/s inside the first, 20 GB/s inside the second, 3 GB/s between them."""
    inside = np.where(islands == 0, 25e9, 20e9)
    return np.where(islands[:, None] == islands[None, :], inside[:, None], 3e9)


def every(nodes: int) -> IntArray:
    """All permutations."""
    return np.array(list(itertools.permutations(range(nodes))), dtype=np.int64)


def by_definition(matrix: FloatArray, permutation: IntArray, layout: Layout) -> tuple[float, float, float]:
    """The slowest links from the ranks' coordinates, one rank at a time."""
    pp, dp, inner, node, order, wraps = layout

    def where(p: int, d: int, i: int) -> int:
        cell = p * dp + d if order == DATA_FIRST else d * pp + p
        return int(permutation[(cell * inner + i) // node])

    def link(a: int, b: int) -> float:
        return math.inf if a == b else float(min(matrix[a, b], matrix[b, a]))

    ranks = list(itertools.product(range(pp), range(dp), range(inner)))
    pipe = [link(where(p, d, i), where((p + 1) % pp, d, i)) for p, d, i in ranks if p + 1 < pp or wraps]
    data = [link(where(p, d, i), where(p, (d + 1) % dp, i)) for p, d, i in ranks]
    cell = [link(where(p, d, i), where(p, d, (i + 1) % inner)) for p, d, i in ranks]
    return min(pipe, default=math.inf), min(data), min(cell)


LAYOUTS = [
    Layout(2, 4, 8, 8), Layout(4, 2, 8, 8, PIPELINE_FIRST), Layout(4, 4, 4, 8, DATA_FIRST, 1), Layout(2, 2, 16, 8),
    Layout(8, 8, 1, 8, PIPELINE_FIRST, 1), Layout(5, 2, 6, 8), Layout(1, 8, 8, 8), Layout(8, 1, 8, 8), Layout(1, 1, 1, 8),
    Layout(2, 3, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_slowest_links_are_those_of_the_definition(layout: Layout) -> None:
    matrix, rng = random_matrix(8), np.random.default_rng(1)
    permutations = np.array([rng.permutation(8) for _ in range(20)])
    found = placed_bandwidths(matrix, permutations, layout)
    want = [by_definition(matrix, permutation, layout) for permutation in permutations]
    assert np.array_equal(found, want)


def test_rows_of_a_batch_may_have_layouts_of_their_own_and_too_large_ones_are_nan() -> None:
    matrix, permutations = random_matrix(8), np.tile(np.arange(8), (len(LAYOUTS) + 1, 1))
    layouts = np.array([*LAYOUTS, Layout(9, 1, 8, 8)])
    found = placed_bandwidths(matrix, permutations, layouts)
    alone = [placed_bandwidths(matrix, permutations[:1], layout)[0] for layout in LAYOUTS]
    assert np.array_equal(found[:-1], alone)
    assert np.isnan(found[-1]).all()


def test_holmes_rule_is_the_optimum_of_two_islands() -> None:
    islands = np.array([0, 1, 0, 1, 1, 0, 1, 0])
    matrix, layout = two_islands(islands), Layout(2, 4, 8, 8)
    costs = placement_cost(matrix, every(8), layout, GRADIENTS)
    best = every(8)[costs == costs.min()]
    stages = islands[best].reshape(-1, 2, 4)
    assert (stages == stages[:, :, :1]).all()  # every ring inside one island ...
    assert (stages[:, 0, 0] != stages[:, 1, 0]).all()  # ... and every pipeline across
    assert len(best) == 2 * math.factorial(4) ** 2
    assert np.array_equal(placed_bandwidths(matrix, best[:1], layout)[0], [3e9, 20e9, math.inf])


def test_the_island_rule_finds_holmes_placement() -> None:
    islands = np.array([0, 1, 0, 1, 1, 0, 1, 0])
    matrix, layout = two_islands(islands), Layout(2, 4, 8, 8)
    costs = placement_cost(matrix, np.array([by_island(matrix), np.arange(8)]), layout, GRADIENTS)
    assert costs[0] == placement_cost(matrix, every(8), layout, GRADIENTS).min() < costs[1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layout", [Layout(2, 4, 8, 8), Layout(4, 2, 8, 8, PIPELINE_FIRST, 1), Layout(7, 1, 8, 8)])
def test_annealing_finds_what_brute_force_finds(layout: Layout, seed: int) -> None:
    matrix = random_matrix(8, seed)
    found = anneal(matrix, layout, GRADIENTS, seed)
    assert found.cost == placement_cost(matrix, every(8), layout, GRADIENTS).min()
    assert sorted(found.permutation) == list(range(8))


def test_annealing_repeats_itself_and_is_never_dearer_than_a_rule() -> None:
    matrix, layout = random_matrix(24), Layout(4, 6, 8, 8)
    found, again = (anneal(matrix, layout, GRADIENTS, 5, steps=2000) for _ in range(2))
    rules = placement_cost(matrix, np.array([rule(matrix) for rule in RULES.values()]), layout, GRADIENTS)
    assert np.array_equal(found.permutation, again.permutation)
    assert found.cost < rules.min()


def test_on_the_built_in_measured_cluster_placement_matters() -> None:
    cluster = load_cluster("pipette")
    matrix, layout = cluster.links(), Layout(2, cluster.nodes // 2, cluster.node, cluster.node)
    found = anneal(matrix, layout, GRADIENTS, steps=2000)
    assert found.cost < 0.9 * placement_cost(matrix, np.arange(cluster.nodes)[None], layout, GRADIENTS)[0]


def test_a_faster_link_never_slows_a_placement() -> None:
    matrix, rng = random_matrix(8), np.random.default_rng(2)
    permutations = np.array([rng.permutation(8) for _ in range(50)])
    slow = placed_bandwidths(matrix, permutations, LAYOUTS[2])
    assert (placed_bandwidths(matrix * rng.uniform(1.0, 2.0, (8, 8)), permutations, LAYOUTS[2]) >= slow).all()


def test_codes_and_permutations_are_one_to_one() -> None:
    base = np.array([3, 1, 4, 0, 2])
    codes = np.array(list(itertools.product(*(range(len(knob.values)) for knob in knobs(5)))))
    permutations = decode(base, codes)
    assert len({tuple(row) for row in permutations}) == math.factorial(5) == len(codes)
    assert np.array_equal(encode(base, permutations), codes)
    assert np.array_equal(decode(base, codes[:1])[0], base)


def test_neighbouring_codes_move_at_most_three_nodes() -> None:
    rng = np.random.default_rng(3)
    sizes = np.array([len(knob.values) for knob in knobs(16)])
    codes = rng.integers(sizes, size=(200, 15))
    near = codes.copy()
    column = rng.integers(15, size=200)
    near[np.arange(200), column] = rng.integers(sizes[column])
    moved = decode(np.arange(16), codes) != decode(np.arange(16), near)
    assert moved.sum(axis=1).max() == 3


@pytest.mark.parametrize("name", RULES)
def test_rules_give_permutations(name: str) -> None:
    assert sorted(RULES[name](random_matrix(13))) == list(range(13))


def test_a_chain_follows_the_fastest_links() -> None:
    matrix = np.full((4, 4), 1e9)
    for (a, b), speed in {(2, 0): 9e9, (0, 3): 8e9, (3, 1): 7e9}.items():
        matrix[a, b] = matrix[b, a] = speed
    assert list(chained(matrix)) in ([2, 0, 3, 1], [1, 3, 0, 2])
