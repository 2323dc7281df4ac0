"""Conformance checks for cost models, tasks, environments and agents: ours, and yours.

Each ``check_*`` raises ``AssertionError`` with one line that names the broken promise. A plug-in's whole test suite can be::

    import pytest, archgym, archgym.testing as at

    @pytest.mark.parametrize("task_id", archgym.task_ids("myfamily"))
    def test_task(task_id):
        at.check_task(archgym.get_task(task_id))
"""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np

from archgym.agent import Agent
from archgym.costs import Costs, Metric
from archgym.errors import BudgetExhausted
from archgym.evaluator import Evaluator
from archgym.model import CostModel
from archgym.objective import Minimise
from archgym.runlog import trials_digest
from archgym.space import DesignSpace, IntArray, Param
from archgym.task import FrontMetric, Task
from archgym.triallog import TrialLog
from archgym.views import DesignEnv, DesignVectorEnv, SequentialDesignEnv

RESERVED = {"trial", "valid", "reason", "distance", "score"}
UNITS = {"s": "s", "j": "J", "w": "W", "m2": "m2", "bytes": "B", "usd": "USD"}


def check_cost_model(model: CostModel, samples: int = 24, seed: int = 0) -> None:
    """Names, units, shapes, purity: batch equals single, order does not matter, folding changes no cost."""
    _check_names(model)
    rng = np.random.default_rng(seed)
    x = model.space.sample(rng, samples)
    costs = model.evaluate(x)
    _check_costs(model, costs, samples)
    again = model.evaluate(x)
    assert _same(costs, again), "two evaluations of the same batch differ"
    for i in range(min(samples, 4)):
        assert _same(costs.take(np.array([i])), model.evaluate(x[i : i + 1])), f"row {i} differs alone and in a batch"
    order = rng.permutation(samples)
    assert _same(costs.take(order), model.evaluate(x[order])), "the order of a batch changes its costs"
    folded = model.canonical(x)
    assert np.array_equal(model.canonical(folded), folded), "canonical is not idempotent"
    assert _same(costs, model.evaluate(folded)), "a row and its canonical row have different costs"
    repaired = model.repair(x)
    assert np.array_equal(model.repair(repaired), repaired), "repair is not idempotent"
    assert len(model.evaluate(x[:0])) == 0, "an empty batch must give empty costs"
    _check_mask(model, x[costs.valid][:4])
    _check_vary(model, repaired[model.evaluate(repaired).valid])


def check_task(task: Task, samples: int = 24) -> None:
    """The model conforms; the objective's tiers hold; the front and the card fit the model."""
    check_cost_model(task.model, samples)
    names = [m.name for m in task.model.metrics]
    for metric in (*task.objective.metrics, *task.reference_point):
        assert metric in names, f"{task.id} names the metric {metric}, its model has {names}"
    assert task.budget >= 1 and len(task.front) >= 2, "a task needs a budget and a front of two or more metrics"
    x = task.space.sample(np.random.default_rng(1), samples)
    costs = task.model.evaluate(x)
    score, feasible = task.objective.score(costs), task.objective.feasible(costs)
    assert np.isfinite(score).all(), "scores must be finite for every row"
    assert (score[feasible] > 0).all() and (score[~feasible] < 0).all(), "infeasible rows must score below feasible ones"
    assert (score[~costs.valid] <= -1).all(), "invalid rows must score below every valid one"
    assert np.isfinite(task.front_values(costs)).all(axis=1).tolist() == feasible.tolist()
    if task.card:
        _check_card(task)


def check_env(task: Task) -> None:
    """The three Gymnasium views pass Gymnasium's and Stable-Baselines3's checkers (where installed) without a warning."""
    from gymnasium.utils.env_checker import check_env as gymnasium_check

    checkers: list[Any] = [lambda env: gymnasium_check(env, skip_render_check=True)]
    try:
        from stable_baselines3.common.env_checker import check_env as sb3_check

        checkers.append(sb3_check)
    except ImportError:
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for checker in checkers:
            checker(DesignEnv(Evaluator(task)))
            checker(SequentialDesignEnv(Evaluator(task), clip=True))
    _check_vector(task)


