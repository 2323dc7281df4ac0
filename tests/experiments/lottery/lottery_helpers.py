"""What the tests of lotteries share: a small one on the toy tasks."""

from __future__ import annotations

from typing import Any

from archgym.experiments.lottery.study import Lottery, resolved

SMALL: dict[str, Any] = {
    "name": "small",
    "tasks": ["toy-latency-v0"],
    "agents": ["random", "genetic"],
    "draws": 3,
    "seeds": 2,
    "budget": 12,
    "quick": True,
}


def lottery_of(**changes: Any) -> Lottery:
    """A small lottery: 2 runs of random search, 8 of the genetic algorithm."""
    return resolved(Lottery.model_validate(SMALL | changes))
