"""Which values of a task's knob can still lead to a buildable design, once the slots before it are known.

A design is buildable when every task is on an element that runs it, and all nodes that read one another's outputs are on one
net of buses with all their memories. So the first choice made for such a group fixes its net, and the net has to hold a memory
and, for every task of the group, an element that runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archgym.space import BoolArray, IntArray

from .choices import Needs


@dataclass(frozen=True)
class Nets:
    """What the slots' knobs say.

    Args:
        element: net of each element, ``int64 (P,)``, -1 for an empty slot.
        memory: net of each memory, ``int64 (M,)``, -1 for one that is empty or on no bus.
        runs: whether an element runs a node, ``bool (T, P)``; of empty slots False.
    """

    element: IntArray
    memory: IntArray
    runs: BoolArray

    def hosts(self, group: BoolArray) -> IntArray:
        """Nets that hold a memory and an element for every node that ``group (T,)`` marks."""
        nets = [net for net in np.unique(self.element[self.element >= 0]).tolist() if (self.memory == net).any()]
        fit = [net for net in nets if self.runs[group][:, self.element == net].any(axis=1).all()]
        return np.array(fit, dtype=np.int64)


class TaskMasks:
    """Masks of the knobs behind the slots'.

    Args:
        first: number of slot knobs.
        knobs: node and kind (0: its element, 1: its memory) of each knob behind them.
        needs: what has to be placed.
        nets: what the first ``first`` knobs say; called once for a run of prefixes that agree in them.
    """

    def __init__(self, first: int, knobs: list[tuple[int, int]], needs: Needs, nets: Callable[[IntArray], Nets]) -> None:
        self.first, self.knobs, self.needs = first, knobs, needs
        self._counts = [needs.placed[t] if kind == 0 else needs.stores[t] for t, kind in knobs]
        self._opener: dict[int, int] = {}
        for k, (t, _) in enumerate(knobs):
            if self._counts[k]:
                self._opener.setdefault(int(needs.group[t]), k)
        self._nets = lru_cache(maxsize=64)(lambda slots: nets(np.frombuffer(slots, dtype=np.int64)))

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Open values of a knob behind the slots'; None where all are, or where the prefix cannot be saved."""
        k = knob - self.first
        node, kind = self.knobs[k]
        if not self._counts[k]:
            return None
        nets = self._nets(np.ascontiguousarray(prefix[: self.first], dtype=np.int64).tobytes())
        home = nets.element if kind == 0 else nets.memory
        group = int(self.needs.group[node])
        opener = self._opener[group]
        if opener == k:
            open_values = np.isin(home, nets.hosts((self.needs.group == group) & self.needs.placed))
        else:
            first_node_kind = self.knobs[opener][1]
            fixed = (nets.element if first_node_kind == 0 else nets.memory)[int(prefix[self.first + opener])]
            open_values = (home == fixed) & (home >= 0)
        if kind == 0:
            open_values = open_values & nets.runs[node]
        return open_values if open_values.any() else None
