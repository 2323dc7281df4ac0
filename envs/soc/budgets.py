"""Budgets for generated workloads: what one sensible chip needs, and half as much again.

That chip has one processor, accelerators for the tasks that gain most from one, one SRAM and one bus, both the widest and the
fastest. An accelerator has its highest clock and the unroll with the least product of its task's time and the area of it and
a processor. A task starts as soon as its inputs are there and its element is free, and runs at the rate of its element or of
its share of bus or memory, whichever is lower. Half as much again leaves room for chips of other blocks.
One processor alone misses the latency: the generator draws again where it would not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.space import FloatArray

from .files import expand
from .graph import BURST_BYTES, Node, Workload
from .library import Block, Library
from .schema import WorkloadForm

SLACK = 1.5
MOST_ACCELERATORS = 7
WINDOW_S = 0.01  # over which power is averaged


@dataclass(frozen=True)
class Needs:
    """What the chip takes: latency in s, peak power over 10 ms in W, area in m2."""

    latency_s: float
    power_w: float
    area_m2: float


def with_budgets(form: WorkloadForm) -> WorkloadForm:
    """The same form with the budgets described above, rounded to three digits; it has one application."""
    needs = chip(*expand(form, form.application[0].name))
    latency, power, area = (float(f"{SLACK * need:.2e}") for need in (needs.latency_s, needs.power_w, needs.area_m2))
    application = form.application[0].model_copy(update={"latency_s": latency})
    return form.model_copy(update={"power_w": power, "area_m2": area, "application": (application,)})


def one_processor_s(form: WorkloadForm) -> float:
    """How long one processor takes for everything, its memory and bus the fastest."""
    workload, library = expand(form, form.application[0].name)
    seconds = _alone(workload, library)
    return float(sum(_time(node, library.of("processor")[0], seconds[k]) for k, node in enumerate(workload.nodes)))


def _alone(workload: Workload, library: Library) -> FloatArray:
    """Time of each node's traffic with nobody beside it, ``(T,)``."""
    moved = _Traffic(workload, library)
    return np.array([moved.seconds([k])[0] for k in range(len(workload.nodes))])


def chip(workload: Workload, library: Library) -> Needs:
    """What the chip described above needs for a workload."""
    moved = _Traffic(workload, library)
    mapping = blocks(workload, library)
    run = _run(workload, mapping, moved)
    table = library.capacities
    size = min(int(np.searchsorted(table.size_bytes, _peak_bytes(workload, run))), len(table.size_bytes) - 1)
    energy = np.array([node.work * block.energy_j for node, block in zip(workload.nodes, mapping, strict=True)])
    energy += moved.bytes[0] * table.read_j[0, size] + moved.bytes[1] * table.write_j[0, size]
    area = sum(block.area_m2 for block in set(mapping)) + float(table.area_m2[0, size])
    return Needs(max(run.end), _peak_power(run, energy), area)


class _Traffic:
    """What each task reads and writes, ``(2, T)``: bytes, burst units; and the rate of the chip's memory and bus."""

    def __init__(self, workload: Workload, library: Library) -> None:
        count, edges, size = len(workload.nodes), workload.edges, workload.edge_bytes
        busy = workload.work > 0
        bursts = _bursts(workload)
        ends = edges[:, 1], edges[:, 0]  # who reads, who writes
        self.bytes = np.array([np.bincount(end, size, count) * busy for end in ends])
        self.units = np.array([np.bincount(end, np.floor(size / bursts[end]), count) * busy for end in ends])
        rates = [max(block.rate for block in library.of(*kinds)) for kinds in (("sram", "dram"), ("bus",))]
        self.rate = min(rates)

    def seconds(self, tasks: list[int]) -> FloatArray:
        """How long the traffic of each of these tasks takes while all of them run.

        The bus serves their elements in turn, the memory shares by burst units.
        """
        units, amounts = self.units[:, tasks], self.bytes[:, tasks]
        turns = np.count_nonzero(units, axis=1, keepdims=True)
        bursts = np.divide(units.sum(axis=1, keepdims=True), units, out=np.ones_like(units), where=units > 0)
        seconds: FloatArray = (amounts * np.maximum(turns, bursts)).max(axis=0) / self.rate
        return seconds


