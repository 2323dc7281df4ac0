"""Tasks on the shipped table of these networks; names carry how many it holds, unless it is all. No table is read."""

from __future__ import annotations

from functools import partial

from archgym.envs.nas.trained.shipped import part
from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

from .shipped import WHOLE, shipped

BUDGET = 64  # of 1,296 designs
LOSS = 0.6
FRONT = front_metrics(validation_loss=LOSS, macs=4e5)
DEVICES = {"compute": (6e-5, 6.5e-7), "stationary": (2e-4, 2.4e-6)}  # latency and product at the reference


def tasks() -> list[Task]:
    """Loss, loss of small networks, and loss against work or latency on devices; none where no table is shipped."""
    found = shipped()
    if found is None:
        return []
    name, rows = found
    task = partial(
        new_task,
        f"nas-macro{part(rows, WHOLE)}",
        workload=name,
        budget=BUDGET,
        family="nas",
        build="archgym.envs.nas.macro.model:build",
        cards="archgym.envs.nas",
        tags=("tabular",),
    )
    best = Minimise("validation_loss", 0.11)
    small = Minimise("validation_loss", 0.4, constraints=(Constraint("macs", 6e4), Constraint("parameters", 4e3)))
    product = Product({"validation_loss": 2.0, "macs": 1.0}, 5.4e3)
    return [
        task("loss", objective=best, front=FRONT, doc="mobile networks trained by us on 8x8 digits, three seeds each"),
        task("small", objective=small, front=FRONT, doc="the same under bounds on work and parameters, which pull apart"),
        task("front", objective=product, front=FRONT, doc="loss against multiply-accumulates", primary="hypervolume"),
        *(_on(task, device, *figures) for device, figures in DEVICES.items()),
    ]


def _on(task: partial[Task], device: str, latency_s: float, reference: float) -> Task:
    return task(
        f"{device}-front",
        objective=Product({"validation_loss": 2.0, "latency_s": 1.0}, reference),
        front=front_metrics(validation_loss=LOSS, latency_s=latency_s),
        options={"device": device},
        doc=f"loss against latency on the device '{device}', where depthwise filters cost most",
        primary="hypervolume",
    )
