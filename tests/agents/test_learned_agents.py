"""The agents that learn a model or a policy: they beat chance, repeat themselves in any process, and leave nothing behind."""

from __future__ import annotations

import contextlib
import logging
import random
import statistics
import sys
import tempfile
import warnings
from functools import cache

import numpy as np
import optuna
import pytest
import torch

from archgym import registry
from archgym.agent import AskTellAgent
from archgym.agents._improvement import Improvement
from archgym.agents._optuna import SEEDS, quiet
from archgym.agents._sb3 import OneShotVecEnv, RankReward, sealed, sequential
from archgym.agents.gp_bo import GpBo, GpBoConfig, GPSampler
from archgym.agents.tpe import Tpe, TpeConfig, TPESampler
from archgym.errors import BudgetExhausted, MissingExtra
from archgym.evaluator import Evaluator
from archgym.runlog import trials_digest
from archgym.space import DesignSpace, Param
from archgym.testing import check_agent, toy_task
from archgym.triallog import TrialLog

BUDGET = {"tpe": 128, "gp_bo": 64, "ppo": 256, "ppo_sequential": 256, "dqn": 192}
OPTUNA = ("tpe", "gp_bo")
SB3 = ("ppo", "ppo_sequential", "dqn")


def search(name: str, budget: int, seed: int = 0, **settings: object) -> tuple[Evaluator, TrialLog]:
    task, agent_type = toy_task(), registry.get_agent(name)
    log = TrialLog(task)
    evaluator = Evaluator(task, budget, log)
    with contextlib.suppress(BudgetExhausted):
        agent_type(task.space, agent_type.config_class.from_settings(settings), seed).search(evaluator)
    return evaluator, log


@cache
def random_best(budget: int) -> float:
    return statistics.median(search("random", budget, seed)[0].best_score for seed in range(15))


@cache
def learning_run(name: str, seed: int) -> tuple[Evaluator, TrialLog]:
    return search(name, BUDGET[name], seed)


# -- conformance and learning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUDGET)
def test_conformance(name):
    check_agent(registry.get_agent(name), toy_task(), budget=24 if name == "gp_bo" else 48)


@pytest.mark.parametrize("name", BUDGET)
def test_beats_random_and_its_own_first_sample(name):
    runs = [learning_run(name, seed) for seed in range(3)]
    best = statistics.median(evaluator.best_score for evaluator, _ in runs)
    assert best > 1.08 * random_best(BUDGET[name])
    assert all(evaluator.best_score > log.trials()[2][0] for evaluator, log in runs)


@pytest.mark.parametrize("name", BUDGET)
def test_the_last_quarter_is_better_than_the_first(name):
    """What is proposed improves, not only the best by chance: catches a sign error in the reward."""
    _, log = learning_run(name, 1)
    score = log.trials()[2]
    quarter = len(score) // 4
    assert np.median(score[-quarter:]) > np.median(score[:quarter])


def test_same_trials_in_another_process(python):
    script = (
        "import contextlib\n"
        "from archgym import registry\n"
        "from archgym.errors import BudgetExhausted\n"
        "from archgym.evaluator import Evaluator\n"
        "from archgym.runlog import trials_digest\n"
        "from archgym.testing import toy_task\n"
        "from archgym.triallog import TrialLog\n"
        f"for name in {list(BUDGET)!r}:\n"
        "    task = toy_task()\n"
        "    log = TrialLog(task)\n"
        "    with contextlib.suppress(BudgetExhausted):\n"
        "        registry.get_agent(name)(task.space, None, 5).search(Evaluator(task, 40, log))\n"
        "    print(trials_digest(*log.trials()))\n"
    )
    here = [trials_digest(*search(name, 40, seed=5)[1].trials()) for name in BUDGET]
    assert python(script, hash_seed="4242").split() == here


# -- nothing is left behind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SB3)
def test_global_generators_and_threads_are_put_back(name):
    torch.manual_seed(1)
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist(), torch.get_num_threads())  # noqa: NPY002
    search(name, 40)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_num_threads()) == before[1:]  # noqa: NPY002


@pytest.mark.parametrize("name", SB3)
def test_the_callers_generators_do_not_matter(name):
    digests = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        digests.append(trials_digest(*search(name, 40)[1].trials()))
    assert digests[0] == digests[1]


@pytest.mark.parametrize("name", BUDGET)
def test_it_is_quiet_and_writes_no_file(name, capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(name, 24)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "") and not list(tmp_path.iterdir())


def test_optunas_verbosity_is_the_users():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.DEBUG)
    try:
        search("tpe", 8)
        assert optuna.logging.get_verbosity() == logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)


