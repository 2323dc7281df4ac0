"""Cells on a microcontroller as a cost model: measured accuracy, peak memory, flash, latency and energy (after MCUFormer).

Liang et al. (MCUFormer, NeurIPS 2023) and Lin et al. (MCUNet, NeurIPS 2020) search networks and the way they are run together,
within the memory (SRAM) and the flash of a part. Here a design is a cell, the order of its operations, the code of each stage's
convolutions, where the weights lie, and the part. The networks are those of the digits table, in 32-bit floating point as they
were trained: nothing is said of quantised ones, which nobody trained. Left out: code, stack, and whatever else the part does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product

import numpy as np

from archgym.costs import Costs, Metric
from archgym.envs.nas.cells.size import parameters
from archgym.envs.nas.cells.topology import EDGES, OPS, cell_of
from archgym.envs.nas.codesign.accuracy import Learned, load_digits
from archgym.envs.nas.codesign.moves import nearest
from archgym.envs.nas.codesign.networks import CELLS, DIGITS
from archgym.model import CostModel
from archgym.objective import Objective
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray, Param

from .cycles import head_cycles, stage_cycles
from .device import DEVICES, WORD
from .memory import ORDERS, peak_words

VERSION = "1"
METRICS = (
    Metric("validation_error", "", "min", "1 - accuracy on validation images, mean over seeds"),
    Metric("latency_s", "s", "min", "of one image"),
    Metric("energy_j", "J", "min", "of one image: latency x the part's power"),
    Metric("sram_bytes", "B", "min", "tensors at the widest moment, buffers, and weights that were copied"),
    Metric("flash_bytes", "B", "min", "weights"),
    Metric("test_error", "", "none", "1 - accuracy on test images: for reports, not to be searched on"),
)
CODES, PLACES = ("direct", "columns"), ("flash", "sram")
EDGE_COUNT, STAGES = len(EDGES), DIGITS.stages
WAYS = tuple(product(ORDERS, *([CODES] * STAGES)))
_PLACES_OF_CELL: IntArray = 5 ** np.arange(EDGE_COUNT - 1, -1, -1, dtype=np.int64)


def space() -> DesignSpace:
    """Cell, order, code of each stage, place of the weights, part: 750,000 designs."""
    return DesignSpace(
        [
            *(Param(f"edge_{a}{b}", OPS, doc=f"operation from node {a} to {b}") for a, b in EDGES),
            Param("order", ORDERS, doc="which edges of a cell run first"),
            *(Param(f"stage_{k + 1}_code", CODES, doc="of its convolutions") for k in range(STAGES)),
            Param("weights_in", PLACES, doc="flash waits on loads; sram costs their size"),
            Param("part", tuple(DEVICES), ordered=True, doc="microcontroller"),
        ]
    )


class McuModel(CostModel):
    """See the module.

    Args:
        learned: the networks, of the digits skeleton.
    """

    version = VERSION
    metrics = METRICS
    rules = ("the cell is not in the table of trained networks",)

    def __init__(self, learned: Learned) -> None:
        self.learned, self.space = learned, space()

    @cached_property
    def trained(self) -> BoolArray:
        """``bool (15625,)``."""
        return np.asarray(~np.isnan(self.learned.validation))

    @cached_property
    def tables(self) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
        """Peak words ``(cells, ways)``, cycles and waiting loads ``(cells, stages, codes)``, parameters ``(cells,)``."""
        peak, weights = np.zeros((CELLS, len(WAYS)), np.int64), np.zeros(CELLS, np.int64)
        cycles, loads = np.zeros((CELLS, STAGES, len(CODES))), np.zeros((CELLS, STAGES, len(CODES)))
        for number in np.flatnonzero(self.trained).tolist():
            cell = cell_of(number)
            weights[number] = parameters(cell, DIGITS)
            for k, (order, *codes) in enumerate(WAYS):
                peak[number, k] = peak_words(cell, order, [code == "columns" for code in codes], DIGITS)
            for stage in range(STAGES):
                found = stage_cycles(cell, stage, DIGITS)
                cycles[number, stage] = [found[code] for code in CODES]
                loads[number, stage] = [found[f"{code}_loads"] for code in CODES]
        return peak, cycles, loads, weights

    @cached_property
    def fold(self) -> IntArray:
        """For every cell the first one of equal figures, itself where not trained, ``int64 (15625,)``."""
        peak, cycles, loads, weights = self.tables
        figures = [np.column_stack([self.learned.validation, self.learned.test, weights]), peak]
        rows = np.column_stack([*figures, *(a.reshape(CELLS, -1) for a in (cycles, loads))])[self.trained]
        _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        fold, cells = np.arange(CELLS, dtype=np.int64), np.flatnonzero(self.trained)
        fold[cells] = cells[first[inverse.reshape(-1)]]
        return fold

    def _evaluate(self, x: IntArray) -> Costs:
        cells = x[:, :EDGE_COUNT] @ _PLACES_OF_CELL
        valid = self.trained[cells]
        values = self._values(x, cells)
        values[~valid] = np.nan
        distance = nearest(self.trained)[0][cells] / EDGE_COUNT if not valid.all() else np.zeros(len(x))
        return Costs(METRICS, values, valid, (~valid).astype(np.uint64), self.rules, distance)

    def _values(self, x: IntArray, cells: IntArray) -> FloatArray:
        peak, cycles, loads, weights = self.tables
        order, codes, copied = x[:, EDGE_COUNT], x[:, EDGE_COUNT + 1 : -2], x[:, -2] == PLACES.index("sram")
        clock, wait, speed, power = self._parts[:, x[:, -1]]
        total, waiting = np.full(len(x), head_cycles(DIGITS)), np.zeros(len(x))
        way = order
        for stage in range(STAGES):
            total = total + cycles[cells, stage, codes[:, stage]]
            waiting = waiting + loads[cells, stage, codes[:, stage]]
            way = way * len(CODES) + codes[:, stage]
        latency = (total / speed + np.where(copied, 0.0, waiting * wait)) / clock
        flash = WORD * weights[cells]
        sram = WORD * peak[cells, way] + np.where(copied, flash, 0)
        accuracy = 1.0 - self.learned.validation[cells], 1.0 - self.learned.test[cells]
        return np.stack([accuracy[0], latency, latency * power, sram, flash, accuracy[1]], axis=1)

    @cached_property
    def _parts(self) -> FloatArray:
        """Clock, wait, speed and power of every part, ``float64 (4, parts)``."""
        return np.array([[d.clock_hz, d.wait, d.speed, d.power_w] for d in DEVICES.values()]).T

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Operations after which a trained cell remains."""
        if knob >= EDGE_COUNT:
            return None
        left = self.trained.reshape((len(OPS),) * EDGE_COUNT)[tuple(int(op) for op in prefix)]
        return np.asarray(left.any(axis=tuple(range(1, left.ndim))), dtype=np.bool_)

    def repair(self, x: IntArray) -> IntArray:
        """The nearest trained cell."""
        rows = np.array(x)
        rows[:, :EDGE_COUNT] = _digits(nearest(self.trained)[1][rows[:, :EDGE_COUNT] @ _PLACES_OF_CELL])
        return rows

    def _canonical(self, x: IntArray) -> IntArray:
        """Cells of equal accuracies, memory and cycles are one."""
        rows = np.array(x)
        rows[:, :EDGE_COUNT] = _digits(self.fold[rows[:, :EDGE_COUNT] @ _PLACES_OF_CELL])
        return rows

    def sequential(self, objective: Objective) -> IntArray:
        """The best row ``(D,)`` of those who choose the most accurate cells first, and then how to run them."""
        (rows,) = self.legal()
        error = self.evaluate(rows)["validation_error"]
        accurate = rows[error == error.min()]
        return np.asarray(accurate[int(np.argmax(objective.score(self.evaluate(accurate))))])

    def legal(self) -> Iterator[IntArray]:
        """Every trained cell that stands for itself, with all ways to run it, in one batch."""
        own = np.flatnonzero(self.trained & (self.fold == np.arange(CELLS)))
        ways = np.array(list(product(*(range(int(n)) for n in self.space.nvec[EDGE_COUNT:]))), dtype=np.int64)
        yield np.hstack([np.repeat(_digits(own), len(ways), axis=0), np.tile(ways, (len(own), 1))])

    def _identity(self) -> list[str]:
        return [self.learned.source, repr(DEVICES)]


def _digits(cells: IntArray) -> IntArray:
    """Operations ``(N, 6)`` of cells by number."""
    return np.asarray(cells[:, None] // _PLACES_OF_CELL % len(OPS))


def build(workload: str, options: Mapping[str, str]) -> McuModel:
    """The model of a task. Options: table (a shipped one's name, or a path)."""
    return McuModel(load_digits(options["table"]))
