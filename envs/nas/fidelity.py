"""``archgym fidelity nas``: how hard the tables are for our agents against reference runs, and sizes against published ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import BadInput, MissingExtra, did_you_mean
from archgym.family import Fidelity, Table
from archgym.files import read_table
from archgym.task import Task

from .cells.topology import CONV3, ZERO
from .cifar.network import macs, parameters
from .cifar.tasks import tasks as cifar
from .difficulty import Runs, play
from .graph.space import OPS, forms

REFERENCE = Path(__file__).with_name("reference") / "difficulty.csv"
COLUMNS = ("task", "agent", "settings", "evaluations", "regret_points", "found")
RUNS = 100
GOALS = {"regret_at_200": 0.06, "found_at_500": 0.95}  # of aging evolution on nas-cifar-accuracy
LONGEST = 100_000


@dataclass(frozen=True)
class Row:
    """One line of the reference: an agent after so many evaluations; NaN where it gives no figure."""

    task: str
    agent: str
    settings: str
    evaluations: int
    regret: float
    found: float


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Our agents' regret on the tables, 100 seeded runs each, beside reference runs; sizes of networks beside published ones.

    Args:
        reference: a CSV with the columns of ``reference/difficulty.csv``, which is used where None.
        workloads: must be None: the tables are what they are.

    Raises:
        BadInput: the file is missing or broken, or ``workloads`` is given.
    """
    if workloads is not None:
        raise BadInput(f"{workloads}: --workloads is of no use here: the tables were measured on their own data")
    rows = read(reference or REFERENCE)
    sizes, correct = _sizes()
    try:
        table, figures, columns, met = _difficulty(rows, promised=reference is None)
    except MissingExtra as error:
        return Fidelity([Table("Difficulty of nas-cifar", ("agent",), (), (str(error),)), sizes], {}, {}, correct)
    return Fidelity([table, sizes], figures, columns, correct and met)


def read(path: Path) -> list[Row]:
    """The reference's rows.

    Raises:
        BadInput: the file, or a row of it, is broken.
    """
    return [_row(cells, f"{path}, row {number}") for number, cells in enumerate(read_table(path, COLUMNS), start=2)]


def _row(cells: dict[str, str], place: str) -> Row:
    try:
        evaluations = int(cells["evaluations"])
        regret, found = (float(cells[name] or "nan") for name in ("regret_points", "found"))
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from None
    if not 1 <= evaluations <= LONGEST:
        raise BadInput(f"{place}: evaluations must be from 1 to {LONGEST:,}, not {evaluations}")
    if cells["task"] not in _tasks():
        raise BadInput(f"{place}: no table is called '{cells['task']}'" + did_you_mean(cells["task"], _tasks()))
    if any("=" not in pair for pair in cells["settings"].split()):
        raise BadInput(f"{place}: settings must be name=value between spaces, not '{cells['settings']}'")
    return Row(cells["task"], cells["agent"], cells["settings"], evaluations, regret, found)


def _tasks() -> dict[str, Task]:
    return {task.id: task for task in cifar()}


# -- difficulty -----------------------------------------------------------------------------------------------------------


def _difficulty(rows: Sequence[Row], promised: bool) -> tuple[Table, dict[str, Any], dict[str, Sequence[Any]], bool]:
    """Table, figures, columns for ``--out``, and whether the goals are met (where they are ``promised``)."""
    played = [_played(rows, row) for row in rows]
    regret = [runs.mean(row.evaluations) for row, runs in zip(rows, played, strict=True)]
    found = [runs.found(row.evaluations) for row, runs in zip(rows, played, strict=True)]
    columns: dict[str, Sequence[Any]] = {name: [getattr(row, name) for row in rows] for name in COLUMNS[:4]}
    columns |= {"regret_points": [row.regret for row in rows], "regret_points_predicted": regret}
    columns |= {"found": [row.found for row in rows], "found_predicted": found}
    figures = _goals(rows, regret, found) if promised else {}
    met = all(figures[name] <= goal if "regret" in name else figures[name] >= goal for name, goal in GOALS.items() if figures)
    cells = [
        (row.task, row.agent, row.evaluations, _points(row.regret), _points(ours), _share(row.found), _share(share))
        for row, ours, share in zip(rows, regret, found, strict=True)
    ]
    heads = ("task", "agent", "evaluations", "mean regret, points", "ours", "optimum found", "ours ")
    notes = (
        f"Ours: {RUNS} runs, seeds 0 to {RUNS - 1}, each through the evaluator; reference: means of 20 to 50 runs.",
        "Our evolution proposes no cell twice, which the reference's did: it is expected to be a little better.",
        f"Promised of evolution on nas-cifar-accuracy: at most {GOALS['regret_at_200']} points at 200 evaluations, "
        f"the optimum in at least {GOALS['found_at_500']:.0%} of the runs at 500.",
    )
    return Table("Difficulty of nas-cifar for our agents", heads, cells, notes), {"difficulty": figures}, columns, met


def _played(rows: Sequence[Row], row: Row, held: dict[tuple[str, ...], Runs] | None = None) -> Runs:
    """The runs behind a row, as long as the longest row of the same agent and task asks."""
    same = [r.evaluations for r in rows if (r.task, r.agent, r.settings) == (row.task, row.agent, row.settings)]
    settings = dict(pair.split("=", 1) for pair in row.settings.split())
    return play(_tasks()[row.task], row.agent, settings, max(same), RUNS)


def _goals(rows: Sequence[Row], regret: Sequence[float], found: Sequence[float]) -> dict[str, float]:
    """What evolution does on the accuracy task."""
    place = {(row.task, row.agent, row.evaluations): k for k, row in enumerate(rows)}
    at = {n: place["nas-cifar-accuracy-v0", "evolution", n] for n in (200, 500)}
    return {"regret_at_200": regret[at[200]], "found_at_500": found[at[500]]}


def _points(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"


def _share(value: float) -> str:
    return "" if np.isnan(value) else f"{100 * value:.0f} %"


# -- sizes ----------------------------------------------------------------------------------------------------------------


def _sizes() -> tuple[Table, bool]:
    """Published counts beside ours, and whether they are equal."""
    empty, full = (ZERO,) * 6, (CONV3,) * 6
    rows = [
        ("NAS-Bench-201, smallest network, M parameters", 0.073306, parameters(empty) / 1e6),
        ("NAS-Bench-201, largest network, M parameters", 1.531546, parameters(full) / 1e6),
        ("NAS-Bench-201, smallest network, M MACs", 7.78, round(macs(empty) / 1e6, 2)),
        ("NAS-Bench-201, largest network, M MACs", 220.12, round(macs(full) / 1e6, 2)),
        ("NAS-Bench-Graph, different networks", 26_206, len(forms(OPS)) - 1),
    ]
    return Table("Sizes", ("what", "published", "ours"), rows), all(published == ours for _, published, ours in rows)
