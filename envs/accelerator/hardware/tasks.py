"""Hardware tasks: what is searched for, on which networks, in which space.

The default space's tasks trade speed, energy and area against each other. The ``timeloopgym`` tasks keep ArchGym's space,
dataflow limits and targets; their energies lie far below ArchGym's because the mapper inside finds the optimum, where ArchGym's
random mapper stopped 2.7 to 4 times above it.
"""

from __future__ import annotations

from archgym.objective import Constraint, Minimise, Objective, Product, TargetSpec
from archgym.task import Task, front_metrics, new_task

BUILD = "archgym.envs.accelerator.hardware.model:build_"
EDP = {"energy_j": 1.0, "latency_s": 1.0}
SPECIFICATION = {"latency_s": 0.032, "energy_j": 0.055, "area_m2": 2.9e-6}
# ArchGym's targets: 30, 15 and 20 % better than its Eyeriss baseline (29,206 uJ, 2.03 mm2, 7,885,704 cycles).
TARGETS = {"energy_j": 0.0204442, "area_m2": 1.7255e-6, "cycles": 6308563.0}


def tasks() -> list[Task]:
    """Every hardware task; no model is built."""
    return [*_default(), *_timeloopgym()]


def _default() -> list[Task]:
    small = Constraint("area_m2", 1.5e-6)
    both = "resnet18 + bert_base@512"
    return [
        _task("resnet18-edp", "resnet18", Product(EDP, 4.5e-5, constraints=(small,)), "energy-delay product within 1.5 mm2"),
        _task("resnet18-latency", "resnet18", Minimise("latency_s", 5e-3, constraints=(small,)), "fastest within 1.5 mm2"),
        _task("alexnet-energy", "alexnet", _energy(4e-3, 6e-3), "least energy in 6 ms"),
        _task("bert-edp", "bert_base@512", Product(EDP, 2.6e-2, constraints=(small,)), "matrix products within 1.5 mm2"),
        _task("vgg16-target", "vgg16", TargetSpec(SPECIFICATION), "a specification"),
        _task("mix-edp", both, Product(EDP, 7.5e-3, constraints=(small,)), "one accelerator for images and text"),
        _task("resnet18-front", "resnet18", Product({**EDP, "area_m2": 1.0}, 4.6e-11), "latency, energy, area", "hypervolume"),
    ]


def _energy(reference_j: float, latency_s: float) -> Objective:
    return Minimise("energy_j", reference_j, constraints=(Constraint("latency_s", latency_s),))


def _timeloopgym() -> list[Task]:
    goals = {"energy": ("energy_j",), "area": ("area_m2",), "latency": ("cycles",), "joint": tuple(TARGETS)}
    legacy = [
        _task(f"alexnet-{goal}", "alexnet", TargetSpec({m: TARGETS[m] for m in names}), f"ArchGym's {goal} target", legacy=True)
        for goal, names in goals.items()
    ]
    bounded = Product(EDP, 4.4e-5, constraints=(Constraint("area_m2", 2.03e-6),))
    return [
        *legacy,
        _task("resnet18-edp", "resnet18", bounded, "ArchGym's space, an open goal", legacy=True),
    ]


def _task(name: str, workload: str, objective: Objective, doc: str, primary: str = "score", *, legacy: bool = False) -> Task:
    scale = 20.0 if "bert" in workload else 1.0  # of the reference point: bert_base@512 is 25 to 50 convolutional networks
    return new_task(
        "timeloopgym" if legacy else "accelerator",
        name,
        workload,
        objective,
        front_metrics(latency_s=0.1 * scale, energy_j=0.1 * scale, area_m2=1e-5),
        doc,
        primary,
        family="accelerator",
        build=BUILD + ("timeloopgym" if legacy else "default"),
        options={"technology": "cacti_45nm", "dram": "lpddr4"},
        tags=("timeloopgym",) if legacy else (),
        cards="archgym.envs.accelerator",
    )
