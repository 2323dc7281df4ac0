"""Hardware with the mapper inside: certified against plain evaluation, against Timeloop's mapper, and as a design space."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from archgym.envs.accelerator.hardware import fidelity
from archgym.envs.accelerator.hardware.decode import Default, TimeloopGym
from archgym.envs.accelerator.hardware.model import HardwareModel, build_default, build_timeloopgym
from archgym.envs.accelerator.hardware.topology import DATAFLOWS, ROW_STATIONARY
from archgym.envs.accelerator.layer import Layer, Network
from archgym.envs.accelerator.mapper.solve import solve
from archgym.envs.accelerator.nest.evaluate import evaluate_mappings
from archgym.envs.accelerator.technology import load_technology
from archgym.errors import BadInput

OPTIONS = {"technology": "cacti_45nm", "dram": "lpddr4"}
TECHNOLOGY = load_technology("cacti_45nm")
SMALL = Network.of("small", [(Layer("conv", C=8, M=12, R=3, S=3, P=14, Q=14), 2), (Layer("product", C=16, M=16, P=8), 1)])


@pytest.fixture(scope="module")
def small() -> HardwareModel:
    return HardwareModel(Default(TECHNOLOGY), {SMALL: 1.0})


@pytest.fixture(scope="module")
def points() -> dict[str, Any]:
    return json.loads(gzip.decompress((fidelity.REFERENCE / "timeloop_points.json.gz").read_bytes()))


def test_archgyms_baseline_has_its_cycles_and_area_and_a_quarter_of_its_energy(points: dict[str, Any]) -> None:
    layers = ["[1, 3, 96, 11, 55, 4]", "[1, 96, 256, 5, 27, 1]", "[1, 256, 384, 3, 13, 1]"]
    layers += ["[1, 384, 384, 3, 13, 1]", "[1, 384, 256, 3, 13, 1]"]
    eyeriss = fidelity.architecture(points["default"], TECHNOLOGY)
    found = [solve(fidelity.layer_of(text), eyeriss, ROW_STATIONARY, "delay") for text in layers]
    assert sum(s.cycles for s in found) == fidelity.BASELINE["cycles"]
    assert sum(s.energy_pj for s in found) * 1e-6 < fidelity.BASELINE["energy_uj"] / 4
    assert eyeriss.area_um2 * 1e-6 == pytest.approx(fidelity.BASELINE["area_mm2"], rel=0.01)
    assert {s.certificate for s in found} == {"optimal within this space"}


def test_timeloops_mapper_is_never_better_on_alexnet(points: dict[str, Any]) -> None:
    rows = [r for r in fidelity._rows() if r.network == "AlexNet" and r.key[0] in ("default", "r00", "r06", "r09") and r.found]
    ours = fidelity._solve_all(points, sorted({r.key for r in rows}), TECHNOLOGY)
    assert len(rows) > 20 and not [r for r in rows if fidelity._worse(r, ours[r.key])]


def test_what_the_mapper_says_is_what_the_evaluator_finds(points: dict[str, Any]) -> None:
    eyeriss = fidelity.architecture(points["default"], TECHNOLOGY)
    for text in ("[1, 96, 256, 5, 27, 1]", "[96, 1, 1, 3, 56, 2]", "[1, 24, 144, 1, 56, 1]"):
        layer = fidelity.layer_of(text)
        best = solve(layer, eyeriss, ROW_STATIONARY, "edp")
        assert best.mapping is not None
        cost = evaluate_mappings(layer, eyeriss, [best.mapping])
        assert cost.valid[0] and cost.energy_pj[0] == pytest.approx(best.energy_pj, rel=1e-12)
        assert 0 <= cost.cycles[0] - best.cycles <= 1  # Timeloop's doubles round up at times


def test_a_table_for_many_designs_finds_what_a_search_for_one_finds(small: HardwareModel) -> None:
    x = small.space.sample(np.random.default_rng(3), 40)
    hardware = small.decoder(x)
    found = small.atlas.search(hardware.designs)
    for i in range(len(x)):
        for k, layer in enumerate(small.atlas.layers):
            alone = solve(layer, _one(small, x[i]), _space(small, x[i]), small.space.decode(x[i])["mapper_goal"])  # type: ignore[arg-type]
            assert (alone.cycles, alone.energy_pj) == (found.cycles[i, k], pytest.approx(found.energy_pj[i, k], rel=1e-12))


def _space(model: HardwareModel, row: Any) -> Any:
    return DATAFLOWS[str(model.space.decode(row)["dataflow"])]


def _one(model: HardwareModel, row: Any) -> Any:
    """The architecture of a row, built from its knobs by name instead of by index."""
    d = model.space.decode(row)
    part = {"IF": "ifmap", "WT": "weights", "PS": "psum", "GLB": "glb"}
    point: dict[str, Any] = {"meshX": 14, "PE": 14 * int(str(d["mesh_y"])), "DB": {"cls": "SRAM", "depth": 16, "block": 1}}
    for short, name in part.items():
        banks = int(str(d.get(f"{name}_banks", 1)))
        block = int(str(d[f"{name}_block"]))
        kind = str(d.get(f"{name}_class", "smartbuffer_SRAM"))
        sizes = {"cls": kind, "depth": int(str(d[f"{name}_depth"])), "block": block, "banks": banks}
        point[short] = {**sizes, "rbw": banks * block, "wbw": banks * block}
    made = fidelity.architecture(point, TECHNOLOGY)
    levels = list(made.levels)
    levels[1] = replace(levels[1], fanout=(int(str(d["mesh_x"])), 1))
    return replace(made, levels=tuple(levels))


def test_more_of_anything_is_never_slower_and_larger_is_never_cheaper_in_area(small: HardwareModel) -> None:
    rng = np.random.default_rng(5)
    x = small.space.sample(rng, 300)
    x[:, small.space.names.index("mapper_goal")] = 0
    for knob in ("mesh_x", "mesh_y", "glb_depth", "ifmap_depth", "weights_depth", "psum_depth"):
        j = small.space.names.index(knob)
        less, more = x.copy(), x.copy()
        less[:, j] = np.minimum(x[:, j], small.space.nvec[j] - 2)
        more[:, j] = less[:, j] + 1
        a, b = small.evaluate(less), small.evaluate(more)
        assert (b.valid | ~a.valid).all(), knob
        both = a.valid & b.valid
        assert (b["latency_s"][both] <= a["latency_s"][both]).all() and (b["area_m2"][both] >= a["area_m2"][both]).all(), knob


def test_every_knob_of_the_default_space_matters(small: HardwareModel) -> None:
    x = small.space.sample(np.random.default_rng(6), 200)
    for j, param in enumerate(small.space.params):
        y = x.copy()
        y[:, j] = (x[:, j] + 1) % len(param.values)
        a, b = small.evaluate(x), small.evaluate(y)
        both = a.valid & b.valid
        assert (a.values[both] != b.values[both]).any(), param.name


def test_timeloopgym_has_archgyms_26_knobs_and_most_of_it_maps_nothing() -> None:
    model = build_timeloopgym("alexnet", OPTIONS)
    assert len(model.space) == 26 and model.space.size == 2_154_550_209_231_716_352
    costs = model.evaluate(model.space.sample(np.random.default_rng(0), 400))
    assert costs.valid.mean() < 0.5 and (costs.distance[~costs.valid] > 0).all()
    rows_for_conv1 = model.mask(np.zeros(0, np.int64), 0)
    assert rows_for_conv1 is not None
    assert next(p for p, ok in zip(model.space.params[0].values, rows_for_conv1, strict=True) if ok) == 11 * 14  # S = 11


def test_a_mask_allows_every_valid_design(small: HardwareModel) -> None:
    model = HardwareModel(TimeloopGym(TECHNOLOGY), {SMALL: 1.0})
    x = model.space.sample(np.random.default_rng(1), 200)
    for row in x[model.evaluate(x).valid][:20]:
        for knob in range(len(row)):
            allowed = model.mask(row[:knob], knob)
            assert allowed is None or allowed[row[knob]]


def test_two_networks_cost_their_mean_by_shares() -> None:
    other = Network.of("other", [(Layer("product", C=16, M=16, P=8), 1)])
    parts = [HardwareModel(Default(TECHNOLOGY), {network: 1.0}) for network in (SMALL, other)]
    mixed = HardwareModel(Default(TECHNOLOGY), {SMALL: 0.25, other: 0.75})
    x = mixed.space.sample(np.random.default_rng(2), 50)
    a, b, c = (model.evaluate(x) for model in (*parts, mixed))
    valid = a.valid & b.valid
    assert valid.any() and (c.valid == valid).all()
    for name in ("latency_s", "energy_j"):
        assert c[name][valid] == pytest.approx(0.25 * a[name][valid] + 0.75 * b[name][valid], rel=1e-12)


def test_a_design_is_drawn_and_its_mappings_are_printed(small: HardwareModel) -> None:
    x = small.space.sample(np.random.default_rng(4), 20)
    valid = x[small.evaluate(x).valid]
    figure = small.render(valid[0])
    assert figure is not None and [a.get_title() for a in figure.axes] == ["roofline", "energy by level"]
    text = small.loop_nests(valid[0])
    assert text.count("multiply-accumulate") == 2 and "-- DRAM: Weights, Inputs, Outputs" in text


def test_the_energy_bars_add_up_to_the_metric(small: HardwareModel) -> None:
    from archgym.envs.accelerator.hardware.figure import _details

    x = small.space.sample(np.random.default_rng(8), 20)
    row = x[small.evaluate(x).valid][0]
    hardware = small.decoder(row[None])
    found = small.atlas.search(hardware.designs)
    _, energy = _details(small, hardware.designs.ports[0], found.row[0], int(hardware.designs.dataflow[0]))
    total = (energy.sum(axis=1) * small.atlas.weights).sum() * 1e-12
    assert total == pytest.approx(small.evaluate(row[None])["energy_j"][0], rel=1e-12)


def test_unknown_workloads_and_technologies_are_one_line() -> None:
    wrong = [("resnet19", OPTIONS), ("alexnet", {**OPTIONS, "technology": "7nm"}), ("alexnet", {**OPTIONS, "dram": "x"})]
    for workload, options in wrong:
        with pytest.raises(BadInput) as caught:
            build_default(workload, options)
        assert "\n" not in str(caught.value)
