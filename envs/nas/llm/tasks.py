"""Tasks on shapes of language models: which loss, at what price of training and serving."""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

_task = partial(
    new_task, "nas", family="nas", build="archgym.envs.nas.llm.model:build", cards="archgym.envs.nas", tags=("llm",)
)
DATA_CENTRE = {"law": "epoch", "cluster": "b200-ndr", "gpus": "256", "platform": "h200-efa"}
SMALL = {"law": "epoch", "cluster": "h100-ndr", "gpus": "64", "platform": "l40s-100g"}


def tasks() -> list[Task]:
    """Every task of this environment; no model is built."""
    return [
        _task(
            "llm-chat-loss",
            "chat",
            Minimise(
                "excess_loss", 0.25, constraints=_within(training_usd=3e5, tpot_s=0.01, serving_usd=0.4, extrapolation=4.0)
            ),
            front_metrics(excess_loss=1.0, training_usd=3e5, serving_usd=0.4),
            "the lowest loss for 300,000 dollars of training, 10 ms and 0.4 dollars per million tokens of serving",
            options=DATA_CENTRE,
        ),
        _task(
            "llm-chat-serving",
            "chat",
            Minimise(
                "serving_usd",
                0.143,
                constraints=_within(excess_loss=0.27, training_usd=1e6, ttft_s=0.2, tpot_s=0.02, extrapolation=4.0),
            ),
            front_metrics(serving_usd=5.0, excess_loss=0.27, tpot_s=0.02),
            "the cheapest token of a given quality: smaller and longer trained, sparser, or narrower",
            options=DATA_CENTRE,
        ),
        _task(
            "llm-code-training",
            "code",
            Minimise(
                "training_usd",
                6740.0,
                constraints=_within(excess_loss=0.43, ttft_s=0.5, tpot_s=0.006, serving_usd=2.5, extrapolation=1.0),
            ),
            front_metrics(training_usd=1e5, excess_loss=0.43, tpot_s=0.006),
            "the cheapest training that serves 8,192-token prompts at once, inside the range of every law used",
            options=DATA_CENTRE,
        ),
        _task(
            "llm-chat-front",
            "chat",
            Product({"excess_loss": 6.0, "tpot_s": 1.0, "training_usd": 1.0}, 0.0444, constraints=_within(extrapolation=4.0)),
            front_metrics(excess_loss=1.0, tpot_s=0.02, training_usd=1e6),
            "loss, time per token and price of training against each other",
            "hypervolume",
            options=DATA_CENTRE,
        ),
        _task(
            "llm-small-loss",
            "512/128",
            Minimise(
                "excess_loss",
                0.405,
                constraints=_within(gpus=1.0, memory_bytes=4e9, tpot_s=0.006, training_usd=1e5, extrapolation=4.0),
            ),
            front_metrics(excess_loss=1.0, memory_bytes=5e9, training_usd=1e5),
            "a gigabyte on one card beside the runtime's three, for weights and cache: how narrow, how long trained",
            options=SMALL,
        ),
    ]


def _within(**bounds: float) -> tuple[Constraint, ...]:
    return tuple(Constraint(metric, bound) for metric, bound in bounds.items())
