"""Puzzle: block costs against the serving model's own pass, optima against brute force and the linear relaxation."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest

from archgym.envs.nas.puzzle.kernel import Half
from archgym.envs.nas.puzzle.model import PuzzleModel, build
from archgym.envs.nas.puzzle.program import Program
from archgym.envs.nas.puzzle.scores import scores
from archgym.envs.nas.puzzle.space import ATTENTIONS, FFNS, RATIOS
from archgym.envs.nas.puzzle.tasks import tasks
from archgym.envs.parallelism.models import load_llm
from archgym.envs.parallelism.serving.layout import Part
from archgym.envs.parallelism.serving.step import stage
from archgym.envs.parallelism.training.layout import Machine
from archgym.errors import BadInput
from archgym.objective import Constraint, Maximise, Minimise
from archgym.space import IntArray
from archgym.task import Task
from archgym.testing import check_task

OPTIONS = {"platform": "h100-ndr", "tp": "2", "batch": "16", "weights": "fp8", "seed": "3"}


@cache
def model(workload: str = "llama3-8b@1024/256") -> PuzzleModel:
    return build(workload, OPTIONS)


def parent() -> IntArray:
    return np.zeros((1, len(model().space)), dtype=np.int64)


def rows(n: int = 400) -> IntArray:
    x = model().space.sample(np.random.default_rng(4), n)
    return x[model().evaluate(x).valid]


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.id)
def test_every_task_keeps_the_contracts(task: Task) -> None:
    check_task(task, 120)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_the_blocks_of_the_parent_add_up_to_the_serving_models_pass(phase: str) -> None:
    it, llm = model(), load_llm("llama3-8b")
    asked = it.tp, 1.0, 1.0, it.item, 2.0
    if phase == "prefill":  # 16 prompts of 1,024 tokens in two passes of 8,192
        one = stage(it.net, it.machine, it.constants, *asked, 8192.0, 8192.0 * 512.0, 0.0, 8.0, False, np.zeros(len(Part)))
        expected, column = 2.0 * one, Half.PREFILL_S
    else:
        args = (16.0, 0.0, 16.0 * (1024.0 + 128.0), 16.0, False, np.zeros(len(Part)))
        expected, column = stage(it.net, it.machine, it.constants, *asked, *args), Half.DECODE_S
    found = it.rest[column] + llm.layers * (it.attentions[0, column] + it.ffns[0, column])
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_parent_has_the_models_parameters_and_no_damage() -> None:
    costs = model().evaluate(parent())
    assert costs["parameters"][0] == load_llm("llama3-8b").parameters and costs["damage"][0] == 0.0


def test_cache_and_weights_are_counted_by_hand() -> None:
    costs, llm = model().evaluate(parent()), load_llm("llama3-8b")
    assert costs["kv_bytes"][0] == 16 * 1280 * llm.kv_bytes_per_token() / 2
    embeddings = 2 * llm.vocab * llm.hidden
    assert costs["weights_bytes"][0] == (llm.parameters - embeddings) / 2 + embeddings * 2 / 2


def test_time_is_prompts_then_steps_and_throughput_the_batch_over_it() -> None:
    costs = model().evaluate(rows())
    assert np.allclose(costs["latency_s"], costs["ttft_s"] + 255 * costs["tpot_s"], rtol=1e-14)
    assert np.allclose(costs["tokens_per_s"] * costs["latency_s"], 16 * 256, rtol=1e-14)


def test_what_is_narrower_is_never_slower_larger_or_better() -> None:
    for table, ordered in ((model().attentions, len(ATTENTIONS)), (model().ffns, len(RATIOS))):
        assert (np.diff(table[:ordered], axis=0) <= 0).all()
    for axis in (1, 2):
        assert (np.diff(scores(32, 3), axis=axis) >= 0).all()
    assert (model().attentions[-1] == 0).all() and (model().ffns[-1] == 0).all()


def test_scores_matter_less_with_depth_and_follow_their_seed() -> None:
    drawn = np.array([scores(80, seed)[:, -1, -1] for seed in range(40)])
    assert drawn[:, :20].mean() > 2 * drawn[:, 60:].mean()
    assert np.array_equal(scores(80, 5), scores(80, 5)) and not np.array_equal(scores(80, 5), scores(80, 6))
    assert (scores(80, 5)[:, 0, 0] == 0.0).all()


def test_the_sum_of_scores_is_the_damage() -> None:
    x = rows(50)
    pairs = x.reshape(len(x), -1, 2)
    expected = [sum(model().scores[i, a, f] for i, (a, f) in enumerate(row)) for row in pairs]
    assert np.allclose(model().evaluate(x)["damage"], expected, rtol=1e-14)


def test_faster_memory_is_never_slower() -> None:
    faster = PuzzleModel(load_llm("llama3-8b"), model().requests, "h100-ndr", 2, 16, "fp8", 3)
    faster.machine[Machine.HBM_BYTES_PER_S] *= 1.5
    faster.attentions, faster.ffns, faster.rest = faster._tables()
    before, after = model().evaluate(rows()), faster.evaluate(rows())
    assert (after["tpot_s"] < before["tpot_s"]).all() and (after["ttft_s"] <= before["ttft_s"]).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_program_finds_what_brute_force_finds_and_no_less_than_the_relaxation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    damage, costs = rng.random((4, 7)) + np.linspace(0, 2, 7), rng.random((3, 7)) + np.linspace(2, 0, 7)
    bounds = np.array([4.0, 5.0, 6.0]) + rng.random(3)
    choices = np.array(list(product(range(7), repeat=4)))
    fits = (costs[:, choices].sum(axis=2) <= bounds[:, None]).all(axis=0)
    least = damage[np.arange(4), choices].sum(axis=1)[fits].min()
    program = Program(damage, costs, bounds)
    chosen = program.best()
    assert chosen is not None and (costs[:, chosen].sum(axis=1) <= bounds * (1 + 1e-9)).all()
    assert damage[np.arange(4), chosen].sum() == pytest.approx(least, rel=1e-9)
    assert program.bound() <= least * (1 + 1e-9)


def test_the_models_optimum_is_that_of_all_its_designs() -> None:
    small = build("llama3-8b@1024/256", OPTIONS)
    # three blocks may change, the other 29 are held at their parent's by a damage beyond all
    small.scores[3:] = 1e3
    small.scores[3:, 0, 0] = 0.0
    choices = np.array(list(product(range(len(ATTENTIONS)), range(len(FFNS)))))
    index = np.array(list(product(range(len(choices)), repeat=3)))
    x = np.zeros((len(index), len(small.space)), dtype=np.int64)
    x[:, :6] = choices[index].reshape(len(index), 6)
    base = small.evaluate(x[:1])
    limit = Minimise("damage", 1.0, constraints=(
        Constraint("tokens_per_s", float(base["tokens_per_s"][0]) * 1.05, ">="),
        Constraint("kv_bytes", float(base["kv_bytes"][0]) * 0.97),
    ))  # fmt: skip
    costs = small.evaluate(x)
    feasible = limit.feasible(costs)
    best = small.optimum(limit)
    assert feasible.any() and not feasible[0] and best is not None
    assert small.evaluate(best[None])["damage"][0] == costs["damage"][feasible].min()


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.id)
def test_the_card_has_the_proved_optimum(task: Task) -> None:
    assert isinstance(task.model, PuzzleModel) and task.best_known is not None and task.best_known.proved
    program, row = task.model.program(task.objective), task.space.encode(task.best_known.design)
    damage = task.model.evaluate(row[None])["damage"][0]
    assert program is not None and program.bound() <= damage <= program.bound() * 1.02
    random = task.model.evaluate(task.space.sample(np.random.default_rng(1), 5000))
    assert (task.objective.score(random) < task.best_known.score).all()


def test_other_objectives_have_no_program_and_impossible_limits_no_optimum() -> None:
    assert model().optimum(Maximise("tokens_per_s", 1.0)) is None
    assert model().optimum(Minimise("damage", 1.0, constraints=(Constraint("latency_s", 10.0, ">="),))) is None
    assert model().optimum(Minimise("damage", 1.0, constraints=(Constraint("memory_bytes", 1e9),))) is None


def test_known_designs_lie_along_the_limit() -> None:
    slow = float(model().evaluate(parent())["latency_s"][0])
    goal = Minimise("damage", 1.0, constraints=(Constraint("latency_s", 0.8 * slow),))
    found = model().known(goal)
    assert found is not None and len(found) >= 3
    costs = model().evaluate(found)
    assert goal.feasible(costs).all() and (np.diff(costs["damage"]) > 0).all() and (np.diff(costs["latency_s"]) < 0).all()


def test_the_picture_shows_every_block_and_the_damage_of_each() -> None:
    row = rows(1)[0]
    figure = model().render(row)
    assert figure is not None
    bars = [[patch.get_height() for patch in axes.patches] for axes in figure.axes]
    assert bars[0] == (len(ATTENTIONS) - 1 - row[0::2]).tolist() and bars[1] == (len(FFNS) - 1 - row[1::2]).tolist()
    assert sum(bars[2]) == pytest.approx(model().evaluate(row[None])["damage"][0])


@pytest.mark.parametrize(
    ("workload", "options", "message"),
    [
        ("mixtral-8x7b@chat", {}, "workload 'mixtral-8x7b@chat': the parent must be dense and gated with 8 key-value heads"),
        ("llama3-8b@chat", {"tp": "3"}, "option tp: must divide 32 heads, got 3"),
        ("llama3-8b@chat", {"batch": "0"}, "option batch: must be at least 1, got 0"),
        ("llama3-8b@chat", {"weights": "fp7"}, "option weights: there is no format 'fp7'; did you mean 'fp8'?"),
        ("llama3-8b@chat", {"seed": "x"}, "option seed: must be a whole number below a thousand million, got 'x'"),
    ],
)
def test_bad_options_are_named(workload: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput) as error:
        build(workload, {**OPTIONS, **options})
    assert str(error.value) == message
