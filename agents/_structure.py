"""What of a model's structure an agent may use: one switch, ``structure``, in the configuration of every hand-written agent.

=========  ============================================================================================================
blind      proposals are evaluated as they come
repair     each goes through the model's ``repair`` first, which makes it buildable where the model knows how
moves      and mutants come by the model's own moves (``CostModel.vary``); by changed knobs only where it has none
=========  ============================================================================================================

Agents that build a design knob by knob have the switch ``masks`` instead. Outside a run (``ask`` and ``tell`` by hand) there is
no model at hand, and every agent is blind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archgym.agent import AskTellAgent
from archgym.config import Config, switch
from archgym.evaluator import Evaluator
from archgym.space import DesignSpace, IntArray

BLIND, REPAIR, MOVES = "blind", "repair", "moves"

Vary = Callable[[IntArray, np.random.Generator], IntArray | None]


@dataclass(frozen=True)
class StructureConfig(Config):
    """For agents that draw designs from a distribution."""

    structure: str = switch(REPAIR, (BLIND, REPAIR), "blind: evaluate proposals as they come; repair: made buildable first")


@dataclass(frozen=True)
class MovesConfig(StructureConfig):
    """For agents that mutate designs."""

    structure: str = switch(
        REPAIR,
        (BLIND, REPAIR, MOVES),
        "blind: evaluate proposals as they come; repair: made buildable; moves: mutants by `changes` moves of the model's",
    )


class StructuredAgent(AskTellAgent):
    """Base of agents with the switch: in a run, ``_repair`` and ``_vary`` are the model's as far as it allows."""

    config: StructureConfig

    def __init__(self, space: DesignSpace, config: Config | None = None, seed: int = 0) -> None:
        super().__init__(space, config, seed)
        self._repair: Callable[[IntArray], IntArray] = np.array
        self._vary: Vary | None = None

    def _begin(self, evaluator: Evaluator) -> None:
        if self.config.structure != BLIND:
            self._repair = evaluator.repair
        if self.config.structure == MOVES:
            self._vary = evaluator.vary
