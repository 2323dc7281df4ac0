"""The networks of one cell and several seeds as one network: layers side by side as grouped convolutions.

A convolution with one group per seed costs about half of one convolution per seed at these sizes. The networks share no
number: each has its own weights, statistics and images, and batch normalisation works channel by channel. Parameters and
gradients lie in one flat vector each, so an optimiser step is a few vector operations.
"""

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

SCALE, SHIFT, WEIGHT = range(3)
Shape = tuple[int, ...]


class Networks:
    """``len(starts)`` networks of one cell; each draws its first weights from its own generator (He initialisation)."""

    def __init__(self, cell: Cell, skeleton: Skeleton, norm_momentum: float, starts: Sequence[np.random.Generator]) -> None:
        self.cell, self.skeleton, self.norm_momentum, self.count = cell, skeleton, norm_momentum, len(starts)
        self.live = live_edges(cell)
        self.width = skeleton.stages_of()[-1][1]
        shapes = self._shapes()
        size = sum(int(np.prod(shape)) for _, shape in shapes)
        self.values, self.gradient, self.velocity, self.decayed = (torch.zeros(size) for _ in range(4))
        self.parameters: list[Tensor] = []
        self.statistics: list[tuple[Tensor, Tensor]] = []
        offset = 0
        for kind, shape in shapes:
            part = slice(offset, offset := offset + int(np.prod(shape)))
            self._first(kind, self.values[part].view(shape), starts)
            self.decayed[part] = float(kind == WEIGHT)
            parameter = self.values[part].view(shape).detach().requires_grad_()
            parameter.grad = self.gradient[part].view(shape)
            self.parameters.append(parameter)
            if kind == SCALE:
                self.statistics.append((torch.zeros(shape), torch.ones(shape)))

    def _shapes(self) -> list[tuple[int, Shape]]:
        """Kind and shape of every parameter, in the order of use."""
        shapes: list[tuple[int, Shape]] = []
        for kernel, fed, made, _ in convolutions(self.cell, self.skeleton):
            shapes.append((WEIGHT, (self.count * made, fed, kernel, kernel)))
            shapes += [(kind, (self.count * made,)) for kind in (SCALE, SHIFT)]
        shapes += [(kind, (self.count * self.width,)) for kind in (SCALE, SHIFT)]
        classes = self.count * self.skeleton.classes
        return [*shapes, (WEIGHT, (classes, self.width)), (SHIFT, (classes,))]

    def _first(self, kind: int, values: Tensor, starts: Sequence[np.random.Generator]) -> None:
        """First values: one for scales, zero for shifts, normal for weights with variance 2 (linear layer: 1) over fan-in."""
        if kind != WEIGHT:
            values.fill_(float(kind == SCALE))
            return
        shape = (values.shape[0] // self.count, *values.shape[1:])
        deviation = np.sqrt((2.0 if len(shape) == 4 else 1.0) / np.prod(shape[1:]))
        drawn = [start.standard_normal(shape) * deviation for start in starts]
        values.copy_(torch.from_numpy(np.concatenate(drawn).astype(np.float32)))

    def __call__(self, images: Tensor, training: bool) -> Tensor:
        """Logits ``(B, networks, classes)`` of images ``(B, networks, side, side)``, each network with its own."""
        parameters, statistics = iter(self.parameters), iter(self.statistics)
        x = self._convolve(images, 3, parameters, statistics, training)
        for stage in range(self.skeleton.stages):
            if stage:
                x = self._convolve(_pooled(x, 2, 2, 0), 1, parameters, statistics, training)
            for _ in range(self.skeleton.cells):
                x = self._cell(x, parameters, statistics, training)
        x = self._normalise(x, next(parameters), next(parameters), next(statistics), training)
        features = functional.relu(x).mean((2, 3)).view(len(images), self.count, self.width)
        weight, shift = next(parameters), next(parameters)
        classes = self.skeleton.classes
        logits = torch.einsum("bnw,ncw->bnc", features, weight.view(self.count, classes, self.width))
        return logits + shift.view(self.count, classes)

    def _cell(
        self, x: Tensor, parameters: Iterator[Tensor], statistics: Iterator[tuple[Tensor, Tensor]], training: bool
    ) -> Tensor:
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

    def _convolve(
        self, x: Tensor, kernel: int, parameters: Iterator[Tensor], statistics: Iterator[tuple[Tensor, Tensor]], training: bool
    ) -> Tensor:
        weight, scale, shift = next(parameters), next(parameters), next(parameters)
        made = functional.conv2d(x, weight, padding=kernel // 2, groups=self.count)
        return self._normalise(made, scale, shift, next(statistics), training)

    def _normalise(self, x: Tensor, scale: Tensor, shift: Tensor, running: tuple[Tensor, Tensor], training: bool) -> Tensor:
        return functional.batch_norm(x, *running, scale, shift, training, self.norm_momentum)

    def step(self, loss: Tensor, size: float, momentum: float, decay: float) -> None:
        """One step of gradient descent with Nesterov momentum along the gradient of ``loss``."""
        self.gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        with torch.no_grad():
            self.gradient.addcmul_(self.values, self.decayed, value=decay)
            self.velocity.mul_(momentum).add_(self.gradient)
            self.values.sub_(self.gradient.add_(self.velocity, alpha=momentum), alpha=size)


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
