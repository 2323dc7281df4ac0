"""The networks of one cell and several seeds as one network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from archgym.envs.nas.cells.size import Skeleton, convolutions
from archgym.envs.nas.cells.topology import EDGES, KERNEL, POOL, Cell, live_edges
from archgym.envs.nas.trained.grouped import SCALE, SHIFT, WEIGHT, Grouped, Shape, Statistics


class Networks(Grouped):
    """``len(starts)`` networks of one cell; each draws its first weights from its own generator."""

    def __init__(self, cell: Cell, skeleton: Skeleton, norm_momentum: float, starts: Sequence[np.random.Generator]) -> None:
        self.cell, self.skeleton, self.live = cell, skeleton, live_edges(cell)
        super().__init__(_shapes(cell, skeleton), norm_momentum, starts)

    def _logits(self, images: Tensor, parameters: Iterator[Tensor], statistics: Statistics, training: bool) -> Tensor:
        x = self._convolve(images, 3, parameters, statistics, training)
        for stage in range(self.skeleton.stages):
            if stage:
                x = self._convolve(_pooled(x, 2, 2, 0), 1, parameters, statistics, training)
            for _ in range(self.skeleton.cells):
                x = self._cell(x, parameters, statistics, training)
        x = self._normalise(x, next(parameters), next(parameters), next(statistics), training)
        return self._classify(x, parameters)

    def _cell(self, x: Tensor, parameters: Iterator[Tensor], statistics: Statistics, training: bool) -> Tensor:
        """One cell: the sum that reaches its output, zeros where nothing does. A convolution is ReLU, convolution, norm."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for edge in self.live:
            (source, target), op = EDGES[edge], self.cell[edge]
            brought = nodes[source]
            assert brought is not None  # live edges are fed, and come in the order of their sources
            if op in KERNEL:
                brought = self._convolve(functional.relu(brought), KERNEL[op], parameters, statistics, training)
            elif op == POOL:
                brought = _pooled(brought, 3, 1, 1)
            held = nodes[target]
            nodes[target] = brought if held is None else held + brought
        output = nodes[-1]
        return torch.zeros_like(x) if output is None else output


def _shapes(cell: Cell, skeleton: Skeleton) -> list[tuple[int, Shape]]:
    """Kind and shape of every parameter, in the order of use."""
    shapes: list[tuple[int, Shape]] = []
    width = skeleton.stages_of()[-1][1]
    for kernel, fed, made, _ in convolutions(cell, skeleton):
        shapes += [(WEIGHT, (made, fed, kernel, kernel)), (SCALE, (made,)), (SHIFT, (made,))]
    return [*shapes, (SCALE, (width,)), (SHIFT, (width,)), (WEIGHT, (skeleton.classes, width)), (SHIFT, (skeleton.classes,))]


def _pooled(x: Tensor, kernel: int, stride: int, margin: int) -> Tensor:
    """Average pooling that leaves the margin out of its means: a product with a matrix, faster than torch's own loops here."""
    matrix = _pooling(x.shape[-1], kernel, stride, margin)
    side = math.isqrt(matrix.shape[1])
    return (x.flatten(2) @ matrix).view(*x.shape[:2], side, side)


@cache
def _pooling(side: int, kernel: int, stride: int, margin: int) -> Tensor:
    """The matrix of average pooling, ``(side^2, pooled side^2)``: what it makes of each image with a single one."""
    ones = torch.eye(side * side).view(-1, 1, side, side)
    return functional.avg_pool2d(ones, kernel, stride, margin, count_include_pad=False).flatten(1)
