"""Digests of lotteries that were never played: skills, luck of the draw and luck of the seed are set by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from archgym.experiments.lottery.digest import Digest, Key, Row, TaskFacts, ordered
from archgym.experiments.lottery.plan import DEFAULTS
from archgym.experiments.lottery.study import Group, Lottery, Only
from archgym.space import FloatArray

TASKS = {
    "memory-cloud-latency-v0": ("memory", 0.004),
    "memory-stream-tail-v0": ("memory", 0.17),
    "accelerator-alexnet-energy-v0": ("accelerator", 0.15),
    "accelerator-resnet18-front-v0": ("accelerator", 1.7),
    "nas-cifar-compute-front-v0": ("nas", 0.2),
    "serving-llama8b-code-throughput-v0": ("parallelism", 1.5),
}
TUNING = {"memory-cloud-tail-v0": ("memory", 0.3), "accelerator-bert-edp-v0": ("accelerator", 2.5)}
AGENTS = ("random", "sobol", "genetic", "evolution", "tpe", "ppo")
UNTUNABLE = ("random", "sobol")
AXES = ("latency_s", "energy_j")


@dataclass(frozen=True)
class Luck:
    """How a run's performance comes about.

    Args:
        skill: of each agent's mean draw, in units of what there is to win above random search.
        draw, seed: standard deviations of their luck, in the same units.
        defaults: of an agent's defaults over its mean draw.
    """

    skill: Mapping[str, float] = field(default_factory=lambda: dict(zip(AGENTS, (0.0, 0.02, 0.5, 0.4, 0.6, -0.1), strict=True)))
    draw: float = 0.3
    seed: float = 0.1
    defaults: float = 0.1


def make_digest(
    tasks: Mapping[str, tuple[str, float]] = TASKS,
    tuning: Mapping[str, tuple[str, float]] = TUNING,
    agents: Sequence[str] = AGENTS,
    draws: int = 20,
    seeds: int = 5,
    budget: int = 256,
    luck: Luck | None = None,
    only: Mapping[str, Sequence[str]] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    name: str = "synthetic",
) -> Digest:
    """A complete digest; the same arguments give the same digest."""
    limits = tuple(Only(agent=agent, tasks=tuple(names)) for agent, names in (only or {}).items())
    lottery = Lottery(
        name=name, tasks=tuple(tasks), tuning=tuple(tuning), agents=tuple(agents), draws=draws, seeds=seeds, budget=budget,
        quick=True, only=limits,
        group=tuple(Group(name=group, tasks=tuple(names)) for group, names in (groups or {}).items()),
    )  # fmt: skip
    known = {**tasks, **tuning}
    rows = [row for agent in agents for row in _rows(lottery, agent, known, luck or Luck())]
    facts = {
        task: TaskFacts(
            family=family,
            fingerprint="f",
            easy=regret < 0.03,
            best_score=10.0,
            best_hypervolume=0.8,
            random_regret=regret,
            axes=AXES if "-front-" in task else (),
        )
        for task, (family, regret) in known.items()
    }
    return Digest(lottery, len(rows), facts, ordered(rows))


def _rows(lottery: Lottery, agent: str, known: Mapping[str, tuple[str, float]], luck: Luck) -> list[Row]:
    place = AGENTS.index(agent) if agent in AGENTS else sum(map(ord, agent))
    rng = np.random.default_rng([7, place])
    quality = {DEFAULTS: luck.defaults} | {k: luck.draw * rng.standard_normal() for k in range(lottery.draws)}
    numbers = [DEFAULTS] if agent in UNTUNABLE else list(quality)
    rows = []
    for task in lottery.tasks_of(agent):
        for draw in numbers:
            for seed in lottery.seeds:
                merit = luck.skill.get(agent, 0.2) + quality[draw] + luck.seed * rng.standard_normal()
                rows.append(_row(lottery, Key(task, agent, draw, seed), known[task][1], merit, rng))
    return rows


def _row(lottery: Lottery, key: Key, regret: float, merit: float, rng: np.random.Generator) -> Row:
    """A run that ends at ``regret * exp(-2 merit)``, in steps."""
    final = 10.0 / (1.0 + regret * np.exp(-2.0 * merit))
    steps = int(rng.integers(2, 12))
    at = np.unique(np.concatenate([[1], rng.integers(1, lottery.budget + 1, size=steps)]))
    score = np.sort(final * rng.uniform(0.3, 1.0, size=len(at)))
    score[-1] = final
    volume = 0.8 / (1.0 + 0.5 * regret * np.exp(-2.0 * merit))
    config = json.dumps({"draw": key.draw})
    front = _front(volume / 0.8, rng) if key.draw == DEFAULTS and "-front-" in key.task else np.empty((0, 0))
    return Row(key, "{}", config, lottery.budget, at.astype(np.int64), score, float(volume), 0.1, 0.02, "f", front)


def _front(quality: float, rng: np.random.Generator) -> FloatArray:
    """Up to 8 points on a hyperbola, the nearer to 0 the better."""
    x = np.sort(rng.uniform(0.1, 0.9, size=8))
    return np.stack([x, np.minimum(0.08 / (quality * x), 0.99)], axis=1)
