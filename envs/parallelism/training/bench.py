"""Configurations per second on one core: rules, memory and time of random, of legal and of valid designs."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from archgym.family import Table
from archgym.registry import get_task
from archgym.timing import cpu_seconds, one_thread

from .model import TrainingModel

N, REPEATS = 1 << 17, 3
TASKS = (
    "training-gpt3-175b-a100x64-time-v0",
    "training-llama3-405b-h100x16384-time-v0",
    "training-deepseek-v3-h100x2048-time-v0",
)
PEERS = (
    "random: most break a rule, and are told which; legal: all but memory; valid: memory, time, price and energy of every one",
    "Calculon: 51 configurations per second and core; all 17,052 of 175 B on 64 GPUs in 349 CPU seconds",
    "a 130-line NumPy prototype of this model: 0.9 million configurations per second and core",
)


def bench() -> list[Table]:
    """The goal is 1 million per second and core."""
    with one_thread():
        rows = [_row(name) for name in TASKS]
    headings = ("task", "random, million/s", "valid, million/s", "legal designs", "all of them, s", "first, s")
    return [Table(f"training configurations per second, one core, batches of {N:,}", headings, rows, PEERS)]


def _row(name: str) -> tuple[object, ...]:
    model = get_task(name).model
    assert isinstance(model, TrainingModel)
    random = model.space.sample(np.random.default_rng(0), N)
    first = cpu_seconds(partial(model.evaluate, random[:1]))
    repaired = model.repair(random)
    valid = np.resize(repaired[model.evaluate(repaired).valid], random.shape)
    rates = [N / min(cpu_seconds(partial(model.evaluate, x)) for _ in range(REPEATS)) / 1e6 for x in (random, valid)]
    started = time.process_time()
    designs = _all(model)
    walked = time.process_time() - started
    return name, *(f"{rate:.1f}" for rate in rates), designs, f"{walked:.1f}", f"{first:.2f}"


def _all(model: TrainingModel) -> int:
    """List and evaluate every legal design."""
    return sum(len(model.evaluate(x)) for x in model.runs_legal())
