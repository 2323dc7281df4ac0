"""A PettingZoo view: one agent per knob, all rewarded with the design's score. Needs ``archgym[marl]``."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from archgym.errors import need
from archgym.evaluator import Evaluator
from archgym.views import _evaluator, _info, observe

try:
    from pettingzoo import ParallelEnv
except ImportError:
    raise need("pettingzoo", "marl") from None

Observation = NDArray[np.float32]


class KnobParallelEnv(ParallelEnv):  # type: ignore[misc]
    """Every knob is an agent that sets its own value at the same time; one step is one design, and ends the episode.

    Args:
        task: a task id or an evaluator.
        options: task options.
    """

    metadata = {"name": "archgym_knobs_v0", "render_modes": []}

    def __init__(self, task: str | Evaluator, options: dict[str, str] | None = None) -> None:
        self.evaluator = _evaluator(task, options)
        space = self.evaluator.space
        self.possible_agents = list(space.names)
        self.agents: list[str] = []
        self._actions = {n: spaces.Discrete(int(k)) for n, k in zip(space.names, space.nvec, strict=True)}
        shape = (len(self.evaluator.task.model.metrics),)
        self._observations = {n: spaces.Box(0.0, 1.0, shape, np.float32) for n in space.names}

    def observation_space(self, agent: str) -> spaces.Box:
        """The metrics of the design just evaluated, the same for every knob."""
        return self._observations[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """The knob's values."""
        return self._actions[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Start an episode; there is nothing random to seed."""
        self.agents = list(self.possible_agents)
        zeros = {n: np.zeros(self._observations[n].shape, np.float32) for n in self.agents}
        return zeros, {n: {} for n in self.agents}

    def step(self, actions: dict[str, int]) -> tuple[dict[str, Any], ...]:
        """Evaluate the joint design."""
        names = self.possible_agents
        answer = self.evaluator.evaluate(np.array([[actions[n] for n in names]], dtype=np.int64))
        info = _info(answer, self.evaluator, 0)
        seen = observe(answer.costs)[0]
        self.agents = []
        return (
            {n: seen for n in names},
            {n: float(answer.score[0]) for n in names},
            {n: True for n in names},
            {n: False for n in names},
            {n: info for n in names},
        )
