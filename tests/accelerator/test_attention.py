"""Is the attention model right: published figures, properties of the cascades, tasks?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.envs.accelerator.attention import bench
from archgym.envs.accelerator.attention.design import COLUMN
from archgym.envs.accelerator.attention.evaluate import evaluate_values
from archgym.envs.accelerator.attention.fidelity import tables
from archgym.envs.accelerator.attention.linear import FLAT, FUSEMAX, linear_layers
from archgym.envs.accelerator.attention.model import RULES, AttentionModel
from archgym.envs.accelerator.attention.published import STEPS, design, figures, headlines, largest_block, workloads
from archgym.envs.accelerator.attention.space import SPACE
from archgym.envs.accelerator.attention.tasks import tasks
from archgym.envs.accelerator.attention.workload import load_attention, load_mix
from archgym.errors import BadInput
from archgym.space import IntArray
from archgym.testing import check_cost_model, check_task

FUSEMAX_KNOBS: dict[str, object] = design("binding", load_attention("bert@64k"))


def model(text: str) -> AttentionModel:
    return AttentionModel(load_mix(text))


def sample(n: int, seed: int = 0) -> IntArray:
    return SPACE.sample(np.random.default_rng(seed), n)


def step(x: IntArray, knob: str) -> tuple[IntArray, IntArray]:
    """Rows that can go one value up in a knob, before and after."""
    rows = x[x[:, COLUMN[knob]] < SPACE.nvec[COLUMN[knob]] - 1]
    after = rows.copy()
    after[:, COLUMN[knob]] += 1
    return rows, after


# -- published figures -----------------------------------------------------------------------------------------------


def test_the_headline_figures_follow_from_the_closed_forms() -> None:
    found = headlines()
    assert round(found["speed-up on attention"], 2) == 6.72
    assert round(found["geometric mean speed-up"], 2) == 6.46
    assert round(found["energy on attention"], 3) == 0.787
    assert round(found["speed-up end to end"], 2) == 5.30
    assert round(found["energy end to end"], 3) == 0.833


@pytest.mark.parametrize(
    ("name", "workload", "bytes_", "seconds", "picojoules", "array", "vector"),
    [
        ("unfused", "bert@1k", 6845104128, 0.02182357659574468, 2605413731452.846, 0.0766721058359586, 0.6133768466876688),
        (
            "unfused",
            "t5@256k",
            281784214355968,
            913.2466105191489,
            1.1280073550129387e17,
            0.0800504764790044,
            0.6404038118320352,
        ),
        ("flat", "bert@1k", 1308622848, 0.013386076595744681, 2485343541836.59, 0.125, 1.0),
        ("flat", "xlm@16k", 667973563909.8403, 4.569114144680851, 1472094656033039.0, 0.25, 1.0),
        ("flat", "xlm@1m", 9570698963976192, 22283.52, 6.234917224586448e18, 0.20996561064648636, 0.8398624425859454),
        ("cascade", "trxl@4k", 2147483648, 0.32377572765957446, 47254293422793.34, 0.11024978466838932, 1.0),
        ("arch", "xlm@1k", 1073741824, 0.01132936170212766, 5071622554596.864, 0.4076923076923077, 0.45846153846153853),
        ("binding", "bert@1k", 402653184, 0.002013140425531915, 1950645149855.2659, 0.8896103896103896, 1.0),
        ("binding", "bert@1m", 6803228196864, 1891.8274331234043, 2.0288129992244227e18, 0.9926412317445941, 1.0),
    ],
)
def test_published_rows_are_reproduced(
    name: str, workload: str, bytes_: float, seconds: float, picojoules: float, array: float, vector: float
) -> None:
    found = figures(name, load_attention(workload))
    assert found["dram_bytes"] == pytest.approx(bytes_, rel=1e-12)
    assert found["latency_s"] == pytest.approx(seconds, rel=1e-12)
    assert found["energy_j"] == pytest.approx(picojoules * 1e-12, rel=2e-8)
    assert found["utilisation"] == pytest.approx(array, rel=1e-12)
    assert found["utilisation_1d"] == pytest.approx(vector, rel=1e-12)


def test_linear_layers_are_reproduced() -> None:
    flat, fusemax = linear_layers(load_attention("xlm@1m"), FLAT), linear_layers(load_attention("xlm@1m"), FUSEMAX)
    assert (flat.dram_bytes, fusemax.dram_bytes) == (7696614948864, 10445394018304)
    assert flat.latency_s == pytest.approx(54.82936973617022, rel=1e-12) == fusemax.latency_s
    assert flat.energy_j == pytest.approx(6.095262341535667e4, rel=1e-10)
    assert fusemax.energy_j == pytest.approx(5.983810103967914e4, rel=1e-10)
    small = linear_layers(load_attention("t5@1k"), FLAT)  # its projections are bound by traffic
    assert (small.dram_bytes, small.latency_s) == (1214251008, pytest.approx(0.003485895578457447, rel=1e-12))


def test_array_areas_are_reproduced() -> None:
    bert, xlm = load_attention("bert@256k"), load_attention("xlm@256k")
    areas = {
        (a.model, d): evaluate_values(FUSEMAX_KNOBS | {"array_edge": d}, a)["array_area_m2"]
        for a in (bert, xlm)
        for d in (16, 512)
    }
    assert areas["bert", 16] == pytest.approx(4712617.37472e-12, rel=1e-10)
    assert areas["bert", 512] == pytest.approx(4834854330.20416e-12, rel=1e-10)
    assert areas["xlm", 512] == pytest.approx(4831804326.7072e-12, rel=1e-10)


def test_published_designs_are_points_of_the_space_that_fit() -> None:
    for attention in workloads():
        for name in STEPS:
            row = SPACE.encode(design(name, attention))
            costs = AttentionModel({attention: 1.0}).evaluate(row[None, :])
            assert costs.valid[0], f"{name} on {attention.name}"
            assert costs["latency_s"][0] == figures(name, attention)["latency_s"]


def test_the_query_block_is_the_largest_divisor_that_fits() -> None:
    assert largest_block(256, 16 << 20, 256, 64) == 128  # 251 would fit; 128 divides 256
    assert largest_block(16, 16 << 20, 256, 64) == 16


# -- properties ------------------------------------------------------------------------------------------------------


def test_one_pass_needs_the_same_buffer_at_every_length() -> None:
    needs = {
        evaluate_values(FUSEMAX_KNOBS | {"query_tiles": 4}, load_attention(f"bert@{n}k"))["on_chip_bytes"]
        for n in (1, 64, 1024)
    }
    assert len(needs) == 1


def test_three_passes_need_a_row_per_query_and_spill_what_does_not_fit() -> None:
    knobs = FUSEMAX_KNOBS | {"cascade": "three_pass", "query_tiles": 1, "buffer_bytes": 16 << 20}
    short, long = (evaluate_values(knobs, load_attention(f"bert@{n}k")) for n in (4, 64))
    assert long["on_chip_bytes"] == 16 << 20 > 2 * short["on_chip_bytes"]
    roomy = evaluate_values(knobs | {"buffer_bytes": 64 << 20}, load_attention("bert@64k"))
    assert roomy["dram_bytes"] < 0.5 * long["dram_bytes"]


def test_two_passes_move_less_than_three_and_more_than_one() -> None:
    knobs = FUSEMAX_KNOBS | {"operands": "block", "scores": "offchip", "query_tiles": 4}
    moved = [
        evaluate_values(knobs | {"cascade": name}, load_attention("bert@64k"))["dram_bytes"]
        for name in ("one_pass", "two_pass", "three_pass")
    ]
    assert moved[0] < moved[1] < moved[2]


@pytest.mark.parametrize(
    ("knob", "metric"), [("dram_gib_per_s", "latency_s"), ("buffer_bytes", "dram_bytes"), ("vector_lanes", "latency_s")]
)
def test_more_of_a_resource_never_makes_it_worse(knob: str, metric: str) -> None:
    before, after = step(sample(4000), knob)
    one = model("xlm@16k")
    a, b = one.evaluate(before), one.evaluate(after)
    both = a.valid & b.valid
    assert both.sum() > 100
    assert (b[metric][both] <= a[metric][both] * (1 + 1e-12)).all()
    assert (b["area_m2"][both] > a["area_m2"][both]).all()


def test_pipelining_is_never_slower_than_turns() -> None:
    before, after = step(sample(4000), "schedule")
    one = model("bert@4k")
    a, b = one.evaluate(before), one.evaluate(after)
    assert (b["latency_s"][a.valid] <= a["latency_s"][a.valid] * (1 + 1e-12)).all()


def test_no_unit_is_busier_than_time_allows() -> None:
    costs = model("bert@1k").evaluate(sample(4000))
    for name in ("utilisation", "utilisation_1d"):
        assert (costs[name][costs.valid] <= 1 + 1e-9).all()


def test_energy_parts_add_up() -> None:
    one = model("xlm@4k")
    row = SPACE.encode(FUSEMAX_KNOBS | {"query_tiles": 16})
    assert sum(one.breakdown(row)["xlm@4k"].values()) == pytest.approx(float(one.evaluate(row[None, :])["energy_j"][0]))


def test_every_knob_and_value_matters() -> None:
    """At 1 M no head fits on chip, at 4 k there are fewer tiles than the largest blocks hold: one of the two must differ."""
    x, models = sample(3000), (model("bert@4k"), model("bert@1m"))
    for j, param in enumerate(SPACE.params):
        seen = []
        for value in range(len(param.values)):
            moved = x.copy()
            moved[:, j] = value
            seen.append(np.hstack([np.nan_to_num(one.evaluate(moved).values) for one in models]))
        for a, b in pairwise(seen):
            assert (a != b).any(axis=1).mean() > 0.05, f"two values of {param.name} cost the same"


# -- validity --------------------------------------------------------------------------------------------------------


def test_a_tile_that_does_not_fit_is_invalid_with_a_distance() -> None:
    rows = np.stack([SPACE.encode(FUSEMAX_KNOBS | {"buffer_bytes": n << 10, "query_tiles": 64}) for n in (64, 256, 16384)])
    costs = model("bert@64k").evaluate(rows)
    assert costs.valid.tolist() == [False, False, True]
    assert costs.distance[0] > costs.distance[1] > 0
    assert costs.why(0) == RULES[0] == costs.why(1)


def test_repair_makes_every_design_valid() -> None:
    one, x = model("gpt3@1m"), sample(2000)
    repaired = one.repair(x)
    assert not one.evaluate(x).valid.all()
    assert one.evaluate(repaired).valid.all()
    fine = one.evaluate(x).valid
    assert np.array_equal(repaired[fine], x[fine])


@pytest.mark.parametrize("text", ["gpt3@32k", "bert@1k + xlm@1m"])
def test_the_mask_opens_what_some_fitting_design_has_and_nothing_else(text: str) -> None:
    one, first = model(text), COLUMN["query_tiles"]
    rest = np.array(np.unravel_index(np.arange(650), SPACE.nvec[first:])).T  # all values of the last four knobs
    closed = 0
    for row in sample(150, seed=5):
        x = np.hstack([np.tile(row[:first], (len(rest), 1)), rest])
        valid = one.evaluate(x).valid
        for knob in range(first, len(SPACE)):
            same = (x[:, :knob] == row[:knob]).all(axis=1)
            mask = one.mask(row[:knob], knob)
            if not valid[same].any():
                assert mask is None, "nothing can save this prefix"
                continue
            saved = [bool(valid[same & (x[:, knob] == value)].any()) for value in range(int(SPACE.nvec[knob]))]
            assert saved == (np.ones(len(saved), np.bool_) if mask is None else mask).tolist()
            closed += saved.count(False)
    assert closed > 100


def test_what_the_mask_leaves_open_always_ends_in_a_design_that_fits() -> None:
    one, rng = model("bert@1k + xlm@1m"), np.random.default_rng(6)
    for _ in range(50):
        row: list[int] = []
        for knob in range(len(SPACE)):
            mask = one.mask(np.array(row, dtype=np.int64), knob)
            row.append(int(rng.choice(np.arange(SPACE.nvec[knob]) if mask is None else np.flatnonzero(mask))))
        assert one.evaluate(np.array([row])).valid.all()


@pytest.mark.parametrize("text", ["bert@1k", "xlm@1m", "2*bert@1k + llama2_7b@256k"])
def test_the_model_keeps_the_contract(text: str) -> None:
    check_cost_model(model(text), 200)


def test_folded_designs_cost_the_same_bit_for_bit() -> None:
    one, x = model("trxl@1k"), sample(20000)
    folded = one.canonical(x)
    assert (folded != x).any(axis=1).mean() > 0.5
    assert one.evaluate(x).values.tobytes() == one.evaluate(folded).values.tobytes()


def test_a_mix_is_between_its_parts() -> None:
    x = sample(500)
    parts = [model(text).evaluate(x) for text in ("bert@1k", "bert@16k")]
    both = model("bert@1k + bert@16k").evaluate(x)
    assert np.array_equal(both.valid, parts[0].valid & parts[1].valid)
    mean = np.sqrt(parts[0]["latency_s"] * parts[1]["latency_s"])[both.valid]
    assert both["latency_s"][both.valid] == pytest.approx(mean)


# -- workloads, tasks, fidelity ----------------------------------------------------------------------------------------


def test_workload_texts_name_the_same_layer() -> None:
    assert load_attention("BERT@64k") == load_attention("bert@65536")
    assert load_attention("bert@1024k") == load_attention("bert@1m")
    assert sum(load_mix("3*bert@1k + xlm@1m + bert@1k").values()) == pytest.approx(1.0)
    assert load_mix("3*bert@1k + xlm@1m + bert@1k")[load_attention("bert@1k")] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bert", "write MODEL@LENGTH"),
        ("brt@1k", "did you mean 'bert'"),
        ("bert@3k", "a power of two from 1k to 1m, got '3k'"),
        ("bert@2m", "got '2m'"),
        ("bert@-4k", "got '-4k'"),
        ("0*bert@1k", "the weight must be a positive number"),
    ],
)
def test_bad_workloads_are_named(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as error:
        load_mix(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("task", tasks(), ids=lambda t: t.id)
def test_tasks_conform(task: Any) -> None:
    check_task(task)
    assert task.id.startswith("attention-")
    assert len(task.front) >= 2


def test_fidelity_prints_the_headlines_without_the_published_tables() -> None:
    printed, found = tables()
    assert len(printed) == 2
    assert [row[1] for row in printed[0].rows] == ["6.72x", "78.7 %", "5.30x", "83.3 %"]
    assert all(figure["exact"] for figure in found["attention_headlines"].values())


def test_flats_own_model_moves_and_takes_the_same_but_for_fills() -> None:
    _, found = tables()
    for column, most in {"traffic": 0.02, "latency": 0.15}.items():
        summary = found["attention_flat_alone"][column]
        assert summary["rows"] == 5
        assert summary["max_error_percent"] < most


def test_fidelity_names_a_missing_or_broken_table(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"attn-unfused\.csv: cannot be read"):
        tables(tmp_path)
    (tmp_path / "attn-unfused.csv").write_text("model,seq_len\nbert,1K\n")
    with pytest.raises(BadInput, match="row 2: traffic must be a positive number"):
        tables(tmp_path)


def test_a_design_can_be_drawn() -> None:
    figure = model("bert@1k + xlm@4k").render(SPACE.encode(FUSEMAX_KNOBS))
    assert len(figure.axes) == 2


def test_batches_are_fast() -> None:
    assert bench.rate("bert@4k", 1 << 15) > 100_000  # 1.5 million on a quiet machine
