"""Accelerator hardware as a cost model: every design gets the certified best mapping of every layer of its workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from archgym.costs import Costs, Metric
from archgym.envs.accelerator.layer import Network
from archgym.envs.accelerator.technology import load_technology
from archgym.envs.accelerator.workloads import load_mix
from archgym.model import CostModel
from archgym.space import BoolArray, FloatArray, IntArray

from .atlas import Atlas, Found
from .decode import Decoder, Default, Hardware, TimeloopGym
from .topology import DATAFLOWS, KEEPS, LEVELS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
METRICS = (
    Metric("latency_s", "s", "min", "one inference, layer after layer, without DRAM time"),
    Metric("energy_j", "J", "min", "one inference: multiplications and all storage accesses, DRAM's included"),
    Metric("area_m2", "m2", "min", "buffers and multipliers"),
    Metric("power_w", "W", "min", "energy_j / latency_s"),
    Metric("utilisation", "", "max", "multiply-accumulates / (multipliers x cycles)"),
    Metric("cycles", "", "min", "latency in clock cycles"),
)
RULES = ("a layer has no mapping that fits under the dataflow's limits",)


class HardwareModel(CostModel):
    """A hardware space on a workload; the mapper inside is exact within the dataflow's map space.

    Perfect overlap of transfers and computation, unlimited DRAM bandwidth (ArchGym's), no wires, control, leakage or
    fill and drain. Latency and energy of several networks are means per inference by their shares.

    Args:
        decoder: the space and what its rows mean.
        networks: with their shares.
    """

    version = VERSION
    metrics = METRICS
    rules = RULES

    def __init__(self, decoder: Decoder, networks: Mapping[Network, float]) -> None:
        self.space = decoder.space
        self.decoder = decoder
        self.networks = dict(networks)
        self.atlas = Atlas(self.networks, [DATAFLOWS[name] for name in decoder.dataflows], *decoder.largest)

    def _evaluate(self, x: IntArray) -> Costs:
        hardware = self.decoder(x)
        found = self.atlas.search(hardware.designs)
        valid = np.asarray(found.mapped.all(axis=1))
        values = np.full((len(x), len(METRICS)), np.nan)
        values[valid] = self._values(hardware, found)[valid]
        distance = (~found.mapped).mean(axis=1)
        return Costs(METRICS, values, valid, np.asarray(~valid, dtype=np.uint64), RULES, distance)

    def _values(self, hardware: Hardware, found: Found) -> FloatArray:
        cycles = self.atlas.total(found.cycles)
        latency, energy = cycles / self.decoder.technology.clock_hz, self.atlas.total(found.energy_pj) * 1e-12
        with np.errstate(invalid="ignore"):
            power = energy / latency
        columns = (latency, energy, hardware.area_um2 * 1e-12, power, self.atlas.macs / (hardware.pes * cycles), cycles)
        return np.stack(columns, axis=1)

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Forbid values with which some layer fits under no dataflow that is still open, whatever the later knobs are."""
        allowed = np.zeros(int(self.space.nvec[knob]), np.bool_)
        rows = np.tile(self.space.nvec - 1, (len(allowed) * len(self.decoder.dataflows), 1))
        rows[:, : len(prefix)] = prefix
        rows[:, knob] = np.repeat(np.arange(len(allowed)), len(self.decoder.dataflows))
        offers = self.decoder(rows).designs.offers.reshape(len(allowed), len(self.decoder.dataflows), -1)
        for number in self._open(prefix):
            allowed |= (offers[:, 0] >= self.atlas.needs(number)).all(axis=1)
        return allowed

    def render(self, row: IntArray) -> Figure | None:
        """Roofline and energy of every layer; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def loop_nests(self, row: IntArray) -> str:
        """The best mapping of every layer of one design, as loop nests that a person can read."""
        from archgym.envs.accelerator.nest.mapping import Mapping as LoopNest

        hardware = self.decoder(self.space.check(row[None]))
        found, dataflow = self.atlas.search(hardware.designs), int(hardware.designs.dataflow[0])
        texts = []
        for k, (layer, best) in enumerate(zip(self.atlas.layers, found.row[0], strict=True)):
            table = self.atlas.table(dataflow, k)
            nest = LoopNest.from_arrays(*table.arrays(int(best))).lines(LEVELS, KEEPS) if best >= 0 else "no mapping fits"
            texts.append(f"# {layer.name}\n{nest}")
        return "\n\n".join(texts)

    def _open(self, prefix: IntArray) -> list[int]:
        """Dataflows that the prefix leaves."""
        if "dataflow" in self.space.names and len(prefix) > (j := self.space.names.index("dataflow")):
            return [int(prefix[j])]
        return list(range(len(self.decoder.dataflows)))

    def _identity(self) -> list[str]:
        layers = [f"{layer.shape}*{weight!r}" for layer, weight in zip(self.atlas.layers, self.atlas.weights, strict=True)]
        return [self.decoder.technology.fingerprint, *layers, *(repr(space) for space in self.atlas.spaces)]


# -- builders, named by the tasks -------------------------------------------------------------------------------------------


def build_default(workload: str, options: Mapping[str, str]) -> CostModel:
    """The default space. Options: technology, dram."""
    return HardwareModel(Default(load_technology(options["technology"]), options["dram"]), load_mix(workload))


def build_timeloopgym(workload: str, options: Mapping[str, str]) -> CostModel:
    """ArchGym's own space under its row-stationary limits. Options: technology, dram."""
    return HardwareModel(TimeloopGym(load_technology(options["technology"]), options["dram"]), load_mix(workload))
