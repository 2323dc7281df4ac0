"""What can be said of designs without pricing them: masks, repairs, folding, and how far a cell is from a trained one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.envs.nas import tabular
from archgym.envs.nas.cells.topology import OPS
from archgym.space import BoolArray, FloatArray, IntArray

from .space import EDGE_COUNT, KNOBS_OF_SUB, SUBS

if TYPE_CHECKING:
    from .model import CodesignModel

PES, BANDWIDTH = 1, 2  # knobs of a sub-accelerator whose sums are bounded


def used(runs: IntArray) -> BoolArray:
    """Which sub-accelerators have a stage, ``bool (N, 2)``."""
    return np.stack([(runs == 0).any(axis=1), (runs == 1).any(axis=1)], axis=1)


def nearest(trained: BoolArray) -> tuple[FloatArray, IntArray]:
    """How far each cell is from a trained one, in operations ``float64 (15625,)``, and the number of a nearest one."""
    return tabular.nearest(trained, np.full(EDGE_COUNT, len(OPS)))


def mask(model: CodesignModel, prefix: IntArray, knob: int) -> BoolArray | None:
    """See :meth:`CodesignModel.mask`."""
    layout = model.layout
    if knob < layout.first_run:
        network, edge = divmod(knob, EDGE_COUNT)
        trained = ~np.isnan(model.networks[network].validation.reshape((len(OPS),) * EDGE_COUNT))
        left = trained[tuple(int(op) for op in prefix[knob - edge : knob])]
        return np.asarray(left.any(axis=tuple(range(1, left.ndim))), dtype=np.bool_)
    sub, place = divmod(knob - layout.first_sub, KNOBS_OF_SUB)
    if knob < layout.first_sub or place not in (PES, BANDWIDTH):
        return None
    if not used(prefix[None, layout.first_run : layout.first_sub]).all():
        return None
    values, total = _bounded(model)[place]
    taken = values[prefix[knob - KNOBS_OF_SUB]] if sub else values[0]
    return np.asarray(values + taken <= total)


def repair(model: CodesignModel, x: IntArray) -> IntArray:
    """See :meth:`CodesignModel.repair`."""
    rows, layout = np.array(x), model.layout
    cells = layout.cells(rows)
    layout.set_cells(rows, np.stack([near[cells[:, t]] for t, near in enumerate(model.nearest)], axis=1))
    both = used(layout.runs(rows)).all(axis=1)
    for place, (values, total) in _bounded(model).items():
        first = layout.first_sub + place
        second = first + KNOBS_OF_SUB
        while (over := both & (values[rows[:, first]] + values[rows[:, second]] > total)).any():
            larger = rows[:, first] > rows[:, second]
            rows[over & larger, first] -= 1
            rows[over & ~larger, second] -= 1
    return rows


def canonical(model: CodesignModel, x: IntArray) -> IntArray:
    """See :meth:`CodesignModel.canonical`: swapping both sub-accelerators and every assignment leaves a design as it is."""
    rows, layout = np.array(x), model.layout
    cells = layout.cells(rows)
    layout.set_cells(rows, np.stack([fold[cells[:, t]] for t, fold in enumerate(model.folds)], axis=1))
    runs, subs = rows[:, layout.first_run : layout.first_sub], layout.subs(rows)
    both = used(runs).all(axis=1)
    swap = np.where(both & (subs[:, 0] != subs[:, 1]), subs[:, 1] < subs[:, 0], runs[:, 0] == 1)
    runs[swap] = 1 - runs[swap]
    knobs = rows[:, layout.first_sub :].reshape(len(rows), len(SUBS), KNOBS_OF_SUB)
    knobs[swap] = knobs[swap][:, ::-1]
    knobs[~both, 1] = 0
    rows[:, layout.first_sub :] = knobs.reshape(len(rows), -1)
    return rows


def _bounded(model: CodesignModel) -> dict[int, tuple[FloatArray, float]]:
    """Values and bound on the sum of each knob that has one."""
    chip = model.subs.chip
    pes = np.array([x * y for x, y in chip.meshes], dtype=np.float64)
    return {PES: (pes, float(chip.total_pes)), BANDWIDTH: (np.array(chip.gb_per_s), chip.total_gb_per_s)}