def check_agent(agent_type: type[Agent], task: Task, budget: int = 48, seed: int = 3, **settings: Any) -> None:
    """Spends exactly its budget, is deterministic from its seed, depends on it, leaves the global generators alone."""
    config = agent_type.config_class.from_settings(settings)
    state = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    digests = [_digest(agent_type, config, task, budget, s) for s in (seed, seed, seed + 1)]
    assert np.random.get_state()[1].tolist() == state, "the agent drew from NumPy's global generator"  # type: ignore[index]  # noqa: NPY002
    assert digests[0] == digests[1], f"{agent_type.name} gives other trials from the same seed"
    assert digests[0] != digests[2], f"{agent_type.name} ignores its seed"
    for row in agent_type.config_class.describe():
        assert row["doc"], f"hyperparameter {row['name']} has no doc"
    drawn = agent_type.config_class.sample(np.random.default_rng(0))
    assert agent_type.config_class.from_settings(drawn.settings()) == drawn, "a draw from the priors is refused"


# -- a problem with a known answer ----------------------------------------------------------------------------------------


class ToyModel(CostModel):
    """A rugged little accelerator with a known optimum, for testing agents: 8 knobs, 19,200,000 designs, some invalid.

    Time is a product of terms that each have one best value, with one interaction (``tile`` against ``buffer``) and two
    categories that must agree; the best design takes exactly 1 ms.
    """

    version = "1"
    rules = ("tile does not fit the buffer",)
    metrics = (Metric("latency_s", "s"), Metric("energy_j", "J"))

    def __init__(self) -> None:
        sizes = tuple(2**k for k in range(8))
        ports: list[Param] = [Param(f"ports_{k}", tuple(range(1, 11)), ordered=True) for k in range(3)]
        self.space = DesignSpace(
            [
                Param("tile", sizes, ordered=True),
                Param("buffer", sizes, ordered=True),
                *ports,
                Param("order", ("a", "b", "c", "d", "e")),
                Param("flow", ("a", "b", "c", "d", "e")),
                Param("mode", tuple("abcdefghijkl")),
            ]
        )

    def _evaluate(self, x: IntArray) -> Costs:
        tile, buffer, ports, order, flow, mode = x[:, 0], x[:, 1], x[:, 2:5], x[:, 5], x[:, 6], x[:, 7]
        slow = 0.05 * ((ports - np.array([2, 7, 4])) ** 2).sum(axis=1)
        slow = slow + 0.1 * (tile - 4) ** 2 + 0.2 * np.abs(buffer - tile - 1)
        slow = slow + np.where(order == flow, np.abs(order - 3) * 0.2, 1.0) + np.where(mode == 7, 0.0, 0.5)
        latency = 1e-3 * (1.0 + slow)
        energy = 1e-3 * (1.0 + 0.3 * buffer + 0.1 * ports.sum(axis=1))
        valid = tile <= buffer
        values = np.where(valid[:, None], np.stack([latency, energy], axis=1), np.nan)
        distance = np.maximum(tile - buffer, 0).astype(np.float64)
        return Costs(self.metrics, values, valid, (~valid).astype(np.uint64), self.rules, distance)


def toy_model(workload: str, options: dict[str, str]) -> CostModel:
    """The ``build`` of :func:`toy_task`."""
    return ToyModel()


def toy_task() -> Task:
    """Minimise the toy's latency; the best score is 1."""
    return Task(
        "toy-latency-v0",
        "toy",
        "toy",
        Minimise("latency_s", 1e-3),
        (FrontMetric("latency_s", 1e-2), FrontMetric("energy_j", 1e-2)),
        "archgym.testing:toy_model",
    )


# -- inside ---------------------------------------------------------------------------------------------------------------


def _check_names(model: CostModel) -> None:
    metrics = [m.name for m in model.metrics]
    names = [*model.space.names, *metrics]
    assert len(set(names)) == len(names), "a knob and a metric share a name"
    assert not RESERVED & set(names), f"{RESERVED & set(names)} are columns of every log"
    for metric in model.metrics:
        said = _unit_in(metric.name)
        assert said in (None, metric.unit), f"{metric.name} is declared in {metric.unit!r}"
    assert model.version, "a model needs a version"


