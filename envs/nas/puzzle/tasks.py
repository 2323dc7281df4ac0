"""Puzzle tasks: least damage within limits on throughput, latency and memory. The scores are synthetic, see `scores`."""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise
from archgym.task import Task, front_metrics, new_task

_task = partial(
    new_task, "nas", family="nas", build="archgym.envs.nas.puzzle.model:build", cards="archgym.envs.nas", tags=("puzzle",)
)


def tasks() -> list[Task]:
    """Every task of this environment; no model is built."""
    return [
        _task(
            "puzzle-llama8b-throughput",
            "llama3-8b@1024/1024",
            Minimise("damage", 4.25, constraints=(_fast(2170.0), *_within(memory_bytes=13e9, ttft_s=0.9))),
            front_metrics(damage=20.0, latency_s=16.0),
            "32 blocks on one L40S: 2.17 times the parent's throughput in half of its memory",
            options=_on("l40s-100g", 1, 32, "bf16"),
        ),
        _task(
            "puzzle-llama70b-throughput",
            "llama3-70b@2048/2048",
            Minimise("damage", 6.84, constraints=(_fast(2400.0),)),
            front_metrics(damage=50.0, latency_s=60.0),
            "80 blocks on one H100 that cannot hold the parent and its cache, 2.17 times as fast as if it could",
            options=_on("h100-ndr", 1, 64, "fp8"),
        ),
        _task(
            "puzzle-llama70b-latency",
            "llama3-70b@4096/512",
            Minimise("damage", 11.3, constraints=_within(ttft_s=5.1, tpot_s=0.0135, memory_bytes=23.5e9)),
            front_metrics(damage=50.0, ttft_s=5.1, tpot_s=0.0135),
            "80 blocks on four H100: long prompts, quick tokens and little memory at once",
            options=_on("h100-ndr", 4, 32, "bf16"),
        ),
    ]


def _fast(tokens_per_s: float) -> Constraint:
    return Constraint("tokens_per_s", tokens_per_s, ">=")


def _within(**bounds: float) -> tuple[Constraint, ...]:
    return tuple(Constraint(metric, bound) for metric, bound in bounds.items())


def _on(platform: str, tp: int, batch: int, weights: str) -> dict[str, str]:
    return {"platform": platform, "tp": str(tp), "batch": str(batch), "weights": weights, "seed": "1"}
