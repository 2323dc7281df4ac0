"""``archgym fidelity serving``: throughput and first-token times against published figures, ranks against GenZ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import BadInput
from archgym.family import Fidelity, Table
from archgym.files import read_table
from archgym.space import BoolArray, FloatArray

from . import genz
from .calibrate import SPLIT, error_percent, left_out, simulated
from .constants import constants
from .layout import Out
from .measured import NEEDED, REFERENCE, THROUGHPUT, Runs, expressible, measured, to_runs
from .roofline import throughput

GOAL = 20.0  # per cent
HEADINGS = ("model", "GPU", "rows", "ours", "ours, model unseen", "roofline")


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Hold the serving model against published throughput.

    Args:
        reference: a CSV (gzip or not) with the columns of ``measured_inference.csv``; only it is then compared, with the
            shipped constants. The shipped references where None.
        workloads: must be None: the rows name models and lengths.

    Raises:
        BadInput: a file is missing or broken, the line names file, row and reason; or ``workloads`` is given.
    """
    if workloads is not None:
        raise BadInput(f"{workloads}: --workloads is of no use here: the rows name models and lengths")
    path = reference or REFERENCE
    rows = read_table(path, NEEDED)
    number = [i for i, row in enumerate(rows) if expressible(row)]
    runs = to_runs([rows[i] for i in number], path, number) if number else to_runs(rows[:1], path)  # the latter tells why
    out = simulated(runs, constants())
    found, figures = _against(runs, out, None if reference else left_out(runs), len(rows) - len(number))
    if reference is None:
        more, ranks = genz.tables()
        found, figures = found + more, figures | ranks
    columns: dict[str, Sequence[Any]] = {name: [row.get(name, "") for row in rows] for name in rows[0]}
    for name, column in ((f"{THROUGHPUT}_predicted", Out.TOKENS_PER_S), ("ttft_s_predicted", Out.TTFT)):
        predicted = dict(zip(number, out[:, column].tolist(), strict=True))
        columns[name] = [predicted.get(i, "") for i in range(len(rows))]
    return Fidelity(found, figures, columns, all(f["passed"] for f in figures.values()))


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Tables and figures on the shipped references."""
    answer = fidelity()
    return list(answer.tables), answer.figures


def _against(runs: Runs, out: FloatArray, unseen: FloatArray | None, missing: int) -> tuple[list[Table], dict[str, Any]]:
    """Errors by model and GPU; ``unseen``: the kernel's columns by constants that have not seen the row's model."""
    plain = 100.0 * np.abs(throughput(runs) / runs.tokens_per_s - 1.0)
    own = error_percent(out, runs)
    fresh = _unseen(runs, own) if unseen is None else error_percent(unseen, runs)
    keys = list(zip(runs.models, runs.gpus, strict=True))
    chosen = {key: np.array([k == key for k in keys]) for key in dict.fromkeys(keys)}
    cells = [(*key, *_summary(rows, own, fresh, plain)) for key, rows in chosen.items() if np.isfinite(own[rows]).any()]
    total = _summary(np.ones(len(runs), dtype=np.bool_), own, fresh, plain)
    notes = [SPLIT, "ours: shipped constants. roofline: 0.8 of peak and bandwidth, up to 256 requests as memory holds."]
    notes += [f"{missing} rows name a model or GPU that there is no data for: not predicted."] if missing else []
    title = f"output tokens per second, mean absolute error in per cent (goal {GOAL:g} unseen)"
    goal = total[2] if total[2] is not None else total[1]
    facts = dict(zip(("rows", "error_percent", "unseen_error_percent", "roofline_error_percent"), total, strict=True))
    facts["passed"] = bool(goal is None or goal <= GOAL)
    first = _first_tokens(runs, out, unseen)
    return [Table(title, HEADINGS, [*cells, ("all", "", *total)], tuple(notes)), *first], {"serving": facts}


def _unseen(runs: Runs, own: FloatArray) -> FloatArray:
    """Errors of a stranger's rows whose model the shipped constants have not seen, NaN elsewhere."""
    seen = set(measured().models)
    return np.array([np.nan if name in seen else error for name, error in zip(runs.models, own, strict=True)])


def _first_tokens(runs: Runs, out: FloatArray, unseen: FloatArray | None) -> list[Table]:
    """Time to the first token where it was measured, in milliseconds."""
    cells = [
        (
            runs.models[i],
            runs.gpus[i],
            int(runs.uses[i, 0]),
            round(1e3 * float(runs.ttft_s[i]), 2),
            round(1e3 * float(out[i, Out.TTFT]), 2),
            None if unseen is None else round(1e3 * float(unseen[i, Out.TTFT]), 2),
        )
        for i in np.flatnonzero(np.isfinite(runs.ttft_s))
    ]
    headings = ("model", "GPU", "prompt", "measured, ms", "ours, ms", "ours, model unseen, ms")
    return [Table("first token at batch 1", headings, cells)] if cells else []


def _summary(chosen: BoolArray, *errors: FloatArray) -> tuple[Any, ...]:
    rows = chosen & np.isfinite(errors[0])
    return int(rows.sum()), *(_mean(error[rows]) for error in errors)


def _mean(error: FloatArray) -> float | None:
    known = error[np.isfinite(error)]
    return round(float(known.mean()), 1) if len(known) else None
