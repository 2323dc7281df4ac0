"""How the cells of the table are trained, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from archgym.envs.nas.cells.size import Skeleton, macs, parameters
from archgym.envs.nas.cells.topology import Cell, cell_of, index_of, unique_cells
from archgym.envs.nas.digits.shipped import KEY
from archgym.envs.nas.trained.programme import Programme
from archgym.envs.nas.trained.recipe import Recipe

if TYPE_CHECKING:
    from archgym.envs.nas.digits.network import Networks


@dataclass(frozen=True)
class Protocol(Recipe):
    """The recipe of the cells: one training, and what stands around a cell."""

    skeleton: Skeleton = field(default_factory=Skeleton)


PROTOCOL = Protocol()
ORDER_SEED = 2026


@cache
def training_order() -> tuple[Cell, ...]:
    """The unique cells in the declared random order in which they are trained: any first part is a random subset."""
    cells = unique_cells()
    return tuple(cells[i] for i in np.random.default_rng(ORDER_SEED).permutation(len(cells)))


def programme(protocol: Protocol = PROTOCOL, cells: Sequence[Cell] | None = None) -> Programme:
    """What is to be trained for the table of cells: all of them, or some."""

    def networks(number: int, starts: Sequence[np.random.Generator]) -> Networks:
        from archgym.envs.nas.digits.network import Networks  # torch, which only a trainer needs

        return Networks(cell_of(number), protocol.skeleton, protocol.norm_momentum, starts)

    def sizes(number: int) -> tuple[int, int]:
        return parameters(cell_of(number), protocol.skeleton), macs(cell_of(number), protocol.skeleton)

    order = tuple(index_of(cell) for cell in (training_order() if cells is None else cells))
    return Programme("digits", KEY, protocol, order, ORDER_SEED, networks, sizes)
