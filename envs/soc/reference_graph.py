"""A task graph and a block library as a file of reference designs may bring them: FARSI's own figures of tasks and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from archgym.errors import BadInput

from .capacities import capacities
from .checks import check_graph
from .files import check
from .graph import Application, Node, Workload
from .library import Block, Kind, Library
from .schema import Budget, Bytes, Clock, Strict, TaskForm, Work

KINDS: dict[str, Kind] = {"gpp": "processor", "ip": "accelerator", "sram": "sram", "dram": "dram", "ic": "bus"}
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Loose(Strict):
    """Further keys are left alone: FARSI says more than is read here."""

    model_config = ConfigDict(extra="ignore")


class FarsiTask(Loose):
    """A task: instructions, and bytes for each child; FARSI tells dummies by their names."""

    name: str
    work: Work
    children: dict[str, Bytes]

    @property
    def role(self) -> Literal["task", "source", "sink"]:
        """Of the node that it becomes."""
        if "souurce" in self.name:
            return "source"
        return "sink" if "siink" in self.name or "dummy_last" in self.name else "task"


class FarsiBlock(Loose):
    """A block: instructions or bytes per s, per J and per m2; the last two are placeholders of memories and buses."""

    subtype: Literal["gpp", "ip", "sram", "dram", "ic"]
    peak_work_rate: Positive
    work_over_energy: Positive
    work_over_area: Positive
    clock_freq: Clock
    bus_width: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)] | Literal["NA"] = "NA"
    loop_unroll: Annotated[int, Field(ge=0)] = 0


class FarsiBudget(Loose):
    """Budgets in s, W and m2."""

    latency: Budget
    power: Budget
    area: Budget


class GraphForm(Loose):
    """One entry of ``workloads``."""

    budget: FarsiBudget
    last_task: str
    tasks: Annotated[tuple[FarsiTask, ...], Field(min_length=1, max_length=64, strict=False)]
    blocks: Annotated[dict[str, FarsiBlock], Field(min_length=1, max_length=4096)]
    ip_of_task: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _graph(self) -> GraphForm:
        forms = [TaskForm(name=t.name, role=t.role, work=t.work, outputs=t.children) for t in self.tasks]
        check_graph(forms, self.last_task)
        return self


def build(place: str, name: str, form: GraphForm) -> tuple[Workload, Library]:
    """The workload and the library of one entry, under the shipped table of memory capacities.

    Raises:
        BadInput: an accelerator is listed for no task or for several, or a task can run nowhere.
    """
    nodes = tuple(Node(t.name, float(t.work), {k: float(v) for k, v in t.children.items()}, t.role) for t in form.tasks)
    workload = Workload((Application(name, nodes, form.last_task, form.budget.latency),), form.budget.power, form.budget.area)
    owner: dict[str, str] = {}
    for task, blocks in form.ip_of_task.items():
        for block in blocks:
            if owner.setdefault(block, task) != task:
                raise BadInput(f"{place}.ip_of_task: {block!r} is listed for {owner[block]!r} and for {task!r}")
    for block, found in form.blocks.items():
        if found.subtype == "ip" and block not in owner:
            raise BadInput(f"{place}.blocks.{block}: ip_of_task names no task that it runs")
    works = {node.name: node.work for node in nodes}
    library = Library(tuple(_block(k, b, owner.get(k, ""), works) for k, b in form.blocks.items()), capacities())
    try:
        check(workload, library)
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from None
    return workload, library


def _block(name: str, form: FarsiBlock, task: str, works: Mapping[str, float]) -> Block:
    """FARSI divides an accelerator's area by its task's work, a processor's by one instruction."""
    kind = KINDS[form.subtype]
    if kind in ("processor", "accelerator"):
        costs = 1 / form.work_over_energy, works.get(task, 1.0) / form.work_over_area
        return Block(name, kind, form.peak_work_rate, *costs, form.clock_freq, unroll=form.loop_unroll, task=task)
    width = 0.0 if form.bus_width == "NA" else float(form.bus_width)
    return Block(name, kind, form.peak_work_rate, clock_hz=form.clock_freq, width_bytes=width)
