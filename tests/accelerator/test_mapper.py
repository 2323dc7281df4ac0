"""The mapper: what it finds is the best of all mappings, and what it proves is true."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archgym.envs.accelerator.layer import DIMS, TENSORS, Layer
from archgym.envs.accelerator.mapper.branch import solve_large
from archgym.envs.accelerator.mapper.search import search
from archgym.envs.accelerator.mapper.solve import GOALS, solve
from archgym.envs.accelerator.mapper.space import Limits, MapSpace, factorisations
from archgym.envs.accelerator.mapper.table import build_table
from archgym.envs.accelerator.nest.architecture import UNLIMITED, Architecture, Level
from archgym.envs.accelerator.nest.evaluate import evaluate, evaluate_mappings

ALL = "".join(DIMS)
READS, FILLS, UPDATES = 0, 1, 2
WINDOWS = (("P", "R"), ("Q", "S"))


def exact_cycles(architecture, result):
    """Slowest port of all levels, whole cycles."""
    cycles = result.steps.copy()
    for i, level in enumerate(architecture.levels):
        counts = result.counts[:, i].sum(axis=1)
        cycles = np.maximum(cycles, np.ceil(counts[:, READS] / level.read_bandwidth))
        cycles = np.maximum(cycles, np.ceil((counts[:, FILLS] + counts[:, UPDATES]) / level.write_bandwidth))
    return cycles


def every_mapping(layer, space):
    """All factorisations in all orders of the dims there are, as arrays ``(N, L, 8)``."""
    dims = [d for d in range(8) if layer.bounds[d] > 1]
    splits = [factorisations(layer.bounds[d], len(space.places[DIMS[d]])) for d in dims]
    picks = np.array(list(product(*(range(len(part)) for part in splits))), np.int64).reshape(-1, len(dims))
    factors = np.ones((len(picks), 3, len(space.levels), 8), np.int64)
    for i, d in enumerate(dims):
        for place, (level, axis) in enumerate(space.places[DIMS[d]]):
            factors[:, axis, level, d] = splits[i][picks[:, i], place]
    rest = [d for d in range(8) if d not in dims]
    one = [[*order, *rest] for order in permutations(dims)]
    orders = np.array(list(product(one, repeat=len(space.levels))), np.int64)
    rows = np.repeat(np.arange(len(picks)), len(orders))
    return factors[rows, 0], np.tile(orders, (len(picks), 1, 1)), factors[rows, 1], factors[rows, 2]


def brute_force(layer, architecture, space, goal):
    """The best value of all legal mappings."""
    result = evaluate(layer, architecture, *every_mapping(layer, space))
    cycles, energy = exact_cycles(architecture, result)[result.valid], result.energy_pj[result.valid]
    values = {"edp": cycles * energy, "delay": cycles, "energy": energy}[goal]
    return values.min(initial=np.inf)


def levels(keeps):
    port = st.sampled_from([0.5, 1.0, 2.0, 4.0, float("inf")])
    energy = st.integers(0, 40).map(lambda n: n / 4)
    return st.builds(
        Level,
        name=st.just("level"),
        keeps=keeps,
        capacity=st.integers(2, 40),
        block=st.sampled_from([1, 2, 4]),
        read_bandwidth=port,
        write_bandwidth=port,
        read_pj=energy,
        write_pj=energy,
        fanout=st.sampled_from([(1, 1), (1, 1), (2, 1), (3, 2)]),
    )


some = st.lists(st.sampled_from(TENSORS), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def problems(draw):
    """A tiny layer, a three-level architecture, and a space with every temporal loop and any spatial one."""
    dims = draw(st.lists(st.sampled_from("GCMRSNPQ"), min_size=1, max_size=3, unique=True))
    bounds = {d: draw(st.integers(2, 6 if len(dims) < 3 else 3)) for d in dims}
    layer = Layer("tiny", stride=draw(st.integers(1, 3)), **bounds)
    outer = draw(levels(st.just(TENSORS)))
    outer = Level(outer.name, TENSORS, UNLIMITED, *list(vars(outer).values())[3:])
    parts = (outer, draw(levels(some)), draw(levels(some)))
    axes = [draw(st.sampled_from([(ALL, ALL), ("MG", "CRS"), ("PQ", "RSM")])) for _ in parts]
    limits = tuple(Limits(ALL, *(a if level.fanout != (1, 1) else ("", ""))) for a, level in zip(axes, parts, strict=True))
    return layer, Architecture("tiny", parts, draw(st.sampled_from([0.0, 1.0]))), MapSpace("tiny", limits)


GOAL = st.sampled_from(["edp", "delay", "energy"])
TINY = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@TINY
@given(problems(), GOAL)
def test_the_certified_mapping_is_the_best_of_all_in_all_orders(problem, goal):
    solution, best = solve(*problem, goal), brute_force(*problem, goal)
    assert solution.value == pytest.approx(best, rel=1e-12)
    assert solution.mapping is None or evaluate_mappings(*problem[:2], [solution.mapping]).valid[0]


@TINY
@given(problems(), GOAL, st.tuples(*[st.lists(st.integers(0, 60), max_size=3)] * 2))
def test_a_table_with_larger_hardware_on_offer_has_the_same_optimum(problem, goal, more):
    layer, architecture, space = problem
    limits, solution = architecture.limits, solve(*problem, goal)
    offered = [np.unique([own, *(own + n for n in extra)]) for own, extra in zip(limits[:, 0], ([], *more), strict=True)]
    table = build_table(layer, space, architecture.keep, limits[:, 1:] * 2, offered)
    best, out = np.empty(1, np.int64), np.empty((1, 2))
    hardware = (limits.reshape(1, -1), architecture.ports[None], np.array([layer.macs * architecture.mac_pj]))
    search(table.needs, table.counts, table.active, *hardware, np.array([GOALS[goal]]), best, out)
    assert tuple(out[0]) == (solution.cycles, solution.energy_pj)
    if best[0] >= 0:
        assert evaluate_mappings(layer, architecture, [table.mapping(int(best[0]))]).valid[0]


@TINY
@given(problems(), GOAL)
def test_branch_and_bound_is_never_below_the_optimum_nor_its_bound_above(problem, goal):
    solution, best = solve_large(*problem, goal), brute_force(*problem, goal)
    assert solution.bound <= best * (1 + 1e-12)
    assert solution.value >= best * (1 - 1e-12)
    assert (solution.mapping is None) == (best == np.inf)
    if solution.bound == solution.value:
        assert solution.value == pytest.approx(best, rel=1e-12)


@TINY
@given(problems())
def test_least_energy_is_certified_unless_windows_overlap(problem):
    layer = problem[0]
    solution = solve_large(*problem, "energy")
    if not any(getattr(layer, a) > 1 and getattr(layer, b) > 1 for a, b in WINDOWS):
        assert solution.value == solution.bound or solution.mapping is None
