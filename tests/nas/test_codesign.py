"""Co-design: prices within physical bounds, exact searches equal to brute force, networks that hardware ranks differently."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest

from archgym.batch import set_threads
from archgym.envs.accelerator.technology import load_technology
from archgym.envs.nas.cells.topology import index_of
from archgym.envs.nas.codesign.accuracy import Learned, sizes
from archgym.envs.nas.codesign.bench import rank_correlations
from archgym.envs.nas.codesign.chips import CHIPS, EDGE, Chip, Subs
from archgym.envs.nas.codesign.model import CodesignModel, build, parts_of, schedule
from archgym.envs.nas.codesign.networks import CELLS, CIFAR, DIGITS, stages
from archgym.envs.nas.codesign.prices import prices
from archgym.envs.nas.codesign.search import best_design, bounds_of, front, most_accurate, sequential
from archgym.envs.nas.codesign.tasks import tasks
from archgym.envs.nas.digits.shipped import shipped
from archgym.errors import BadInput
from archgym.objective import Constraint, Minimise, Product
from archgym.testing import check_cost_model

SMALL = Chip(((4, 4), (8, 8)), (2.0, 4.0), (8,), 80, 6.0)
OPTIONS = {"chip": "edge", "technology": "cacti_45nm", "memory": "lpddr4", "table": ""}


def learned(trained: int, seed: int = 0) -> Learned:
    """Cells drawn at random with accuracies that grow with their size, and noise: no file is needed."""
    rng = np.random.default_rng(seed)
    accuracy = np.full(CELLS, np.nan)
    cells = rng.permutation(CELLS)[:trained]
    accuracy[cells] = 0.5 + 0.05 * sizes()[cells, 1:].sum(axis=1) + rng.uniform(0.0, 0.1, trained)
    return Learned(f"drawn_{seed}", stages(DIGITS), accuracy, accuracy - 0.01, str(seed))


def model(*networks: Learned, chip: Chip = EDGE) -> CodesignModel:
    subs = Subs(chip, load_technology("cacti_45nm"), "lpddr4")
    return CodesignModel(networks, [1.0 / len(networks)] * len(networks), subs)


def goal(latency_s: float, energy_j: float, area_m2: float) -> Minimise:
    bounds = {"latency_s": latency_s, "energy_j": energy_j, "area_m2": area_m2}
    return Minimise("validation_error", 0.1, constraints=tuple(Constraint(*bound) for bound in bounds.items()))


def everything(found: CodesignModel) -> np.ndarray:
    """Every design with trained cells, of a chip small enough."""
    cells = [np.flatnonzero(~np.isnan(n.validation)) for n in found.networks]
    runs = list(product((0, 1), repeat=sum(found.layout.stages)))
    pairs = [found.subs.rows[list(pair)] for pair in product(range(found.subs.chip.size), repeat=2)]
    parts = product(product(*cells), runs, pairs)
    return np.array([found.layout.row(np.array(c), np.array(r, dtype=np.int64), p) for c, r, p in parts])


@pytest.mark.parametrize("networks", [(learned(300),), (learned(300), learned(CELLS, 1))])
def test_the_contracts_of_a_cost_model_hold(networks: tuple[Learned, ...]) -> None:
    check_cost_model(model(*networks), samples=100)


def test_repaired_designs_are_valid_and_valid_ones_stay() -> None:
    found = model(learned(200), learned(200, 1))
    x = found.space.sample(np.random.default_rng(0), 500)
    repaired = found.repair(x)
    assert not found.evaluate(x).valid.all()
    assert found.evaluate(repaired).valid.all()
    assert np.array_equal(found.repair(repaired), repaired)


@pytest.mark.parametrize("specs", [(20e-6, 9e-6, 2e-6), (4e-6, 3e-6, 0.7e-6), (9e-6, 2e-6, 0.45e-6), (1e-9, 1.0, 1.0)])
def test_optimum_and_sequential_equal_brute_force(specs: tuple[float, float, float]) -> None:
    found, objective = model(learned(12), chip=SMALL), goal(*specs)
    x = everything(found)
    costs = found.evaluate(x)
    feasible, best = objective.feasible(costs), best_design(found, objective)
    assert (best is not None) == feasible.any()
    if best is not None:
        assert found.evaluate(best[None])["validation_error"][0] == costs["validation_error"][feasible].min()
        assert objective.feasible(found.evaluate(best[None]))[0]
    first = costs["validation_error"] == np.nanmin(costs["validation_error"])
    one = sequential(found, objective)
    assert one is not None
    assert np.isclose(one.violation, np.nanmin(objective.violation(costs)[first]), rtol=1e-12)


def test_two_networks_are_searched_exactly_too() -> None:
    found, objective = model(learned(3), learned(3, 1), chip=SMALL), goal(9e-6, 6e-6, 0.6e-6)
    costs = found.evaluate(everything(found))
    best = best_design(found, objective)
    assert best is not None
    assert found.evaluate(best[None])["validation_error"][0] == costs["validation_error"][objective.feasible(costs)].min()


def test_front_is_that_of_brute_force() -> None:
    found = model(learned(12), chip=SMALL)
    bounds = bounds_of(goal(1.0, 3e-6, 0.8e-6))
    assert bounds is not None
    costs, own = found.evaluate(everything(found)), found.evaluate(front(found, bounds, "latency_s"))
    within = (costs["energy_j"] <= bounds[1]) & (costs["area_m2"] <= bounds[2])
    for error, latency in zip(own["validation_error"], own["latency_s"], strict=True):
        assert costs["latency_s"][within & (costs["validation_error"] <= error)].min() == latency
    assert own["validation_error"].min() == costs["validation_error"][within].min()


def test_a_product_of_error_and_latency_is_searched_exactly() -> None:
    found = model(learned(12), chip=SMALL)
    bounds = (Constraint("energy_j", 3e-6), Constraint("area_m2", 0.8e-6))
    objective = Product({"validation_error": 2.0, "latency_s": 1.0}, 1.0, constraints=bounds)
    best = best_design(found, objective)
    assert best is not None
    assert objective.score(found.evaluate(best[None]))[0] == objective.score(found.evaluate(everything(found))).max()


def test_fewer_sub_accelerators_to_choose_from_are_no_better() -> None:
    found, bounds = model(learned(12), chip=SMALL), np.array([20e-6, 4e-6, 0.6e-6])
    rows = [most_accurate(found, bounds, np.flatnonzero(found.subs.rows[:, 0] == template)) for template in range(3)]
    every = most_accurate(found, bounds)
    assert every is not None and any(row is not None for row in rows)
    least = found.evaluate(every[None])["validation_error"][0]
    for template, row in enumerate(rows):
        if row is not None:
            assert found.space.decode(row)["first_dataflow"] == found.space.params[found.layout.first_sub].values[template]
            assert found.evaluate(row[None])["validation_error"][0] >= least


def test_bounds_on_other_metrics_are_refused_by_the_search() -> None:
    found = model(learned(12), chip=SMALL)
    assert best_design(found, Minimise("latency_s", 1.0)) is None
    assert best_design(found, Minimise("validation_error", 1.0, constraints=(Constraint("utilisation", 0.1, ">="),))) is None


def test_networks_have_the_published_macs() -> None:
    """7.78 to 220.12 million for CIFAR-10 (NAS-Bench-201), poolings aside."""
    macs = sum(stage.macs for stage in stages(CIFAR, residual=True))
    pools = sum(a.macs for stage in stages(CIFAR, residual=True) for a in stage.fixed if a.name.startswith("pool"))
    plain = sizes() @ np.array([macs[0] - pools, macs[1], macs[2], 0])
    assert round(plain.min() / 1e6, 2) == 7.78
    assert round(plain.max() / 1e6, 2) == 220.12


@pytest.mark.parametrize("chip", CHIPS)
def test_no_price_is_below_what_the_multipliers_need(chip: str) -> None:
    subs = Subs(CHIPS[chip], load_technology("cacti_45nm"), "lpddr4")
    network = stages(DIGITS)
    found = prices(network, subs)
    macs = np.array([stage.macs for stage in network])
    assert (found.cycles * subs.pes[:, None, None] >= macs).all()
    assert (found.energy_pj >= macs * subs.technology.mac_pj).all()
    assert (subs.area_m2 > subs.pes * subs.technology.mac_area_um2 * 1e-12).all()


def test_more_bandwidth_never_slows_the_best_of_its_goal() -> None:
    subs = Subs(EDGE, load_technology("cacti_45nm"), "lpddr4")
    found = prices(stages(DIGITS), subs)
    product_of = (found.cycles * found.energy_pj).reshape(*EDGE.nvec, 2, 4)[:, :, :, :, :, 0, 1]  # one layer: 3x3
    assert (np.diff(product_of, axis=2) <= 1e-9 * product_of[:, :, 1:]).all()


def test_templates_rank_networks_differently() -> None:
    for chip, network in (("edge", stages(DIGITS)), ("nasaic", stages(CIFAR, residual=True))):
        for pair, rho in rank_correlations(network, chip).items():
            assert rho.min() < 0.95, pair


def test_stages_wait_for_their_network_and_their_sub_accelerator() -> None:
    layout = model(learned(20), learned(20, 1)).layout
    assert [(t, p) for t, p, _ in layout.order] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    cycles = [np.array([c]) for c in (3.0, 5.0, 2.0, 1.0)]
    for runs, lasts in (((0, 0, 0, 0), 11.0), ((0, 0, 1, 1), 6.0), ((0, 1, 1, 0), 7.0), ((0, 1, 0, 1), 9.0)):
        assert schedule(layout, np.array([runs]), cycles)[0] == lasts, runs


def test_an_unused_sub_accelerator_costs_nothing() -> None:
    found = model(learned(50))
    x = found.repair(found.space.sample(np.random.default_rng(3), 50))
    x[:, found.layout.first_run : found.layout.first_sub] = 0
    other = np.array(x)
    other[:, found.layout.first_sub + 5 :] = found.space.nvec[found.layout.first_sub + 5 :] - 1
    assert np.array_equal(found.evaluate(x).values, found.evaluate(other).values)
    assert np.array_equal(found.canonical(x), found.canonical(other))


def test_an_untrained_cell_is_invalid_and_says_so() -> None:
    one = learned(30)
    found = model(one)
    row = np.zeros(len(found.space), np.int64)
    assert np.isnan(one.validation[index_of((0,) * 6)])
    costs = found.evaluate(row[None])
    assert not costs.valid[0] and "not in the table" in costs.why(0) and costs.distance[0] > 0


def test_a_core_evaluates_more_than_twenty_thousand_designs_per_second() -> None:
    found = model(learned(1000), learned(1000, 1))
    x = found.repair(found.space.sample(np.random.default_rng(0), 20_000))
    set_threads(1)
    try:
        found.evaluate(x)
        started = time.process_time()
        found.evaluate(x)
        assert len(x) / (time.process_time() - started) > 20_000
    finally:
        set_threads(None)


def test_workloads_name_data_sets_with_weights() -> None:
    assert parts_of("digits + 2*cifar") == [("digits", 1.0), ("cifar", 2.0)]
    assert parts_of("digits + digits") == [("digits", 1.0)] * 2


@pytest.mark.parametrize(
    ("workload", "change", "line"),
    [
        ("digit", {}, "there are no trained networks for 'digit'"),
        ("-1*digits", {}, "weight must be a positive number"),
        ("digits", {"chip": "big"}, "there is no chip 'big'"),
        ("digits", {"table": "nowhere.npz"}, "nowhere.npz"),
    ],
)
def test_bad_input_is_named(workload: str, change: dict[str, str], line: str) -> None:
    with pytest.raises(BadInput, match=line):
        build(workload, {**OPTIONS, **change})


def test_task_ids_are_those_of_the_environment() -> None:
    ids = [task.id for task in tasks()]
    assert len(set(ids)) == len(ids) and all(name.startswith("codesign-") and name.endswith("-v0") for name in ids)


@pytest.mark.skipif(shipped() is None, reason="no table of trained digits networks is shipped")
@pytest.mark.parametrize("name", ["edge", "pair"])
def test_networks_first_miss_specs_that_codesign_meets(name: str) -> None:
    (task,) = [task for task in tasks() if task.id.endswith(f"-{name}-v0")]
    found = task.model
    assert isinstance(found, CodesignModel)
    first, best = sequential(found, task.objective), best_design(found, task.objective)
    assert first is not None and first.violation > 0.1
    assert best is not None and task.objective.feasible(found.evaluate(best[None]))[0]


def test_a_design_has_a_picture_that_ends_with_its_latency() -> None:
    found = model(learned(50), learned(50, 1))
    row = found.repair(found.space.sample(np.random.default_rng(5), 1))[0]
    figure = found.render(row)
    assert figure is not None
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].patches]
    assert len(ends) == 4
    assert np.isclose(max(ends), 1e6 * found.evaluate(row[None])["latency_s"][0])
