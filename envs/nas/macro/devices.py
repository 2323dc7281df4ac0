"""Latency and energy of every network on accelerators of different kinds, priced layer by layer.

Devices and prices are those of the NAS-Bench-201 networks (``envs/nas/cifar/devices``). An addition at the end of a block reads
two feature maps and writes one. Batch normalisation is folded into the weights; ReLU, the mean over the image and bringing the
image to its resolution are left out.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from archgym.envs.accelerator.layer import Layer
from archgym.envs.nas.cifar.devices import device, devices, layer_price, moved
from archgym.space import FloatArray

from .architecture import DEPTHWISE, Choices, Convolution, convolutions

Price = tuple[float, float]
MAPS_PER_ADDITION = 3


@cache
def prices(name: str) -> FloatArray:
    """Seconds and joules per image of every network on a device, ``float64 (1296, 2)``, rows by number (10 s for the first).

    Raises:
        BadInput: there is no such device.
    """
    chosen, choices = device(name), Choices()
    word = moved(chosen, 1)
    found = []
    for architecture in choices.architectures():
        layers = convolutions(architecture)
        run = [*(as_layer(layer) for layer in layers), Layer("linear", C=layers[-1].made, M=choices.classes)]
        words = MAPS_PER_ADDITION * sum(layer.side**2 * layer.made for layer in layers if layer.added)
        found.append(np.sum([_price(layer)[name] for layer in run], axis=0) + words * word)
    return np.array(found)


def as_layer(layer: Convolution) -> Layer:
    """A convolution as an accelerator takes it: a depthwise one has a group for each channel."""
    groups = layer.fed if layer.kind == DEPTHWISE else 1
    made, fed, kernel, _ = layer.weights
    name = f"{kernel}x{kernel}"
    return Layer(name, groups, fed, made // groups, kernel, kernel, P=layer.side, Q=layer.side, stride=layer.stride)


@cache
def _price(layer: Layer) -> dict[str, Price]:
    """Of one layer on all devices: the tables its price is read from are made once for all of them."""
    return {name: layer_price(chosen, layer) for name, chosen in devices().items()}
