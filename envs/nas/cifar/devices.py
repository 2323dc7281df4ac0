"""Latency and energy of every cell on accelerators of different kinds, priced layer by layer.

A device is a design of our systolic environment, as data (``devices.toml``). Layers run one after the other, each map through
DRAM; a batch is computed together, and an image's time is its share. Convolutions are priced by that model; poolings and sums
of nodes, which it leaves out, by their words moved through DRAM at its bandwidth. What every cell has alike but no layer
(pooling on shortcuts, activation) is left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from archgym.envs.accelerator.layer import Layer, Network
from archgym.envs.accelerator.systolic.hardware import Hardware
from archgym.envs.accelerator.systolic.model import VERSION, SystolicModel
from archgym.envs.accelerator.technology import load_technology
from archgym.envs.nas.cells.topology import CONV1, CONV3
from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray

from .network import CELLS, STAGES, all_counts, convolution, frame


@dataclass(frozen=True)
class Device:
    """One accelerator: a design by value, and of what it is made."""

    name: str
    doc: str
    technology: str
    memory: str
    design: Mapping[str, Any]

    @property
    def facts(self) -> list[str]:
        """What decides its prices."""
        return [self.name, VERSION, repr(sorted(self.design.items())), self.hardware.technology.fingerprint, self.memory]

    @property
    def hardware(self) -> Hardware:
        """Costs of its parts."""
        return Hardware(load_technology(self.technology), self.memory)


@cache
def devices() -> dict[str, Device]:
    """The shipped devices by name."""
    text = resources.files(__package__ or "").joinpath("devices.toml").read_text(encoding="utf-8")
    return {name: Device(name, **facts) for name, facts in tomllib.loads(text).items()}


def device(name: str) -> Device:
    """A device by name.

    Raises:
        BadInput: there is none of this name.
    """
    if name not in devices():
        raise BadInput(f"no device '{name}'" + did_you_mean(name, devices()))
    return devices()[name]


@cache
def prices(name: str) -> FloatArray:
    """Seconds and joules per image of every cell on a device, ``float64 (15625, 2)``, rows by number of the cell."""
    chosen = device(name)
    table = _layer_prices(chosen, [*frame(), *(convolution(*stage, op) for stage in STAGES for op in (CONV3, CONV1))])
    fixed, inside = table[: len(frame())].sum(axis=0), table[len(frame()) :].reshape(len(STAGES), 2, 2)
    words = CELLS * sum(moved(chosen, side * side * channels) for side, channels in STAGES)
    counts = np.array([(c.conv3, c.conv1, 2 * c.pools + c.summed) for c in all_counts()], dtype=np.float64)
    three, one, maps = (counts[:, k : k + 1] for k in range(3))
    return np.asarray(fixed + CELLS * (three * inside[:, 0].sum(axis=0) + one * inside[:, 1].sum(axis=0)) + maps * words)


def _layer_prices(chosen: Device, layers: Sequence[Layer]) -> FloatArray:
    """Seconds and joules of each layer, ``float64 (L, 2)``."""
    return np.array([layer_price(chosen, layer) for layer in layers])


def layer_price(chosen: Device, layer: Layer) -> tuple[float, float]:
    """Seconds and joules of a layer.

    Raises:
        BadInput: the device is no design of its environment.
    """
    model = SystolicModel({Network.of(layer.name, [(layer, 1)]): 1.0}, chosen.hardware)
    costs = model.evaluate(model.space.encode(chosen.design)[None])
    if not costs.valid[0]:
        raise BadInput(f"device {chosen.name}: {costs.why(0)}")
    return 1.0 / float(costs["throughput_per_s"][0]), float(costs["energy_j"][0])


def moved(chosen: Device, words: int) -> FloatArray:
    """Seconds and joules to bring so many words from or to DRAM, ``float64 (2,)``."""
    hardware = chosen.hardware
    seconds = words * hardware.word_bytes / (hardware.bytes_per_s * int(chosen.design["dram_channels"]))
    return np.array([seconds, words * hardware.dram_pj * 1e-12])
