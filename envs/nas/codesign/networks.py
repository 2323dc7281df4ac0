"""Networks of a cell as layers for an accelerator: per stage, what is always there and what each operation of the cell adds.

Convolutions and the linear layer are priced as they are, average pooling as a depthwise convolution (the arrays have no
other unit for it). Not priced: sums, batch normalisation (folded into the weights), ReLU, the mean over the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archgym.envs.accelerator.layer import Layer
from archgym.envs.nas.cells.size import Skeleton
from archgym.envs.nas.cells.topology import CONV1, CONV3, POOL, cell_of, live_edges
from archgym.space import IntArray

CELLS = 5**6
PRICED = (CONV3, CONV1, POOL)
"""Operations that cost something: the columns of :func:`counts` after the first."""


@dataclass(frozen=True)
class Stage:
    """One stage of a network, which runs on one sub-accelerator.

    Args:
        fixed: layers whatever the cell.
        priced: the layer of each operation in :data:`PRICED`.
        cells: how often the cell is repeated.
    """

    fixed: tuple[Layer, ...]
    priced: tuple[Layer, ...]
    cells: int

    @property
    def macs(self) -> IntArray:
        """Multiply-accumulates per column of :func:`counts`, ``int64 (4,)``, poolings included."""
        return np.array([sum(a.macs for a in self.fixed), *(self.cells * a.macs for a in self.priced)], dtype=np.int64)


DIGITS = Skeleton()
CIFAR = Skeleton(image=32, inputs=3, channels=16, stages=3, cells=5, classes=10)


def stages(skeleton: Skeleton, residual: bool = False) -> tuple[Stage, ...]:
    """The stages of a skeleton.

    Args:
        skeleton: sizes; between its stages a 2x2 pooling and a 1x1 convolution.
        residual: between stages a residual block beside that shortcut, two 3x3 convolutions, the first with stride 2, as in
            NAS-Bench-201 (Dong and Yang, ICLR 2020, section 2.1).
    """
    found = []
    sizes = skeleton.stages_of()
    for number, (side, width) in enumerate(sizes):
        fixed = _between(side, width, residual) if number else [_conv("stem", 3, skeleton.inputs, width, side)]
        if number == len(sizes) - 1:
            fixed.append(Layer("linear", C=width, M=skeleton.classes))
        priced = (_conv("conv3x3", 3, width, width, side), _conv("conv1x1", 1, width, width, side), _pool(3, width, side, 1))
        found.append(Stage(tuple(fixed), priced, skeleton.cells))
    return tuple(found)


def _between(side: int, width: int, residual: bool) -> list[Layer]:
    half = width // 2
    shortcut = [_pool(2, half, side, 2), _conv("shortcut", 1, half, width, side)]
    if not residual:
        return shortcut
    down = Layer("down", C=half, M=width, R=3, S=3, P=side, Q=side, stride=2)
    return [down, _conv("residual", 3, width, width, side), *shortcut]


def _conv(name: str, kernel: int, fed: int, made: int, side: int) -> Layer:
    return Layer(name, C=fed, M=made, R=kernel, S=kernel, P=side, Q=side)


def _pool(kernel: int, width: int, side: int, stride: int) -> Layer:
    return Layer(f"pool{kernel}x{kernel}", G=width, R=kernel, S=kernel, P=side, Q=side, stride=stride)


def counts() -> IntArray:
    """Per cell 1, and how many live edges are 3x3 and 1x1 convolutions and poolings: ``int64 (15625, 4)``."""
    table = np.ones((CELLS, 1 + len(PRICED)), np.int64)
    for number in range(CELLS):
        cell = cell_of(number)
        live = [cell[edge] for edge in live_edges(cell)]
        table[number, 1:] = [live.count(op) for op in PRICED]
    return table
