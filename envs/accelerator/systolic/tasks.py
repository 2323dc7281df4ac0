"""Systolic tasks: which network, what is searched for, within what chip.

Bounds are round figures near what good designs reach, so that array shape, dataflow, SRAMs, DRAM channels, several arrays and
batches have to be traded against each other; a score of 1 is the reference value, a round figure near the best known.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Maximise, Minimise, Product
from archgym.task import Task, front_metrics, new_task

MIX = "mobilenet_v2 + resnet50 + bert_base@512"
_task = partial(
    new_task,
    "systolic",
    family="accelerator",
    build="archgym.envs.accelerator.systolic.model:build",
    options={"technology": "cacti_45nm", "memory": "lpddr4"},
    cards="archgym.envs.accelerator",
)


def tasks() -> list[Task]:
    """Every systolic task; no model is built."""
    return [
        _task(
            "resnet50-edp",
            "resnet50",
            Product({"latency_s": 1.0, "energy_j": 1.0}, 3.3e-5, constraints=(_area(60e-6),)),
            front_metrics(latency_s=20e-3, energy_j=0.1),
            "large convolutions on 60 mm2",
        ),
        _task(
            "mobilenet-latency",
            "mobilenet_v2",
            Minimise("latency_s", 2e-3, constraints=(_area(40e-6), Constraint("power_w", 2.0))),
            front_metrics(latency_s=20e-3, energy_j=12e-3),
            "depthwise layers, which large arrays leave idle, on 40 mm2 and 2 W",
        ),
        _task(
            "efficientnet-throughput",
            "efficientnet_b0",
            Maximise(
                "throughput_per_s",
                750.0,
                constraints=(Constraint("latency_s", 20e-3), Constraint("power_w", 3.0), _area(100e-6)),
            ),
            front_metrics(latency_s=20e-3, energy_j=20e-3, area_m2=100e-6),
            "batches within a latency of 20 ms, 3 W and 100 mm2",
        ),
        _task(
            "bert-energy",
            "bert_base@512",
            Minimise("energy_j", 0.205, constraints=(Constraint("throughput_per_s", 10.0, ">="), _area(60e-6))),
            front_metrics(energy_j=0.6, latency_s=0.5),
            "matrix products at 10 sequences per second on 60 mm2",
        ),
        _task(
            "vgg16-area",
            "vgg16",
            Minimise("area_m2", 12e-6, constraints=(Constraint("latency_s", 50e-3), Constraint("energy_j", 0.2))),
            front_metrics(area_m2=100e-6, latency_s=50e-3, energy_j=0.2),
            "the smallest chip for 20 images per second at 0.2 J each",
        ),
        _task(
            "mix-front",
            MIX,
            Product({"latency_s": 1.0, "energy_j": 1.0, "area_m2": 1.0}, 7e-9),
            front_metrics(latency_s=50e-3, energy_j=0.1, area_m2=200e-6),
            "one chip for depthwise, convolutional and attention networks",
            "hypervolume",
        ),
    ]


def _area(bound_m2: float) -> Constraint:
    return Constraint("area_m2", bound_m2)
