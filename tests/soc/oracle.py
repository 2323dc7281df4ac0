"""The system-on-chip model in plain Python, one design at a time: what the kernel is held against.

Written from the rules alone (FARSI's, and the clean ones that depart from them), with names and dictionaries where the kernel
has indices and bit sets; it shares no code with the kernel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from oracle_net import READ, Edge, Traffic

WINDOW_S = 0.01


@dataclass
class Outcome:
    """All that one simulation says; slots are numbered as in the design."""

    latency_s: dict[str, float] = field(default_factory=dict)
    energy_j: float = 0.0
    power_w: float = 0.0
    area_m2: float = 0.0
    dram_area_m2: float = 0.0
    ready_s: dict[str, float] = field(default_factory=dict)
    start_s: dict[str, float] = field(default_factory=dict)
    end_s: dict[str, float] = field(default_factory=dict)
    phase_s: list[float] = field(default_factory=list)
    phase_j: list[float] = field(default_factory=list)
    done: list[dict[str, float]] = field(default_factory=list)  # instructions of each running task, by phase
    rates: list[dict[str, float]] = field(default_factory=list)
    peak_bytes: dict[int, float] = field(default_factory=dict)  # of memories in use
    too_large: int = 0


class Oracle(Traffic):
    """One simulation of a valid design: `Oracle(...).run()`."""

    def run(self) -> Outcome:
        """The whole simulation."""
        out = Outcome()
        (self._run_farsi if self.compat else self._run_clean)(out)
        self._costs(out)
        return out

    def _buffer(self, name: str) -> float:
        return sum(self.bytes.get((name, child), 0.0) for child in self.nodes[name].outputs)

    def _run_farsi(self, out: Outcome) -> None:
        held: dict[int, float] = {}
        left: dict[str, float] = {}
        running: list[str] = []
        waiting: list[str] = []
        tokens: set[Edge] = set()
        done: list[str] = []
        rates: dict[str, float] = {}
        now = dt = 0.0
        while True:
            work_done = {}
            for name in running:
                work_done[name] = rates[name] * dt
                left[name] -= work_done[name]
            out.done.append(work_done)
            out.rates.append(rates)
            out.phase_s.append(dt)
            for name in [n for n in running if self._complete(n, left[n])]:
                running.remove(name)
                out.end_s[name] = now
                tokens |= {(name, child) for child in self.nodes[name].outputs}
                done.append(name)
                for parent in self.parents[name]:
                    children = list(self.nodes[parent].outputs)
                    if all(child in done for child in children):
                        if not self.nodes[parent].dummy and self._buffer(parent) > 0:
                            held[self.design.task_mem[parent]] -= self._buffer(parent)
                        done = [n for n in done if n not in children]
            for name in self.nodes:
                if name not in out.ready_s and all((p, name) in tokens for p in self.parents[name]):
                    out.ready_s[name] = now
                    left[name] = self.nodes[name].work
                    running.append(name)
                    self._allocate(name, held, out)
            running, waiting = self._serialise(running + waiting)
            for name in running:
                out.start_s.setdefault(name, now)
            if not running and len(out.ready_s) == len(self.nodes):
                return
            moving = [n for n in running if not self.nodes[n].dummy]
            rates = {name: self.rate(name, moving) for name in running}
            before, now = now, now + min(left[name] / rates[name] for name in running)
            dt = now - before

    def _complete(self, name: str, left: float) -> bool:
        work = self.nodes[name].work
        return work == 0 or 1 - left / work >= 0.99

    def _allocate(self, name: str, held: dict[int, float], out: Outcome) -> None:
        if self._buffer(name) == 0:
            return
        mem = self.design.task_mem[name]
        out.peak_bytes.setdefault(mem, 0.0)
        if self.nodes[name].role == "sink":
            return
        held[mem] = held.get(mem, 0.0) + self._buffer(name)
        out.peak_bytes[mem] = max(out.peak_bytes.get(mem, 0.0), held[mem])

    def _serialise(self, queue: list[str]) -> tuple[list[str], list[str]]:
        """The first task of every element runs, the others wait."""
        busy: set[int] = set()
        running, waiting = [], []
        for name in queue:
            pe = self.design.task_pe[name]
            (waiting if pe in busy else running).append(name)
            busy.add(pe)
        return running, waiting

    def _run_clean(self, out: Outcome) -> None:
        left: dict[str, float] = {}
        ready_at: dict[str, int] = {}
        ended_at: dict[str, int] = {}
        running: list[str] = []
        now, ends = 0.0, set[str]()
        for step in range(len(self.nodes) + 1):
            for name in self._closure(ends, ended_at, ready_at):
                ready_at[name] = step
                out.ready_s[name] = now
                left[name] = self.nodes[name].work
                if self.nodes[name].dummy:
                    out.start_s[name] = out.end_s[name] = now
                    ended_at[name] = step
            queue = sorted((n for n in left if n not in ended_at), key=lambda n: (n not in running, ready_at[n]))
            running, _ = self._serialise(queue)
            if not running:
                break
            for name in running:
                out.start_s.setdefault(name, now)
            rates = {name: self.rate(name, running) for name in running}
            dt = min(left[name] / rates[name] for name in running)
            ends = {n for n in running if self._done(n, left[n], rates[n], dt)}
            work_done = {n: left[n] if n in ends else rates[n] * dt for n in running}
            out.phase_s.append(dt)
            out.rates.append(rates)
            out.done.append(work_done)
            now += dt
            for name in running:
                left[name] -= work_done[name]
            out.end_s |= dict.fromkeys(ends, now)
            ended_at |= dict.fromkeys(ends, step + 1)
        self._peaks(ready_at, ended_at, out)

    def _done(self, name: str, left: float, rate: float, dt: float) -> bool:
        """Done up to rounding."""
        return left / rate <= dt or left - rate * dt <= 1e-12 * self.nodes[name].work

    def _closure(self, ends: set[str], ended_at: dict[str, int], ready_at: dict[str, int]) -> list[str]:
        """Nodes that become ready at one instant, in node order, through dummies that complete on the spot too."""
        over = set(ended_at) | ends
        new: set[str] = set()
        while True:
            more = {n for n in self.nodes if n not in new and n not in ready_at and all(p in over for p in self.parents[n])}
            if not more:
                return [n for n in self.nodes if n in new]
            new |= more
            over |= {n for n in more if self.nodes[n].dummy}

    def _peaks(self, ready_at: dict[str, int], ended_at: dict[str, int], out: Outcome) -> None:
        """A buffer is held from the step that makes its producer ready to the one that completes its last consumer."""
        for step in range(len(self.nodes) + 1):
            held: dict[int, float] = {}
            for name in self.nodes:
                size = self._buffer(name)
                mem = self.design.task_mem[name]
                if size > 0:
                    out.peak_bytes.setdefault(mem, 0.0)
                    if ready_at[name] <= step < max(ended_at[c] for c in self.nodes[name].outputs):
                        held[mem] = held.get(mem, 0.0) + size
            for mem, size in held.items():
                out.peak_bytes[mem] = max(out.peak_bytes[mem], size)

    def _costs(self, out: Outcome) -> None:
        sizes = {mem: self._size(peak) for mem, peak in out.peak_bytes.items()}
        out.too_large = sum(size is None for size in sizes.values())
        if out.too_large:
            return
        per_inst = {n: self._energy(n, sizes) for n in self.nodes}
        out.phase_j = [sum(work * per_inst[n] for n, work in done.items()) for done in out.done]
        out.energy_j = sum(out.phase_j)
        out.latency_s = {
            app.name: out.end_s[self.workload.names[self.workload.last[k]]] for k, app in enumerate(self.workload.applications)
        }
        out.power_w = _farsi_power(out) if self.compat else _clean_power(out)
        self._area(sizes, out)

    def _size(self, peak: float) -> int | None:
        """Position of a memory's capacity in the library's table."""
        need = 256000 * math.ceil(max(math.ceil(peak), 2048) / 256000) if self.compat else peak
        return next((k for k, size in enumerate(self.library.capacities.size_bytes) if size >= need), None)

    def _kind(self, mem: int) -> int:
        return int(self.library.blocks[self.library.index[self.design.mems[mem]]].kind == "dram")

    def _energy(self, name: str, sizes: dict[int, int | None]) -> float:
        """J per instruction of a task, with what it moves."""
        node, table = self.nodes[name], self.library.capacities
        if node.dummy:
            return 0.0
        moved = 0.0
        for way, edge in self.ends(name):
            mem = self.memory(edge)
            costs = (table.read_j if way == READ else table.write_j)[self._kind(mem)]
            moved += self.bytes[edge] * float(costs[sizes[mem]])
        return self.library.blocks[self.library.index[self.design.pes[self.design.task_pe[name]]]].energy_j + moved / node.work

    def _area(self, sizes: dict[int, int | None], out: Outcome) -> None:
        free = [n for n, node in self.nodes.items() if node.dummy and not (self.compat and "dummy_last" in n)]
        for pe in {self.design.task_pe[n] for n in self.nodes if n not in free}:
            out.area_m2 += self.library.blocks[self.library.index[self.design.pes[pe]]].area_m2
        for mem, size in sizes.items():
            area = float(self.library.capacities.area_m2[self._kind(mem)][size])
            out.area_m2 += area
            out.dram_area_m2 += area * self._kind(mem)


def _farsi_power(out: Outcome) -> float:
    """FARSI's windows: laid phase by phase, and by an index that zero-length phases do not move."""
    windows: list[tuple[int, int]] = []
    lo = 0
    credit = WINDOW_S
    for up, d in enumerate(d for d in out.phase_s if d > 0):
        if d > credit:
            windows.append((lo, up + 1))
            lo, credit = up + 1, WINDOW_S
        else:
            credit -= d
    windows.append((windows[-1][1] if windows else 0, len(out.phase_s)))
    powers = [sum(out.phase_j[a:b]) / sum(out.phase_s[a:b]) for a, b in windows if sum(out.phase_s[a:b]) > 0]
    return max(powers, default=0.0)


def _clean_power(out: Outcome) -> float:
    """The most energy in any window of 10 ms, in exact fractions: a border of some best window is a border of phases."""
    borders = [Fraction(0)]
    for d in out.phase_s:
        borders.append(borders[-1] + Fraction(d))
    window = Fraction(WINDOW_S)
    if borders[-1] <= window:
        return out.energy_j / float(borders[-1]) if borders[-1] else 0.0

    def within(start: Fraction) -> Fraction:
        energy = Fraction(0)
        for a, b, e in zip(borders, borders[1:], out.phase_j, strict=False):
            shared = min(b, start + window) - max(a, start)
            energy += Fraction(e) * shared / (b - a) if shared > 0 else 0
        return energy

    return float(max(within(t) for b in borders for t in (b, b - window)) / window)
