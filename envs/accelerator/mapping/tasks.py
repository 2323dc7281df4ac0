"""Mapping tasks: one layer on one architecture, the loop nest is the design.

Rows that do not fit are invalid, but in the ``repaired`` task, where every row stands for its repair. One random row in 60 to
2,500 fits. Reference values are round figures near the best known: a score of 1 is about the optimum.
"""

from __future__ import annotations

from archgym.objective import Constraint, Minimise, Objective, Product
from archgym.task import Task, front_metrics, new_task

BUILD = "archgym.envs.accelerator.mapping.model:build"
CARDS = "archgym.envs.accelerator"


def tasks() -> list[Task]:
    """Every mapping task; no model is built."""
    conv2, depthwise = "resnet18:conv2_1a", "mobilenet_v2:block3_depthwise"
    in_time, frugal = Constraint("latency_s", 1.25e-4), Constraint("energy_j", 1.2e-3)
    bound_energy = Minimise("energy_j", 1.475e-4, constraints=(in_time,))
    bound_latency = Minimise("latency_s", 3.95e-4, constraints=(frugal,))
    score, up = "bert_base@512:score", "bert_base@512:up"
    return [
        _task("resnet18_conv2-eyeriss-edp", conv2, "eyeriss", _edp(4.4e-7), (3e-3, 3e-3), "GAMMA's layer on 168 elements"),
        _task("resnet50_conv4-simba-energy", "resnet50:conv4_2a", "simba", _energy(2.35e-4), (6e-4, 1.2e-3), "a 1x1 layer"),
        _task("bert_up-tpu32-edp", up, "tpu32", _edp(6.0e-6), (6e-3, 3e-2), "a matrix product on a 32 x 32 array"),
        _task("mobilenet_depthwise-eyeriss-energy", depthwise, "eyeriss", bound_energy, (6e-4, 8e-4), "no channels to reduce"),
        _task("vgg16_conv3-simba-front", "vgg16:conv3_2", "simba", _edp(1.14e-5), (1.2e-2, 3e-2), "the front", "hypervolume"),
        _task("bert_score-simba-latency", score, "simba", bound_latency, (2e-3, 8e-3), "attention, bounded energy"),
        _task(
            "resnet18_conv2-simba-repaired",
            conv2,
            "simba",
            _edp(5.2e-8),
            (1.2e-3, 3e-3),
            "no row is illegal",
            illegal="repaired",
        ),
    ]


def _task(
    name: str,
    layer: str,
    architecture: str,
    objective: Objective,
    worst: tuple[float, float],
    doc: str,
    primary: str = "score",
    illegal: str = "invalid",
) -> Task:
    """``worst`` is the hypervolume's reference point: latency in s, energy in J."""
    return new_task(
        "mapping",
        name,
        layer,
        objective,
        front_metrics(latency_s=worst[0], energy_j=worst[1]),
        doc,
        primary,
        family="accelerator",
        build=BUILD,
        budget=1024,
        options={"architecture": architecture, "illegal": illegal},
        cards=CARDS,
    )


def _edp(reference: float) -> Objective:
    return Product({"energy_j": 1.0, "latency_s": 1.0}, reference)


def _energy(reference_j: float) -> Objective:
    return Minimise("energy_j", reference_j)
