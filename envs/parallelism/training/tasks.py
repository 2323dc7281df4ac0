"""Training tasks: which model on which cluster, what is searched for, within what limits.

Clusters of 64 to 16,384 GPUs. Score 1 is the reference value, a round figure near the optimum, which is known for every task
without placement: the legal designs are few enough to be evaluated one by one.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

_task = partial(
    new_task,
    "training",
    family="parallelism",
    build="archgym.envs.parallelism.training.model:build",
    cards="archgym.envs.parallelism",
)
GPU_80, GPU_192 = 86e9, 206e9  # bytes, a little more than GPUs of 80 and 192 GB have


def tasks() -> list[Task]:
    """Every training task; no model is built."""
    return [*_fastest(), *_cheapest(), *_fronts(), *_placed()]


def _fastest() -> list[Task]:
    return [
        _task(
            "gpt3-175b-a100x64-time",
            "gpt3-175b",
            Minimise("iteration_s", 13.5),
            front_metrics(iteration_s=40.0, memory_bytes=GPU_80),
            "175 B parameters on 64 GPUs, where memory decides; Korthikanti et al. measured 13.75 s",
            options=_on("a100-hdr", 64, batch=64, attention="unfused"),
        ),
        _task(
            "bloom-176b-a100x384-time",
            "bloom-176b",
            Minimise("iteration_s", 69.5),
            front_metrics(iteration_s=200.0, memory_bytes=GPU_80),
            "70 layers and a vocabulary of 250,880 on Jean Zay's slow network",
            options=_on("a100-opa", 384, attention="unfused"),
        ),
        _task(
            "llama3-70b-h100x256-time",
            "llama3-70b",
            Minimise("iteration_s", 10.5),
            front_metrics(iteration_s=30.0, memory_bytes=GPU_80),
            "a dense model that fits in many ways, in 16 or 8 bit",
            options=_on("h100-ndr", 256),
        ),
        _task(
            "llama3-70b-ethernetx128-time",
            "llama3-70b",
            Minimise("iteration_s", 32.0),
            front_metrics(iteration_s=100.0, memory_bytes=GPU_80),
            "nodes joined by one 100 Gb/s Ethernet card each: what crosses them, and how often",
            options=_on("h100-ethernet", 128),
        ),
        _task(
            "llama3-405b-h100x16384-time",
            "llama3-405b",
            Minimise("iteration_s", 3.7),
            front_metrics(iteration_s=10.0, memory_bytes=GPU_80),
            "one sample per eight GPUs: bubbles against communication",
            options=_on("h100-roce", 16384),
        ),
        _task(
            "llama3-405b-128k-h100x16384-time",
            "llama3-405b",
            Minimise("iteration_s", 9.5),
            front_metrics(iteration_s=30.0, memory_bytes=GPU_80),
            "sequences of 131,072 tokens, 128 of them: context parallelism",
            options=_on("h100-roce", 16384, batch=128, sequence=131072),
        ),
        _task(
            "deepseek-v3-h100x2048-time",
            "deepseek-v3",
            Minimise("iteration_s", 22.5),
            front_metrics(iteration_s=80.0, memory_bytes=GPU_80),
            "256 experts over nodes of 8",
            options=_on("h100-ndr", 2048),
        ),
    ]


def _cheapest() -> list[Task]:
    return [
        _task(
            "llama2-70b-h100x1024-cost",
            "llama2-70b",
            Minimise("cost_usd", 1.0, constraints=(Constraint("iteration_s", 6.0),)),
            front_metrics(cost_usd=2.0, iteration_s=12.0, memory_bytes=GPU_80),
            "the cheapest token from up to 1,024 GPUs with an iteration every 6 s",
            options=_on("h100-ndr", 1024),
        ),
        _task(
            "mixtral-8x22b-mi300x512-cost",
            "mixtral-8x22b",
            Minimise("cost_usd", 0.9, constraints=(Constraint("iteration_s", 10.0),)),
            front_metrics(cost_usd=2.0, iteration_s=20.0, memory_bytes=GPU_192),
            "experts on GPUs of 192 GB, with an iteration every 10 s",
            options=_on("mi300x-400g", 512),
        ),
        _task(
            "deepseek-v3-gb200x256-energy",
            "deepseek-v3",
            Minimise("energy_j", 0.455),
            front_metrics(energy_j=1.0, iteration_s=300.0, memory_bytes=GPU_192),
            "joules per token where 64 GPUs share fast links",
            options=_on("gb200-nvl72", 256),
        ),
    ]


def _fronts() -> list[Task]:
    return [
        _task(
            "gpt3-175b-a100x1024-front",
            "gpt3-175b",
            Product({"iteration_s": 1.0, "memory_bytes": 1.0, "gpus": 1.0}, 2.6e14),
            front_metrics(iteration_s=600.0, memory_bytes=GPU_80, gpus=1024.0),
            "time, memory and GPUs against each other",
            "hypervolume",
            options=_on("a100-hdr", 1024, attention="unfused"),
        ),
    ]


def _placed() -> list[Task]:
    return [
        _task(
            "gpt3-13b-holmesx64-time",
            "gpt3-13b",
            Minimise("iteration_s", 19.5),
            front_metrics(iteration_s=60.0, memory_bytes=GPU_80),
            "InfiniBand and RoCE nodes that reach each other over slow Ethernet: what may cross it",
            options=_on("holmes", 64, batch=1024),
        ),
        _task(
            "megatron-39b-pipettex128-time",
            "megatron-39b",
            Minimise("iteration_s", 5.5),
            front_metrics(iteration_s=60.0, memory_bytes=GPU_80),
            "a matrix of link speeds: which node takes which ranks",
            options=_on("pipette", 128, batch=256),
        ),
    ]


def _on(cluster: str, gpus: int, batch: int = 0, sequence: int = 0, attention: str = "flash") -> dict[str, str]:
    """Options of a task; batch and sequence 0: the model's own."""
    return {
        "cluster": cluster,
        "gpus": str(gpus),
        "batch": str(batch or ""),
        "sequence": str(sequence or ""),
        "attention": attention,
    }
