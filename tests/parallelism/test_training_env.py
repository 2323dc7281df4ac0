"""The training environment: conformance, rules with their reasons, the list of legal designs, figures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.parallelism.training.figure import best_by_size
from archgym.envs.parallelism.training.model import METRICS, TrainingModel, build
from archgym.envs.parallelism.training.rules import Rule
from archgym.envs.parallelism.training.tasks import tasks
from archgym.errors import BadInput
from archgym.space import IntArray, Value
from archgym.task import Task
from archgym.testing import check_task

BASE: dict[str, Value] = {
    "tensor": 8, "pipeline": 8, "context": 1, "data": 1, "micro_batch": 1, "chunks": 1, "schedule": "1f1b",
    "recompute": "full", "sequence_parallel": True, "zero": 1, "order": "tp_cp_dp_pp", "partition": "global",
    "offload": "none", "overlap": True,
}  # fmt: skip
MIXTURE: dict[str, Value] = {**BASE, "tensor": 1, "pipeline": 4, "data": 16, "expert": 8, "precision": "bf16"}
OPTIONS = {"cluster": "a100-hdr", "gpus": "64", "batch": "64", "sequence": "", "attention": "unfused"}


@cache
def model() -> TrainingModel:
    """175 B parameters on 64 A100, a batch of 64."""
    return build("gpt3-175b", OPTIONS)


@cache
def mixture() -> TrainingModel:
    """Mixtral 8x7B on 64 H200."""
    return build("mixtral-8x7b", {**OPTIONS, "cluster": "h200-efa", "batch": "256", "attention": "flash"})


@cache
def small() -> TrainingModel:
    """1.3 B parameters on 8 GPUs with a batch of 8: a space small enough to walk."""
    return build("gpt3-1b", {**OPTIONS, "gpus": "8", "batch": "8", "attention": "flash"})


def row(**changes: Value) -> IntArray:
    return model().space.encode({**BASE, **changes})[None]


@pytest.mark.parametrize("task", tasks(), ids=lambda task: str(task.id))
def test_a_task_conforms(task: Task) -> None:
    check_task(task)


@pytest.mark.parametrize("task", tasks(), ids=lambda task: str(task.id))
def test_a_task_has_legal_designs_and_a_reference_near_its_best(task: Task) -> None:
    assert task.card, "no card"
    assert task.card.best_known.exact or "swap_0" in task.space.names
    assert 0.8 < task.card.best_known.score < 1.25


def test_the_base_design_is_valid_and_its_parts_add_up() -> None:
    costs = model().evaluate(row())
    assert costs.valid[0], costs.why(0)
    names = [m.name for m in METRICS]
    seconds = [n for n in names if n.endswith("_s") and n not in ("iteration_s", "tokens_per_s")]
    assert sum(costs[n][0] for n in seconds) == pytest.approx(costs["iteration_s"][0], rel=1e-12)
    held = [n for n in names if n.endswith("_bytes") and n not in ("memory_bytes", "host_bytes")]
    assert sum(costs[n][0] for n in held) == pytest.approx(costs["memory_bytes"][0], rel=1e-12)
    tokens = 64 * 2048
    assert costs["tokens_per_s"][0] == pytest.approx(tokens / costs["iteration_s"][0])
    assert costs["cost_usd"][0] == pytest.approx(64 * costs["iteration_s"][0] / 3600 * 2.70 / tokens * 1e6)
    watts = costs["energy_j"][0] * tokens / costs["iteration_s"][0] / 64
    assert 462.0 < watts < 812.0


def test_the_kernels_called_alone_say_the_same() -> None:
    seconds, held = model().parts(row())
    costs = model().evaluate(row())
    assert seconds[0, 0] == costs["iteration_s"][0] and held[0, 0] == costs["memory_bytes"][0]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"data": 2}, Rule.GPUS),
        ({"data": 8, "micro_batch": 16}, Rule.BATCH),
        ({"pipeline": 7, "chunks": 3, "schedule": "interleaved"}, Rule.CHUNKS),
        ({"chunks": 2}, Rule.SCHEDULE),
        ({"schedule": "interleaved"}, Rule.SCHEDULE),
        ({"micro_batch": 16, "chunks": 2, "schedule": "interleaved"}, Rule.GROUPS),
        ({"micro_batch": 16, "schedule": "zero_bubble"}, Rule.ZERO_BUBBLE),
        ({"pipeline": 1, "schedule": "zero_bubble"}, Rule.ZERO_BUBBLE),
        ({"pipeline": 7, "tensor": 2, "data": 4, "order": "tp_cp_pp_dp", "context": 2, "partition": "domain"}, None),
        ({"tensor": 4, "pipeline": 2, "order": "tp_cp_pp_dp", "data": 8, "partition": "domain"}, None),
        ({"recompute": "none", "offload": "optimizer_activations"}, Rule.OFFLOAD),
        ({"pipeline": 1, "tensor": 8}, Rule.MEMORY),
        ({"tensor": 1, "pipeline": 1, "offload": "optimizer"}, Rule.HOST),
    ],
)
def test_a_broken_rule_is_named(changes: dict[str, Value], rule: Rule | None) -> None:
    costs = model().evaluate(row(**changes))
    reason = int(costs.reason[0])
    if rule is None:
        assert not reason >> Rule.PARTITION & 1
        return
    assert reason >> rule & 1 and costs.distance[0] > 0 and np.isnan(costs.values).all()
    assert model().rules[rule] in costs.why(0)


def test_shards_inside_a_domain_must_fill_it() -> None:
    split = row(tensor=1, pipeline=3, data=8, order="tp_cp_pp_dp", partition="domain")
    assert int(model().evaluate(split).reason[0]) >> Rule.PARTITION & 1
    assert not int(model().evaluate(row(tensor=1, pipeline=4, data=8, partition="domain")).reason[0]) >> Rule.PARTITION & 1


def test_a_mixture_has_rules_of_its_own() -> None:
    def reasons(**changes: Value) -> int:
        return int(mixture().evaluate(mixture().space.encode({**MIXTURE, **changes})[None]).reason[0])

    assert reasons() == 0
    assert reasons(data=4) >> Rule.EXPERTS & 1
    assert reasons(tensor=2, data=8, sequence_parallel=False) >> Rule.MIXTURE & 1
    assert reasons(tensor=2, data=8) == 0


def test_farther_from_a_rule_is_farther() -> None:
    over = [model().evaluate(row(data=d)).distance[0] for d in (2, 4, 8)]
    assert over[0] < over[1] < over[2]
    full = [model().evaluate(row(tensor=t, pipeline=1)).distance[0] for t in (8, 4, 2, 1)]
    assert full == sorted(full) and full[0] < full[-1]


def test_the_list_of_legal_designs_holds_every_valid_one_once() -> None:
    space, listed = small().space, np.concatenate(list(small().runs_legal()))
    assert len(np.unique(listed, axis=0)) == len(listed)
    assert np.array_equal(small().canonical(listed), listed)
    valid = {tuple(r) for r in listed[small().evaluate(listed).valid]}
    x = space.enumerate(0, space.size)
    keeps = small().evaluate(x).valid
    assert valid == {tuple(r) for r in small().canonical(x[keeps])}


def test_every_value_of_every_knob_is_in_some_valid_design() -> None:
    seen = [np.zeros(n, np.bool_) for n in mixture().space.nvec]
    for x in mixture().runs_legal():
        valid = x[mixture().evaluate(x).valid]
        for j, used in enumerate(seen):
            used[np.unique(valid[:, j])] = True
    alive = {param.name: used.mean() for param, used in zip(mixture().space.params, seen, strict=True)}
    assert min(alive.values()) > 0.7, alive


def test_what_cannot_matter_is_not_offered() -> None:
    assert "expert" not in model().space.names and "precision" not in model().space.names
    assert "partition" not in small().space.names
    assert "selective" not in _values("recompute", mixture()) and "selective" in _values("recompute")


def test_repair_mostly_ends_valid_and_leaves_valid_rows() -> None:
    x = model().space.sample(np.random.default_rng(0), 4000)
    rows = model().repair(x)
    assert model().evaluate(x).valid.mean() < 0.02 and model().evaluate(rows).valid.mean() > 0.6
    valid = rows[model().evaluate(rows).valid]
    assert np.array_equal(model().repair(valid), valid)


def test_every_design_of_175b_on_64_gpus_is_listed_and_the_best_is_known() -> None:
    best = best_by_size("gpt3-175b", OPTIONS, [64])[0]
    assert best.costs["iteration_s"][0] == pytest.approx(13.75, rel=0.1)  # Korthikanti et al. 2022, table 5
    assert model().render(model().space.encode(best.design)) is not None
    assert model().render(row(data=2)[0]) is None


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("gpus", "65", "multiple of 8"),
        ("gpus", "many", "option gpus must be a whole number from 1 to 10000000, got 'many'"),
        ("batch", "0", "option batch must be a whole number"),
        ("attention", "flesh", "option attention cannot be 'flesh'"),
        ("cluster", "a100", "there is no cluster 'a100'"),
    ],
)
def test_a_wrong_option_is_named(option: str, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        build("gpt3-175b", {**OPTIONS, option: text})


def test_importing_tasks_is_light(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, archgym.envs.parallelism.tasks as t; t.tasks(); print([m in sys.modules for m in ('numba', 'scipy')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout.strip() == "[False, False]"


def _values(name: str, of: TrainingModel | None = None) -> tuple[Value, ...]:
    return next(p.values for p in (of or model()).space.params if p.name == name)
