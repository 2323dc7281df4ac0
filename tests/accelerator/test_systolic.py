"""The systolic model: SCALE-Sim's counts, and what a designer may rely on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.accelerator.layer import Layer, Network
from archgym.envs.accelerator.systolic import fidelity
from archgym.envs.accelerator.systolic.closed_form import DATAFLOWS, Dataflow, compute_cycles, sram_accesses
from archgym.envs.accelerator.systolic.hardware import Hardware
from archgym.envs.accelerator.systolic.layout import Out
from archgym.envs.accelerator.systolic.model import SystolicModel
from archgym.envs.accelerator.systolic.roles import Job
from archgym.envs.accelerator.systolic.space import SPACE
from archgym.envs.accelerator.systolic.tasks import tasks
from archgym.envs.accelerator.technology import load_technology
from archgym.errors import BadInput
from archgym.space import IntArray, Value
from archgym.task import Task
from archgym.testing import check_task

CONV = Layer("conv", C=64, M=96, R=3, S=3, P=28, Q=28)
STRIDED = Layer("strided", C=30, M=70, R=5, S=5, P=14, Q=14, stride=2)
POINTWISE = Layer("pointwise", C=96, M=200, P=28, Q=28)
DEPTHWISE = Layer("depthwise", G=144, R=3, S=3, P=28, Q=28)
ATTENTION = Layer("score", G=12, C=64, M=128, P=128)
NETWORK = Network.of("test", [(CONV, 2), (STRIDED, 1), (POINTWISE, 3), (DEPTHWISE, 1), (ATTENTION, 2)])
BASE: dict[str, Value] = {
    "rows": 32, "cols": 48, "grid_rows": 1, "grid_cols": 1, "dataflow": "os", "block": 4,
    "ifmap_depth": 8192, "filter_depth": 8192, "ofmap_depth": 8192,
    "ifmap_banks": 16, "filter_banks": 16, "ofmap_banks": 16, "dram_channels": 2, "batch": 1,
}  # fmt: skip


@cache
def model(network: Network = NETWORK) -> SystolicModel:
    return SystolicModel({network: 1.0}, Hardware(load_technology("cacti_45nm"), "lpddr4"))


def design(**changes: Value) -> IntArray:
    return SPACE.encode({**BASE, **changes})


def designs(n: int, seed: int = 0) -> IntArray:
    return model().repair(SPACE.sample(np.random.default_rng(seed), n))


@pytest.mark.parametrize("column", ["compute_cycles", "total_cycles", *fidelity.COUNTS])
def test_every_scalesim_row_is_equal(column: str) -> None:
    found = fidelity.figures_of(fidelity.rows(), column)
    assert found["rows"] >= 73 and found["exact"] == 1.0


def test_dram_words_equal_scalesims_but_for_its_write_buffer() -> None:
    _, figures = fidelity.tables()
    for mode in ("calc", "user"):
        assert figures[f"systolic_ifmap_dram_reads_{mode}"]["exact"] == 1.0
        assert figures[f"systolic_filter_dram_reads_{mode}"]["exact"] == 1.0
    assert figures["systolic_ofmap_dram_writes_calc"]["max_error_percent"] < 0.02


def test_the_os_counter_bug_is_only_in_the_compatible_count() -> None:
    row = next(r for r in fidelity.rows() if r["dataflow"] == "os")
    true = sram_accesses(*fidelity.case(row)).ofmap_writes
    assert true == int(row["npx"]) * int(row["nfilt"]) < int(row["ofmap_sram_writes"])


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("batch", [1, 8])
def test_the_kernel_counts_what_the_closed_form_says(dataflow: Dataflow, batch: int) -> None:
    ((_, raw),) = model().layers(design(dataflow=dataflow, batch=batch))
    for (layer, _), out in zip(NETWORK.layers, raw, strict=True):
        shape = Job(layer, batch, dataflow).product, 32, 48, dataflow
        counts = sram_accesses(*shape)
        assert out[Out.COMPUTE] == compute_cycles(*shape)
        assert (out[Out.IFMAP_READS], out[Out.FILTER_READS], out[Out.OFMAP_WRITES]) == (
            counts.ifmap_reads, counts.filter_reads, counts.ofmap_writes,
        )  # fmt: skip


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_large_srams_move_every_operand_once(dataflow: str) -> None:
    large = {f"{t}_depth": 65536 for t in ("ifmap", "filter", "ofmap")}
    ((_, raw),) = model().layers(design(dataflow=dataflow, **large))
    for (layer, _), out in zip(NETWORK.layers, raw, strict=True):
        assert (out[Out.FILTER_DRAM], out[Out.IFMAP_DRAM], out[Out.OFMAP_DRAM]) == layer.words


def test_small_output_srams_spill_partial_sums() -> None:
    layer = Layer("deep", C=256, M=64, R=3, S=3, P=56, Q=56)
    small = design(dataflow="ws", rows=64, cols=64, ofmap_depth=1024)
    ((_, raw),) = model(Network.of("deep", [(layer, 1)])).layers(small)
    assert raw[0, Out.OFMAP_DRAM] == layer.words[2] * (2 * 256 * 9 // 64 - 1)


def test_a_flexible_array_takes_the_fastest_dataflow_of_every_layer() -> None:
    every = np.array([model().layers(design(dataflow=d))[0][1] for d in (*DATAFLOWS, "flexible")])
    assert np.array_equal(every[3, :, Out.CYCLES], every[:3, :, Out.CYCLES].min(axis=0))


def test_depthwise_layers_leave_large_arrays_idle() -> None:
    alone = model(Network.of("depthwise", [(DEPTHWISE, 1)]))
    dense = model(Network.of("conv", [(CONV, 1)]))
    large = design(rows=128, cols=128, dram_channels=16, ifmap_banks=128)[None]
    assert alone.evaluate(large)["utilisation"][0] < 0.01
    assert dense.evaluate(large)["utilisation"][0] > 0.2
    small = alone.evaluate(design(rows=8, cols=8, dram_channels=16)[None])
    assert small["utilisation"][0] > 10 * alone.evaluate(large)["utilisation"][0]


def test_groups_are_dealt_out_over_arrays() -> None:
    alone = model(Network.of("depthwise", [(DEPTHWISE, 1)]))
    one, four = (alone.layers(design(grid_cols=g))[0][1][0, Out.COMPUTE] for g in (1, 4))
    assert one == 4 * four


def test_an_attentions_operands_are_not_shared_by_a_batch() -> None:
    attention = model(Network.of("attention", [(ATTENTION, 1)]))
    one, eight = (attention.evaluate(design(batch=b)[None]) for b in (1, 8))
    assert one["dram_bytes"] == eight["dram_bytes"]
    dense = model(Network.of("pointwise", [(POINTWISE, 1)]))
    assert dense.evaluate(design(batch=8)[None])["dram_bytes"] < dense.evaluate(design(batch=1)[None])["dram_bytes"]


@pytest.mark.parametrize(("knob", "metric"), [("dram_channels", "latency_s"), ("ifmap_banks", "latency_s")])
def test_more_bandwidth_is_never_slower(knob: str, metric: str) -> None:
    x = designs(400)
    column = SPACE.names.index(knob)
    x[:, [SPACE.names.index(f"{t}_depth") for t in ("ifmap", "filter", "ofmap")]] = 6
    per_value = [model().evaluate(_with(x, column, v))[metric] for v in range(SPACE.nvec[column])]
    assert (np.diff(per_value, axis=0) <= 0).all() and (np.diff(per_value, axis=0) < 0).any()


@pytest.mark.parametrize("tensor", ["ifmap", "filter", "ofmap"])
def test_a_larger_sram_never_moves_more(tensor: str) -> None:
    x = designs(400)
    x = x[x[:, SPACE.names.index("dataflow")] != 3]  # a flexible array goes for speed and may move more
    costs = [model().evaluate(_with(x, SPACE.names.index(f"{tensor}_depth"), v)) for v in range(7)]
    moved = np.array([np.where(c.valid, c["dram_bytes"], np.inf) for c in costs])
    assert (moved[1:] <= moved[:-1]).all()
    assert (moved[1:][np.isfinite(moved[:-1])] < moved[:-1][np.isfinite(moved[:-1])]).any()


@pytest.mark.parametrize("knob", SPACE.names)
def test_every_knob_matters(knob: str) -> None:
    x, column = designs(60), SPACE.names.index(knob)
    costs = [model().evaluate(_with(x, column, v)) for v in range(SPACE.nvec[column])]
    both = costs[0].valid & costs[-1].valid
    assert both.any() and (costs[0].values[both] != costs[-1].values[both]).any(axis=1).all()


def test_invalid_designs_say_which_sram_is_too_small() -> None:
    thin = design(dataflow="ws", rows=256, cols=256, filter_depth=1024)
    bank = design(ofmap_depth=1024, ofmap_banks=128)
    costs = model().evaluate(np.array([thin, bank, design()]))
    assert costs.valid.tolist() == [False, False, True]
    assert costs.why(0) == "half the filter SRAM is smaller than one array of stationary words"
    assert costs.why(1) == "the ofmap SRAM has fewer than 64 blocks per bank"
    assert model().evaluate(designs(500)).valid.all()


def test_energy_and_time_add_up() -> None:
    x, hw = design(), model().hardware
    ((_, raw),) = model().layers(x)
    costs = model().evaluate(x[None])
    times = np.array([count for _, count in NETWORK.layers])
    assert costs["latency_s"][0] == pytest.approx((raw[:, Out.CYCLES] * times).sum() / hw.technology.clock_hz, rel=1e-12)
    least = NETWORK.macs * hw.technology.mac_pj * 1e-12 + costs["dram_bytes"][0] / hw.word_bytes * hw.dram_pj * 1e-12
    assert least < costs["energy_j"][0] < 10 * least
    assert (raw[:, Out.CYCLES] >= raw[:, Out.COMPUTE]).all()


def test_a_mix_is_a_geometric_mean() -> None:
    other = Network.of("other", [(CONV, 1)])
    mixed = SystolicModel({NETWORK: 0.25, other: 0.75}, model().hardware)
    x = designs(20)
    a, b, both = model().evaluate(x), model(other).evaluate(x), mixed.evaluate(x)
    np.testing.assert_allclose(both["energy_j"], a["energy_j"] ** 0.25 * b["energy_j"] ** 0.75, rtol=1e-12)
    assert np.array_equal(both["area_m2"], a["area_m2"])


def test_a_batch_equals_single_designs_across_chunks() -> None:
    x = designs(9000)
    costs = model().evaluate(x)
    for i in (0, 4095, 4096, 8999):
        assert model().evaluate(x[i : i + 1]).values.tobytes() == costs.values[i].tobytes()


@pytest.mark.parametrize("task", tasks(), ids=lambda t: t.id)
def test_tasks_keep_the_contracts(task: Task) -> None:
    check_task(task)


def test_a_design_can_be_drawn() -> None:
    figure = model().render(design())
    assert figure is not None and len(figure.axes) == 2
    assert model().render(design(dataflow="ws", rows=256, cols=256, filter_depth=1024)) is None


def test_a_broken_reference_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("npx,window\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"rows\.csv: column missing: nfilt"):
        fidelity.rows(path)


def _with(x: IntArray, column: int, value: int) -> IntArray:
    changed = np.array(x)
    changed[:, column] = value
    return changed
