"""The mapper for large map spaces: branch and bound over spreads and cycles, the rest by dynamic programming.

A branch is one choice of all spatial factors with an interval of cycles. Its bound: the fewest cycles of the interval, and a
lower bound of the energy within the most cycles of it (`relax.least`). The branch with the lowest bound is opened next; the
mappings met there are priced exactly, and the best one of all is kept. An interval whose cheapest mapping takes longer than the
fewest cycles is cut. Budgets count transitions of the chain, never seconds: the same call does the same work anywhere.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.errors import BadInput

from .relax import Relaxation, Sample, least
from .solve import GOALS, Goal, Solution
from .space import MapSpace

ROUNDING = 1e-12  # relative: sums of the same energies in another order
FINEST = (
    4096  # intervals below this share of their cycles are not cut: what is left there comes of the prices, not of the interval
)
FRESH, OPENED, CUT = 0, 1, 2
Key = tuple[float, float]


@dataclass(frozen=True)
class Branch:
    """One spread with ``low`` to ``high`` cycles; ``energy`` in pJ is what every such mapping takes at least."""

    spread: int
    low: float
    high: float
    energy: float
    stage: int


@dataclass
class Hunt:
    """One search: the best mapping so far, and the lowest bound of the branches that cannot be opened any further."""

    relaxation: Relaxation
    goal: Goal
    budget: int
    best: Sample | None = None
    stuck: float = math.inf

    def key(self, cycles: float, energy: float) -> Key:
        """What the goal compares, then what breaks ties."""
        return {"edp": (cycles * energy, cycles), "delay": (cycles, energy), "energy": (energy, cycles)}[self.goal]

    def beaten(self, key: Key) -> bool:
        """Whether nothing above a bound can beat the best mapping by more than rounding."""
        if self.best is None:
            return False
        first, second = self.key(self.best.cycles, self.best.energy)
        if self.goal == "delay" and key[0] == first:
            return key[1] >= second * (1 - ROUNDING)
        return key[0] >= first * (1 - ROUNDING)

    def least(self, k: int, cap: float, low: float) -> tuple[float, bool]:
        """Bound in pJ of a spread within a cap, and whether nothing is left: its first mapping attains the bound."""
        bound, met = least(self.relaxation, k, cap)
        for sample in met:
            if self.best is None or self.key(sample.cycles, sample.energy) < self.key(self.best.cycles, self.best.energy):
                self.best = sample
        attained = any(m.energy <= bound * (1 + ROUNDING) and (m.cycles <= low or self.goal == "energy") for m in met)
        return bound, attained or not met

    def open(self, branch: Branch) -> list[Branch]:
        """What remains of a branch."""
        k, low = branch.spread, branch.low
        if branch.stage == FRESH:
            energy, done = self.least(k, math.inf, low)
            return [] if done else [Branch(k, low, math.inf, energy, OPENED)]
        high = self.most(branch)
        if high < low:
            return []
        middle = min(high, low if branch.stage == OPENED else math.floor(math.sqrt(low * min(high, 4 * low))))
        parts = [Branch(k, middle + 1, high, branch.energy, CUT)] if middle < high else []
        energy, done = self.least(k, middle, low)
        return parts if done else [*parts, Branch(k, low, middle, max(energy, branch.energy), CUT)]

    def most(self, branch: Branch) -> float:
        """No mapping of a branch that takes more cycles than this can be best."""
        best = self.best
        if best is None:
            return branch.high
        limit = best.cycles if self.goal == "delay" else math.floor(best.cycles * best.energy / branch.energy * (1 + ROUNDING))
        return min(branch.high, limit)

    def closed(self, branch: Branch) -> bool:
        """Whether a branch cannot be opened further: no cycles to cut, nothing to cut for, or too large a chain."""
        if branch.stage == FRESH:
            return self.relaxation.load(branch.spread) > self.budget
        return self.goal == "energy" or (branch.stage == CUT and branch.high - branch.low <= branch.low / FINEST)

    def run(self) -> float:
        """Open branches by their bounds; return a lower bound of all mappings that were not met."""
        spreads = self.relaxation.spreads
        both = zip(spreads.cycles.tolist(), spreads.energy.tolist(), strict=True)
        heap = [(self.key(c, e), k, Branch(k, c, math.inf, e, FRESH)) for k, (c, e) in enumerate(both)]
        heapq.heapify(heap)
        tickets = len(heap)
        while heap and not self.beaten(heap[0][0]) and self.relaxation.nodes < self.budget:
            key, _, branch = heapq.heappop(heap)
            if self.closed(branch):
                self.stuck = min(self.stuck, key[0])
                continue
            for part in self.open(branch):
                tickets += 1
                heapq.heappush(heap, (self.key(part.low, part.energy), tickets, part))
        return min(self.stuck, heap[0][0][0] if heap else math.inf)


def solve_large(
    layer: Layer, architecture: Architecture, space: MapSpace, goal: Goal = "edp", budget_nodes: int = 20_000_000
) -> Solution:
    """The best mapping found within a budget, and a proved lower bound; they meet where the space was searched to its end.

    By delay, the certificate is of the cycles; energy breaks ties as far as the budget goes.

    Args:
        layer, architecture, space: what is mapped, onto what, within which limits.
        goal: as in `solve.solve`.
        budget_nodes: transitions of chains (module `chain`), some millions per second. The last chain is finished.

    Returns:
        A solution; ``walked`` counts transitions. Without a mapping, cycles and energy are infinite, and the bound is infinite
        where it is proved that nothing fits.

    Raises:
        BadInput: the goal is unknown, or the space has other levels than the architecture.
    """
    if goal not in GOALS:
        raise BadInput(f"there is no goal '{goal}'; choose from {', '.join(GOALS)}")
    if len(space.levels) != len(architecture.levels):
        raise BadInput(f"map space '{space.name}' has {len(space.levels)} levels, the architecture {len(architecture.levels)}")
    hunt = Hunt(Relaxation(layer, architecture, space), goal, budget_nodes)
    bound = hunt.run()
    best, nodes = hunt.best, hunt.relaxation.nodes
    if best is None:
        return Solution(None, math.inf, math.inf, nodes, bound, math.inf)
    value = hunt.key(best.cycles, best.energy)[0]
    return Solution(best.mapping, best.cycles, best.energy, nodes, value if bound >= value * (1 - ROUNDING) else bound, value)
