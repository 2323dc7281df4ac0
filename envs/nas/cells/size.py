"""Trained parameters and multiply-accumulates of a cell's network, counted layer by layer.

Counted are convolutions, the linear layer, and the scale and shift of each batch normalisation (parameters only). Operations
that carry nothing from input to output are not built, so not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from archgym.envs.nas.cells.topology import KERNEL, Cell, live_edges


@dataclass(frozen=True)
class Skeleton:
    """What stands around the cells: stem, stages of cells that halve the image and double the channels, a linear layer.

    Stem: a 3x3 convolution and batch normalisation. Between stages: 2x2 average pooling, a 1x1 convolution to twice the
    channels, batch normalisation. Head: batch normalisation, ReLU, mean over the image, linear layer.
    """

    image: int = 8
    inputs: int = 1
    channels: int = 8
    stages: int = 2
    cells: int = 1
    classes: int = 10

    def stages_of(self) -> list[tuple[int, int]]:
        """Image side and channels of each stage."""
        return [(self.image >> stage, self.channels << stage) for stage in range(self.stages)]


def convolutions(cell: Cell, skeleton: Skeleton) -> list[tuple[int, int, int, int]]:
    """Each convolution of the network in the order it runs: kernel, channels in, channels out, side of its output."""
    kernels = [KERNEL[cell[edge]] for edge in live_edges(cell) if cell[edge] in KERNEL]
    layers = [(3, skeleton.inputs, skeleton.channels, skeleton.image)]
    for stage, (side, width) in enumerate(skeleton.stages_of()):
        if stage:
            layers.append((1, width // 2, width, side))
        layers += [(kernel, width, width, side) for _ in range(skeleton.cells) for kernel in kernels]
    return layers


def parameters(cell: Cell, skeleton: Skeleton) -> int:
    """Number of trained parameters of the cell's network."""
    width = skeleton.stages_of()[-1][1]
    layers = sum(kernel**2 * fed * made + 2 * made for kernel, fed, made, _ in convolutions(cell, skeleton))
    return layers + 2 * width + skeleton.classes * (width + 1)


def macs(cell: Cell, skeleton: Skeleton) -> int:
    """Multiply-accumulates of the cell's network for one image."""
    width = skeleton.stages_of()[-1][1]
    layers = sum(kernel**2 * fed * made * side**2 for kernel, fed, made, side in convolutions(cell, skeleton))
    return layers + skeleton.classes * width
