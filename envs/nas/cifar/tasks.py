"""Tasks on the 15,625 cells of NAS-Bench-201; no table is read. Devices differ in kind, so their fronts differ."""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, Product
from archgym.task import FrontMetric, Task, front_metrics, new_task

_task = partial(
    new_task,
    "nas",
    workload="cifar10",
    family="nas",
    build="archgym.envs.nas.cifar.model:build",
    options={"device": "compute"},
    cards="archgym.envs.nas",
    tags=("tabular",),
)
QUICK = Minimise("baseline_error", 0.08, constraints=(Constraint("latency_s", 1e-4),))
ROBUST = Minimise("analog_month_error", 0.1, constraints=(Constraint("baseline_error", 0.065),))


def tasks() -> list[Task]:
    """Accuracy, robustness, and accuracy against latency on three kinds of device."""
    return [
        _task(
            "cifar-accuracy",
            objective=Minimise("baseline_error", 0.06),
            front=_front(4e-3),
            doc="all 15,625 cells in floating point",
        ),
        _task(
            "cifar-analog",
            objective=Minimise("analog_error", 0.09),
            front=_memory("analog_error"),
            doc="trained for analogue memory",
        ),
        _task(
            "cifar-drift",
            objective=Minimise("analog_month_error", 0.1),
            front=_memory("analog_month_error"),
            doc="after a month of drift",
        ),
        _task("cifar-robust", objective=ROBUST, front=_memory("analog_month_error"), doc="drift, among the best without it"),
        _device_front("compute", 4e-3, 2e-8),
        _device_front("bandwidth", 6e-4, 4e-9),
        _device_front("stationary", 4e-4, 3e-9),
        _task(
            "cifar-stationary-quick",
            objective=QUICK,
            front=_front(4e-4),
            doc="accuracy under a latency bound",
            options={"device": "stationary"},
        ),
    ]


def _device_front(device: str, latency_s: float, reference: float) -> Task:
    doc = f"accuracy against latency on the device '{device}'"
    options = {"device": device}
    goal = Product({"baseline_error": 4.0, "latency_s": 1.0}, reference)
    front = _front(latency_s)
    return _task(f"cifar-{device}-front", objective=goal, front=front, doc=doc, options=options, primary="hypervolume")


def _front(latency_s: float) -> tuple[FrontMetric, ...]:
    return front_metrics(baseline_error=0.15, latency_s=latency_s)


def _memory(error: str) -> tuple[FrontMetric, ...]:
    """Accuracy against parameters, each of which is a device of the analogue memory."""
    return front_metrics(**{error: 0.4, "parameters": 2e6})