# -- a missing extra ---------------------------------------------------------------------------------------------------

MISSING = [
    ("tpe", "optuna", "optuna", "bo"),
    ("gp_bo", "torch", "torch", "bo"),
    ("ppo", "stable_baselines3", "stable-baselines3", "rl"),
    ("ppo_sequential", "sb3_contrib", "sb3-contrib", "rl"),
    ("dqn", "torch", "torch", "rl"),
]


@pytest.mark.parametrize(("name", "module", "package", "extra"), MISSING)
def test_a_missing_extra_is_one_clear_line(name, module, package, extra, monkeypatch):
    for loaded in list(sys.modules):
        if loaded.startswith("archgym.agents.") or loaded.split(".")[0] == module:
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        registry.get_agent(name)
    assert str(caught.value) == f"{package} is not installed; install it with: pip install 'archgym[{extra}]'"


# -- Optuna ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTUNA)
def test_no_design_twice_while_there_are_new_ones(name):
    space = DesignSpace([Param("a", (1, 2, 3, 4), ordered=True), Param("b", ("x", "y", "z"))])
    agent = registry.get_agent(name)(space, None, 0)
    assert isinstance(agent, AskTellAgent)
    rows = agent.ask(12)
    assert len({row.tobytes() for row in rows}) == 12
    space.check(agent.ask(3))  # and goes on when the space is used up


@pytest.mark.parametrize("name", OPTUNA)
def test_it_learns_from_designs_it_did_not_ask_for(name):
    task = toy_task()
    known = Evaluator(task).evaluate(task.space.sample(np.random.default_rng(0), 40))
    told, untold = (registry.get_agent(name)(task.space, None, 0) for _ in range(2))
    assert isinstance(told, AskTellAgent) and isinstance(untold, AskTellAgent)
    told.tell(known)
    asked = told.ask(4)
    assert not {row.tobytes() for row in asked} & {row.tobytes() for row in known.x}
    best = known.x[np.argmax(known.score)]
    assert np.mean(asked != best) < np.mean(untold.ask(4) != best)  # it proposes near the best it was told of


