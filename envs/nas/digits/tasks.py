"""Tasks on the shipped table of digits networks; names carry how many cells it holds, unless it is all. No table is read."""

from __future__ import annotations

from functools import partial

from archgym.envs.nas.trained.shipped import part
from archgym.objective import Constraint, Minimise, Product
from archgym.task import Task, front_metrics, new_task

from .shipped import WHOLE, shipped

FRONT = front_metrics(validation_loss=0.6, macs=4e5)


def tasks() -> list[Task]:
    """Loss, loss of small networks, and loss against multiply-accumulates; none where no table is shipped."""
    found = shipped()
    if found is None:
        return []
    name, rows = found
    task = partial(
        new_task,
        f"nas-digits{part(rows, WHOLE)}",
        workload=name,
        front=FRONT,
        family="nas",
        build="archgym.envs.nas.digits.model:build",
        cards="archgym.envs.nas",
        tags=("tabular",),
    )
    small = Minimise("validation_loss", 0.14, constraints=(Constraint("macs", 1e5),))
    product = Product({"validation_loss": 2.0, "macs": 1.0}, 2e3)
    return [
        task("loss", objective=Minimise("validation_loss", 0.11), doc="cells trained by us on 8x8 digits, three seeds each"),
        task("small", objective=small, doc="the same under a bound on multiply-accumulates"),
        task("front", objective=product, doc="loss against multiply-accumulates", primary="hypervolume"),
    ]
