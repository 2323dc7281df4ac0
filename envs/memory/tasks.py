"""Memory tasks: what is searched for, on which program, in which space.

The default tasks go where random search does not get by itself: latency from the trace's time stamp, its tail, both under
an energy bound, and latency-energy fronts. Total time, energy and power alone are solved by 64 random designs on most
traces; they stay as the ``dramgym`` tasks, for comparison with the 2023 paper. Bounds and reference values are round figures
near the best known; a score of 1 is the reference value.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Legacy, Minimise, Objective, Product
from archgym.task import FrontMetric, Task, front_metrics, new_task

BUILD = "archgym.envs.memory.model:build_"
MIX = "cloud + stream + sqlite + stride"
_task = partial(
    new_task,
    "memory",
    family="memory",
    build=BUILD + "default",
    options={"memory": "ddr4_2400"},
    cards="archgym.envs.memory",
)


def tasks() -> list[Task]:
    """Every task of the family; no model is built."""
    return [*_default(), *_mixes(), *_extended(), *_dramgym()]


def _default() -> list[Task]:
    return [
        _task("cloud-latency", "cloud", Minimise("mean_latency_s", 200e-9), _front(1e-6, 440e-6), "server-like requests"),
        _task("cloud-tail", "cloud", _tail(800e-9, 219e-6), _tail_front(4e-6, 440e-6), "tail latency under an energy bound"),
        _task("cloud-front", "cloud", _product(4.4e-11), _front(1e-6, 440e-6), "the latency-energy front", "hypervolume"),
        _task("stream-latency", "stream", Minimise("mean_latency_s", 100e-9), _front(500e-9, 250e-6), "three streams"),
        _task("stream-tail", "stream", _tail(400e-9, 134e-6), _tail_front(2e-6, 250e-6), "tail under an energy bound"),
        _task("stream-front", "stream", _product(1.4e-11), _front(500e-9, 250e-6), "the latency-energy front", "hypervolume"),
        _task("stride-tail", "stride", _tail(300e-9, 230e-6), _tail_front(1.5e-6, 400e-6), "strides that meet in one bank"),
        _task("saturate-latency-energy", "saturate", _product(1.2e-8), _front(160e-6, 520e-6), "beyond the bandwidth"),
        _task("sqlite-tail", "sqlite", _tail(450e-9, 549e-6), _tail_front(2e-6, 1.1e-3), "recorded from a database"),
        _task("gzip-tail", "gzip", _tail(200e-9, 3.08e-3), _tail_front(1e-6, 6e-3), "recorded from a compressor"),
        _task(
            "ddr5-cloud-tail",
            "cloud",
            Minimise("p99_latency_s", 8e-6),
            _tail_front(4e-5, 140e-6),
            "DDR5",
            options={"memory": "ddr5_4800"},
        ),
    ]


def _mixes() -> list[Task]:
    weighted = "2*cloud + stream + sqlite"
    return [
        _task("mix-tail", MIX, Minimise("p99_latency_s", 450e-9), _tail_front(2e-6, 560e-6), "one controller, four programs"),
        _task("mix-front", weighted, _product(4e-11), _front(500e-9, 560e-6), "weighted programs", "hypervolume"),
    ]


def _extended() -> list[Task]:
    """Two channels of two ranks; what real controllers have and DRAMGym lacks."""
    task = partial(_task, build=BUILD + "extended", tags=("extended",))
    quick = _front(300e-9, 1e-3)
    return [
        task("extended-cloud-tail", "cloud", _tail(200e-9, 370e-6), _tail_front(1e-6, 740e-6), "tail under an energy bound"),
        task("extended-stream-front", "stream", _product(6e-12), _front(200e-9, 500e-6), "latency or power", "hypervolume"),
        task("extended-mix-latency", MIX, Minimise("mean_latency_s", 40e-9), quick, "one controller, four programs"),
    ]


def _dramgym() -> list[Task]:
    """The 2023 paper's space, memory and rewards (power to 1 W, latency to 0.1 ms, both), in SI units."""
    goals = {"power": {"power_w": 1.0}, "latency": {"total_time_s": 1e-4}}
    goals["both"] = {**goals["power"], **goals["latency"]}
    front = front_metrics(total_time_s=1e-3, energy_j=2e-3)
    return [
        _task(
            f"dramgym-{program}-{goal}",
            program,
            Legacy(targets),
            front,
            f"ArchGym 2023's {goal} reward",
            build=BUILD + "dramgym",
            options={"memory": "ddr3_1600"},
            tags=("dramgym",),
        )
        for program in ("stream", "random", "cloud")
        for goal, targets in goals.items()
    ]


def _tail(reference_s: float, energy_j: float) -> Objective:
    return Minimise("p99_latency_s", reference_s, constraints=(Constraint("energy_j", energy_j),))


def _product(reference: float) -> Objective:
    return Product({"mean_latency_s": 1.0, "energy_j": 1.0}, reference)


def _front(latency_s: float, energy_j: float) -> tuple[FrontMetric, ...]:
    return front_metrics(mean_latency_s=latency_s, energy_j=energy_j)


def _tail_front(latency_s: float, energy_j: float) -> tuple[FrontMetric, ...]:
    return front_metrics(p99_latency_s=latency_s, energy_j=energy_j)
