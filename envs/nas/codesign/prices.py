"""Tables of what every stage of a network costs on every sub-accelerator, out of the accelerator family's exact mapper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archgym.envs.accelerator.hardware.atlas import Atlas
from archgym.envs.accelerator.hardware.topology import DATAFLOWS
from archgym.envs.accelerator.layer import Layer, Network
from archgym.space import FloatArray

from .chips import TEMPLATES, Subs
from .networks import Stage

UNMAPPED = 1e18  # cycles and pJ where a layer has no mapping; finite, since none of it is none


@dataclass(frozen=True, eq=False)
class Prices:
    """Per sub-accelerator and stage, the fixed layers and one of each operation (times the cells of the stage).

    Args:
        cycles, energy_pj: ``float64 (H, P, 4)``, columns as in `networks.counts`; :data:`UNMAPPED` where nothing maps.
    """

    cycles: FloatArray
    energy_pj: FloatArray


@lru_cache(maxsize=8)
def prices(network: tuple[Stage, ...], subs: Subs) -> Prices:
    """The tables of a network; models that share it share them.

    Every distinct layer is mapped anew on each of the H sub-accelerators: the best energy-delay product, cycles exact.
    """
    layers = {layer.shape: layer for stage in network for layer in (*stage.fixed, *stage.priced)}
    together = {Network.of("layers", [(layer, 1) for layer in layers.values()]): 1.0}
    found = Atlas(together, [DATAFLOWS[name] for name in TEMPLATES], *subs.limits).search(subs.designs())
    column = {shape: k for k, shape in enumerate(layers)}
    tables = [_by_stage(network, column, np.minimum(costs, UNMAPPED)) for costs in (found.cycles, found.energy_pj)]
    return Prices(*tables)


def _by_stage(network: tuple[Stage, ...], column: dict[tuple[int, ...], int], costs: FloatArray) -> FloatArray:
    """Sums of layer costs ``(H, layers)`` as ``(H, P, 4)``."""
    table = np.empty((len(costs), len(network), 4))

    def of(layer: Layer) -> FloatArray:
        return costs[:, column[layer.shape]]

    for p, stage in enumerate(network):
        table[:, p, 0] = np.sum([of(layer) for layer in stage.fixed], axis=0)
        for k, layer in enumerate(stage.priced):
            table[:, p, 1 + k] = stage.cells * of(layer)
    return table
