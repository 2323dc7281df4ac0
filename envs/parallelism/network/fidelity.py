"""The collectives' error against measured sweeps, beside a plain alpha-beta line's and Calculon's rule's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.family import Table
from archgym.space import FloatArray

from .calibrate import error, fit, hardware, left_out, predict
from .constants import constants
from .measured import PASSES, REFERENCE, Measured, measured

METHODS = ("ours", "ours_unseen", "alpha_beta", "calculon")
GOAL = 8.0  # per cent


def tables(reference: Path = REFERENCE) -> tuple[list[Table], dict[str, Any]]:
    """Mean absolute error by system and algorithm, per cent.

    Args:
        reference: a file with the columns of the shipped one; constants of ``ours`` are the shipped ones, those of the other
            columns are fitted to its rows.

    Raises:
        BadInput: a row that cannot be read.
    """
    rows = measured(reference)
    errors = _errors(rows)
    keys = [(row.system.group, _algorithm(row)) for row in rows]
    cells = [(*key, *_summary(errors, [k == key for k in keys])) for key in dict.fromkeys(keys)]
    total = _summary(errors, [True] * len(rows))
    notes = (
        "ours: constants from all rows; unseen: from a fit without the hardware's rows.",
        "alpha-beta: the same formulas and fit without the small-message ramp. Calculon: its rule with its own efficiencies.",
        "B200 x 4 nodes: two rows of 32 and 64 KiB are rounded to 0.01 GB/s and 6 and 3 ms slow; they are counted.",
    )
    title = f"collectives, mean absolute error in per cent (goal {GOAL:g})"
    headings = ("system", "algorithm", "rows", *(name.replace("_", " ") for name in METHODS))
    figures = dict(zip(("rows", *METHODS), total, strict=True)) | {"passed": total[1] <= GOAL}
    return [Table(title, headings, [*cells, ("all", "", *total)], notes)], {"collectives": figures}


def calculon(row: Measured) -> float:
    """Seconds by Calculon's rule, with the efficiencies of its own A100 system file (0.6 inside a node, 0.9 outside).

    Inside a node a ring, outside the tensor once over a GPU's own card; 20 us whatever the number of ranks.
    """
    if row.nodes > 1:
        return 20e-6 + row.size / (0.9 * row.system.nic)
    return 20e-6 + PASSES[row.collective] * (row.ranks - 1) / row.ranks * row.size / (0.6 * row.system.link)


def _errors(rows: Sequence[Measured]) -> FloatArray:
    """Relative error by method and row, ``float64 (4, N)``."""
    line = predict(rows, fit(rows, ramp=False))
    rule = np.array([calculon(row) for row in rows])
    return np.abs([error(t, rows) for t in (predict(rows, constants()), left_out(rows, hardware(rows)), line, rule)])


def _summary(errors: FloatArray, chosen: Sequence[bool]) -> tuple[Any, ...]:
    own = errors[:, np.array(chosen)]
    return own.shape[1], *(round(100.0 * float(mean), 1) for mean in own.mean(axis=1))


def _algorithm(row: Measured) -> str:
    return f"{row.collective} {row.algorithm or 'NCCL pick'}"
