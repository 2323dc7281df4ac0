"""Co-design tasks: which networks, on which chip, within what bounds; no table is read.

Tasks on digits carry the number of trained cells in their names where it is not all, as those of `envs/nas/digits` do.

Bounds are round figures that the most accurate networks break on every hardware there is, so that searching networks first
and hardware then fails (`search.sequential` says by how much): networks and hardware have to give way to each other.
"""

from __future__ import annotations

from functools import partial

from archgym.envs.nas.digits.shipped import WHOLE, shipped
from archgym.envs.nas.trained.shipped import part
from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

from .mcu.tasks import tasks as microcontrollers

_task = partial(
    new_task,
    "codesign",
    family="nas",
    build="archgym.envs.nas.codesign.model:build",
    cards="archgym.envs.nas",
)
_CHIP = {"technology": "cacti_45nm", "memory": "lpddr4", "table": ""}


def tasks() -> list[Task]:
    """Every co-design task; those with CIFAR-10 need the extra ``nas201``, those on digits a shipped table."""
    found = shipped()
    if found is None:
        return [_cifar()]
    table, size = found[0], part(found[1], WHOLE)
    return [_cifar(), *_digits(table, size), *microcontrollers(table, size)]


def _cifar() -> Task:
    return _task(
        "cifar",
        "cifar",
        Minimise("validation_error", 0.067, constraints=_specs(150e-6, 350e-6, 4e-6)),
        front_metrics(validation_error=0.3, latency_s=150e-6),
        "15 cells of NAS-Bench-201 on 4 mm2, an image in 150 us and 350 uJ",
        options={"chip": "nasaic", **_CHIP},
        tags=("nas201",),
    )


def _digits(table: str, size: str) -> list[Task]:
    edge, large = ({"chip": chip, **_CHIP, "table": table} for chip in ("edge", "nasaic"))
    return [
        _task(
            f"digits{size}-edge",
            "digits",
            Minimise("validation_error", 0.05, constraints=_specs(3e-6, 2.3e-6, 0.6e-6)),
            front_metrics(validation_error=0.3, latency_s=3e-6),
            "one network on 0.6 mm2, a frame in 3 us and 2.3 uJ",
            options=edge,
        ),
        _task(
            f"digits{size}-pair",
            "digits + digits",
            Minimise("validation_error", 0.04, constraints=_specs(5e-6, 5.2e-6, 0.9e-6)),
            front_metrics(validation_error=0.3, latency_s=5e-6, energy_j=5.2e-6),
            "two networks side by side, which calls for two sub-accelerators on 0.9 mm2",
            options=edge,
        ),
        _task(
            f"digits{size}-front",
            "digits",
            Product({"validation_error": 1.0, "latency_s": 1.0}, 1.5e-7, constraints=_specs(20e-6, 4e-6, 2e-6)),
            front_metrics(validation_error=0.3, latency_s=20e-6, energy_j=4e-6, area_m2=2e-6),
            "error against latency, energy and area",
            "hypervolume",
            options=edge,
        ),
        _task(
            f"cifar-digits{size}",
            "cifar + digits",
            Minimise("validation_error", 0.053, constraints=_specs(80e-6, 400e-6, 8e-6)),
            front_metrics(validation_error=0.3, latency_s=80e-6, energy_j=400e-6),
            "a large and a small network on 8 mm2: two data sets, as NASAIC has them",
            options=large,
            tags=("nas201",),
        ),
    ]


def _specs(latency_s: float, energy_j: float, area_m2: float) -> tuple[Constraint, ...]:
    return Constraint("latency_s", latency_s), Constraint("energy_j", energy_j), Constraint("area_m2", area_m2)
