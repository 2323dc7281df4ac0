"""Folding knobs without meaning, masks for prefixes, and the way from an invalid design to a valid one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.space import BoolArray, DesignSpace, IntArray

from ..training.layout import Machine
from .space import BATCHES, EP, PP, SCHEDULERS

if TYPE_CHECKING:
    from .model import ServingModel

MEMORY, PREFILL_MEMORY, FILL, EXPERTS, HEADS, BUDGET = range(6)
CHUNKED, DISAGGREGATED = SCHEDULERS.index("chunked"), SCHEDULERS.index("disaggregated")
STEPS = 60  # more than all moves together


def fold(space: DesignSpace, x: IntArray) -> IntArray:
    """Knobs of other schedulers at their first value."""
    rows, column = np.array(x), _columns(space)
    scheduler = rows[:, column["scheduler"]]
    rows[scheduler != CHUNKED, column["chunk"]] = 0
    for name in ("prefill_platform", "prefill_tp"):
        rows[scheduler != DISAGGREGATED, column[name]] = 0
    return rows


def allowed(model: ServingModel, prefix: IntArray, knob: int) -> BoolArray | None:
    """Values of ``knob`` under which each rule by itself can still be kept, whatever it asks of the knobs to come.

    None where no value is left: the prefix is hopeless already, and any value as good as another.
    """
    fits = np.ones(int(model.space.nvec[knob]), dtype=np.bool_)
    for rule, kindest in enumerate(_kindest(model)):
        trial = np.tile(kindest, (len(fits), 1))
        trial[:, :knob] = prefix
        trial[:, knob] = np.arange(len(fits))
        fits &= model.shortages(trial)[:, rule] == 0.0
    return fits if fits.any() else None


def _kindest(model: ServingModel) -> list[IntArray]:
    """Per rule the design that comes nearest to keeping it; every rule is monotone in every knob it reads."""
    last = dict(zip(model.space.names, (model.space.nvec - 1).tolist(), strict=True))
    largest = int(model.machines[:, Machine.HBM_BYTES].argmax())
    roomy = {**dict.fromkeys(last, 0), "platform": largest, "prefill_platform": largest}
    for name in ("tp", "pp", "ep", "weights", "kv", "prefill_tp"):
        roomy[name] = last.get(name, 0)
    first = dict.fromkeys(last, 0)
    wishes = {
        MEMORY: {**roomy, "scheduler": DISAGGREGATED},
        PREFILL_MEMORY: roomy,
        FILL: {**first, "batch": last["batch"]},
        EXPERTS: first,
        HEADS: first,
        BUDGET: {**roomy, "chunk": last["chunk"]},
    }
    return [np.array([wishes[rule][name] for name in model.space.names], dtype=np.int64) for rule in range(len(wishes))]


def mend(model: ServingModel, x: IntArray) -> IntArray:
    """Rows moved step by step until no rule is broken; those that never get there stay as they are."""
    rows = np.array(x)
    for i in np.flatnonzero(model.shortages(rows).any(axis=1)):
        rows[i] = _mended(model, rows[i])
    return rows


def _mended(model: ServingModel, row: IntArray) -> IntArray:
    moved, column = row.copy(), _columns(model.space)
    for _ in range(STEPS):
        short = model.shortages(moved[None])[0]
        if not short.any():
            return moved
        if not _move(model, moved, column, int(np.flatnonzero(short)[-1])):
            break
    return row


def _move(model: ServingModel, row: IntArray, column: dict[str, int], rule: int) -> bool:
    """One step towards keeping a rule, in place; False where there is none left."""
    ways: dict[int, tuple[tuple[str, int], ...]] = {
        MEMORY: (("batch", -1), ("tp", 1), ("weights", 1), ("kv", 1), ("ep", 1), ("pp", 1), ("platform", 1)),
        PREFILL_MEMORY: (("prefill_tp", 1), ("weights", 1), ("ep", 1), ("prefill_platform", 1)),
        FILL: (("batch", 1),),
        EXPERTS: (("ep", -1),),
        HEADS: (("prefill_tp", -1), ("tp", -1)),
        BUDGET: (("chunk", 1), ("batch", -1)),
    }
    return any(name in column and _step(model, row, column, name, step) for name, step in ways[rule])


def _step(model: ServingModel, row: IntArray, column: dict[str, int], name: str, step: int) -> bool:
    """Move one knob if it can go there; a batch never below what fills the stages, and with them."""
    place = int(row[column[name]]) + step
    if not 0 <= place < int(model.space.nvec[column[name]]):
        return False
    if name == "batch" and step < 0 and BATCHES[place] < _places(row, column):
        return False
    row[column[name]] = place
    while name in ("pp", "ep") and BATCHES[row[column["batch"]]] < _places(row, column):
        row[column["batch"]] += 1
    return True


def _places(row: IntArray, column: dict[str, int]) -> int:
    """Pipeline stages x attention groups; at most 64, far below the largest batch."""
    return PP[row[column["pp"]]] * (EP[row[column["ep"]]] if "ep" in column else 1)


def _columns(space: DesignSpace) -> dict[str, int]:
    return {name: j for j, name in enumerate(space.names)}
