"""Is a row the mapping it says, is every knob alive, and do repair, mask and folding keep their promises?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.mapper.solve import solve
from archgym.envs.accelerator.mapping.model import MappingModel, build
from archgym.envs.accelerator.mapping.sources import load_layer, load_machine
from archgym.envs.accelerator.mapping.space import MappingSpace
from archgym.envs.accelerator.mapping.tasks import tasks
from archgym.envs.accelerator.nest.evaluate import evaluate_mappings
from archgym.envs.accelerator.nest.mapping import Loops, Mapping
from archgym.errors import BadInput
from archgym.objective import Constraint, Maximise, Minimise, Objective, Product, TargetSpec
from archgym.space import IntArray
from archgym.testing import check_task

TASKS = {task.id: task for task in tasks()}
PAIRS = [
    ("C=12,M=10,R=3,S=3,P=14,Q=12", "eyeriss"),
    ("C=12,M=10,R=3,S=3,P=14,Q=12,stride=2", "simba"),
    ("G=6,R=5,S=3,P=15,Q=8,N=4", "simba"),
    ("C=24,M=36,P=20", "tpu32"),
]


@cache
def model(layer: str, architecture: str, illegal: str = "invalid") -> MappingModel:
    built = build(layer, {"architecture": architecture, "illegal": illegal})
    assert isinstance(built, MappingModel)
    return built


def rows(built: MappingModel, n: int = 200, seed: int = 0) -> IntArray:
    """Random rows and their repairs."""
    x = built.space.sample(np.random.default_rng(seed), n)
    return np.concatenate([x, built.repair(x)])


@pytest.mark.parametrize("task_id", TASKS)
def test_the_tasks_conform(task_id: str) -> None:
    check_task(TASKS[task_id])


def test_spaces_are_as_large_as_gammas() -> None:
    assert max(task.space.size for task in TASKS.values()) >= 10**24


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_a_row_costs_what_its_mapping_costs(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    x = rows(built)
    costs = built.evaluate(x)
    machine = built.machine.architecture
    result = evaluate_mappings(built.mappings.layer, machine, [built.mapping_of(row) for row in x])
    assert costs.valid.any() and not costs.valid.all()
    assert np.array_equal(costs.reason, result.reason)
    assert np.array_equal(costs.distance, result.excess)
    legal = costs.valid
    assert np.array_equal(costs["cycles"][legal], result.cycles[legal])
    assert np.array_equal(costs["energy_j"][legal], result.energy_pj[legal] * 1e-12)
    words = result.counts[legal, 0, :, ::2].sum(axis=(1, 2))
    assert np.array_equal(costs["dram_bytes"][legal], 2 * words)


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_energies_of_the_levels_and_multiplications_sum_to_the_whole(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    costs = built.evaluate(built.repair(rows(built)))
    parts = sum(costs[f"energy_{level.name.lower()}_j"] for level in built.machine.architecture.levels)
    multiplications = built.mappings.layer.macs * built.machine.architecture.mac_pj * 1e-12
    assert np.allclose(parts + multiplications, costs["energy_j"], rtol=1e-12)


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_rows_and_mappings_go_round(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    for row, folded in zip(rows(built), built.canonical(rows(built)), strict=True):
        assert np.array_equal(built.row_of(built.mapping_of(row)), folded)


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_a_foreign_order_becomes_one_that_costs_no_more(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    rng = np.random.default_rng(5)
    given = [_shuffled(built.mapping_of(row), rng) for row in built.repair(rows(built))]
    before = evaluate_mappings(built.mappings.layer, built.machine.architecture, given)
    after = built.evaluate(np.stack([built.row_of(mapping) for mapping in given]))
    assert after.valid.all()
    assert (after["cycles"] <= before.cycles).all()
    assert (after["energy_j"] <= before.energy_pj * 1e-12 * (1 + 1e-12)).all()


def _shuffled(mapping: Mapping, rng: np.random.Generator) -> Mapping:
    return Mapping(tuple(Loops(tuple(part.temporal[i] for i in rng.permutation(len(part.temporal))), part.x, part.y) for part in mapping.levels))  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_repair_makes_rows_legal_and_leaves_legal_ones(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    x = built.space.sample(np.random.default_rng(1), 500)
    repaired, costs = built.repair(x), built.evaluate(x)
    assert built.evaluate(repaired).valid.all()
    assert np.array_equal(repaired[costs.valid], x[costs.valid])
    assert (repaired <= x).all(), "factors only move outwards"


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_folding_keeps_costs_and_joins_equal_rows(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    x = rows(built, 400)
    folded = built.canonical(x)
    before, after = built.evaluate(x), built.evaluate(folded)
    assert np.array_equal(before.values, after.values, equal_nan=True)
    assert np.array_equal(before.reason, after.reason)
    assert np.array_equal(before.distance, after.distance)
    assert np.array_equal(built.canonical(folded), folded)
    assert (folded != x).any()


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_a_masked_place_is_hopeless_and_an_open_walk_is_legal(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    rng = np.random.default_rng(2)
    for _ in range(20):
        chosen: list[int] = []
        for knob in range(len(built.space)):
            mask = built.mask(np.array(chosen, dtype=np.int64), knob)
            allowed = np.ones(built.space.nvec[knob], np.bool_) if mask is None else mask
            for value in np.flatnonzero(~allowed):
                rest = built.space.sample(rng, 20)
                rest[:, :knob], rest[:, knob] = chosen, value
                rest[0, knob + 1 :] = 0  # everything else outermost: the row with the smallest tiles
                assert not built.evaluate(rest).valid.any()
            chosen.append(int(rng.choice(np.flatnonzero(allowed))))
        assert built.evaluate(np.array([chosen])).valid.all()


@pytest.mark.parametrize(("layer", "architecture"), PAIRS)
def test_every_value_of_every_knob_can_matter(layer: str, architecture: str) -> None:
    built = model(layer, architecture)
    x = built.repair(built.space.sample(np.random.default_rng(3), 3000))
    for knob, param in enumerate(built.space.params):
        moved = np.repeat(x[None], len(param.values), axis=0)
        moved[:, :, knob] = np.arange(len(param.values))[:, None]
        energy = built.evaluate(moved.reshape(-1, len(built.space)))["energy_j"].reshape(len(param.values), -1)
        assert np.isfinite(energy).any(axis=1).all(), f"a value of {param.name} is never legal"
        for value in range(1, len(param.values)):
            differ = [
                (energy[value] != energy[other]) & np.isfinite(energy[[value, other]]).all(axis=0) for other in range(value)
            ]
            if "_x" not in str(param.values[value]) and "_y" not in str(param.values[value]):
                assert all(d.any() for d in differ), f"{param.name} = {param.values[value]} never matters"


@pytest.mark.parametrize("goal", ["edp", "energy", "delay"])
def test_the_mappers_optimum_is_a_row_that_no_row_beats(goal: str) -> None:
    built = model("C=4,M=2,P=3", "tpu32")
    best = solve(built.mappings.layer, built.machine.architecture, built.mappings.map_space, goal)  # type: ignore[arg-type]
    assert best.mapping is not None
    costs = built.evaluate(built.row_of(best.mapping)[None])
    assert costs["cycles"][0] == best.cycles
    assert costs["energy_j"][0] == pytest.approx(best.energy_pj * 1e-12, rel=1e-12)
    x = built.evaluate(built.repair(built.space.sample(np.random.default_rng(4), 20000)))
    value = {"edp": x["cycles"] * x["energy_j"], "energy": x["energy_j"], "delay": x["cycles"]}[goal]
    assert value.min() >= best.value * (1.0 if goal == "delay" else 1e-12) * (1 - 1e-12)


@pytest.mark.parametrize(
    "objective", [Minimise("latency_s", 1.0), Minimise("energy_j", 1.0), Product({"energy_j": 1.0, "latency_s": 1.0}, 1.0)]
)
def test_a_proved_optimum_is_what_all_rows_of_a_small_space_say(objective: Objective) -> None:
    built = model("C=4,M=2,P=3", "eyeriss")
    proved = built.optimum(objective)
    assert proved is not None
    x = built.space.enumerate(0, built.space.size)
    score = objective.score(built.evaluate(x))
    assert objective.score(built.evaluate(proved[None]))[0] == pytest.approx(score.max(), rel=1e-12)


def test_an_optimum_is_proved_under_constraints_that_it_keeps_and_under_no_others() -> None:
    built = model("C=4,M=2,P=3", "eyeriss")
    free = built.optimum(Minimise("energy_j", 1.0))
    assert free is not None
    latency = float(built.evaluate(free[None])["latency_s"][0])
    loose, tight = (Minimise("energy_j", 1.0, constraints=(Constraint("latency_s", latency * x),)) for x in (1.0, 0.99))
    kept = built.optimum(loose)
    assert kept is not None and np.array_equal(kept, free)
    assert built.optimum(tight) is None


@pytest.mark.parametrize(
    "objective",
    [
        Maximise("latency_s", 1.0),
        Minimise("dram_bytes", 1.0),
        Product({"energy_j": 1.0, "latency_s": 2.0}, 1.0),
        TargetSpec({"latency_s": 1e-9, "energy_j": 1e-12}),
    ],
)
def test_what_the_mapper_does_not_look_for_is_not_proved(objective: Objective) -> None:
    assert model("C=4,M=2,P=3", "eyeriss").optimum(objective) is None


def test_repaired_rows_are_what_repair_makes_of_them() -> None:
    layer, architecture = PAIRS[0]
    plain, lenient = model(layer, architecture), model(layer, architecture, "repaired")
    x = plain.space.sample(np.random.default_rng(6), 300)
    assert np.array_equal(lenient.evaluate(x).values, plain.evaluate(plain.repair(x)).values)
    assert plain.fingerprint != lenient.fingerprint


def test_a_prime_too_large_for_every_place_has_no_knob() -> None:
    machine = load_machine("eyeriss").architecture
    space = MappingSpace(Layer("odd", C=4, P=65537), machine)
    assert all(name.startswith(("C_", "order_")) for name in space.space.names)


def test_a_figure_shows_energy_and_nest_or_why_it_does_not_fit() -> None:
    built = model(*PAIRS[0])
    x = rows(built, 20)
    valid = built.evaluate(x).valid
    for row in (x[valid][0], x[~valid][0]):
        figure = built.render(row)
        shown = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert any("multiply-accumulate" in text for text in shown)
        figure.canvas.draw()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("C=4,C=5", "C=5"),
        ("C=x", "C=x"),
        ("K=4", "K=4"),
        ("C=0", "whole number"),
        ("resnet18", "NETWORK:LAYER"),
        ("resnet18:conv9", "no layer 'conv9'"),
        ("nonet:conv1", "no network"),
    ],
)
def test_a_wrong_layer_is_one_clear_line(text: str, part: str) -> None:
    with pytest.raises(BadInput, match=part) as caught:
        load_layer(text)
    assert "\n" not in str(caught.value)


LEVELS = 'level = [{ name = "D" }, { name = "B", capacity = 64 }]'


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("a = 1", "must be a table"),
        ("[a]\nlevel = 3", "list of 2 to"),
        (f"[a]\nclok = 3\n{LEVELS}", "unknown field 'clok'"),
        (f"[a]\nmac_pj = -1.0\n{LEVELS}", "mac_pj"),
        (f"[a]\nclock_hz = nan\n{LEVELS}", "clock_hz"),
        ('[a]\nlevel = [{ name = "D" }, { name = "D", capacity = 64 }]', "share a name"),
        ('[a]\nlevel = [{ name = "D", capacity = 4 }, { name = "B", capacity = 64 }]', "outermost"),
        ('[a]\nlevel = [{ name = "D" }, { name = "B", capacity = 2 }]', "cannot hold"),
        ('[a]\nlevel = [{ name = "D" }, { name = "B", fanout = [0, 1] }]', "fanout"),
        ('[a]\nlevel = [{ name = "D" }, { name = "B", keeps = ["X"] }]', "no such tensor"),
        ("[a", "cannot be read"),
    ],
)
def test_a_wrong_architecture_is_one_clear_line(tmp_path: Path, body: str, part: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(body, encoding="utf-8")
    with pytest.raises(BadInput, match=part) as caught:
        load_machine(str(file))
    assert "\n" not in str(caught.value)


def test_an_architecture_of_a_users_file_works(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[a]\nmac_pj = 1.0\n{LEVELS}\n", encoding="utf-8")
    built = build("C=8,M=8", {"architecture": str(file), "illegal": "repaired"})
    assert built.evaluate(built.space.sample(np.random.default_rng(0), 50)).valid.all()
