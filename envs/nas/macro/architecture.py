"""Networks of inverted residual blocks, searched as Once-for-All does: one choice per stage, not per layer.

Cai et al. (Once-for-All, ICLR 2020, section 3) vary the resolution, and in every stage of a mobile network the number of
blocks, their kernels and their expansions; the width multiplier is MobileNet's. A block (Sandler et al., MobileNetV2, CVPR
2018, section 3) expands its channels by a 1x1 convolution, filters each by a depthwise one and projects by a 1x1 convolution to
channels that no ReLU follows; where it changes neither size nor channels its input is added.

Ours: a 3x3 convolution, two stages, the second of twice the channels and half the side (rounded up), ReLU, mean over the
image, linear layer; batch normalisation after every convolution, ReLU after the first one and inside the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

STAGES = 2
STEM, EXPAND, DEPTHWISE, PROJECT = "stem", "expand", "depthwise", "project"


@dataclass(frozen=True)
class Choices:
    """What there is to choose from, and what stands around it.

    Args:
        resolutions: sides of the image, which is brought to it by areas.
        widths: channels of the first stage.
        depths, kernels, expansions: of each stage: blocks, side of the depthwise filters, channels inside a block over its own.
        classes: outputs.
    """

    resolutions: tuple[int, ...] = (5, 6, 8)
    widths: tuple[int, ...] = (6, 8, 12)
    depths: tuple[int, ...] = (1, 2, 3)
    kernels: tuple[int, ...] = (3, 5)
    expansions: tuple[int, ...] = (2, 4)
    classes: int = 10

    def architectures(self) -> tuple[Architecture, ...]:
        """All of them, in the order of their numbers: the last choice changes first."""
        stages = [Stage(*chosen) for chosen in product(self.depths, self.kernels, self.expansions)]
        chosen = product(self.resolutions, self.widths, product(stages, repeat=STAGES))
        return tuple(Architecture(resolution, width, pair) for resolution, width, pair in chosen)


class Stage(NamedTuple):
    """Blocks of one stage."""

    depth: int
    kernel: int
    expansion: int


class Architecture(NamedTuple):
    """One network."""

    resolution: int
    width: int
    stages: tuple[Stage, ...]


class Convolution(NamedTuple):
    """One convolution, with batch normalisation after it.

    Attributes:
        kind: of :data:`STEM`, :data:`EXPAND`, :data:`DEPTHWISE`, :data:`PROJECT`.
        fed, made: channels; a depthwise one makes each channel from itself.
        kernel, stride, side: of its filters, and the side of its output.
        added: a projection whose block's input is added to its output.
    """

    kind: str
    fed: int
    made: int
    kernel: int
    stride: int
    side: int
    added: bool = False

    @property
    def weights(self) -> tuple[int, int, int, int]:
        """Shape of its filters."""
        return self.made, 1 if self.kind == DEPTHWISE else self.fed, self.kernel, self.kernel


def convolutions(architecture: Architecture) -> list[Convolution]:
    """The convolutions of a network, in the order they run."""
    side, width = architecture.resolution, architecture.width
    layers = [Convolution(STEM, 1, width, 3, 1, side)]
    for place, stage in enumerate(architecture.stages):
        for block in range(stage.depth):
            stride = 2 if place and not block else 1
            fed, made = layers[-1].made, width << place
            layers += _block(fed, made, stage, stride, side)
            side = layers[-1].side
    return layers


def _block(fed: int, made: int, stage: Stage, stride: int, side: int) -> list[Convolution]:
    inside, after = fed * stage.expansion, -(-side // stride)
    return [
        Convolution(EXPAND, fed, inside, 1, 1, side),
        Convolution(DEPTHWISE, inside, inside, stage.kernel, stride, after),
        Convolution(PROJECT, inside, made, 1, 1, after, added=fed == made and stride == 1),
    ]


def parameters(architecture: Architecture, classes: int) -> int:
    """Trained parameters: filters, scale and shift of each normalisation, linear layer."""
    layers = convolutions(architecture)
    made = sum(a * b * c * d + 2 * a for a, b, c, d in (layer.weights for layer in layers))
    return made + classes * (layers[-1].made + 1)


def macs(architecture: Architecture, classes: int) -> int:
    """Multiply-accumulates for one image: convolutions and linear layer."""
    layers = convolutions(architecture)
    return sum(a * b * c * d * layer.side**2 for layer in layers for a, b, c, d in (layer.weights,)) + classes * layers[-1].made
