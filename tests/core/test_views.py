"""Are the Gymnasium and PettingZoo views nothing but views: same designs, same scores, same ledger?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import given
from hypothesis import strategies as st

import archgym
from archgym import BadInput, BudgetExhausted, Costs, Evaluator, Metric, registry
from archgym.space import BoolArray, IntArray
from archgym.task import Task
from archgym.testing import ToyModel, check_env, toy_task
from archgym.views import DesignEnv, DesignVectorEnv, SequentialDesignEnv, observe


class MaskedToy(ToyModel):
    """The toy, whose mask knows that the buffer must hold the tile."""

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        return np.arange(8) >= prefix[0] if knob == 1 else None


@pytest.fixture
def masked(toy: Task) -> Task:
    toy.__dict__["model"] = MaskedToy()
    return toy


@pytest.fixture
def gym_toy(toy: Task) -> Iterator[str]:
    """The toy's Gymnasium id, registered for one test."""
    archgym.register_gymnasium()
    yield f"archgym:archgym/{toy.id}"
    gym.registry.pop(f"archgym/{toy.id}")


def test_the_checkers_pass_on_the_toy(toy: Task) -> None:
    check_env(toy)


def test_the_checkers_pass_with_masks(masked: Task) -> None:
    check_env(masked)


# -- one design per step --------------------------------------------------------------------------------------------------


def test_a_step_is_one_evaluation(toy: Task) -> None:
    env = DesignEnv(Evaluator(toy, 3))
    x = toy.space.sample(np.random.default_rng(0), 3)
    answer = Evaluator(toy).evaluate(x)
    for i, row in enumerate(x):
        seen, info = env.reset(seed=i)
        assert not seen.any() and info == {}
        seen, reward, terminated, truncated, info = env.step(row)
        assert reward == answer.score[i] and type(reward) is float and terminated and not truncated
        assert np.array_equal(seen, observe(answer.costs)[i]) and env.observation_space.contains(seen)
        assert info["design"] == toy.space.decode(row) and info["valid"] == answer.costs.valid[i] == bool(info["metrics"])
        assert info["feasible"] == (reward > 0) and bool(info["reason"]) != info["valid"]
    env.reset()
    with pytest.raises(BudgetExhausted):
        env.step(x[0])


def test_every_design_is_an_action(toy: Task) -> None:
    env = DesignEnv(Evaluator(toy))
    assert env.action_space == gym.spaces.MultiDiscrete(toy.space.nvec)
    for row in (np.zeros(8, np.int64), toy.space.nvec - 1):
        assert env.action_space.contains(row)
        env.step(row)
    with pytest.raises(BadInput, match="index 8 of knob tile"):
        env.step(toy.space.nvec)


@given(st.lists(st.floats(), min_size=1, max_size=6), st.booleans())
def test_observations_are_always_in_the_box_and_ordered(values: list[float], valid: bool) -> None:
    ordered = np.sort(np.array(values))[:, None]
    flags = np.full(len(values), valid)
    seen = observe(Costs((Metric("energy_j", "J"),), ordered, flags, (~flags).astype(np.uint64)))
    assert seen.dtype == np.float32 and ((seen >= 0) & (seen <= 1)).all()
    numbers = seen[~np.isnan(ordered[:, 0])]
    assert (np.diff(numbers, axis=0) >= 0).all()
    assert valid or not seen.any()


# -- one knob per step ----------------------------------------------------------------------------------------------------


def test_an_episode_sets_every_knob_once(toy: Task) -> None:
    evaluator = Evaluator(toy)
    env = SequentialDesignEnv(evaluator)
    row = toy.space.sample(np.random.default_rng(1), 1)[0]
    seen, info = env.reset()
    for knob, value in enumerate(row):
        assert np.array_equal(info["action_mask"], env.action_masks())
        assert info["action_mask"].shape == (12,) and info["action_mask"].sum() == toy.space.nvec[knob]
        assert seen[:8].argmax() == knob and seen[:8].sum() == 1
        assert np.array_equal(seen[8 : 8 + knob], toy.space.to_unit(row[None])[0, :knob].astype(np.float32))
        assert evaluator.spent == 0
        seen, reward, terminated, truncated, info = env.step(np.int64(value))
        assert terminated == (knob == 7) and not truncated and env.observation_space.contains(seen)
        assert terminated or reward == 0.0
    assert evaluator.spent == 1 and reward == Evaluator(toy).evaluate(row[None]).score[0]
    assert info["design"] == toy.space.decode(row) and not info["action_mask"].any() and not seen[:8].any()
    with pytest.raises(BadInput, match=r"call reset\(\) before step"):
        env.step(np.int64(0))
    env.reset()
    assert env.action_masks().sum() == 8


def test_masks_come_from_the_model(masked: Task) -> None:
    env = SequentialDesignEnv(Evaluator(masked))
    env.reset()
    _, _, _, _, info = env.step(np.int64(5))
    assert np.flatnonzero(info["action_mask"]).tolist() == [5, 6, 7]
    with pytest.raises(BadInput, match="value 2 is not open to knob buffer"):
        env.step(np.int64(2))
    for outside in (-1, 8, 12):
        with pytest.raises(BadInput, match="not open"):
            env.step(np.int64(outside))
    env.step(np.int64(6))


def test_masked_play_never_meets_an_invalid_design(masked: Task) -> None:
    env, rng = SequentialDesignEnv(Evaluator(masked)), np.random.default_rng(2)
    for _ in range(50):
        _, info = env.reset()
        terminated = False
        while not terminated:
            _, _, terminated, _, info = env.step(rng.choice(np.flatnonzero(info["action_mask"])))
        assert info["valid"]


