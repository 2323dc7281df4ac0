"""Map spaces: which loops each level may hold, in which order, and which dims may spread over the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.errors import BadInput
from archgym.space import IntArray

TEMPORAL, ALONG_X, ALONG_Y = 0, 1, 2
# Loop orders, innermost first, that no other order of one level can beat: see `MapSpace`.
UNBEATEN = ("PQNGCMRS", "QPNGCMRS", "MGCRSNPQ", "RSCGMNPQ", "SRCGMNPQ")


@dataclass(frozen=True)
class Limits:
    """What one level may hold.

    Args:
        temporal: dims that may have a temporal loop there, as one string (``"CMPQ"``).
        x, y: dims that may spread along each axis of the fan-out below.
        order: loop order, innermost first; free where empty.
    """

    temporal: str = ""
    x: str = ""
    y: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        for dim in self.temporal + self.x + self.y + self.order:
            if dim not in DIMS:
                raise BadInput(f"there is no dim {dim!r}; choose from {' '.join(DIMS)}")
        if self.order and sorted(self.order) != sorted(DIMS):
            raise BadInput(f"a loop order names each dim once, got {self.order!r}")


@dataclass(frozen=True)
class MapSpace:
    """All perfect factorisations of a layer over the places that the limits allow, in every allowed order.

    Where a level's order is free, five orders stand for all 8!. A tensor's tile is re-used over the loops directly above it
    that it does not depend on. Weights do not depend on N, P, Q; inputs not on M; outputs not on C, R, S: the three sets share
    no dim, so at most one tensor can gain from a level's innermost loops, and gains most if its whole set is innermost. Within
    the set only the first loop can make a difference: input windows slide along it if it is P or Q, R or S, which never costs.
    What stands outside the first loop that concerns a tensor multiplies, whatever its order. So every order has a counterpart
    among ``UNBEATEN`` with no access count higher, and no tile, fan-out or step count changed.

    Args:
        name: free text.
        levels: limits per storage level, outermost first.
    """

    name: str
    levels: tuple[Limits, ...]

    @cached_property
    def places(self) -> dict[str, IntArray]:
        """Per dim the places its factors may take: ``int64 (K, 2)`` of level and TEMPORAL, ALONG_X or ALONG_Y."""
        found = {}
        for dim in DIMS:
            axes = [(i, a) for i, level in enumerate(self.levels) for a, dims in enumerate(_axes(level)) if dim in dims]
            found[dim] = np.array(axes, dtype=np.int64).reshape(-1, 2)
        return found

    def orders(self) -> IntArray:
        """Orders of all levels together, ``int64 (K, L, 8)``, innermost first; one per level without two temporal dims."""
        choices = [self.orders_of(level) for level in self.levels]
        return np.array([[[DIMS.index(d) for d in order] for order in combo] for combo in product(*choices)], dtype=np.int64)

    def splits(self, layer: Layer) -> list[IntArray]:
        """Per dim every split of its bound over its places, ``int64 (K, places)``.

        Raises:
            BadInput: a dim greater than 1 has no place.
        """
        found = []
        for dim, bound in zip(DIMS, layer.bounds, strict=True):
            places = len(self.places[dim])
            if bound > 1 and not places:
                raise BadInput(f"map space '{self.name}' has no place for dim {dim} of layer '{layer.name}'")
            found.append(factorisations(bound, places))
        return found

    @staticmethod
    def orders_of(level: Limits) -> tuple[str, ...]:
        """Orders of one level, innermost first."""
        if level.order:
            return (level.order,)
        kept = {"".join(d for d in order if d in level.temporal): order for order in UNBEATEN}
        return tuple(kept.values()) if len(level.temporal) > 1 else (UNBEATEN[0],)


@lru_cache(maxsize=4096)
def _splits(bound: int, places: int) -> tuple[tuple[int, ...], ...]:
    if places == 0:
        return ((),)
    if places == 1:
        return ((bound,),)
    return tuple((d, *rest) for d in divisors(bound) for rest in _splits(bound // d, places - 1))


def factorisations(bound: int, places: int) -> IntArray:
    """Every ordered split of a bound into factors, ``int64 (K, places)``."""
    found = _splits(bound, places)
    return np.array(found, dtype=np.int64).reshape(len(found), places)


def divisors(n: int) -> list[int]:
    """All divisors, ascending."""
    small = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
    return small + [n // d for d in reversed(small) if d * d < n]


def _axes(level: Limits) -> tuple[str, str, str]:
    return level.temporal, level.x, level.y
