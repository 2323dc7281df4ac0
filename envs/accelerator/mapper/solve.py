"""The mapper: certified best mappings of layers and networks on one architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Literal

import numpy as np

from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray

from .plan import make_plan, make_work
from .space import MapSpace
from .table import arrays_of

Goal = Literal["edp", "delay", "energy"]
GOALS: Dictionary[str, int] = {"edp": 0, "delay": 1, "energy": 2}


@dataclass(frozen=True)
class Solution:
    """The best mapping of a layer.

    Args:
        mapping: it, or None where nothing fits.
        cycles, energy_pj: of it; infinite where nothing fits.
        walked: mappings priced; all others of the space are passed over by proved bounds. Of `branch.solve_large`: transitions.
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

    Every mapping of the space that fits is priced, or passed over because it shares factors with a lower bound (`count.floor`)
    that is no better than the best mapping met. Cycles are exact (`search.price`). Equal products: the one of fewer cycles.

    Raises:
        BadInput: the goal is unknown, or the space has other levels than the architecture.
    """
    from .best import best, floors
    from .walk import spreads

    if goal not in GOALS:
        raise BadInput(f"there is no goal '{goal}'; choose from {', '.join(GOALS)}")
    if len(space.levels) != len(architecture.levels):
        raise BadInput(f"map space '{space.name}' has {len(space.levels)} levels, the architecture {len(architecture.levels)}")
    plan = make_plan(layer, space, architecture.keep, architecture.limits)
    work, found = make_work(len(plan.keep)), spreads(plan)
    hardware = architecture.ports, layer.macs * architecture.mac_pj
    bounds = floors(plan, work, found, *hardware)
    first = _by_goal(goal, bounds)
    choice, cycles, energy, priced = best(plan, work, found[first], bounds[first], *hardware, GOALS[goal])
    value = {"edp": cycles * energy, "delay": cycles, "energy": energy}[goal]
    mapping = Mapping.from_arrays(*arrays_of(layer, space, choice)) if cycles < math.inf else None
    return Solution(mapping, cycles, energy, priced, value, value)


def _by_goal(goal: Goal, bounds: FloatArray) -> IntArray:
    """Row numbers of cycles and energies ``(N, 2)``, those first that promise the most."""
    cycles, energy = bounds.T
    keys = {"edp": (cycles, cycles * energy), "delay": (energy, cycles), "energy": (cycles, energy)}[goal]
    return np.asarray(np.lexsort(keys))
