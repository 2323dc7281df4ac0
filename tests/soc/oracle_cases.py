"""Small chips and graphs for the kernel's tests: by hand, and at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.envs.soc.design import Batch, Design, pack
from archgym.envs.soc.graph import Application, Node, Workload
from archgym.envs.soc.kernel import Results, Trace, simulate, trace
from archgym.envs.soc.library import Block, Capacities, Library

CAPACITIES = Capacities(
    np.array([256.0, 1000.0, 256000.0, 512000.0]),
    np.array([[1e-3, 2e-3, 3e-3, 5e-3], [7e-3, 8e-3, 9e-3, 1e-2]]),
    np.array([[2e-3, 3e-3, 4e-3, 6e-3], [8e-3, 7e-3, 6e-3, 5e-3]]),
    np.array([[1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5, 4.5]]),
)
PROCESSORS = (
    Block("p1", "processor", 1.0, 1.0, 10.0),
    Block("p3", "processor", 1.0, 3.0, 20.0),
    Block("fast", "processor", 1e9, 0.0, 30.0),
    Block("p1e6", "processor", 1e6, 1e-3, 15.0),
)
NETS = (
    *(Block(f"mem{rate}", "sram", float(rate)) for rate in ("10", "1e9", "3e5")),
    *(Block(f"dram{rate}", "dram", float(rate)) for rate in ("1e5", "7e6")),
    *(Block(f"bus{rate}", "bus", float(rate)) for rate in ("10", "1e9", "2e5", "9e6")),
)


@dataclass(frozen=True)
class Case:
    """One design with all that it needs."""

    design: Design
    workload: Workload
    library: Library

    @property
    def batch(self) -> Batch:
        return pack([self.design], self.workload, self.library)

    def run(self, compat: bool) -> Results:
        return simulate(self.batch, self.workload, self.library, compat)

    def trace(self, compat: bool) -> Trace:
        return trace(self.batch, 0, self.workload, self.library, compat)


def graph(**tasks: tuple[float, dict[str, float]]) -> tuple[Node, ...]:
    """Nodes by name: work and outputs; ``source`` and ``end`` are dummies."""
    roles = {"source": "source", "end": "sink"}
    return tuple(Node(name, work, outputs, roles.get(name, "task")) for name, (work, outputs) in tasks.items())


def chip(
    nodes: tuple[Node, ...],
    pes: tuple[str, ...],
    task_pe: dict[str, int] | None = None,
    *,
    task_mem: dict[str, int] | None = None,
    mems: tuple[str, ...] = ("mem1e9",),
    buses: tuple[str, ...] = ("bus1e9",),
    pe_bus: tuple[int, ...] = (),
    mem_bus: tuple[int, ...] = (),
    links: tuple[tuple[int, int], ...] = (),
    more: tuple[Node, ...] = (),
    broken_rate: float = 1.0,
) -> Case:
    """A chip on which everything that is not said is in slot 0."""
    apps = [Application(name, part, part[-1].name, 1.0) for name, part in (("main", nodes), ("more", more)) if part]
    workload = Workload(tuple(apps), 1.0, 1.0)
    accelerators = [Block(f"ip_{node.name}", "accelerator", 100.0, 0.5, 5.0, task=node.name) for node in workload.nodes]
    library = Library((*PROCESSORS, *accelerators, *NETS, Block("broken", "bus", broken_rate)), CAPACITIES)
    places = (pe_bus or (0,) * len(pes), mem_bus or (0,) * len(mems))
    return Case(Design(pes, mems, buses, *places, links, task_pe or {}, task_mem or {}), workload, library)


def case(rng: np.random.Generator, compat: bool) -> Case:
    """A valid design at random (up to capacities) for a graph at random."""
    parts = [_nodes(rng, f"{app}_") for app in ("main", "more")[: 1 + (rng.random() < 0.3)]]
    nodes, more = (*parts, ())[:2]
    p, m, b = (int(rng.integers(1, n)) for n in (6, 5, 6))
    pes = [str(rng.choice([block.name for block in PROCESSORS]))]
    tasks = [node for part in parts for node in part if not node.dummy]
    task_pe, free = {}, p - 1
    for node in rng.permutation(np.array(tasks, dtype=object)) if tasks else []:
        if free and rng.random() < 0.4:
            own = rng.random() < 0.6
            pes.append(f"ip_{node.name}" if own else "p1e6")
            free -= 1
            task_pe[node.name] = len(pes) - 1
    general = [k for k, name in enumerate(pes) if not name.startswith("ip_")]
    seats = {node.name: int(rng.choice(general)) for part in parts for node in part}
    mems = tuple(str(rng.choice([x.name for x in NETS if x.kind != "bus"])) for _ in range(m))
    buses = tuple(str(rng.choice([x.name for x in NETS if x.kind == "bus"])) for _ in range(b))
    order = rng.permutation(b)
    links = tuple((int(order[k]), int(order[rng.integers(k)])) for k in range(1, b))
    return chip(
        nodes,
        tuple(pes),
        {**seats, **task_pe},
        task_mem={name: int(rng.integers(m)) for name in seats},
        mems=mems,
        buses=buses,
        pe_bus=tuple(int(x) for x in rng.integers(0, b, len(pes))),
        mem_bus=tuple(int(x) for x in rng.integers(0, b, m)),
        links=links,
        more=more,
    )


def _nodes(rng: np.random.Generator, prefix: str) -> tuple[Node, ...]:
    """A graph at random: tasks, perhaps a source before and sinks behind them, in any order."""
    n = int(rng.integers(1, 9))
    names = [f"{prefix}t{k}" for k in range(n)]
    outputs: dict[str, dict[str, float]] = {name: {} for name in names}
    for k in range(1, n):
        for j in range(k):
            if rng.random() < 0.35:
                outputs[names[j]][names[k]] = _bytes(rng)
    nodes = [Node(name, float(rng.integers(1, 10 ** int(rng.integers(1, 8)))), outputs[name]) for name in names]
    inner = {child for out in outputs.values() for child in out}
    if rng.random() < 0.8:
        reads = {name: _bytes(rng) for name in names if name not in inner or rng.random() < 0.2}
        nodes.append(Node(f"{prefix}souurce", 0.0, reads, "source"))
    if rng.random() < 0.8:
        for name in names:
            if not outputs[name] or rng.random() < 0.2:
                outputs[name][f"{prefix}dummy_last"] = _bytes(rng)
        nodes.append(Node(f"{prefix}dummy_last", 0.0, {f"{prefix}siink": 1.0}, "sink"))
        nodes.append(Node(f"{prefix}siink", 0.0, {}, "sink"))
    return tuple(nodes[k] for k in rng.permutation(len(nodes)))


def _bytes(rng: np.random.Generator) -> float:
    """Whole bytes: nothing, less than a burst, some bursts, many."""
    return float(rng.integers(0, int(rng.choice([1, 50, 3000, 60000, 300000])) + 1))
