"""Gymnasium views of a task. They add no rule of their own: every step goes through the evaluator.

``gym.make("archgym:archgym/<task id>")`` gives :class:`DesignEnv`, ``gym.make_vec`` gives :class:`DesignVectorEnv`;
``archgym.views.SequentialDesignEnv`` is registered as ``archgym/<task id>`` with ``view="sequential"``.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from archgym import registry
from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.evaluator import Evaluation, Evaluator
from archgym.space import BoolArray, IntArray

Observation = NDArray[np.float32]


def observe(costs: Costs) -> Observation:
    """Metrics as a network can read them, ``float32 (N, M)`` in [0, 1]: sign(v) log10(1 + |v| / 1e-15), scaled by 60.

    Invalid rows are all zeros. SI metrics span 1e-12 (joules) to 1e12 (operations): only the logarithm keeps them apart.
    """
    values = np.nan_to_num(costs.values, nan=0.0, posinf=1e45, neginf=-1e45)
    with np.errstate(over="ignore"):  # beyond 1e293 is as far as the scale goes
        logs = np.sign(values) * np.log10(1.0 + np.abs(values) / 1e-15) / 60.0
    return np.clip(np.where(costs.valid[:, None], 0.5 + 0.5 * logs, 0.0), 0.0, 1.0).astype(np.float32)


def _evaluator(task: str | Evaluator, options: dict[str, str] | None) -> Evaluator:
    return task if isinstance(task, Evaluator) else Evaluator(registry.get_task(task, options))


def _info(answer: Evaluation, evaluator: Evaluator, row: int) -> dict[str, Any]:
    costs = answer.costs
    valid = bool(costs.valid[row])
    metrics = {m.name: float(costs.values[row, j]) for j, m in enumerate(costs.metrics)}
    return {
        "design": evaluator.space.decode(answer.x[row]),
        "metrics": metrics if valid else {},
        "valid": valid,
        "reason": costs.why(row),
        "feasible": bool(np.isfinite(answer.front[row]).all()),
    }


class DesignEnv(gym.Env[Observation, NDArray[np.int64]]):
    """One step is one whole design: an episode has length 1.

    - Action: ``MultiDiscrete(nvec)``, one value index per knob; every design is reachable.
    - Observation: ``Box(0, 1, (M,))``, the metrics of the design just evaluated (:func:`observe`); zeros at reset.
    - Reward: the task's score, higher is better, > 0 if and only if the design is feasible.
    - Info: ``design``, ``metrics`` (SI units; empty if invalid), ``valid``, ``reason``, ``feasible``.

    Args:
        task: a task id, or an :class:`~archgym.evaluator.Evaluator` (then its budget and log apply).
        options: task options, as on the command line.
    """

    metadata = {"render_modes": []}

    def __init__(self, task: str | Evaluator, options: dict[str, str] | None = None) -> None:
        self.evaluator = _evaluator(task, options)
        space = self.evaluator.space
        self.action_space = spaces.MultiDiscrete(space.nvec)
        metrics = len(self.evaluator.task.model.metrics)
        self.observation_space = spaces.Box(0.0, 1.0, (metrics,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; there is nothing random to seed."""
        super().reset(seed=seed)
        return np.zeros(self.observation_space.shape or (), np.float32), {}

    def step(self, action: NDArray[np.int64]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Evaluate one design and end the episode."""
        answer = self.evaluator.evaluate(np.asarray(action)[None, :])
        info = _info(answer, self.evaluator, 0)
        return observe(answer.costs)[0], float(answer.score[0]), True, False, info


class SequentialDesignEnv(gym.Env[Observation, np.int64]):
    """One step sets one knob, in the order of the space; an episode has D steps and one evaluation at its end.

    - Action: ``Discrete(max(nvec))``; :meth:`action_masks` says which values the next knob has and which of them can
      still lead to a valid design. A masked value is refused.
    - Observation: ``Box(0, 1, (2 D,))``: one-hot of the next knob (zeros at the end), then the values chosen so far.
    - Reward: 0 until the last knob, then the task's score.
    - Info: ``action_mask``; after the last knob also everything of :class:`DesignEnv`'s.

    Args: as for :class:`DesignEnv`, and ``clip``: fold a value index beyond the next knob's values into them instead of
        refusing it, for agents (and checkers) that know no masks.
    """

    metadata = {"render_modes": []}

    def __init__(self, task: str | Evaluator, options: dict[str, str] | None = None, clip: bool = False) -> None:
        self.evaluator = _evaluator(task, options)
        self._space = self.evaluator.space
        self._clip = clip
        self._chosen: list[int] = []
        self.action_space = spaces.Discrete(int(self._space.nvec.max()))
        self.observation_space = spaces.Box(0.0, 1.0, (2 * len(self._space),), np.float32)

    def action_masks(self) -> NDArray[np.bool_]:
        """``bool (max(nvec),)`` the values open to the next knob; all False once the design is complete."""
        mask = np.zeros(int(self._space.nvec.max()), dtype=np.bool_)
        knob = len(self._chosen)
        if knob < len(self._space):
            allowed = self.evaluator.mask(np.array(self._chosen, dtype=np.int64), knob)
            mask[: len(allowed)] = allowed
        return mask

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Start a design with no knob set."""
        super().reset(seed=seed)
        self._chosen = []
        return self._observe(), {"action_mask": self.action_masks()}

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Set the next knob; evaluate after the last."""
        self._chosen.append(self._choice(int(action)))
        if len(self._chosen) < len(self._space):
            return self._observe(), 0.0, False, False, {"action_mask": self.action_masks()}
        answer = self.evaluator.evaluate(np.array([self._chosen], dtype=np.int64))
        info = {**_info(answer, self.evaluator, 0), "action_mask": self.action_masks()}
        return self._observe(), float(answer.score[0]), True, False, info

    def _choice(self, action: int) -> int:
        knob = len(self._chosen)
        if knob >= len(self._space):
            raise BadInput("the design is complete: call reset() before step()")
        mask = self.action_masks()
        if 0 <= action < len(mask) and mask[action]:
            return action
        open_values = np.flatnonzero(mask)
        if not self._clip or len(open_values) == 0:
            raise BadInput(f"value {action} is not open to knob {self._space.names[knob]}")
        return int(open_values[action % len(open_values)])

    def _observe(self) -> Observation:
        size, knob = len(self._space), len(self._chosen)
        out = np.zeros(2 * size, np.float32)
        if knob < size:
            out[knob] = 1.0
        out[size : size + knob] = (np.array(self._chosen) + 0.5) / self._space.nvec[:knob]
        return out


class DesignVectorEnv(VectorEnv[Observation, IntArray, BoolArray]):
    """N designs per step through one batched ``evaluate``; SAME_STEP autoreset, every episode has length 1.

    Spaces and rewards are those of :class:`DesignEnv`, batched; the metrics just measured are in ``info["final_obs"]``
    and in ``info["metrics"]`` (one array ``(N,)`` per metric). Step observations are those of the next episode: zeros.

    Args:
        num_envs: designs per step.
        task, options: as for :class:`DesignEnv`.
        view: ``"design"``; the sequential view is vectorised with ``make_vec(…, vectorization_mode="sync")``.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        num_envs: int = 1,
        task: str | Evaluator = "",
        options: dict[str, str] | None = None,
        view: str = "design",
        render_mode: None = None,
    ) -> None:
        if view != "design":
            raise BadInput(f"the {view} view has no native batch: pass vectorization_mode='sync' or 'async'")
        single = DesignEnv(_evaluator(task, options))
        self.evaluator = single.evaluator
        self.num_envs = num_envs
        self.single_action_space = single.action_space
        self.single_observation_space = single.observation_space
        self.action_space = batch_space(single.action_space, num_envs)
        self.observation_space = batch_space(single.observation_space, num_envs)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start N episodes; there is nothing random to seed."""
        if isinstance(seed, int):
            super().reset(seed=seed)
        return self._zeros(), {}

    def step(self, actions: Any) -> tuple[Observation, Any, Any, Any, dict[str, Any]]:
        """Evaluate ``actions (N, D)`` as one batch."""
        rows = np.asarray(actions)
        if len(rows) != self.num_envs:
            raise BadInput(f"{self.num_envs} environments were sent {len(rows)} actions")
        answer = self.evaluator.evaluate(rows)
        everyone = np.ones(self.num_envs, dtype=np.bool_)
        metrics = {m.name: answer.costs.values[:, j] for j, m in enumerate(answer.costs.metrics)}
        info = {
            "metrics": metrics,
            "valid": answer.costs.valid,
            "final_obs": observe(answer.costs),
            "_final_obs": everyone,
        }
        return self._zeros(), answer.score, everyone, ~everyone, info

    def _zeros(self) -> Observation:
        return np.zeros(self.observation_space.shape or (), np.float32)


def make_env(task: str, view: str = "design", options: dict[str, str] | None = None, **kwargs: Any) -> gym.Env[Any, Any]:
    """Entry point of ``gym.make``: ``view`` is ``"design"`` or ``"sequential"``."""
    views: dict[str, Any] = {"design": DesignEnv, "sequential": SequentialDesignEnv}
    if view not in views:
        raise BadInput(f"there is no view '{view}'; choose from {', '.join(views)}")
    kwargs.pop("render_mode", None)
    env: gym.Env[Any, Any] = views[view](task, options, **kwargs)
    return env


def register_gymnasium() -> None:
    """Register every task id under the namespace ``archgym``; done once, when the package is imported."""
    for task_id in registry.task_ids():
        name = f"archgym/{task_id}"
        if name not in gym.registry:
            gym.register(
                name,
                entry_point="archgym.views:make_env",
                vector_entry_point="archgym.views:DesignVectorEnv",
                kwargs={"task": task_id},
            )
