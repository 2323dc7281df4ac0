"""The net under the model in plain Python: what tasks move, by which ways, and the rates that leaves them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archgym.envs.soc.design import Design
from archgym.envs.soc.graph import BURST_BYTES, Workload
from archgym.envs.soc.library import Library

READ, WRITE = "read", "write"
Edge = tuple[str, str]
Flow = tuple[str, Edge]  # direction, edge


@dataclass
class Chip:
    """A design's net as it is simulated."""

    design: Design
    pe_bus: dict[int, int]
    mem_bus: dict[int, int]
    neighbours: dict[int, list[int]]

    def route(self, pe: int, mem: int) -> list[str] | None:
        """Blocks from an element to a memory, both included."""
        start, goal = self.pe_bus[pe], self.mem_bus[mem]
        paths, queue = {start: [start]}, [start]
        for bus in queue:
            for other in self.neighbours.get(bus, []):
                if other not in paths:
                    paths[other] = [*paths[bus], other]
                    queue.append(other)
        return [f"pe{pe}", *(f"bus{b}" for b in paths[goal]), f"mem{mem}"] if goal in paths else None


class Traffic:
    """One design under a workload: flows, channels and rates."""

    def __init__(self, design: Design, workload: Workload, library: Library, compat: bool) -> None:
        self.design, self.workload, self.library, self.compat = design, workload, library, compat
        self.nodes = {node.name: node for node in workload.nodes}
        sinks = {n.name for n in workload.nodes if n.role == "sink" and not compat}
        self.bytes: dict[Edge, float] = {
            (n.name, child): size
            for n in workload.nodes
            for child, size in n.outputs.items()
            if size > 0 and n.name not in sinks
        }
        self.parents: dict[str, list[str]] = {n: [] for n in self.nodes}
        for node in workload.nodes:
            for child in node.outputs:
                self.parents[child].append(node.name)
        self.unit = {edge: self._unit(edge) for edge in self.bytes}
        self.chip = self._chip()
        self.routes = {n: self._flows(n) for n in self.nodes}

    def _dice(self, name: str) -> int:
        """Into how many bursts a task cuts its transfers."""
        reads = [self.bytes[edge] for way, edge in self.ends(name) if way == READ]
        writes = [self.bytes[edge] for way, edge in self.ends(name) if way == WRITE]
        r, w, i = min(reads, default=0.0), min(writes, default=0.0), self.nodes[name].work
        dice = math.floor(r / BURST_BYTES)
        return dice if dice and math.floor(w / dice) and math.floor(i / dice) else 1

    def _unit(self, edge: Edge) -> dict[str, int]:
        """Burst units of an edge as each end moves it; dummies move nothing."""
        return {end: 0 if self.nodes[end].dummy else int(self.bytes[edge] / self._dice(end)) for end in edge}

    def hosted(self, name: str) -> bool:
        """Whether a node sits on an element."""
        return self.compat or not self.nodes[name].dummy

    def memory(self, edge: Edge) -> int:
        """Memory slot that an edge passes through."""
        return self.design.task_mem[edge[0]]

    def ends(self, name: str) -> list[Flow]:
        """What a task moves: reads by producer, then writes."""
        if not self.hosted(name):
            return []
        reads = [(READ, (p, name)) for p in self.parents[name] if (p, name) in self.bytes]
        return reads + [(WRITE, (name, c)) for c in self.nodes[name].outputs if (name, c) in self.bytes]

    def _chip(self) -> Chip:
        d = self.design
        links: dict[int, list[int]] = {b: [] for b in range(len(d.buses))}
        for a, b in d.bus_links:
            links[a].append(b)
            links[b].append(a)
        links = {a: sorted(others) for a, others in links.items()}
        full = Chip(d, dict(enumerate(d.pe_bus)), dict(enumerate(d.mem_bus)), links)
        return self._collapsed(full) if self.compat else full

    def _collapsed(self, chip: Chip) -> Chip:
        """FARSI's own net: leaf buses merged, in depth-first order from the first element's bus."""
        for bus in _depth_first(chip.neighbours, chip.pe_bus[0]) if chip.pe_bus[0] >= 0 else []:
            _collapse(bus, chip.pe_bus, chip.mem_bus, chip.neighbours)
        return chip

    def _flows(self, name: str) -> list[tuple[str, Edge, list[str]]]:
        flows = []
        for direction, edge in self.ends(name):
            path = self.chip.route(self.design.task_pe[name], self.memory(edge))
            assert path is not None
            flows.append((direction, edge, path))
        return flows

    def peak(self, block: str) -> float:
        """Rate of a block in a slot."""
        kind, slot = block.rstrip("0123456789"), int(block.lstrip("pembus"))
        names = {"pe": self.design.pes, "mem": self.design.mems, "bus": self.design.buses}[kind]
        return self.library.blocks[self.library.index[names[slot]]].rate

    def rate(self, name: str, running: list[str]) -> float:
        """Instructions per s of one of the running tasks: its slowest channel."""
        node = self.nodes[name]
        if node.dummy:
            return 1.0
        rate = self.peak(f"pe{self.design.task_pe[name]}")
        for block, direction in self._blocks(name):
            for out in self._outs(name, block, direction):
                share = self._share(name, block, direction, out, running)
                if share > 0:
                    ratio = self._through(name, block, direction) / node.work
                    rate = min(rate, self.peak(block) * share / ratio)
        return rate

    def _blocks(self, name: str) -> list[tuple[str, str]]:
        return sorted({(block, direction) for direction, _, path in self.routes[name] for block in path[1:]})

    def _outs(self, name: str, block: str, direction: str) -> list[str]:
        """Blocks that a task's flows go on to behind a block; of a memory, none beyond itself."""
        outs = set()
        for way, _, path in self.routes[name]:
            if way == direction and block in path:
                at = path.index(block)
                outs.add(path[at + 1] if at + 1 < len(path) else "")
        return sorted(outs)

    def _through(self, name: str, block: str, direction: str) -> float:
        return sum(self.bytes[edge] for way, edge, path in self.routes[name] if way == direction and block in path)

    def _links(self, name: str, block: str, direction: str, out: str) -> set[str]:
        """Blocks from which a task's flows enter a block to leave on a link."""
        links = set()
        for way, _, path in self.routes[name]:
            if way == direction and block in path:
                at = path.index(block)
                if (path[at + 1] if at + 1 < len(path) else "") == out:
                    links.add(path[at - 1])
        return links

    def _units(self, name: str, source: str, block: str, direction: str) -> int:
        """Burst units of a task on the link between two blocks."""
        total = 0
        for way, edge, path in self.routes[name]:
            if way == direction and block in path and path[path.index(block) - 1] == source:
                total += self.unit[edge][name]
        return total

    def _share(self, name: str, block: str, direction: str, out: str, running: list[str]) -> float:
        active = sorted({link for task in running for link in self._links(task, block, direction, out)})
        share = 0.0
        for source in active:
            whole = sum(self._units(task, source, block, direction) for task in running)
            if whole > 0:
                share += 1.0 / len(active) * self._units(name, source, block, direction) / whole
        return share


def _depth_first(links: dict[int, list[int]], start: int) -> list[int]:
    seen: list[int] = []
    stack = [start]
    while stack:
        bus = stack.pop()
        if bus not in seen:
            seen.append(bus)
            stack += sorted(links[bus], reverse=True)
    return seen


def _collapse(bus: int, pe_bus: dict[int, int], mem_bus: dict[int, int], links: dict[int, list[int]]) -> None:
    """One step of the collapse pass."""
    pes = [p for p, b in pe_bus.items() if b == bus]
    mems = [m for m, b in mem_bus.items() if b == bus]
    others = sorted(links[bus])
    if not mems and len(others) == 1:
        pe_bus |= dict.fromkeys(pes, others[0])
    elif not pes and len(others) == 1:
        mem_bus |= dict.fromkeys(mems, others[0])
    elif pes or mems:
        return
    for other in others:
        links[other].remove(bus)
    for other in others[1:]:
        links[others[0]].append(other)
        links[other].append(others[0])
    links[bus] = []
