"""All metrics of a batch on one workload: the laws of this package put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.space import FloatArray

from .area import area, array_area, interface_area
from .constants import HERTZ, WORD
from .cycles import cycles, latency
from .design import Designs, from_values
from .energy import Energy, energy
from .space import SPACE
from .storage import Storage, storage
from .traffic import traffic
from .workload import Attention

NAMES = (
    "latency_s",
    "energy_j",
    "area_m2",
    "utilisation",
    "utilisation_1d",
    "dram_bytes",
    "on_chip_bytes",
    "interface_area_m2",
)
_CODES: dict[str, tuple[str, ...]] = {
    p.name: tuple(str(v) for v in p.values) for p in SPACE.params if isinstance(p.values[0], str)
}


def evaluate(d: Designs, a: Attention, kept: Storage) -> dict[str, FloatArray]:
    """Metrics by name, ``(N,)`` each, whether or not a design fits its buffer; ``kept`` is its storage."""
    moved = traffic(d, a, kept)
    spent = cycles(d, a)
    seconds = latency(d, a, spent, moved)
    per_tile = HERTZ * seconds / (a.instances * (a.length / d.edge) ** 2)
    columns = (
        seconds,
        1e-12 * a.instances * energy(d, a, moved).total,
        area(d, a.head_dim),
        spent.useful / per_tile,
        spent.vector / per_tile,
        a.instances * WORD * moved.words,
        np.minimum(d.buffer, kept.tiles + kept.scores),
        interface_area(d),
    )
    return dict(zip(NAMES, columns, strict=True))


def energy_parts(d: Designs, a: Attention) -> Energy:
    """The energy of each design by part, pJ per head."""
    return energy(d, a, traffic(d, a, storage(d, a)))


def evaluate_values(values: Mapping[str, object], a: Attention) -> dict[str, float]:
    """Metrics of one design by knob values, which need not be among the space's, and ``array_area_m2``, a part of its area.

    Args:
        values: every knob of the space; cascade, unit, schedule, operands and scores by name.
        a: the workload.
    """
    columns: dict[str, NDArray[Any]] = {
        name: np.array([_CODES[name].index(str(value)) if name in _CODES else float(str(value))])
        for name, value in values.items()
    }
    d = from_values(columns, a)
    found = evaluate(d, a, storage(d, a)) | {"array_area_m2": array_area(d, a.head_dim)}
    return {name: float(column[0]) for name, column in found.items()}
