"""Networks and heterogeneous sub-accelerators as one cost model: measured accuracies, latency and energy out of the mapper.

After NASAIC (Yang et al., DAC 2020, arXiv:2002.04116): several networks, sub-accelerators by dataflow template, bounds on all
of them together, specs on latency, energy and area. Latency is that of one frame: every network once. A network's stages run
in order, each on the sub-accelerator it is assigned to, one stage at a time per sub-accelerator; stages are started stage by
stage over all networks, each as soon as its network and its sub-accelerator are free. Every layer reads and writes DRAM, so a
change of sub-accelerator costs nothing extra. A sub-accelerator without a stage is not built. Left out: leakage, control,
conflicts at the DRAM (each sub-accelerator has its bandwidth to itself), and what `networks` leaves out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.envs.accelerator.technology import load_technology
from archgym.errors import BadInput, did_you_mean
from archgym.model import CostModel
from archgym.objective import Objective
from archgym.space import BoolArray, FloatArray, IntArray

from . import moves
from .accuracy import Learned, load, sizes
from .chips import CHIPS, Subs
from .prices import UNMAPPED, prices
from .space import SUBS, Layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
CHUNK = 8192
METRICS = (
    Metric("validation_error", "", "min", "1 - accuracy on validation images, weighted mean over networks, means over seeds"),
    Metric("latency_s", "s", "min", "of a frame: every network once, sub-accelerators side by side"),
    Metric("energy_j", "J", "min", "of a frame: multiplications and all storage accesses, DRAM's included"),
    Metric("area_m2", "m2", "min", "buffers and multipliers of the sub-accelerators in use"),
    Metric("utilisation", "", "max", "multiply-accumulates / (elements x cycles)"),
    Metric("test_error", "", "none", "the same on test images: for reports, not to be searched on"),
)


class CodesignModel(CostModel):
    """Cells, assignments and two sub-accelerators.

    Args:
        networks: one or several, the same data set may come twice.
        weights: of their accuracies, sum 1.
        subs: every sub-accelerator that the chip may have.
    """

    version = VERSION
    metrics = METRICS

    def __init__(self, networks: Sequence[Learned], weights: Sequence[float], subs: Subs) -> None:
        self.networks, self.weights, self.subs = tuple(networks), tuple(weights), subs
        self.layout = Layout(_names(networks), tuple(len(n.stages) for n in networks), subs.chip)
        self.space = self.layout.space
        self.rules = (
            *(f"the cell of {name} is not in the table of trained networks" for name in self.layout.names),
            f"more than {subs.chip.total_pes} processing elements in all",
            f"more than {subs.chip.total_gb_per_s:g} GB/s in all",
            "a layer has no mapping on its sub-accelerator",
        )

    @cached_property
    def tables(self) -> list[tuple[FloatArray, FloatArray]]:
        """Per network cycles and pJ ``(H, P, 4)``, as `prices` gives them."""
        found = [prices(network.stages, self.subs) for network in self.networks]
        return [(p.cycles, p.energy_pj) for p in found]

    @cached_property
    def accuracies(self) -> list[FloatArray]:
        """Validation and test accuracy weighted, for each network ``float64 (2, 15625)``: the metrics are their sums."""
        pairs = zip(self.networks, self.weights, strict=True)
        return [np.stack([n.validation, n.test]) * weight for n, weight in pairs]

    def _evaluate(self, x: IntArray) -> Costs:
        values, short = np.full((len(x), len(METRICS)), np.nan), np.zeros((len(x), len(self.rules)))

        def work(part: slice) -> None:
            values[part], short[part] = self._values(x[part])

        _ = self.tables, self.accuracies, sizes()
        in_parallel(work, slices(len(x), CHUNK))
        broken = short > 0.0
        reason = (broken * (1 << np.arange(len(self.rules)))).sum(axis=1).astype(np.uint64)
        valid: BoolArray = np.logical_not(broken.any(axis=1))
        values[~valid] = np.nan
        return Costs(METRICS, values, valid, reason, self.rules, short.sum(axis=1))

    def _values(self, x: IntArray) -> tuple[FloatArray, FloatArray]:
        """Metrics ``(N, M)``, and how far each rule is from being kept ``(N, rules)``."""
        cells, runs, subs = self.layout.cells(x), self.layout.runs(x), self.layout.subs(x)
        used = moves.used(runs)
        values, short = np.empty((len(x), len(METRICS))), np.zeros((len(x), len(self.rules)))
        stages = self.stage_costs(cells, runs, subs)
        cycles, energy = schedule(self.layout, runs, stages[0]), sum(stages[1])
        pes = (self.subs.pes[subs] * used).sum(axis=1)
        area = self.subs.area_m2[subs] * used
        accuracy: FloatArray = np.sum([table[:, cells[:, t]] for t, table in enumerate(self.accuracies)], axis=0)
        values[:, 0], values[:, 5] = 1.0 - accuracy[0], 1.0 - accuracy[1]
        values[:, 1], values[:, 2] = cycles / self.subs.technology.clock_hz, energy * 1e-12
        values[:, 3], values[:, 4] = area[:, 0] + area[:, 1], self._macs(cells) / (pes * cycles)
        for t, far in enumerate(self.distances):
            short[:, t] = far[cells[:, t]]
        gb_per_s = (self.subs.gb_per_s[subs] * used).sum(axis=1)
        short[:, -3] = np.maximum(pes / self.subs.chip.total_pes - 1.0, 0.0)
        short[:, -2] = np.maximum(gb_per_s / self.subs.chip.total_gb_per_s - 1.0, 0.0)
        short[:, -1] = cycles >= UNMAPPED
        return values, short

    def stage_costs(self, cells: IntArray, runs: IntArray, subs: IntArray) -> tuple[list[FloatArray], list[FloatArray]]:
        """Cycles and pJ of every stage ``(N,)``, in the order of :attr:`Layout.order`."""
        found: tuple[list[FloatArray], list[FloatArray]] = ([], [])
        rows = np.arange(len(cells))
        for t, p, column in self.layout.order:
            on, how_often = subs[rows, runs[:, column]], sizes()[cells[:, t]]
            for costs, table in zip(found, self.tables[t], strict=True):
                each = table[on, p] * how_often
                costs.append(((each[:, 0] + each[:, 1]) + each[:, 2]) + each[:, 3])
        return found

    def _macs(self, cells: IntArray) -> IntArray:
        work = [sum(stage.macs for stage in network.stages) for network in self.networks]
        return np.asarray(sum((sizes()[cells[:, t]] * macs).sum(axis=1) for t, macs in enumerate(work)))

    @cached_property
    def nearest(self) -> list[IntArray]:
        """For each network and cell the nearest one that was trained, ``int64 (15625,)``."""
        return [moves.nearest(~np.isnan(network.validation))[1] for network in self.networks]

    @cached_property
    def distances(self) -> list[FloatArray]:
        """How far each cell is from one that was trained, in edges over 6: ``float64 (15625,)``."""
        return [moves.nearest(~np.isnan(network.validation))[0] / 6.0 for network in self.networks]

    @cached_property
    def folds(self) -> list[IntArray]:
        """For each network and cell the first one of equal accuracies and layers, ``int64 (15625,)``."""
        return [network.folded(sizes()) for network in self.networks]

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Operations after which a trained cell remains; elements and bandwidth that leave some for the other one."""
        return moves.mask(self, prefix, knob)

    def repair(self, x: IntArray) -> IntArray:
        """The nearest trained cells; elements, and bandwidth, are taken from the sub-accelerator that has more."""
        return moves.repair(self, x)

    def _canonical(self, x: IntArray) -> IntArray:
        """Cells of equal accuracy and size, sub-accelerators in order, one without a stage at its first values."""
        return moves.canonical(self, x)

    def optimum(self, objective: Objective) -> IntArray | None:
        """The best design within bounds on latency, energy and area, by `search`, which proves it."""
        from .search import best_design

        return best_design(self, objective)

    def known(self, objective: Objective) -> IntArray | None:
        """Of one network's front: the fastest, the least hungry and the smallest design of every size of network."""
        from .search import best_of_each

        return best_of_each(self, objective)

    def render(self, row: IntArray) -> Figure | None:
        """When each stage runs, and where; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        shapes = repr([network.stages for network in self.networks]) + repr(self.subs.chip) + self.subs.memory
        digest = hashlib.sha256(shapes.encode()).hexdigest()[:16]
        figures = [f"{n.name} {n.source} {weight!r}" for n, weight in zip(self.networks, self.weights, strict=True)]
        return [digest, self.subs.technology.fingerprint, *figures]


def schedule(layout: Layout, runs: IntArray, cycles: Sequence[FloatArray]) -> FloatArray:
    """Cycles until the last stage ends, ``(N,)``: each starts once its sub-accelerator and its network are free."""
    n, rows = len(runs), np.arange(len(runs))
    free, done = np.zeros((n, len(SUBS))), np.zeros((n, len(layout.names)))
    for (t, _, column), lasts in zip(layout.order, cycles, strict=True):
        on = runs[:, column]
        done[:, t] = np.maximum(free[rows, on], done[:, t]) + lasts
        free[rows, on] = done[:, t]
    return np.asarray(free.max(axis=1))


def _names(networks: Sequence[Learned]) -> tuple[str, ...]:
    """The data sets' names, numbered where one comes twice."""
    names = [network.name for network in networks]
    return tuple(n if names.count(n) == 1 else f"{n}_{names[:k].count(n) + 1}" for k, n in enumerate(names))


