"""What the agents built on Stable-Baselines3 share: sealed generators, rewards from ranks, and vector environments."""

from __future__ import annotations

import contextlib
import random
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from archgym.agent import Agent
from archgym.errors import need
from archgym.evaluator import Evaluator
from archgym.space import FloatArray, IntArray
from archgym.views import DesignVectorEnv, Observation, SequentialDesignEnv

try:
    import torch
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn
except ImportError as missing:
    module = "torch" if (missing.name or "").startswith("torch") else "stable-baselines3"
    raise need(module, "rl") from None

Reward = Callable[[IntArray, FloatArray], FloatArray]
SEEDS = 2**31
ENDLESS = 2**40  # environment steps: learn until the evaluator says stop


@contextlib.contextmanager
def sealed(seed: int) -> Iterator[None]:
    """Seed every global generator that Stable-Baselines3 draws from, on one thread, and put all back afterwards.

    Its buffers shuffle with NumPy's global generator and its policies sample from torch's: there is no way to hand it ours.
    """
    numpy_state, python_state, threads = np.random.get_state(), random.getstate(), torch.get_num_threads()  # noqa: NPY002
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        torch.set_num_threads(threads)


class RankReward:
    """Scores to rewards in [-1, 1]: where a score stands among all those seen so far.

    Scores come in three tiers of unknown scale; ranks give a learner the same spread on every task, and a design that was
    good early is worth less once better ones are known.

    Args:
        power: reward is ``2 quantile ** power - 1``; above 1 it tells the best from the good, not the bad from the worst.
        novelty: a design evaluated before earns -1, so that a policy about to collapse on one design moves on.
    """

    def __init__(self, power: float, novelty: bool) -> None:
        self._power = power
        self._novelty = novelty
        self._scores: FloatArray = np.zeros(0)
        self._rows: set[bytes] = set()

    def __call__(self, x: IntArray, score: FloatArray) -> FloatArray:
        """Rewards ``float64 (N,)`` of designs ``(N, D)`` and their scores ``(N,)``."""
        self._scores = np.sort(np.concatenate([self._scores, score]))
        below = np.searchsorted(self._scores, score, side="left")
        upto = np.searchsorted(self._scores, score, side="right")
        reward = 2.0 * (0.5 * (below + upto) / len(self._scores)) ** self._power - 1.0
        return np.where(self._repeated(x) & self._novelty, -1.0, reward)

    def _repeated(self, x: IntArray) -> NDArray[np.bool_]:
        keys = [row.tobytes() for row in x]
        known = np.array([key in self._rows for key in keys], dtype=np.bool_)
        self._rows.update(keys)
        return known


class OneShotVecEnv(VecEnv):
    """:class:`DesignVectorEnv` as Stable-Baselines3 wants it: N designs per step in one batch, every episode of length 1."""

    def __init__(self, evaluator: Evaluator, designs: int, reward: Reward) -> None:
        self._view = DesignVectorEnv(designs, evaluator)
        self._reward = reward
        self._actions: IntArray = np.zeros((0, len(evaluator.space)), dtype=np.int64)
        super().__init__(designs, self._view.single_observation_space, self._view.single_action_space)

    def reset(self) -> Observation:
        return self._view.reset()[0]

    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = np.ascontiguousarray(actions, dtype=np.int64)

    def step_wait(self) -> VecEnvStepReturn:
        seen, score, done, _, _ = self._view.step(self._actions)
        reward = self._reward(self._actions, score).astype(np.float32)
        return seen, reward, done, [{} for _ in range(self.num_envs)]

    def close(self) -> None:
        self._view.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        if attr_name != "render_mode":
            raise AttributeError(attr_name)
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(attr_name)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise AttributeError(method_name)

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Any = None) -> list[bool]:
        return [False] * self.num_envs


class _Rewarded(gym.Wrapper[Observation, np.int64, Observation, np.int64]):
    """The agent's reward at the end of a sequential episode, 0 before; infos are dropped, the learner reads none."""

    def __init__(self, env: SequentialDesignEnv, reward: Reward) -> None:
        super().__init__(env)
        self._space = env.evaluator.space
        self._reward = reward

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        seen, score, terminated, truncated, info = self.env.step(action)
        if not terminated:
            return seen, 0.0, False, truncated, {}
        row = self._space.encode(info["design"])[None, :]
        return seen, float(self._reward(row, np.array([score]))[0]), True, truncated, {}


class _Unmasked(SequentialDesignEnv):
    """Without the model's masks: every value that the next knob has is open."""

    def action_masks(self) -> NDArray[np.bool_]:
        knob = len(self._chosen)
        values = self._space.nvec[knob] if knob < len(self._space) else 0
        return np.arange(self._space.nvec.max()) < values


def sequential(evaluator: Evaluator, designs: int, reward: Reward, clip: bool = False, masks: bool = True) -> VecEnv:
    """``designs`` episodes side by side, one knob per step.

    Args:
        clip: for algorithms that know no masks: a masked value is folded into the open ones.
        masks: whether the model's masks apply; where not, all values a knob has are open.
    """
    view = SequentialDesignEnv if masks else _Unmasked
    return DummyVecEnv([lambda: _Rewarded(view(evaluator, clip=clip), reward)] * designs)


class Sb3Agent(Agent):
    """A Stable-Baselines3 algorithm as an agent; authors write ``_learner``."""

    def search(self, evaluator: Evaluator) -> None:
        """Learn until the evaluator's ``BudgetExhausted`` comes up through the learner's loop."""
        with sealed(int(self.rng.integers(SEEDS))):
            learner = self._learner(evaluator)
            learner.set_logger(Logger(None, []))  # the default one makes a folder per run
            steps = ENDLESS if evaluator.remaining is None else evaluator.remaining * len(self.space)
            while True:
                learner.learn(max(steps, 1), reset_num_timesteps=False)

    @abstractmethod
    def _learner(self, evaluator: Evaluator) -> BaseAlgorithm:
        """The algorithm on its view of the evaluator; called once, with all generators seeded."""
