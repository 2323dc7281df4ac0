"""The network around a NAS-Bench-201 cell on CIFAR-10, layer by layer.

Dong and Yang, NAS-Bench-201, ICLR 2020, section 2.1: a 3x3 convolution to 16 channels; three stages of five cells with 16, 32
and 64 channels on images of 32, 16 and 8 pixels a side; between them a residual block of stride 2 (two 3x3 convolutions, and on
its shortcut 2x2 average pooling with a 1x1 convolution); batch normalisation, mean over the image and a linear layer. Only what
carries something from input to output is built. The smallest and largest networks have the published 0.073306 and 1.531546
million parameters and 7.78 and 220.12 million multiply-accumulates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from archgym.envs.accelerator.layer import Layer
from archgym.envs.nas.cells.topology import CONV1, CONV3, EDGES, KERNEL, OPS, POOL, Cell, cell_of, live_edges

STAGES = ((32, 16), (16, 32), (8, 64))  # side of the image, channels
CELLS = 5  # per stage
CLASSES = 10


@dataclass(frozen=True)
class Counts:
    """What one cell runs: convolutions of each kernel, poolings, and feature maps moved to add up its nodes."""

    conv3: int
    conv1: int
    pools: int
    summed: int

    @classmethod
    def of(cls, cell: Cell) -> Counts:
        """A node fed by k > 1 live edges reads k maps and writes one; fed by one, it is that map."""
        live = live_edges(cell)
        fed = [sum(EDGES[edge][1] == node for edge in live) for node in (1, 2, 3)]
        ops = [cell[edge] for edge in live]
        return cls(ops.count(CONV3), ops.count(CONV1), ops.count(POOL), sum(k + 1 for k in fed if k > 1))


def convolution(side: int, channels: int, op: int) -> Layer:
    """A cell's convolution in one stage."""
    kernel = KERNEL[op]
    return Layer(f"conv{kernel}x{kernel} {side}", C=channels, M=channels, R=kernel, S=kernel, P=side, Q=side)


@cache
def frame() -> tuple[Layer, ...]:
    """All layers outside the cells; pooling and sums there are left out, as every cell has the same."""
    (side, channels), layers = STAGES[0], []
    layers.append(Layer("stem", C=3, M=channels, R=3, S=3, P=side, Q=side))
    for (_, fed), (side, made) in pairwise(STAGES):
        layers.append(Layer(f"reduce {side}", C=fed, M=made, R=3, S=3, P=side, Q=side, stride=2))
        layers.append(Layer(f"residual {side}", C=made, M=made, R=3, S=3, P=side, Q=side))
        layers.append(Layer(f"shortcut {side}", C=fed, M=made, P=side, Q=side))
    return (*layers, Layer("linear", C=STAGES[-1][1], M=CLASSES))


@cache
def all_counts() -> tuple[Counts, ...]:
    """Counts of every cell by number."""
    return tuple(Counts.of(cell_of(number)) for number in range(len(OPS) ** len(EDGES)))


def macs(counts: Counts) -> int:
    """Multiply-accumulates of a cell's network for one image."""
    fixed, three, one = _macs()
    return fixed + CELLS * (counts.conv3 * three + counts.conv1 * one)


def parameters(counts: Counts) -> int:
    """Trained parameters: convolutions with their batch normalisation (the shortcuts have none), and the head."""
    fixed, three, one = _parameters()
    return fixed + CELLS * (counts.conv3 * three + counts.conv1 * one)


@cache
def _macs() -> tuple[int, int, int]:
    """Outside the cells, and of one convolution of each kernel in all stages."""
    three, one = (sum(convolution(*stage, op).macs for stage in STAGES) for op in (CONV3, CONV1))
    return sum(layer.macs for layer in frame()), three, one


@cache
def _parameters() -> tuple[int, int, int]:
    three, one = (sum(k * k * c * c + 2 * c for _, c in STAGES) for k in (3, 1))
    kernels = sum(layer.C * layer.M * layer.R * layer.S for layer in frame())
    norms = sum(2 * layer.M for layer in frame() if layer.R == 3) + 2 * STAGES[-1][1]
    return kernels + norms + CLASSES, three, one
