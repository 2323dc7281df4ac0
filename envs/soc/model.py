"""Systems-on-chip as designs: rows of slots and places in, SI metrics out, by the simulator in `kernel`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from archgym.costs import Costs, Metric
from archgym.errors import BadInput, did_you_mean
from archgym.model import CostModel
from archgym.objective import Objective
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray

from .design import Batch, Design, pack, unpack
from .farsi import load
from .graph import Workload
from .kernel import RULES, Results, simulate
from .library import Library
from .spaces.full import FullSpace, Slots, identifiers
from .spaces.limited import ON_SEVERAL, LimitedSpace

METRICS = (
    Metric("latency_s", "s", "min", "from the start of all applications to the end of the last one"),
    Metric("energy_j", "J", "min", "of processors, accelerators and memories; buses, leakage and idling cost nothing"),
    Metric("power_w", "W", "min", "largest energy within 10 ms, by 10 ms; of a shorter run energy / latency"),
    Metric("area_m2", "m2", "min", "of all used elements and memories; buses take none"),
    Metric("dram_area_m2", "m2", "none", "of which DRAM"),
)
MOST = {"elements": 20, "memories": 8, "buses": 6}
OPTIONS = {"space": ("limited", "full"), "rules": ("clean", "farsi"), "illegal": ("invalid", "repaired")}


class Encoding(Protocol):
    """What :class:`SocModel` asks of a design space; see :class:`~.spaces.full.FullSpace` for the words."""

    workload: Workload
    library: Library
    space: DesignSpace

    def batch(self, x: IntArray, repaired: bool = False) -> Batch: ...
    def repair(self, x: IntArray) -> IntArray: ...
    def canonical(self, x: IntArray, repaired: bool = False) -> IntArray: ...
    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None: ...
    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None: ...
    def faults(self, x: IntArray) -> FloatArray: ...
    def row_of(self, batch: Batch) -> IntArray: ...


class SocModel(CostModel):
    """One workload on the chips of one space.

    Rows that cannot be built are invalid, at a distance equal to the number of broken places; or, with ``repaired``, they stand
    for what :meth:`repair` makes of them, and only a memory beyond the largest capacity is left to make one invalid.

    Args:
        encoding: the space with its workload and library.
        compat: FARSI's own rules instead of the clean ones; see `kernel`.
        repaired: whether rows that cannot be built are repaired before they are evaluated.
    """

    version = "1"
    rules = RULES

    def __init__(self, encoding: Encoding, compat: bool = False, repaired: bool = False) -> None:
        self.encoding, self.compat, self.repaired = encoding, compat, repaired
        self.workload, self.library = encoding.workload, encoding.library
        self.space = encoding.space
        self.metrics = (*METRICS, *_own_latencies(self.workload))

    def batch_of(self, rows: IntArray) -> Batch:
        """Rows ``(N, D)`` as the designs that are evaluated."""
        return self.encoding.batch(self.space.check(rows), self.repaired)

    def design_of(self, row: IntArray) -> Design:
        """One row ``(D,)`` as a design by names, as it is evaluated."""
        return unpack(self.batch_of(np.asarray(row)[None]), 0, self.workload, self.library)

    def row_of(self, design: Design) -> IntArray:
        """The row ``int64 (D,)`` of a design by names.

        Raises:
            BadInput: the design does not fit the space.
        """
        row: IntArray = self.encoding.row_of(pack([design], self.workload, self.library))[0]
        return row

    def repair(self, x: IntArray) -> IntArray:
        """Rows made buildable, near where they were; buildable ones stay as they are. See the spaces' own ``repair``."""
        return self.encoding.repair(self.space.check(x))

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        """Rows after one structural move each (see `spaces.moves`); None in the limited space."""
        return self.encoding.vary(self.space.check(x), rng)

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values that can still lead to a buildable design; None where every row stands for one."""
        return None if self.repaired else self.encoding.mask(np.asarray(prefix, dtype=np.int64), knob)

    def known(self, objective: Objective) -> IntArray | None:
        """Good designs ``(N, D)`` by annealing over the model's own moves, and along the front; None where it has no moves."""
        from .search import annealed

        return annealed(self, objective) if isinstance(self.encoding, FullSpace) else None

    def render(self, row: IntArray) -> Any:
        """The chip and the course of its run, as a matplotlib Figure."""
        from .picture import draw

        return draw(self, row)

    def _evaluate(self, x: IntArray) -> Costs:
        results = simulate(self.encoding.batch(x, self.repaired), self.workload, self.library, self.compat)
        faults = np.zeros(len(x)) if self.repaired else self.encoding.faults(x)
        reason = results.reason | ((faults > 0).astype(np.uint64) << np.uint64(ON_SEVERAL))
        valid = reason == 0
        values = np.where(valid[:, None], self._values(results), np.nan)
        return Costs(self.metrics, values, valid, reason, RULES, results.distance + faults)

    def _values(self, results: Results) -> FloatArray:
        whole = [results.latency_s.max(axis=1), results.energy_j, results.power_w, results.area_m2, results.dram_area_m2]
        if len(self.workload.applications) > 1:
            whole += list(results.latency_s.T)
        return np.column_stack(whole)

    def _canonical(self, x: IntArray) -> IntArray:
        return self.encoding.canonical(x, self.repaired)

    def _identity(self) -> list[str]:
        facts = (self.workload, self.library.blocks, self.library.capacities)
        return [hashlib.sha256(_text(fact).encode()).hexdigest() for fact in facts] + [f"{self.compat} {self.repaired}"]


def _own_latencies(workload: Workload) -> tuple[Metric, ...]:
    if len(workload.applications) == 1:
        return ()
    names = identifiers(tuple(app.name for app in workload.applications))
    return tuple(Metric(f"{name}_latency_s", "s", "min", "to the end of this application") for name in names)


def _text(fact: Any) -> str:
    """A fact in full: NumPy shortens long arrays."""
    if isinstance(fact, np.ndarray):
        return repr(fact.tolist())
    fields = getattr(fact, "__dataclass_fields__", None)
    if fields:
        return repr([_text(getattr(fact, name)) for name in fields])
    if isinstance(fact, tuple):
        return repr([_text(part) for part in fact])
    return repr(dict(fact)) if isinstance(fact, Mapping) else repr(fact)


# -- builders, named by the tasks -------------------------------------------------------------------------------------------


def build(workload: str, options: Mapping[str, str]) -> CostModel:
    """The ``build`` of the tasks.

    Args:
        workload: as :func:`~.farsi.load` takes it: applications joined by ``+``, ``generated:seed=3,tasks=20``, or a file.
        options: ``space`` (limited, full), ``rules`` (clean, farsi), ``illegal`` (invalid, repaired), and of the full space
            ``elements``, ``memories`` and ``buses``: numbers of slots.

    Raises:
        BadInput: no such workload or value, or a library that cannot make a design.
    """
    for name, values in OPTIONS.items():
        if options[name] not in values:
            raise BadInput(f"option {name}: there is no '{options[name]}'" + did_you_mean(options[name], values))
    work, library = load(workload)
    compat = options["rules"] == "farsi"
    encoding: Encoding = LimitedSpace(work, library, compat)
    if options["space"] == "full":
        encoding = FullSpace(work, library, Slots(**{name: _slots(options, name) for name in MOST}), compat)
    return SocModel(encoding, compat, options["illegal"] == "repaired")


def _slots(options: Mapping[str, str], name: str) -> int:
    text = options[name]
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST[name]:
        raise BadInput(f"option {name}: must be a whole number from 1 to {MOST[name]}, got '{text}'")
    return int(text)
