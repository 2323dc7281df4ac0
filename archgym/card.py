"""Difficulty cards: what is known of a task's optimum, front and hardness. `archgym difficulty` computes and prints them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from typing import Any

from archgym.space import Value

EASY_BELOW = 0.03  # a task is "easy" where random search at 256 evaluations comes nearer than this to the best


@dataclass(frozen=True)
class FrontPoint:
    """One design of a Pareto front with its front metrics in SI units."""

    design: Mapping[str, Value]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class BestKnown:
    """The best score and the Pareto front known for a task.

    Args:
        score: the best score.
        design: a design that has it.
        exact: True where the whole space was enumerated, so that regret is true regret.
        designs: how many designs were evaluated to find it (folded duplicates counted once).
        hypervolume: of the front, normalised to the task's reference point.
        front: the non-dominated feasible designs.
        proved: True where the model itself, or the objective's ceiling, proves that no design scores higher, though the space
            was not enumerated.
    """

    score: float
    design: Mapping[str, Value]
    exact: bool
    designs: int
    hypervolume: float
    front: tuple[FrontPoint, ...] = ()
    proved: bool = False

    @property
    def optimal(self) -> bool:
        """Whether no design can score higher: regret against the score is true regret."""
        return self.exact or self.proved


@dataclass(frozen=True)
class Card:
    """The difficulty card of one task.

    Args:
        task, fingerprint: the task and the model it was computed with; a card of another model is not used.
        best_known: optimum or best known.
        samples: number of uniform random designs behind the figures below.
        random_regret: median relative regret of random search after 16, 64, 256 and 1,024 evaluations.
        valid, feasible, within_1_percent: shares of random designs.
        distinct_scores: number of different scores among the samples.
        rank_correlation: Spearman between the front's metrics, ``"a~b" -> rho``.
    """

    task: str
    fingerprint: str
    best_known: BestKnown
    samples: int
    random_regret: Mapping[str, float]
    valid: float
    feasible: float
    within_1_percent: float
    distinct_scores: int
    rank_correlation: Mapping[str, float] = field(default_factory=dict)

    @property
    def easy(self) -> bool:
        """Random search at 256 evaluations comes within 3 % of the best."""
        return self.random_regret["256"] < EASY_BELOW

    def to_json(self) -> str:
        """Stable text: the same card is the same file; a front's designs take a line each."""
        raw = asdict(self)
        # JSON has no infinity: random search that finds nothing feasible is null there
        raw["random_regret"] = {k: v if math.isfinite(v) else None for k, v in self.random_regret.items()}
        front = raw["best_known"].pop("front")
        lines = ",\n  ".join(json.dumps(point) for point in front)
        head = json.dumps(raw, indent=1, allow_nan=False)
        return f'{{"card": {head},\n "front": [\n  {lines}\n ]}}\n'

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The inverse of :meth:`to_json`."""
        both: dict[str, Any] = json.loads(text)
        raw = both["card"]
        raw["random_regret"] = {k: math.inf if v is None else v for k, v in raw["random_regret"].items()}
        best = raw.pop("best_known")
        front = tuple(FrontPoint(**point) for point in both["front"])
        return cls(best_known=BestKnown(**best, front=front), **raw)


def load_card(package: str, task_id: str) -> Card | None:
    """The card shipped in ``package`` (a folder of JSON files) for a task, or None."""
    file = resources.files(package).joinpath("cards", f"{task_id}.json")
    return Card.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None
