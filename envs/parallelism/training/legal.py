"""All legal designs of a space, without walking the illegal ones: knob by knob, keeping what can still become legal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from archgym.space import IntArray

if TYPE_CHECKING:
    from .model import TrainingModel

BATCH = 1 << 18  # rows grown at a time, at most, before the last knobs multiply them


def legal(model: TrainingModel) -> Iterator[IntArray]:
    """Folded designs that keep every rule but those of memory, each once, in the order of the space.

    Prefixes grow one knob at a time; the mask drops the hopeless ones, so the work follows the number of legal designs.
    """
    yield from _grow(model, np.zeros((1, len(model.knobs)), dtype=np.int64), 0)


def _grow(model: TrainingModel, rows: IntArray, knob: int) -> Iterator[IntArray]:
    """The designs that begin with one of the prefixes ``rows``."""
    while knob < len(model.knobs):
        count = int(model.knobs.nvec[knob])
        if len(rows) > 1 and len(rows) * count > BATCH:
            middle = len(rows) // 2
            yield from _grow(model, rows[:middle], knob)
            yield from _grow(model, rows[middle:], knob)
            return
        rows = np.repeat(rows, count, axis=0)
        rows[:, knob] = np.tile(np.arange(count), len(rows) // count)
        knob += 1
        rows = rows[model.allowed(rows, knob)]
    rows = rows[(model.fold(rows) == rows).all(axis=1)]
    if len(rows):
        yield rows
