"""Shapes of language models: the laws against published figures, costs against the serving and training models, monotony."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from archgym.envs.nas.llm import kernel, laws
from archgym.envs.nas.llm.layout import Fit, Size
from archgym.envs.nas.llm.layouts import BATCH, SEQUENCE, VOCABULARY, runs
from archgym.envs.nas.llm.model import RULES, LlmModel, build
from archgym.envs.nas.llm.space import SHAPE, SPACE, TOKENS, nearest, proportioned, services, shapes
from archgym.envs.nas.llm.tasks import tasks
from archgym.envs.parallelism.models import Llm
from archgym.envs.parallelism.serving.model import ServingModel
from archgym.envs.parallelism.serving.workloads import WORKLOADS
from archgym.envs.parallelism.training.constants import fitted
from archgym.envs.parallelism.training.layout import Machine, Mem, Net, Out, Run
from archgym.envs.parallelism.vectors import net_vector
from archgym.errors import BadInput
from archgym.space import IntArray, Value
from archgym.task import Task
from archgym.testing import check_task

OPTIONS = {"law": "epoch", "cluster": "b200-ndr", "gpus": "256", "platform": "h200-efa"}
BASE: dict[str, Value] = {
    "layers": 32, "width": 4096, "head_dim": 128, "kv_heads": 8, "ffn_ratio": 3.0, "experts": 1, "top_k": 1, "weights": "bf16",
    "tp": 2, "batch": 16, "training": "bf16", "tokens": 200e9,
}  # fmt: skip
MIXTURE = {"layers": 16, "width": 2048, "kv_heads": 4, "experts": 16, "top_k": 2}


@cache
def model(**options: str) -> LlmModel:
    return build("chat", {**OPTIONS, **options})


def one(**knobs: Value) -> dict[str, float]:
    costs = model().evaluate(SPACE.encode({**BASE, **knobs})[None])
    assert costs.valid[0], costs.why(0)
    return {metric.name: float(costs[metric.name][0]) for metric in costs.metrics}


def rows(n: int = 4000) -> IntArray:
    """Random valid rows."""
    x = model().repair(SPACE.sample(np.random.default_rng(5), n))
    return x[model().evaluate(x).valid]


def llm(**knobs: Value) -> Llm:
    given = {**BASE, **knobs}
    layers, width, experts = int(given["layers"]), int(given["width"]), int(given["experts"])
    ffn = int(float(given["ffn_ratio"]) * width)
    dense = Llm(
        "it", layers, width, ffn, width // int(given["head_dim"]), int(given["kv_heads"]), int(given["head_dim"]), VOCABULARY,
        gated=True, tied=True,
    )  # fmt: skip
    if experts == 1:
        return dense
    return replace(dense, experts=experts, experts_per_token=int(given["top_k"]), dense_layers=layers // 2, dense_ffn=ffn)


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.id)
def test_every_task_keeps_the_contracts(task: Task) -> None:
    check_task(task, 120)


# -- the laws -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "loss"), [("hoffmann", 1.937), ("epoch", 1.974), ("muennighoff", 2.024)])
def test_the_laws_give_chinchillas_loss_as_their_sources_do(name: str, loss: float) -> None:
    fit = laws.law(name)
    assert fit[Fit.E] + laws.excess(70e9, 1.4e12, fit) == pytest.approx(loss, abs=6e-4)


@pytest.mark.parametrize(("name", "ratio"), [("hoffmann", 93.0), ("epoch", 18.4), ("muennighoff", 19.5)])
def test_the_laws_put_the_optimum_where_their_constants_do(name: str, ratio: float) -> None:
    flop, fit = 5.76e23, laws.law(name)
    sizes = np.geomspace(1e9, 1e12, 20001)
    losses = [laws.excess(n, flop / 6 / n, fit) for n in sizes]
    best = sizes[int(np.argmin(losses))]
    assert flop / 6 / best**2 == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize(("experts", "gain"), [(1.0, 1.0), (8.0, 1.46), (64.0, 2.27)])
def test_clarks_experts_count_as_published(experts: float, gain: float) -> None:
    assert laws.routed(7e9, experts) / 7e9 == pytest.approx(gain, abs=0.01)


def test_routing_never_costs_parameters_and_ends_where_clarks_law_does() -> None:
    assert laws.routed(5e12, 64.0) == 5e12
    gains = [laws.routed(1e9, e) for e in (1.0, 8.0, 16.0, 32.0, 64.0)]
    assert gains == sorted(gains)


@pytest.mark.parametrize(("bits", "share"), [(4.0, 0.649 / 0.9968), (8.0, 0.9244 / 0.9968), (16.0, 1.0)])
def test_kumars_formats_keep_the_published_share_relative_to_16_bits(bits: float, share: float) -> None:
    assert laws.kept(bits, bits) == pytest.approx(share, rel=2e-3)


def test_a_design_is_flagged_outside_the_runs_of_a_law_and_refused_ten_times_outside() -> None:
    assert one(tokens=200e9)["extrapolation"] == 1.0 and one(tokens=2000e9)["extrapolation"] == 4.0
    narrow = one(weights="fp8", tokens=50e9)
    assert narrow["extrapolation"] == pytest.approx(narrow["active_parameters"] / 1.7e9)
    assert narrow["unseen_tokens"] == pytest.approx(50 / 26) and one(tokens=50e9)["unseen_tokens"] == 1.0
    row = SPACE.encode({**BASE, "layers": 64, "width": 8192, "weights": "fp8"})
    costs = model().evaluate(row[None])
    assert not costs.valid[0] and costs.why(0) == RULES[3]


def test_laws_are_never_mixed() -> None:
    base = one()
    other = model(law="muennighoff").evaluate(SPACE.encode(BASE)[None])
    assert base["loss"] - base["excess_loss"] == pytest.approx(1.8172)
    assert other["loss"][0] - other["excess_loss"][0] == pytest.approx(1.87)


# -- costs --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knobs", [{}, MIXTURE], ids=["dense", "mixture"])
def test_parameters_are_those_of_the_model(knobs: dict[str, Value]) -> None:
    found = one(**knobs)
    assert found["parameters"] == llm(**knobs).parameters and found["active_parameters"] == llm(**knobs).active_parameters


@pytest.mark.parametrize("knobs", [{}, MIXTURE], ids=["dense", "mixture"])
def test_serving_costs_are_the_serving_models(knobs: dict[str, Value]) -> None:
    served = ServingModel(llm(**knobs), WORKLOADS["chat"])
    design: dict[str, Value] = {
        "platform": "h200", "tp": 2, "pp": 1, "weights": "bf16", "kv": "bf16", "scheduler": "continuous", "batch": 16,
        "load": 0.9, "chunk": 256, "prefill_platform": "a100", "prefill_tp": 1, **({"ep": 1} if knobs else {}),
    }  # fmt: skip
    costs, found = served.evaluate(served.space.encode(design)[None]), one(**knobs)
    for mine, theirs in (
        ("ttft_s",) * 2,
        ("tpot_s",) * 2,
        ("tokens_per_s",) * 2,
        ("serving_usd", "cost_usd"),
        ("memory_bytes",) * 2,
    ):
        assert found[mine] == pytest.approx(costs[theirs][0], rel=1e-12)


@pytest.mark.parametrize("knobs", [{}, MIXTURE], ids=["dense", "mixture"])
def test_training_takes_the_fastest_layout_that_fits(knobs: dict[str, Value]) -> None:
    from archgym.envs.parallelism.training.kernel import memories, times

    layouts, machine, found = runs(256), model().cluster, one(**knobs)
    layouts[:, Run.EP] = 8.0 if knobs else 1.0
    net = net_vector(llm(**knobs), SEQUENCE, BATCH)
    seconds, held = np.zeros((len(layouts), len(Out))), np.zeros((len(layouts), len(Mem)))
    times(net[None], machine[None], layouts, fitted()[0], seconds)
    memories(net[None], machine[None], layouts, fitted()[1], held)
    fits = held[:, Mem.TOTAL] <= machine[Machine.HBM_BYTES]
    best = seconds[fits, Out.ITERATION].min()
    assert found["training_s"] == pytest.approx(best * 200e9 / (SEQUENCE * BATCH), rel=1e-9)
    assert found["training_usd"] == pytest.approx(found["training_s"] / 3600 * 256 * machine[Machine.USD_PER_HOUR])


@pytest.mark.parametrize(("layers", "width", "kv_heads", "published", "parameters"), [
    (32, 4096, 16, 82_432, 6.738e9),
    (40, 5120, 8, 135_168, 13.016e9),
])  # fmt: skip
def test_training_hours_are_near_llamas_published_ones(
    layers: int, width: int, kv_heads: int, published: float, parameters: float
) -> None:
    """LLaMA 7B and 13B, 10^12 tokens on A100 (Touvron et al. 2023, table 15); nearest shape, scaled by parameters."""
    shape = {"layers": layers, "width": width, "kv_heads": kv_heads, "tp": 1, "batch": 4, "tokens": 1000e9}
    costs = model(cluster="a100-hdr", gpus="512").evaluate(SPACE.encode({**BASE, **shape})[None])
    hours = costs["training_gpu_hours"][0] * parameters / costs["active_parameters"][0]
    assert 0.8 * published < hours < 1.05 * published


# -- what a designer may rely on ----------------------------------------------------------------------------------------------


def test_more_tokens_never_raise_loss_and_always_cost_more() -> None:
    x = rows(600)
    x = x[x[:, -1] < len(TOKENS) - 1]
    more = x.copy()
    more[:, -1] += 1
    before, after = model().evaluate(x), model().evaluate(more)
    both = after.valid
    assert both.sum() > 100
    assert (after["loss"] < before["loss"])[both].all() and (after["training_usd"] > before["training_usd"])[both].all()
    assert (after["tpot_s"] == before["tpot_s"])[both].all()


def test_more_experts_and_wider_formats_never_raise_loss() -> None:
    x = rows()
    for knob in ("experts", "training", "weights"):
        column, up = SPACE.names.index(knob), 1 if knob == "experts" else -1
        other = x.copy()
        other[:, column] = np.clip(other[:, column] + up, 0, SPACE.nvec[column] - 1)
        other[:, SPACE.names.index("top_k")] = 0
        same = x.copy()
        same[:, SPACE.names.index("top_k")] = 0
        a, b = model().evaluate(same), model().evaluate(other)
        both = a.valid & b.valid & (a["active_parameters"] == b["active_parameters"])
        # a router of its own grows with the experts, and counts as active
        grown = a.valid & b.valid if knob == "experts" else both
        assert grown.sum() > 100 and (b["loss"] <= a["loss"])[grown].all()


@pytest.mark.parametrize("name", ["HBM_BYTES_PER_S", "FLOPS_16", "LINK_BYTES_PER_S"])
def test_a_faster_machine_is_never_slower(name: str) -> None:
    faster, x = build("chat", OPTIONS), rows(1000)
    faster.cluster[Machine[name]] *= 1.5
    faster.server[Machine[name]] *= 1.5
    before, after = model().evaluate(x), faster.evaluate(x)
    for metric in ("tpot_s", "training_s"):
        assert (after[metric] <= before[metric] * (1 + 1e-12)).all(), metric
    assert (after["training_s"] < before["training_s"]).any()


def test_depth_width_and_grouping_act_on_loss_through_parameters_alone() -> None:
    costs = model().evaluate(rows())
    fit = model().fit
    expected = [
        laws.excess(n, d, fit) for n, d in zip(costs["effective_parameters"], np.array(TOKENS)[rows()[:, -1]], strict=True)
    ]
    assert np.array_equal(costs["excess_loss"], np.array(expected))


def test_a_row_costs_the_same_wherever_it_stands_in_a_batch() -> None:
    x = np.sort(rows(300), axis=0)[:60]
    x = np.vstack([x, x[::-1], x[::2]])
    whole = model().evaluate(x)
    alone = [model().evaluate(row[None]).values[0] for row in x]
    assert whole.values.tobytes() == np.array(alone).tobytes()


def test_the_listed_designs_are_canonical_different_and_hold_every_valid_one() -> None:
    listed = next(model().legal())
    assert (model().canonical(listed) == listed).all() and len(np.unique(listed, axis=0)) == len(listed)
    assert len(shapes()) * len(services()) == 24_727_680
    wide = SPACE.sample(np.random.default_rng(2), 4000)
    valid = model().canonical(wide[model().evaluate(wide).valid])
    assert {tuple(row) for row in valid[:, :SHAPE].tolist()} <= {tuple(row) for row in shapes().tolist()}
    assert {tuple(row) for row in valid[:, SHAPE:].tolist()} <= {tuple(row) for row in services().tolist()}


def test_repair_leads_to_shapes_that_keep_the_rules() -> None:
    x = SPACE.sample(np.random.default_rng(3), 2000)
    repaired = model().evaluate(model().repair(x))
    shape_rules = np.uint64(0b111)
    assert not (repaired.reason & shape_rules).any() and repaired.valid.mean() > 2 * model().evaluate(x).valid.mean()
    assert np.array_equal(nearest(np.array([[False, True, False, True]]))[0], [1, 1, 1, 3]) and proportioned().any(axis=1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"law": "kaplan"}, "there is no scaling law 'kaplan'; choose from epoch, hoffmann, muennighoff"),
        ({"gpus": "100"}, "option gpus: must be a power of two from 32 to 1024, got 100"),
        ({"gpus": "many"}, "option gpus: must be a whole number, got 'many'"),
    ],
)
def test_bad_options_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput) as error:
        build("chat", {**OPTIONS, **options})
    assert str(error.value) == message


def test_tasks_are_listed_without_compilers_or_plotting() -> None:
    code = (
        "import sys; from archgym.envs.nas.llm.tasks import tasks; from archgym.envs.nas.puzzle.tasks import tasks as more;"
        "tasks(); more(); print([m for m in ('numba', 'scipy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_dense_16_bit_model_inside_all_ranges_counts_as_it_is() -> None:
    size = np.zeros(len(Size))
    size[Size.ACTIVE] = 1e9
    laws.effective(1.0, 16.0, 16.0, 100e9, laws.law("epoch"), size)
    assert size[Size.EFFECTIVE] == 1e9 and size[Size.BEYOND] == size[Size.UNSEEN] == 1.0


@pytest.mark.parametrize("knobs", [{}, MIXTURE])
def test_a_design_can_be_drawn_and_its_parts_add_up(knobs: dict[str, Value]) -> None:
    from archgym.envs.nas.llm.figure import losses, parameters, trained

    row, costs = SPACE.encode({**BASE, **knobs}), one(**knobs)
    figure = model().render(row)
    assert figure is not None and len(figure.axes) == 4
    design = model().table[np.arange(len(SPACE)), row]
    terms = losses(model().fit, design, model().evaluate(row[None]))
    assert sum(terms.values()) == pytest.approx(costs["excess_loss"])
    net = np.zeros(len(Net))
    kernel.shape(design, net)
    assert sum(parameters(net).values()) == pytest.approx(costs["parameters"])
    _, seconds = trained(model(), net, design, costs["training_s"])
    steps = BASE["tokens"] / (SEQUENCE * BATCH)  # type: ignore[operator]
    assert seconds[Out.ITERATION] * steps == pytest.approx(costs["training_s"])
    assert model().render(SPACE.encode({**BASE, "layers": 64, "width": 512})) is None
