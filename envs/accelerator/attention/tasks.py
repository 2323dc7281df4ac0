"""Attention tasks: which model and length, what is searched for, within what chip.

Bounds are round figures between the sizes of array that fit, so that array, vector unit, buffer, bandwidth and blocks compete
for what is left; a score of 1 is the reference value, a round figure near the optimum.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, Objective, Product
from archgym.task import Task, front_metrics, new_task

MIX = "bert@1k + xlm@64k + llama2_7b@1m"
_task = partial(
    new_task,
    "attention",
    family="accelerator",
    build="archgym.envs.accelerator.attention.model:build",
    cards="archgym.envs.accelerator",
)


def tasks() -> list[Task]:
    """Every attention task; no model is built."""
    return [
        _task(
            "bert4k-latency",
            "bert@4k",
            Minimise("latency_s", 0.11, constraints=(_area(330e-6),)),
            front_metrics(latency_s=1.0, energy_j=45.0, area_m2=500e-6),
            "short rows on 330 mm2, where three passes still fit on chip",
        ),
        _task(
            "xlm64k-edp",
            "xlm@64k",
            _edp(1.5e6, area_m2=400e-6),
            front_metrics(latency_s=500.0, energy_j=30e3),
            "time and energy of long rows and wide heads on 400 mm2",
        ),
        _task(
            "xlm64k-front",
            "xlm@64k",
            _all_three(460.0),
            front_metrics(latency_s=500.0, energy_j=30e3, area_m2=5000e-6),
            "any chip size: the front of time, energy and area at 64 k",
            "hypervolume",
        ),
        _task(
            "llama1m-front",
            "llama2_7b@1m",
            _all_three(1.9e6),
            front_metrics(latency_s=20e3, energy_j=2e6, area_m2=5000e-6),
            "any chip size: the front of time, energy and area at 1 M",
            "hypervolume",
        ),
        _task(
            "gpt3-latency",
            "gpt3@32k",
            Minimise("latency_s", 3.5, constraints=(_area(1255e-6), Constraint("energy_j", 4e3))),
            front_metrics(latency_s=50.0, energy_j=6e3, area_m2=2000e-6),
            "96 heads on 1255 mm2 within 4 kJ",
        ),
        _task(
            "mix-edp",
            MIX,
            _edp(5e4, area_m2=350e-6),
            front_metrics(latency_s=100.0, energy_j=6e3, area_m2=500e-6),
            "one accelerator from 1 k to 1 M tokens, three models",
        ),
    ]


def _area(bound_m2: float) -> Constraint:
    return Constraint("area_m2", bound_m2)


def _edp(reference: float, *, area_m2: float) -> Objective:
    return Product({"latency_s": 1.0, "energy_j": 1.0}, reference, constraints=(_area(area_m2),))


def _all_three(reference: float) -> Objective:
    return Product({"latency_s": 1.0, "energy_j": 1.0, "area_m2": 1.0}, reference)