def _bursts(workload: Workload) -> FloatArray:
    """Into how many bursts each node cuts what it moves, ``(T,)``, FARSI's rule."""
    count, edges, size = len(workload.nodes), workload.edges, workload.edge_bytes
    least = np.full((2, count), np.inf)
    for side in (0, 1):
        np.minimum.at(least[side], edges[:, side], size)
    written, read = np.where(np.isinf(least), 0.0, least)
    bursts = np.maximum(np.floor(read / BURST_BYTES), 1.0)
    return np.where((written >= bursts) & (workload.work >= bursts), bursts, 1.0)


def blocks(workload: Workload, library: Library) -> tuple[Block, ...]:
    """The block that runs each node of the chip: the processor, but for the tasks that gain most from an accelerator."""
    processor = library.of("processor")[0]
    seconds = _alone(workload, library)
    gains: dict[str, float] = {}
    best: dict[str, Block] = {}
    for k, node in enumerate(workload.nodes):
        if offered := library.accelerators(node.name):
            best[node.name] = min(offered, key=lambda b: _time(node, b, seconds[k]) * (b.area_m2 + processor.area_m2))
            gains[node.name] = _time(node, processor, seconds[k]) - _time(node, best[node.name], seconds[k])
    chosen = {name for name in sorted(gains, key=lambda n: -gains[n])[:MOST_ACCELERATORS] if gains[name] > 0}
    return tuple(best[node.name] if node.name in chosen else processor for node in workload.nodes)


def _time(node: Node, block: Block, seconds: float) -> float:
    return max(node.work / block.rate, seconds)


class _Run:
    """The course of a run: when each node is launched and ends, and what share of each is done by the end of each phase."""

    def __init__(self, nodes: int) -> None:
        self.launch, self.end = [0.0] * nodes, [0.0] * nodes
        self.now = [0.0]
        self.done = [np.zeros(nodes)]

    def step(self, running: list[int], takes: dict[int, float]) -> list[int]:
        """Go on until the first of the running nodes ends; gives all that end then. Dummies take nothing."""
        left = 1.0 - self.done[-1]
        step = min(left[k] * takes.get(k, 0.0) for k in running)
        done = self.done[-1].copy()
        done[running] += [step / takes[k] if k in takes else 1.0 for k in running]
        ended = [k for k in running if done[k] > 1.0 - 1e-9]
        done[ended] = 1.0
        self.now.append(float(self.now[-1] + step))
        self.done.append(done)
        for k in ended:
            self.end[k] = self.now[-1]
        return ended


def _run(workload: Workload, mapping: tuple[Block, ...], moved: _Traffic) -> _Run:
    """An element runs what it was given first; ties by node order."""
    nodes = workload.nodes
    run = _Run(len(nodes))
    parents = {k: set(workload.edges[workload.edges[:, 1] == k, 0].tolist()) for k in range(len(nodes))}
    left = set(parents)
    queues: dict[Block | int, list[int]] = {}
    while left:
        for k in [k for k, before in parents.items() if not before & left]:
            queues.setdefault(k if nodes[k].dummy else mapping[k], []).append(k)
            run.launch[k] = run.now[-1]
            del parents[k]
        running = [queue[0] for queue in queues.values() if queue]
        ended = run.step(running, _takes([k for k in running if not nodes[k].dummy], workload, mapping, moved))
        left -= set(ended)
        queues = {place: [k for k in queue if k in left] for place, queue in queues.items()}
    return run


def _takes(tasks: list[int], workload: Workload, mapping: tuple[Block, ...], moved: _Traffic) -> dict[int, float]:
    """Time that each of these takes as a whole while all of them run."""
    return {k: _time(workload.nodes[k], mapping[k], s) for k, s in zip(tasks, moved.seconds(tasks), strict=True)}


def _peak_bytes(workload: Workload, run: _Run) -> float:
    """Most bytes held at once: outputs are there from their task's launch to the end of the last that reads them."""
    at = {name: k for k, name in enumerate(workload.names)}
    spans = [
        (run.launch[k], max(run.end[at[child]] for child in node.outputs), sum(node.outputs.values()))
        for k, node in enumerate(workload.nodes)
        if node.outputs
    ]
    return max(sum(size for begin, stop, size in spans if begin <= now < stop) for now, _, _ in spans)


def _peak_power(run: _Run, energy: FloatArray) -> float:
    """Most energy of any 10 ms, or of the whole of a shorter run, per time; power is constant within a phase."""
    now, spent = np.array(run.now), np.array(run.done) @ energy
    window = min(WINDOW_S, now[-1])
    begins = np.clip(np.concatenate([now, now - window]), 0.0, now[-1] - window)
    return float(np.max(np.interp(begins + window, now, spent) - np.interp(begins, now, spent)) / window)
