"""The serving model: its shapes and queues by hand, and what a designer may rely on."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from archgym.envs.parallelism.models import load_llm
from archgym.envs.parallelism.serving.layout import Design, Fact
from archgym.envs.parallelism.serving.measured import facts
from archgym.envs.parallelism.serving.model import METRICS, RULES, ServingModel, build
from archgym.envs.parallelism.serving.service import place_wait, server_wait
from archgym.envs.parallelism.serving.tasks import tasks
from archgym.envs.parallelism.training.layout import Machine
from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray, Value
from archgym.task import Task
from archgym.testing import check_task

DENSE, MIXTURE = "llama3-70b@chat", "deepseek-v3@reasoning"
COLUMN = {metric.name: j for j, metric in enumerate(METRICS)}
BASE: dict[str, Value] = {
    "platform": "h100", "tp": 4, "pp": 1, "weights": "fp8", "kv": "fp8", "scheduler": "continuous", "batch": 64, "load": 0.9,
    "chunk": 1024, "prefill_platform": "h100", "prefill_tp": 4,
}  # fmt: skip


@cache
def model(workload: str = DENSE) -> ServingModel:
    return build(workload, {})


def rows(workload: str = DENSE, n: int = 3000) -> IntArray:
    """Random valid rows."""
    x = model(workload).space.sample(np.random.default_rng(7), n)
    return x[model(workload).evaluate(x).valid]


def variant(workload: str, **factors: float) -> ServingModel:
    """The model on GPUs whose facts are scaled."""
    other = build(workload, {})
    for name, factor in factors.items():
        other.machines[:, Machine[name]] *= factor
    return other


def one(metric: str, workload: str = DENSE, **knobs: Value) -> float:
    served = model(workload)
    row = served.space.encode({**BASE, **knobs})
    return float(served.evaluate(row[None])[metric][0])


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.id)
def test_every_task_keeps_the_contracts(task: Task) -> None:
    check_task(task, 200)


def test_a_list_of_tasks_needs_no_heavy_import() -> None:
    code = "import sys; from archgym.envs.parallelism.serving.tasks import tasks; tasks(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["llama3-8b", "gpt3-175b", "mixtral-8x7b", "deepseek-v3", "qwen3-235b-a22b"])
def test_parameters_and_cache_are_the_models(name: str) -> None:
    served, llm = build(f"{name}@chat", {}), load_llm(name)
    design = np.ones(len(Design))
    design[Design.WEIGHT_BYTES] = design[Design.KV_BYTES] = 2.0
    known = facts(served.net, served.machines[0], served.use, design)
    assert known[Fact.PARAMETERS] == pytest.approx(llm.parameters, rel=2e-3)  # the router is left out
    assert known[Fact.CACHE] == llm.kv_bytes_per_token(2.0)
    assert known[Fact.WEIGHTS] == pytest.approx(2.0 * llm.parameters, rel=2e-3)


def test_requests_in_flight_obey_little() -> None:
    x = rows()
    costs = model().evaluate(x)
    flowing = x[:, model().space.names.index("scheduler")] > 0
    arrived = costs["tokens_per_s"] * costs["tpot_s"]
    np.testing.assert_allclose(arrived[flowing], costs["in_flight"][flowing], rtol=1e-12)


def test_queues_are_the_textbooks() -> None:
    use, design = np.array([100.0, 10.0, 0.0]), np.zeros(len(Design))
    design[Design.BATCH], design[Design.LOAD] = 1.0, 0.8
    assert place_wait(use, design, 0.1) == pytest.approx(0.8 / (2 * 0.2) * 1.0)  # M/D/1 at service time 1
    use[2] = 1.0
    assert place_wait(use, design, 0.1) == pytest.approx(0.8 / 0.2)  # M/M/1
    assert server_wait(0.5, 2.0) == pytest.approx(1.0)


@pytest.mark.parametrize("workload", [DENSE, MIXTURE])
@pytest.mark.parametrize("fact", ["HBM_BYTES_PER_S", "LINK_BYTES_PER_S", "NIC_BYTES_PER_S", "FLOPS_8"])
def test_a_faster_machine_is_never_slower(workload: str, fact: str) -> None:
    x = rows(workload)
    slow, fast = model(workload).evaluate(x), variant(workload, **{fact: 1.5}).evaluate(x)
    for metric in ("tpot_s", "gap_s"):
        assert (fast[metric] <= slow[metric] * (1 + 1e-12)).all(), metric
    assert (fast["tokens_per_s_per_gpu"] >= slow["tokens_per_s_per_gpu"] * (1 - 1e-12)).all()


@pytest.mark.parametrize("workload", [DENSE, MIXTURE])
def test_more_memory_never_costs_throughput_at_the_best_batch(workload: str) -> None:
    served = model(workload)
    x, batch = rows(workload, 300), served.space.names.index("batch")
    every = np.repeat(x, served.space.nvec[batch], axis=0)
    every[:, batch] = np.tile(np.arange(served.space.nvec[batch]), len(x))

    def best(candidate: ServingModel) -> FloatArray:
        found = np.nan_to_num(candidate.evaluate(every)["tokens_per_s_per_gpu"])
        return np.asarray(found.reshape(len(x), -1).max(axis=1))

    small, large = best(variant(workload, HBM_BYTES=0.7)), best(served)
    assert (large >= small).all() and (large > small).any()


@pytest.mark.parametrize("knob", ["weights", "kv"])
def test_narrower_formats_never_need_more_memory(knob: str) -> None:
    x, column = rows(), model().space.names.index(knob)
    wide, narrow = x.copy(), x.copy()
    wide[:, column], narrow[:, column] = 0, model().space.nvec[column] - 1
    costs = [model().evaluate(v) for v in (wide, narrow)]
    assert costs[1].valid.all()
    both = costs[0].valid
    assert (costs[1]["memory_bytes"][both] < costs[0]["memory_bytes"][both]).all()


def test_a_prefill_pool_and_chunks_shorten_the_pauses() -> None:
    whole = one("gap_s", "llama3-8b@code", scheduler="continuous", tp=1)
    chunks = one("gap_s", "llama3-8b@code", scheduler="chunked", tp=1, batch=16)
    pool = one("gap_s", "llama3-8b@code", scheduler="disaggregated", tp=1, prefill_tp=1)
    assert pool < chunks < whole


def test_static_batches_cost_throughput_and_first_tokens() -> None:
    assert one("tokens_per_s", scheduler="static") < one("tokens_per_s", scheduler="continuous")
    assert one("ttft_s", scheduler="static") > 10 * one("ttft_s", scheduler="continuous")


def test_larger_batches_trade_token_time_for_throughput() -> None:
    batches = (4, 16, 64, 256)
    times = [one("tpot_s", batch=b) for b in batches]
    assert times == sorted(times)
    prices = [one("cost_usd", batch=b) for b in batches]
    assert prices == sorted(prices, reverse=True)


def test_each_rule_is_found() -> None:
    x = model(MIXTURE).space.sample(np.random.default_rng(1), 20000)
    reasons = np.bitwise_or.reduce(model(MIXTURE).evaluate(x).reason)
    more = build("mixtral-8x7b@chat", {})
    reasons |= np.bitwise_or.reduce(more.evaluate(more.space.sample(np.random.default_rng(1), 2000)).reason)
    odd = build("llama2-13b@chat", {})  # 40 heads
    reasons |= np.bitwise_or.reduce(odd.evaluate(odd.space.sample(np.random.default_rng(1), 2000)).reason)
    assert reasons == (1 << len(RULES)) - 1


@pytest.mark.parametrize("workload", [DENSE, MIXTURE, "mixtral-8x7b@code"])
def test_repair_finds_a_valid_design(workload: str) -> None:
    x = model(workload).space.sample(np.random.default_rng(3), 400)
    before, after = model(workload).evaluate(x), model(workload).evaluate(model(workload).repair(x))
    assert after.valid.all() and not before.valid.all()


@pytest.mark.parametrize("workload", [DENSE, MIXTURE])
def test_masks_forbid_no_valid_design(workload: str) -> None:
    served, masked = model(workload), 0
    for row in rows(workload, 200):
        for knob in range(len(served.space)):
            mask = served.mask(row[:knob], knob)
            assert mask is None or mask[row[knob]]
            masked += 0 if mask is None else int((~mask).sum())
    assert masked > 0


def test_a_design_can_be_drawn() -> None:
    row = model().space.encode({**BASE, "scheduler": "chunked"})
    figure = model().render(row)
    assert figure is not None and len(figure.axes) == 2
    assert model().render(model().space.encode({**BASE, "tp": 1, "weights": "bf16", "batch": 2048})) is None


@pytest.mark.parametrize(
    ("workload", "line"),
    [
        ("llama3-70b", "workload 'llama3-70b' must be MODEL@KIND or MODEL@INPUT/OUTPUT"),
        ("llama3-70b@chatt", "did you mean 'chat'"),
        ("llama9-70b@chat", "there is no model 'llama9-70b'"),
        ("llama3-70b@9999999/1", "lengths must be at most 1048576 tokens"),
    ],
)
def test_a_bad_workload_is_one_line(workload: str, line: str) -> None:
    with pytest.raises(BadInput, match=line.replace("(", r"\(")) as error:
        build(workload, {})
    assert "\n" not in str(error.value)
