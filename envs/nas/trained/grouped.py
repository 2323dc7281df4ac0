"""Networks of one architecture and several seeds as one network: layers side by side as grouped convolutions.

A convolution with one group per seed costs about half of one convolution per seed at these sizes. The networks share no
number: each has its own weights, statistics and images, and batch normalisation works channel by channel. Parameters and
gradients lie in one flat vector each, so an optimiser step is a few vector operations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SCALE, SHIFT, WEIGHT = range(3)
Shape = tuple[int, ...]
Statistics = Iterator[tuple[Tensor, Tensor]]


class Grouped(ABC):
    """``len(starts)`` networks; each draws its first weights from its own generator (He initialisation).

    Args:
        shapes: kind and shape of every parameter of one network, in the order of use.
        norm_momentum: share of a batch in the running mean and variance of batch normalisation.
        starts: a generator for each network.
    """

    def __init__(
        self, shapes: Sequence[tuple[int, Shape]], norm_momentum: float, starts: Sequence[np.random.Generator]
    ) -> None:
        self.norm_momentum, self.count = norm_momentum, len(starts)
        size = self.count * sum(int(np.prod(shape)) for _, shape in shapes)
        self.values, self.gradient, self.velocity, self.decayed = (torch.zeros(size) for _ in range(4))
        self.parameters: list[Tensor] = []
        self.statistics: list[tuple[Tensor, Tensor]] = []
        offset = 0
        for kind, (first, *rest) in shapes:
            shape = (self.count * first, *rest)
            part = slice(offset, offset := offset + int(np.prod(shape)))
            self._first(kind, self.values[part].view(shape), starts)
            self.decayed[part] = float(kind == WEIGHT)
            parameter = self.values[part].view(shape).detach().requires_grad_()
            parameter.grad = self.gradient[part].view(shape)
            self.parameters.append(parameter)
            if kind == SCALE:
                self.statistics.append((torch.zeros(shape), torch.ones(shape)))

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
        return self._logits(images, iter(self.parameters), iter(self.statistics), training)

    @abstractmethod
    def _logits(self, images: Tensor, parameters: Iterator[Tensor], statistics: Statistics, training: bool) -> Tensor:
        """As the call; takes parameters and statistics in the order of use."""

    def _convolve(
        self,
        x: Tensor,
        kernel: int,
        parameters: Iterator[Tensor],
        statistics: Statistics,
        training: bool,
        stride: int = 1,
        groups: int = 1,
    ) -> Tensor:
        """A convolution with ``groups`` in each network, and batch normalisation."""
        weight, scale, shift = next(parameters), next(parameters), next(parameters)
        made = functional.conv2d(x, weight, padding=kernel // 2, stride=stride, groups=groups * self.count)
        return self._normalise(made, scale, shift, next(statistics), training)

    def _normalise(self, x: Tensor, scale: Tensor, shift: Tensor, running: tuple[Tensor, Tensor], training: bool) -> Tensor:
        return functional.batch_norm(x, *running, scale, shift, training, self.norm_momentum)

    def _classify(self, x: Tensor, parameters: Iterator[Tensor]) -> Tensor:
        """ReLU, mean over the image, linear layer: logits ``(B, networks, classes)``."""
        features = functional.relu(x).mean((2, 3)).view(len(x), self.count, -1)
        weight, shift = next(parameters), next(parameters)
        logits = torch.einsum("bnw,ncw->bnc", features, weight.view(self.count, -1, features.shape[-1]))
        return logits + shift.view(self.count, -1)

    def step(self, loss: Tensor, size: float, momentum: float, decay: float) -> None:
        """One step of gradient descent with Nesterov momentum along the gradient of ``loss``."""
        self.gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        with torch.no_grad():
            self.gradient.addcmul_(self.values, self.decayed, value=decay)
            self.velocity.mul_(momentum).add_(self.gradient)
            self.values.sub_(self.gradient.add_(self.velocity, alpha=momentum), alpha=size)
