"""Microcontroller tasks: the most accurate network that fits what the rest of the program leaves of the part."""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

_task = partial(
    new_task,
    "codesign",
    family="nas",
    build="archgym.envs.nas.codesign.mcu.model:build",
    cards="archgym.envs.nas",
    tags=("mcu",),
)


def tasks(table: str, size: str) -> list[Task]:
    """Every microcontroller task on a shipped table, by its name and what tasks say of its size; it is not read."""
    return [
        _task(
            f"mcu-digits{size}-fit",
            "digits",
            Minimise(
                "validation_error",
                0.04,
                constraints=(
                    Constraint("sram_bytes", 7168),
                    Constraint("flash_bytes", 20480),
                    Constraint("latency_s", 8e-3),
                    Constraint("energy_j", 0.4e-3),
                ),
            ),
            front_metrics(validation_error=0.3, sram_bytes=7168, latency_s=8e-3),
            "7 KiB of memory, 20 KiB of flash, an image in 8 ms and 0.4 mJ",
            options={"table": table},
        ),
        _task(
            f"mcu-digits{size}-front",
            "digits",
            Product({"validation_error": 1.0, "latency_s": 1.0, "sram_bytes": 1.0}, 0.33),
            front_metrics(validation_error=0.3, sram_bytes=32768, latency_s=20e-3, energy_j=2e-3),
            "error against memory, latency and energy over all parts",
            "hypervolume",
            options={"table": table},
        ),
    ]
