"""The mapper: certified best mappings of layers and networks on one architecture."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Literal

import numpy as np

from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.errors import BadInput

from .space import MapSpace
from .table import build_table

Goal = Literal["edp", "delay", "energy"]
GOALS: Dictionary[str, int] = {"edp": 0, "delay": 1, "energy": 2}


@dataclass(frozen=True)
class Solution:
    """The best mapping of a layer.

    Args:
        mapping: it, or None where nothing fits.
        cycles, energy_pj: of it; infinite where nothing fits.
        walked: mappings of the space that fit the architecture.
        bound: proved lower bound of the goal: cycles times pJ, cycles, or pJ.
        value: the goal's value. Equal to the bound, it is the certificate: optimal within the map space.
    """

    mapping: Mapping | None
    cycles: float
    energy_pj: float
    walked: int
    bound: float
    value: float

    @property
    def certificate(self) -> str:
        """One line."""
        if self.mapping is None:
            return "no mapping of this space fits"
        gap = self.value / self.bound - 1.0
        return "optimal within this space" if gap <= 0.0 else f"within {100 * gap:.3g} % of the bound"


def solve(layer: Layer, architecture: Architecture, space: MapSpace, goal: Goal = "edp") -> Solution:
    """The best mapping of a layer by energy-delay product, by cycles (then energy), or by energy (then cycles).

    Every mapping of the space that fits is walked and priced, or passed over because another one is no worse in all that
    prices depend on (`table.build_table`). Cycles are exact (`search.price`).

    Raises:
        BadInput: the goal is unknown, or the space has other levels than the architecture.
    """
    from .search import search

    if goal not in GOALS:
        raise BadInput(f"there is no goal '{goal}'; choose from {', '.join(GOALS)}")
    if len(space.levels) != len(architecture.levels):
        raise BadInput(f"map space '{space.name}' has {len(space.levels)} levels, the architecture {len(architecture.levels)}")
    limits = architecture.limits
    table = build_table(layer, space, architecture.keep, limits[:, 1:], [limits[i, :1] for i in range(len(limits))])
    best, out = np.empty(1, np.int64), np.empty((1, 2))
    hardware = (limits.reshape(1, -1), architecture.ports[None], np.array([layer.macs * architecture.mac_pj]))
    search(table.needs, table.counts, table.active, *hardware, np.array([GOALS[goal]]), best, out)
    cycles, energy = float(out[0, 0]), float(out[0, 1])
    value = {"edp": cycles * energy, "delay": cycles, "energy": energy}[goal]
    mapping = table.mapping(int(best[0])) if best[0] >= 0 else None
    return Solution(mapping, cycles, energy, table.walked, value, value)
