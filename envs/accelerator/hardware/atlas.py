"""The tables of all layers of a workload, per dataflow, and the search of a batch of hardware designs in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.envs.accelerator.layer import Layer, Network
from archgym.envs.accelerator.mapper.space import MapSpace
from archgym.envs.accelerator.mapper.table import Table, build_table
from archgym.space import BoolArray, FloatArray, IntArray

from .topology import KEEP

CHUNK = 64


@dataclass(frozen=True)
class Designs:
    """N accelerators on the topology.

    Args:
        dataflow: ``int64 (N,)``, number of the map space.
        goal: ``int64 (N,)``, what the mapper minimises, as in ``mapper.solve.GOALS``.
        offers: ``int64 (N, 3 L)``: per level words, columns and rows.
        ports: ``float64 (N, L, 5)``: words per block, read and write words per cycle, read and write pJ per block.
        mac_pj: ``float64 (N,)``.
    """

    dataflow: IntArray
    goal: IntArray
    offers: IntArray
    ports: FloatArray
    mac_pj: FloatArray


@dataclass(frozen=True)
class Found:
    """The mapper's answer for N designs and K layers: ``(N, K)`` each; row -1 and infinite costs where nothing fits."""

    row: IntArray
    cycles: FloatArray
    energy_pj: FloatArray

    @property
    def mapped(self) -> BoolArray:
        """``bool (N, K)``."""
        return np.asarray(self.row >= 0)


class Atlas:
    """Tables per dataflow and layer, made on first use and shared by all models of one process.

    Args:
        networks: with their shares.
        spaces: map spaces, in the order that designs number them.
        fanouts: ``int64 (L, 2)``, columns and rows of the largest design.
        capacities: per level the words on offer, ascending.
    """

    def __init__(
        self,
        networks: Mapping[Network, float],
        spaces: Sequence[MapSpace],
        fanouts: IntArray,
        capacities: Sequence[IntArray],
    ) -> None:
        self.layers, self.weights = _union(networks)
        self.spaces = tuple(spaces)
        self._limits = tuple(tuple(int(v) for v in row) for row in fanouts), tuple(tuple(c.tolist()) for c in capacities)

    def table(self, dataflow: int, layer: int) -> Table:
        """The table of one layer under one dataflow."""
        return _table(self.layers[layer], self.spaces[dataflow], *self._limits)

    def _make(self, dataflow: int, layer: int) -> None:
        self.table(dataflow, layer)

    def needs(self, dataflow: int) -> IntArray:
        """``int64 (3 L,)``: what hardware must offer at least, column by column, for any mapping of every layer."""
        return np.asarray(np.max([self.table(dataflow, k).least for k in range(len(self.layers))], axis=0))

    def search(self, designs: Designs) -> Found:
        """The best mapping of every layer on every design, designs on all cores."""
        n, k = len(designs.goal), len(self.layers)
        found = Found(np.full((n, k), -1, np.int64), np.full((n, k), np.inf), np.full((n, k), np.inf))
        for dataflow in np.unique(designs.dataflow):
            rows = np.flatnonzero(designs.dataflow == dataflow)
            in_parallel(partial(self._make, int(dataflow)), range(k))
            tables = [self.table(int(dataflow), j) for j in range(k)]
            in_parallel(partial(_search, designs, tables, found), [rows[part] for part in slices(len(rows), CHUNK)])
        return found

    def total(self, per_layer: FloatArray) -> FloatArray:
        """A network's sum (the mean over networks by their shares) of costs ``(N, K)`` per layer: ``(N,)``."""
        return np.asarray((per_layer * self.weights).sum(axis=1))

    @property
    def macs(self) -> float:
        """Multiply-accumulates of one inference, averaged over networks by their shares."""
        return float(sum(layer.macs * w for layer, w in zip(self.layers, self.weights, strict=True)))


def _search(designs: Designs, tables: Sequence[Table], found: Found, rows: IntArray) -> None:
    from archgym.envs.accelerator.mapper.search import search

    offers, ports, goal, mac_pj = (a[rows] for a in (designs.offers, designs.ports, designs.goal, designs.mac_pj))
    best, out = np.empty(len(rows), np.int64), np.empty((len(rows), 2))
    for k, table in enumerate(tables):
        search(table.needs, table.counts, table.active, offers, ports, table.layer.macs * mac_pj, goal, best, out)
        found.row[rows, k], found.cycles[rows, k], found.energy_pj[rows, k] = best, out[:, 0], out[:, 1]


def _union(networks: Mapping[Network, float]) -> tuple[list[Layer], FloatArray]:
    """Distinct layers of all networks, and how often an average inference runs each."""
    layers: dict[tuple[int, ...], tuple[Layer, float]] = {}
    for network, share in networks.items():
        for layer, count in network.layers:
            first, before = layers.get(layer.shape, (layer, 0.0))
            layers[layer.shape] = first, before + share * count
    return [layer for layer, _ in layers.values()], np.array([weight for _, weight in layers.values()])


@lru_cache(maxsize=1024)
def _table(
    layer: Layer, space: MapSpace, fanouts: tuple[tuple[int, ...], ...], capacities: tuple[tuple[int, ...], ...]
) -> Table:
    return build_table(layer, space, KEEP, np.array(fanouts), [np.array(c, dtype=np.int64) for c in capacities])
