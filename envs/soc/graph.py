"""Workloads of a system-on-chip: task graphs of one or several applications, with the budgets they must meet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archgym.space import FloatArray, IntArray

BURST_BYTES = 1024.0  # what one burst carries; it sets how finely tasks that share a link interleave


@dataclass(frozen=True)
class Node:
    """One task of a graph.

    Args:
        name: unique in its graph.
        work: instructions; 0 for a dummy, which takes neither time nor energy.
        outputs: bytes that each child reads from this task, by the child's name, in order.
        role: ``task``; ``source`` for a dummy root whose outputs are the input data; ``sink`` for any other dummy.
    """

    name: str
    work: float
    outputs: Mapping[str, float] = field(default_factory=dict)
    role: str = "task"

    @property
    def dummy(self) -> bool:
        """Whether it only marks the begin or an end: it runs anywhere, at once and for nothing."""
        return self.role != "task"


@dataclass(frozen=True)
class Application:
    """One task graph with its latency budget.

    Args:
        name: as users call it.
        nodes: its tasks; edges are their ``outputs``; the graph has no cycle.
        last: name of the task whose completion is the application's latency.
        latency_s: the budget for that latency, in s.
    """

    name: str
    nodes: tuple[Node, ...]
    last: str
    latency_s: float


@dataclass(frozen=True)
class Workload:
    """Applications that start together on one chip, and the chip's budgets.

    Node ``k`` of the workload is the k-th of all applications' nodes in order; where two applications use the same name, both
    are called ``application.node``.

    Args:
        applications: at least one.
        power_w: the budget for the chip's peak power, in W.
        area_m2: the budget for the chip's area, in m2.
    """

    applications: tuple[Application, ...]
    power_w: float
    area_m2: float

    @property
    def name(self) -> str:
        """The applications' names joined by ``+``."""
        return "+".join(a.name for a in self.applications)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes under the names they have in the workload, ``T`` of them."""
        shared = self._shared
        return tuple(
            Node(
                _full(app.name, node.name, shared),
                node.work,
                {_full(app.name, k, shared): v for k, v in node.outputs.items()},
                node.role,
            )
            for app in self.applications
            for node in app.nodes
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all nodes, in order."""
        return tuple(node.name for node in self.nodes)

    @cached_property
    def edges(self) -> IntArray:
        """Producer and consumer of every edge, ``int64 (E, 2)``, by producer and then in the order of its outputs."""
        at = {name: k for k, name in enumerate(self.names)}
        pairs = [(k, at[child]) for k, node in enumerate(self.nodes) for child in node.outputs]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def edge_bytes(self) -> FloatArray:
        """Bytes of every edge, ``(E,)``."""
        return np.array([size for node in self.nodes for size in node.outputs.values()], dtype=np.float64)

    @cached_property
    def work(self) -> FloatArray:
        """Instructions of every node, ``(T,)``; 0 for dummies."""
        return np.array([node.work for node in self.nodes], dtype=np.float64)

    @cached_property
    def last(self) -> IntArray:
        """Index of the node whose end is each application's latency, ``int64 (A,)``."""
        shared, at = self._shared, {name: k for k, name in enumerate(self.names)}
        return np.array([at[_full(a.name, a.last, shared)] for a in self.applications], dtype=np.int64)

    @cached_property
    def digest(self) -> str:
        """Changes with anything that decides a number."""
        return hashlib.sha256(repr((self.applications, self.power_w, self.area_m2)).encode()).hexdigest()

    @property
    def _shared(self) -> frozenset[str]:
        seen: set[str] = set()
        twice: set[str] = set()
        for app in self.applications:
            for node in app.nodes:
                (twice if node.name in seen else seen).add(node.name)
        return frozenset(twice)


def _full(application: str, name: str, shared: frozenset[str]) -> str:
    return f"{application}.{name}" if name in shared else name