def test_clip_folds_any_action_into_the_open_values(masked: Task) -> None:
    env = SequentialDesignEnv(Evaluator(masked), clip=True)
    rng = np.random.default_rng(3)
    for _ in range(30):
        env.reset()
        terminated = False
        while not terminated:
            _, _, terminated, _, info = env.step(rng.integers(12))
        assert info["valid"]


# -- many designs per step ------------------------------------------------------------------------------------------------


def test_a_vector_step_is_one_batch(counting: Task) -> None:
    env = DesignVectorEnv(5, Evaluator(counting))
    seen, _ = env.reset(seed=1)
    assert seen.shape == (5, 2) and env.observation_space.contains(seen)
    actions = counting.space.sample(np.random.default_rng(4), 5)
    seen, reward, terminated, truncated, info = env.step(actions)
    assert counting.model.batches == [5]
    answer = Evaluator(toy_task()).evaluate(actions)
    assert np.array_equal(reward, answer.score) and terminated.all() and not truncated.any() and not seen.any()
    assert np.array_equal(info["final_obs"], observe(answer.costs)) and info["_final_obs"].all()
    assert np.array_equal(info["metrics"]["latency_s"], answer.costs["latency_s"], equal_nan=True)
    with pytest.raises(BadInput, match="5 environments were sent 4 actions"):
        env.step(actions[:4])


@pytest.mark.parametrize("wrapper", ["DictInfoToList", "RecordEpisodeStatistics"])
def test_gymnasium_s_vector_wrappers_work(gym_toy: str, wrapper: str) -> None:
    env = getattr(gym.wrappers.vector, wrapper)(gym.make_vec(gym_toy, num_envs=3))
    env.reset(seed=1)
    _, reward, _, _, info = env.step(env.action_space.sample())
    if wrapper == "DictInfoToList":
        assert [set(i) for i in info] == [{"metrics", "valid", "final_obs"}] * 3
    else:
        assert np.array_equal(info["episode"]["r"], reward)


# -- gym.make -------------------------------------------------------------------------------------------------------------


def test_make_builds_every_view(gym_toy: str) -> None:
    env = gym.make(gym_toy)
    assert isinstance(env.unwrapped, DesignEnv)
    sequential = gym.make(gym_toy, view="sequential", clip=True)
    assert isinstance(sequential.unwrapped, SequentialDesignEnv)
    vector = gym.make_vec(gym_toy, num_envs=4)
    assert isinstance(vector.unwrapped, DesignVectorEnv) and vector.num_envs == 4
    synced = gym.make_vec(gym_toy, num_envs=2, vectorization_mode="sync", view="sequential", clip=True)
    synced.reset(seed=0)
    assert synced.step(synced.action_space.sample())[0].shape == (2, 16)


def test_make_refuses_what_there_is_not(gym_toy: str) -> None:
    with pytest.raises(BadInput, match="there is no view 'sequentail'; choose from design, sequential"):
        gym.make(gym_toy, view="sequentail")
    with pytest.raises(BadInput, match="has no native batch"):
        gym.make_vec(gym_toy, num_envs=2, view="sequential")
    with pytest.raises(BadInput, match="has no option 'speed'"):
        gym.make(gym_toy, options={"speed": "1"})


def test_the_same_actions_give_the_same_episode(gym_toy: str) -> None:
    one, two = gym.make(gym_toy), gym.make(gym_toy)
    one.action_space.seed(3)
    for _ in range(10):
        action = one.action_space.sample()
        assert data_equivalence(one.reset(seed=1), two.reset(seed=2))
        assert data_equivalence(one.step(action), two.step(action))


FRESH = """
import gymnasium as gym
env = gym.make("archgym:archgym/{id}")
env.reset(seed=1); env.action_space.seed(1)
print(env.step(env.action_space.sample())[1])
vector = gym.make_vec("archgym:archgym/{id}", num_envs=3)
vector.reset(seed=1)
print(vector.step(vector.action_space.sample())[1].shape)
print(gym.make("archgym:archgym/{id}", view="sequential").unwrapped.action_space.n)
"""


@pytest.mark.parametrize("family", sorted(registry.families()))
def test_make_in_a_fresh_process_needs_no_import_and_warns_of_nothing(family: str, python: Callable[..., str]) -> None:
    ids = registry.task_ids(family)
    assert ids, f"{family} has no tasks"
    reward, shape, values = python(FRESH.format(id=ids[0]), "-W", "error").splitlines()
    assert np.isfinite(float(reward)) and shape == "(3,)"
    assert int(values) == archgym.get_task(ids[0]).space.nvec.max()


# -- one agent per knob ---------------------------------------------------------------------------------------------------


def test_the_multi_agent_view_passes_pettingzoo_s_test(toy: Task) -> None:
    test = pytest.importorskip("pettingzoo.test")
    from archgym.multi_agent import KnobParallelEnv

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test.parallel_api_test(KnobParallelEnv(Evaluator(toy)), num_cycles=50)


def test_all_knobs_share_the_score(toy: Task) -> None:
    pytest.importorskip("pettingzoo")
    from archgym.multi_agent import KnobParallelEnv

    env = KnobParallelEnv(toy.id)
    env.reset(seed=1)
    row = toy.space.sample(np.random.default_rng(5), 1)[0]
    seen, reward, terminated, truncated, info = env.step(dict(zip(toy.space.names, row, strict=True)))
    answer = Evaluator(toy).evaluate(row[None])
    assert set(reward.values()) == {answer.score[0]} and set(reward) == set(toy.space.names)
    assert all(terminated.values()) and not any(truncated.values()) and env.agents == []
    assert all(np.array_equal(s, observe(answer.costs)[0]) for s in seen.values())
    assert info["tile"]["design"] == toy.space.decode(row)
