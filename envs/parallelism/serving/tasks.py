"""Serving tasks: which model answers what kind of requests, what is searched for, within which targets.

Targets are of the kind that services promise (a first token within a second, 20 to 50 ms per token, no long pauses), so that
the largest batch on the cheapest GPU does not fit them; formats of the weights are bounded from below, as no accuracy is
modelled. A score of 1 is the reference value, a round figure near the best known.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Maximise, Minimise, Product
from archgym.task import Task, front_metrics, new_task

_task = partial(
    new_task,
    "serving",
    family="parallelism",
    build="archgym.envs.parallelism.serving.model:build",
    cards="archgym.envs.parallelism",
)


def tasks() -> list[Task]:
    """Every serving task; no model is built."""
    return [
        _task(
            "llama70b-chat-throughput",
            "llama3-70b@chat",
            Maximise("tokens_per_s_per_gpu", 2850.0, constraints=(*_targets(0.5, 0.04, 0.1), _bits(8))),
            front_metrics(ttft_s=2.0, tpot_s=0.1, cost_usd=20.0),
            "tokens per GPU at half a second to the first, weights of 8 bits or more",
        ),
        _task(
            "llama405b-chat-cost",
            "llama3-405b@chat",
            Minimise("cost_usd", 3.9, constraints=_targets(1.0, 0.05, 0.2)),
            front_metrics(cost_usd=50.0, ttft_s=4.0, tpot_s=0.2),
            "the cheapest token of a model that fits no GPU, in any format",
        ),
        _task(
            "llama8b-code-throughput",
            "llama3-8b@code",
            Maximise("tokens_per_s_per_gpu", 2850.0, constraints=(*_targets(1.0, 0.02, 0.04), _bits(8))),
            front_metrics(ttft_s=4.0, tpot_s=0.1, energy_j=10.0),
            "long prompts that must not interrupt the answers of others: chunks or a prefill pool",
        ),
        _task(
            "deepseek-reasoning-cost",
            "deepseek-v3@reasoning",
            Minimise("cost_usd", 0.59, constraints=(*_targets(1.0, 0.03, 0.1), _bits(8))),
            front_metrics(cost_usd=20.0, ttft_s=4.0, tpot_s=0.1),
            "long answers of a mixture: experts spread far enough, batches large enough",
        ),
        _task(
            "qwen3-chat-energy",
            "qwen3-235b-a22b@chat",
            Minimise("energy_j", 0.462, constraints=(*_targets(0.8, 0.04, 0.15), _bits(8), Constraint("gpus", 32.0))),
            front_metrics(energy_j=20.0, ttft_s=4.0, tpot_s=0.1),
            "joules per token of a mixture on up to 32 GPUs",
        ),
        _task(
            "mixtral-summarise-cost",
            "mixtral-8x7b@summarise",
            Minimise("cost_usd", 1.05, constraints=(*_targets(2.0, 0.025, 0.06), _bits(16), Constraint("gpus", 16.0))),
            front_metrics(cost_usd=30.0, ttft_s=8.0, tpot_s=0.1),
            "16-bit weights, prompts eight times as long as answers",
        ),
        _task(
            "gpt3-chat-energy",
            "gpt3-175b@chat",
            Minimise("energy_j", 2.34, constraints=(*_targets(1.0, 0.05, 0.15), _bits(8), Constraint("kv_bits", 16.0, ">="))),
            front_metrics(energy_j=100.0, ttft_s=4.0, tpot_s=0.2),
            "a cache of every head, 24 times a grouped one's: memory decides the batch",
        ),
        _task(
            "llama70b-summarise-front",
            "llama3-70b@summarise",
            Product({"ttft_s": 1.0, "tpot_s": 1.0, "cost_usd": 1.0}, 0.0075, constraints=(_bits(8),)),
            front_metrics(ttft_s=4.0, tpot_s=0.1, cost_usd=40.0),
            "first token, speed and price against each other",
            "hypervolume",
        ),
    ]


def _targets(first_s: float, token_s: float, pause_s: float) -> tuple[Constraint, ...]:
    return Constraint("ttft_s", first_s), Constraint("tpot_s", token_s), Constraint("gap_s", pause_s)


def _bits(least: int) -> Constraint:
    return Constraint("weight_bits", float(least), ">=")