def _unit_in(name: str) -> str | None:
    """The unit that a metric's name ends in, ``B/s`` for ``bandwidth_bytes_per_s``; None where it ends in none."""
    parts = [UNITS.get(part.rsplit("_", 1)[-1]) for part in name.split("_per_")]
    return None if None in parts else "/".join(p for p in parts if p)


def _check_costs(model: CostModel, costs: Costs, n: int) -> None:
    assert costs.metrics == model.metrics and len(costs) == n
    assert costs.values.dtype == np.float64 and costs.valid.dtype == np.bool_ and costs.reason.dtype == np.uint64
    assert np.isfinite(costs.values[costs.valid]).all(), "a valid row has a metric that is not finite"
    assert np.isnan(costs.values[~costs.valid]).all(), "an invalid row must be NaN in every metric"
    assert ((costs.reason == 0) == costs.valid).all(), "reason must be 0 exactly on valid rows"
    assert (costs.distance[costs.valid] == 0).all(), "valid rows are at distance 0"


def _check_mask(model: CostModel, valid_rows: IntArray, walks: int = 4) -> None:
    for row in valid_rows:
        for knob in range(len(model.space)):
            mask = model.mask(row[:knob], knob)
            assert mask is None or mask[row[knob]], f"mask forbids knob {model.space.names[knob]} of a valid design"
    rng = np.random.default_rng(2)
    for _ in range(walks):
        chosen: list[int] = []
        for knob, name in enumerate(model.space.names):
            mask = model.mask(np.array(chosen, dtype=np.int64), knob)
            open_values = np.arange(model.space.nvec[knob]) if mask is None else np.flatnonzero(mask)
            assert len(open_values), f"mask leaves no value for knob {name} after a prefix it allowed"
            chosen.append(int(rng.choice(open_values)))


def _check_vary(model: CostModel, rows: IntArray) -> None:
    """Moves of the model's own: from buildable rows to buildable ones, the same ones from the same generator."""
    before = rows.copy()
    moved = model.vary(rows, np.random.default_rng(3))
    if moved is None or not len(rows):
        return
    assert np.array_equal(rows, before), "vary changes the rows it is given"
    assert moved.shape == rows.shape and model.evaluate(moved).valid.all(), "vary leads to a design that cannot be built"
    again = model.vary(rows, np.random.default_rng(3))
    assert again is not None and np.array_equal(moved, again), "vary gives other rows from the same generator"


def _check_card(task: Task) -> None:
    card = task.card
    assert card and card.task == task.id, f"the card of {task.id} names another task"
    assert card.fingerprint == task.fingerprint, f"the card of {task.id} was made with another model; recompute it"
    best = card.best_known
    row = task.space.encode(best.design)[None, :]
    score = task.objective.score(task.model.evaluate(row))[0]
    assert score == best.score, f"the best design of {task.id} scores {score}, its card says {best.score}"


def _check_vector(task: Task) -> None:
    env = DesignVectorEnv(3, Evaluator(task))
    env.reset(seed=1)
    env.action_space.seed(1)
    actions = env.action_space.sample()
    seen, reward, terminated, truncated, info = env.step(actions)
    assert env.observation_space.contains(seen) and terminated.all() and not truncated.any()
    single = DesignEnv(Evaluator(task))
    for i in range(3):
        one, value, *_ = single.step(actions[i])
        assert value == reward[i] and np.array_equal(one, info["final_obs"][i]), "vector and single view differ"


def _digest(agent_type: type[Agent], config: Any, task: Task, budget: int, seed: int) -> str:
    log = TrialLog(task)
    evaluator = Evaluator(task, budget, log)
    with contextlib.suppress(BudgetExhausted):
        agent_type(task.space, config, seed).search(evaluator)
    assert evaluator.spent == budget, f"{agent_type.name} spent {evaluator.spent} of {budget} evaluations"
    return trials_digest(*log.trials())


def _same(a: Costs, b: Costs) -> bool:
    return (
        a.values.tobytes() == b.values.tobytes()
        and np.array_equal(a.valid, b.valid)
        and np.array_equal(a.reason, b.reason)
        and np.array_equal(a.distance, b.distance, equal_nan=True)
    )
