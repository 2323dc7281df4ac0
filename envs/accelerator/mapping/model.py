"""Mappings as designs: rows of places and orders in, SI metrics out, by the exact loop-nest evaluator of ``nest``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Dictionary
from typing import Any

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.envs.accelerator.mapper.solve import Goal
from archgym.envs.accelerator.nest.evaluate import RULES
from archgym.envs.accelerator.nest.mapping import Mapping
from archgym.errors import BadInput
from archgym.model import CostModel
from archgym.objective import Minimise, Objective, Product
from archgym.space import BoolArray, FloatArray, IntArray

from .sources import Machine, load_layer, load_machine
from .space import MappingSpace

WORD_BYTES = 2
CHUNK = 4096
PROOF = 200_000_000  # transitions, some millions per second
METRICS = (
    Metric("latency_s", "s", "min", "cycles / clock: from the first to the last multiplication"),
    Metric("energy_j", "J", "min", "all levels and all multiplications; wires and address generators are not counted"),
    Metric("utilisation", "", "max", "multiplications / (multipliers * cycles)"),
    Metric("dram_bytes", "B", "min", "read from and written to the outermost level, 16-bit words"),
    Metric("cycles", "", "none", "the pace of the slowest level or of the multipliers, with perfect overlap"),
)


class MappingModel(CostModel):
    """One layer on one machine; the mapping is the design.

    Rows that do not fit are invalid, at a distance equal to the sum of the logarithms of the exceeded limits; or, with
    ``repaired``, they stand for what :meth:`repair` makes of them, so that every row is valid.

    Args:
        mappings: knobs and tables.
        machine: the architecture with its clock.
        repaired: whether illegal rows are repaired before they are evaluated.
    """

    version = "1"
    rules = RULES

    def __init__(self, mappings: MappingSpace, machine: Machine, repaired: bool = False) -> None:
        self.mappings, self.machine, self.repaired = mappings, machine, repaired
        self.space = mappings.space
        levels = machine.architecture.levels
        parts = [Metric(f"energy_{level.name.lower()}_j", "J", "none", f"of all accesses to {level.name}") for level in levels]
        self.metrics = (*METRICS, *parts)
        self._layer = mappings.layer.array()
        architecture = machine.architecture
        self._limits = (self._layer, architecture.keep, architecture.limits)
        self._tables = mappings.tables

    def mapping_of(self, row: IntArray) -> Mapping:
        """The loop nest of one row ``(D,)``, as it is evaluated.

        Raises:
            BadInput: not a row of this space.
        """
        x = self._rows(self.space.check(np.asarray(row)[None]))
        factors = self._factors(x)[0]
        choices, columns = self._tables[4], self._tables[5]
        order = np.stack([choices[i, x[0, c] if c >= 0 else 0] for i, c in enumerate(columns)])
        return Mapping.from_arrays(factors[0], order, factors[1], factors[2])

    def row_of(self, mapping: Mapping) -> IntArray:
        """The row ``int64 (D,)`` of a mapping: its costs, or lower ones where its loop orders are beaten by those on offer.

        Raises:
            BadInput: as :meth:`MappingSpace.row_of`.
        """
        row: IntArray = self.canonical(self.mappings.row_of(mapping)[None])[0]
        return row

    def repair(self, x: IntArray) -> IntArray:
        """Rows with prime factors moved outwards until everything fits; legal rows stay as they are.

        From the innermost level out: a factor too many on an axis becomes a loop of the same level, a factor too many in a
        tile a loop of the next outer level, those nearest that level and the smallest primes first. A move shrinks tiles and
        grows none, so the walk ends, at the latest with all factors at the outermost level.
        """
        rows = self.space.check(x).copy()
        in_parallel(lambda part: self._repair_in_place(rows[part]), slices(len(rows), CHUNK))
        return rows

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Places that break no limit with what the prefix decides: tiles and axes only grow with further factors."""
        if self.repaired or knob >= len(self.mappings.factors):
            return None
        from .compiled import open_places

        allowed = np.ones(int(self.space.nvec[knob]), np.bool_)
        open_places(np.asarray(prefix, dtype=np.int64), *self._tables[:4], *self._limits, allowed)
        return allowed if allowed.any() else None  # a prefix that cannot be saved closes nothing

    def optimum(self, objective: Objective) -> IntArray | None:
        """The certified optimum of latency, energy or their product, within :data:`PROOF` transitions of the mapper.

        Constraints are left out of the search: where its answer keeps them, no other row that keeps them is better; else
        nothing is proved. The mapper's cycles are exact, and Timeloop's doubles only ever add to them, so its bound holds for
        every row here; an answer to which they add is not taken. Energies agree to rounding.
        """
        goal = _goal(objective)
        if goal is None:
            return None
        from archgym.envs.accelerator.mapper.branch import ROUNDING, solve_large

        found = solve_large(self.mappings.layer, self.machine.architecture, self.mappings.map_space, goal, PROOF)
        if found.mapping is None or found.value > found.bound:
            return None
        row = self.row_of(found.mapping)
        costs = self.evaluate(row[None])
        cycles, energy_pj = float(costs["cycles"][0]), float(costs["energy_j"][0]) * 1e12
        value = {"edp": cycles * energy_pj, "delay": cycles, "energy": energy_pj}[goal]
        return row if value <= found.bound * (1 + 2 * ROUNDING) and objective.feasible(costs)[0] else None

    def render(self, row: IntArray) -> Any:
        """Energy by level beside the loop nest, as a matplotlib Figure."""
        from .figure import draw

        return draw(self, row)

    def _evaluate(self, x: IntArray) -> Costs:
        from .compiled import OF_LEVELS, evaluate_rows

        architecture = self.machine.architecture
        out = np.full((len(x), OF_LEVELS + len(architecture.levels)), np.nan)
        reason, excess = np.zeros(len(x), np.uint64), np.zeros(len(x))
        fixed = (*self._tables, *self._limits, architecture.ports, float(architecture.mac_pj))

        def work(part: slice) -> None:
            evaluate_rows(self._rows(x[part]), *fixed, out[part], reason[part], excess[part])

        in_parallel(work, slices(len(x), CHUNK))
        return Costs(self.metrics, self._values(out), reason == 0, reason, RULES, excess)

    def _values(self, out: FloatArray) -> FloatArray:
        from .compiled import CYCLES, DRAM_WORDS, ENERGY, OF_LEVELS

        cycles = out[:, CYCLES]
        used = self.mappings.layer.macs / (self.machine.architecture.instances[-1] * cycles)
        whole = [cycles / self.machine.clock_hz, out[:, ENERGY] * 1e-12, used, out[:, DRAM_WORDS] * WORD_BYTES, cycles]
        return np.column_stack([*whole, out[:, OF_LEVELS:] * 1e-12])

    def _rows(self, x: IntArray) -> IntArray:
        if not self.repaired:
            return x
        rows = x.copy()
        self._repair_in_place(rows)
        return rows

    def _repair_in_place(self, rows: IntArray) -> None:
        from .compiled import repair_rows

        repair_rows(rows, *self._tables[:4], *self._limits)

    def _factors(self, x: IntArray) -> IntArray:
        from .compiled import decode_rows

        factors = np.empty((len(x), *self._tables[3].shape), np.int64)
        decode_rows(x, *self._tables[:4], factors)
        return factors

    def _canonical(self, x: IntArray) -> IntArray:
        rows = np.array(self._rows(x))
        factors = self._factors(rows)
        for level, (width, height) in enumerate(self.machine.architecture.limits[:, 1:]):
            self._swap_axes(rows, factors[:, 1, level], factors[:, 2, level], level, min(width, height))
        for twins in self.mappings.twins:
            rows[:, twins] = np.sort(rows[:, twins], axis=1)
        for level, column in enumerate(self.mappings.order_columns):
            if column >= 0:
                looped = ((factors[:, 0, level] > 1) << np.arange(8)).sum(axis=1)
                rows[:, column] = self.mappings.folds[level][looped, rows[:, column]]
        return rows

    def _swap_axes(self, rows: IntArray, along_x: IntArray, along_y: IntArray, level: int, shorter: int) -> None:
        """Where both axes' factors fit on either, which is which is free: the larger of the first that differ goes to X."""
        difference = along_y - along_x
        first = difference[np.arange(len(rows)), np.argmax(difference != 0, axis=1)]
        fits = (along_x.prod(axis=1) <= shorter) & (along_y.prod(axis=1) <= shorter)
        swapped = np.flatnonzero(fits & (first > 0))
        for k, factor in enumerate(self.mappings.factors):
            if (level, 1) in factor.places and (level, 2) in factor.places:
                x = factor.places.index((level, 1))
                here = rows[swapped, k]
                rows[swapped, k] = np.where(here == x, x + 1, np.where(here == x + 1, x, here))

    def _identity(self) -> list[str]:
        return [hashlib.sha256(repr((self.mappings.layer.shape, self.machine, self.repaired)).encode()).hexdigest()]


def _goal(objective: Objective) -> Goal | None:
    """What the mapper has to look for, where it is what the objective is highest for; None elsewhere."""
    if isinstance(objective, Minimise):
        single: dict[str, Goal] = {"latency_s": "delay", "cycles": "delay", "energy_j": "energy"}
        return single.get(objective.metric)
    product = isinstance(objective, Product) and dict(objective.weights) == {"latency_s": 1.0, "energy_j": 1.0}
    return "edp" if product else None


def build(workload: str, options: Dictionary[str, str]) -> CostModel:
    """The ``build`` of the mapping tasks. Options: architecture (`load_machine`), illegal: ``invalid`` or ``repaired``.

    Raises:
        BadInput: no such layer or architecture, or another value of ``illegal``.
    """
    if options["illegal"] not in ("invalid", "repaired"):
        raise BadInput(f"option illegal must be 'invalid' or 'repaired', got '{options['illegal']}'")
    machine = load_machine(options["architecture"])
    mappings = MappingSpace(load_layer(workload), machine.architecture)
    return MappingModel(mappings, machine, options["illegal"] == "repaired")