@pytest.mark.parametrize("settings", [{}, {"group": True}, {"multivariate": False, "candidates": 60, "startup": 5}])
def test_tpe_proposes_what_optunas_study_would(settings):
    """The estimator is fed from arrays instead of a study: the same proposals, whatever the hyperparameters."""
    knobs = [Param("z", (1, 2, 4, 8, 16), ordered=True), Param("one", (3,)), Param("kind", tuple("abcd"))]
    space = DesignSpace([*knobs, Param("a", tuple(range(9)), ordered=True)])
    agent = registry.get_agent("tpe")(space, TpeConfig.from_settings(settings), 3)
    assert isinstance(agent, Tpe)
    with quiet():
        sampler = TPESampler(
            n_startup_trials=agent.config.startup,
            n_ei_candidates=agent.config.candidates,
            multivariate=agent.config.multivariate,
            group=agent.config.group,
            seed=int(np.random.default_rng(3).integers(SEEDS)),
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(60):
        row = agent._suggest()
        with quiet():
            trial = study.ask(agent._distributions)
        assert [trial.params[name] for name in space.names] == row.tolist()
        score = -np.inf if row[0] == 0 else float(row[0] * row[3] - row[2])  # with ties, and with tasks' infinite scores
        study.tell(trial, score)
        agent._learn(row[np.newaxis], np.array([score]))


def test_optunas_acquisition_hook_is_there_and_used(monkeypatch):
    """Ours replaces a method Optuna offers without promise: a release that renames it must not pass unseen."""
    assert "acqf" in GPSampler._optimize_acqf.__code__.co_varnames
    calls, climb = [], Improvement.climb
    monkeypatch.setattr(Improvement, "climb", lambda self, rows, _: calls.append(len(rows)) or climb(self, rows, _))
    search("gp_bo", 20, startup=8, starts=5)
    assert calls == [5] * 12  # one for every evaluation after the start


def test_improvement_is_optunas_and_one_knob_at_a_time_makes_no_difference(monkeypatch):
    """Optuna's own acquisition function, on knobs with an order and without, is what ours is held against."""
    found, fitted = [], Improvement.__init__
    monkeypatch.setattr(Improvement, "__init__", lambda self, acqf: found.append(acqf) or fitted(self, acqf))
    search("gp_bo", 30, startup=20)
    ours, theirs = Improvement(found[-1]), found[-1]
    rows = theirs.search_space.sample_normalized_params(64, np.random.RandomState(0))
    np.testing.assert_allclose(ours.value(ours.distance(rows)), theirs.eval_acqf_no_grad(rows), rtol=1e-9, atol=1e-9)
    assert theirs.search_space.is_categorical.any() and not theirs.search_space.is_categorical.all()
    for knob in range(rows.shape[1]):
        moved = rows[::-1].copy()
        moved[:, np.arange(rows.shape[1]) != knob] = rows[:, np.arange(rows.shape[1]) != knob]
        step = ours.distance(rows) - ours.apart(knob, rows[:, knob]) + ours.apart(knob, moved[:, knob])
        np.testing.assert_allclose(step, ours.distance(moved), rtol=1e-12, atol=1e-12)


def test_a_climb_ends_where_no_single_knob_improves():
    found = []
    with pytest.MonkeyPatch.context() as patch:
        fitted = Improvement.__init__
        patch.setattr(Improvement, "__init__", lambda self, acqf: found.append(acqf) or fitted(self, acqf))
        search("gp_bo", 30, startup=20)
    surface, choices = Improvement(found[-1]), found[-1].search_space.get_choices_of_discrete_params()
    rows = found[-1].search_space.sample_normalized_params(8, np.random.RandomState(1))
    top = surface.climb(rows, choices)
    around = [np.where(np.arange(len(top)) == knob, value, top) for knob, values in enumerate(choices) for value in values]
    assert surface.value(surface.distance(np.stack(around))).max() <= surface.value(surface.distance(top[None]))[0] + 1e-8
    assert surface.value(surface.distance(top[None]))[0] >= surface.value(surface.distance(rows)).max()


def test_the_process_sees_the_best_and_the_newest():
    space = DesignSpace([Param("a", tuple(range(100)), ordered=True)])
    agent = GpBo(space, GpBoConfig.from_settings({"memory": 16}), 0)
    agent._score = np.concatenate([np.arange(20.0)[::-1], np.zeros(20)])
    assert agent._kept().tolist() == [*range(8), *range(32, 40)]


def test_ranks_make_one_bell_of_three_tiers():
    values = GpBo(toy_task().space, None, 0)._values(np.array([-2.0, 900.0, -0.5, 1e-3, -2.0]))
    assert values.argsort(kind="stable").tolist() == [0, 4, 2, 3, 1] and values[0] == values[4]
    assert abs(values).max() < 1.5


# -- Stable-Baselines3 -------------------------------------------------------------------------------------------------


def test_rewards_are_ranks_and_a_repeat_earns_the_least():
    reward = RankReward(power=1.0, novelty=True)
    x = np.array([[0, 1], [1, 1], [2, 1], [0, 1]])
    assert reward(x, np.array([-1.5, 7.0, 0.1, -1.5])).tolist() == [-0.5, 0.75, 0.25, -0.5]
    assert reward(x[1:2], np.array([7.0])).tolist() == [-1.0]
    assert RankReward(4.0, novelty=False)(x, np.arange(4.0)).max() <= 1.0


def test_one_shot_env_evaluates_a_rollout_as_one_batch(counting):
    env = OneShotVecEnv(Evaluator(counting), 6, RankReward(1.0, novelty=False))
    seen, reward, done, infos = (env.reset(), *env.step(counting.space.sample(np.random.default_rng(0), 6)))[1:]
    assert counting.model.batches == [6] and done.all() and len(infos) == 6
    assert seen.shape == (6, 2) and reward.dtype == np.float32


def test_sequential_env_masks_and_rewards_only_whole_designs():
    task = toy_task()
    env = sequential(Evaluator(task), 3, RankReward(4.0, novelty=False))
    env.reset()
    rewards = []
    for _ in task.space.nvec:
        masks = np.stack(env.env_method("action_masks"))
        _, reward, done, _ = env.step(masks.argmax(axis=1))
        rewards.append(reward.tolist())
    assert done.all() and all(r == [0.0] * 3 for r in rewards[:-1]) and any(rewards[-1])


def test_sealed_puts_back_after_an_error():
    before = torch.get_rng_state()
    with contextlib.suppress(BudgetExhausted), sealed(3):
        torch.rand(3)
        raise BudgetExhausted("spent")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", SB3)
def test_a_spent_budget_ends_the_search_at_once(name):
    task = toy_task()
    evaluator = Evaluator(task, 2)
    evaluator.evaluate(task.space.sample(np.random.default_rng(0), 2))
    with pytest.raises(BudgetExhausted):
        registry.get_agent(name)(task.space, None, 0).search(evaluator)
