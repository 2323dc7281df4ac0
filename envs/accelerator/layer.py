"""What an accelerator computes: layers as loop nests of eight bounds, networks as layers with counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.errors import BadInput
from archgym.space import IntArray

DIMS = ("G", "C", "M", "R", "S", "N", "P", "Q")
TENSORS = ("Weights", "Inputs", "Outputs")
LARGEST = 1 << 24  # of one bound: products of eight of them are kept in float64 and int64 below 2^62


@dataclass(frozen=True)
class Layer:
    """One convolution or matrix product: ``O[g,n,m,p,q] = sum over c, r, s of W[g,c,m,r,s] * I[g,n,c,p*st+r,q*st+s]``.

    Args:
        name: free text.
        G, C, M, R, S, N, P, Q: groups, input channels per group, output channels per group, filter height and width,
            batch, output height and width.
        stride: of both axes.

    A matrix product (rows x K) (K x columns) has P = rows, C = K, M = columns; a depthwise layer G = channels, C = M = 1.

    Raises:
        BadInput: a bound that is no whole number in 1 … 2^24.
    """

    name: str
    G: int = 1
    C: int = 1
    M: int = 1
    R: int = 1
    S: int = 1
    N: int = 1
    P: int = 1
    Q: int = 1
    stride: int = 1

    def __post_init__(self) -> None:
        for name, value in (*zip(DIMS, self.bounds, strict=True), ("stride", self.stride)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
                raise BadInput(f"layer '{self.name}': {name} must be a whole number from 1 to {LARGEST}, got {value!r}")

    @property
    def bounds(self) -> tuple[int, ...]:
        """The eight bounds in the order of :data:`DIMS`."""
        return self.G, self.C, self.M, self.R, self.S, self.N, self.P, self.Q

    @property
    def shape(self) -> tuple[int, ...]:
        """What decides every cost: bounds and stride, without the name."""
        return (*self.bounds, self.stride)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates."""
        product = 1
        for bound in self.bounds:
            product *= bound
        return product

    @property
    def input_height(self) -> int:
        """Rows of the input that are read: the padded height, exact."""
        return (self.P - 1) * self.stride + self.R

    @property
    def input_width(self) -> int:
        """Columns of the input that are read: the padded width, exact."""
        return (self.Q - 1) * self.stride + self.S

    @property
    def words(self) -> tuple[int, int, int]:
        """Sizes of weights, inputs and outputs in words."""
        weights = self.G * self.C * self.M * self.R * self.S
        inputs = self.G * self.N * self.C * self.input_height * self.input_width
        return weights, inputs, self.G * self.N * self.M * self.P * self.Q

    def array(self) -> IntArray:
        """``int64 (9,)``: bounds and stride, as kernels take them."""
        return np.array(self.shape, dtype=np.int64)


@dataclass(frozen=True)
class Network:
    """Layers in order, each with how often its shape occurs.

    Args:
        name: free text.
        layers: distinct shapes with their counts, in order of first appearance.
    """

    name: str
    layers: tuple[tuple[Layer, int], ...]

    @classmethod
    def of(cls, name: str, layers: list[tuple[Layer, int]]) -> Network:
        """A network out of layers that may repeat a shape: equal shapes are counted together.

        Raises:
            BadInput: there are no layers, or a count is below 1.
        """
        counts: dict[tuple[int, ...], tuple[Layer, int]] = {}
        for layer, count in layers:
            if count < 1:
                raise BadInput(f"network '{name}', layer '{layer.name}': count must be 1 or more, got {count}")
            first, before = counts.get(layer.shape, (layer, 0))
            counts[layer.shape] = first, before + count
        if not counts:
            raise BadInput(f"network '{name}' has no layers")
        return cls(name, tuple(counts.values()))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network."""
        return sum(layer.macs * count for layer, count in self.layers)