def build(workload: str, options: Mapping[str, str]) -> CodesignModel:
    """The model of a task.

    Args:
        workload: data sets with the weights of their accuracies: ``digits``, ``digits + digits``, ``digits + 2*cifar``.
        options: chip (edge or nasaic), technology, memory, table (of trained digits networks: a shipped one's name, or a path).

    Raises:
        BadInput: an unknown name, or a table that is not installed.
    """
    chip = options["chip"]
    if chip not in CHIPS:
        raise BadInput(f"there is no chip '{chip}'" + did_you_mean(chip, CHIPS))
    subs = Subs(CHIPS[chip], load_technology(options["technology"]), options["memory"])
    names, weights = zip(*parts_of(workload), strict=True)
    networks = [load(name, options["table"]) for name in names]
    return CodesignModel(networks, [weight / sum(weights) for weight in weights], subs)


def parts_of(workload: str) -> list[tuple[str, float]]:
    """Data sets of a workload with their weights, in order; one that comes twice is two networks.

    Raises:
        BadInput: a part is no data set, or its weight no positive number.
    """
    found = []
    for part in workload.split(" + "):
        weight, _, name = part.rpartition("*")
        found.append((name.strip(), _weight(weight.strip() or "1", part)))
    return found


def _weight(text: str, part: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0.0 < weight < 1e6:
        raise BadInput(f"workload part {part!r}: the weight must be a positive number below a million")
    return weight
