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
from archgym.space import FloatArray, IntArray
from archgym.task import Task

from .cells.topology import CONV3, ZERO
from .cifar.network import Counts, macs, parameters
from .cifar.table import cifar_table
from .cifar.tasks import tasks as cifar
from .difficulty import Runs, expected_random, play
from .digits import shipped as digits
from .graph.space import OPS, forms
from .macro import shipped as macro
from .trained.noise import noise, rank_correlation
from .trained.table import Table as Trained
from .trained.table import read_table as read_trained

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

    @property
    def who(self) -> tuple[str, str, str]:
        """Task, agent and settings: rows that share them share their runs."""
        return self.task, self.agent, self.settings


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
    always = [sizes, *_noise()]
    try:
        table, figures, columns, met = _difficulty(rows, promised=reference is None)
    except MissingExtra as error:
        return Fidelity([Table("Difficulty of nas-cifar", ("agent",), (), (str(error),)), *always], {}, {}, correct)
    return Fidelity([table, *always], figures, columns, correct and met)


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
    played = _played(rows)
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
    heads = ("task", "agent", "evaluations", "mean regret, points", "our regret", "optimum found", "found by ours")
    notes = (
        *(f"Random search, exactly, {task} at 200: {_points(expected_random(_tasks()[task], 200))}" for task in _random(rows)),
        f"Ours: {RUNS} runs, seeds 0 to {RUNS - 1}, each through the evaluator; reference: means of 20 to 50 runs.",
        "Our evolution proposes no cell twice, which the reference's did: it is expected to be a little better.",
        f"Promised of evolution on nas-cifar-accuracy: at most {GOALS['regret_at_200']} points at 200 evaluations, "
        f"the optimum in at least {GOALS['found_at_500']:.0%} of the runs at 500.",
    )
    return Table("Difficulty of nas-cifar for our agents", heads, cells, notes), {"difficulty": figures}, columns, met


def _played(rows: Sequence[Row]) -> list[Runs]:
    """The runs behind each row: those of one agent on one task are played once, as long as its longest row asks."""
    longest: dict[tuple[str, str, str], int] = {}
    for row in rows:
        longest[row.who] = max(longest.get(row.who, 0), row.evaluations)
    held = {who: play(_tasks()[who[0]], who[1], settings(who[2]), most, RUNS) for who, most in longest.items()}
    return [held[row.who] for row in rows]


def settings(text: str) -> dict[str, str]:
    """Hyperparameters out of ``name=value name=value``."""
    return dict(pair.split("=", 1) for pair in text.split())


def _random(rows: Sequence[Row]) -> list[str]:
    """Tasks on which random search is a row, in order."""
    return list(dict.fromkeys(row.task for row in rows if row.agent == "random"))


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
    empty, full = Counts.of((ZERO,) * 6), Counts.of((CONV3,) * 6)
    rows = [
        ("NAS-Bench-201, smallest network, M parameters", 0.073306, parameters(empty) / 1e6),
        ("NAS-Bench-201, largest network, M parameters", 1.531546, parameters(full) / 1e6),
        ("NAS-Bench-201, smallest network, M MACs", 7.78, round(macs(empty) / 1e6, 2)),
        ("NAS-Bench-201, largest network, M MACs", 220.12, round(macs(full) / 1e6, 2)),
        ("NAS-Bench-Graph, different networks", 26_206, len(forms(OPS)) - 1),
    ]
    return Table("Sizes", ("what", "published", "ours"), rows), all(published == ours for _, published, ours in rows)


# -- noise ----------------------------------------------------------------------------------------------------------------


def _noise() -> list[Table]:
    """How much of our own tables is noise; none where none is shipped."""
    tables = []
    if found := digits.shipped():
        held = read_trained(digits.FOLDER / f"{found[0]}.npz", digits.KEY)
        notes = _beside_cifar(held.number, held.validation_loss.mean(axis=1))
        tables.append(_noise_of(held, f"Noise of the digits table, {found[1]:,} cells", notes))
    if found := macro.shipped():
        held = read_trained(macro.FOLDER / f"{found[0]}.npz", macro.KEY)
        tables.append(_noise_of(held, f"Noise of the macro table, {found[1]:,} networks", []))
    return tables


def _noise_of(table: Trained, title: str, notes: Sequence[str]) -> Table:
    """The four columns of figures of one table."""
    cells = [(name, *(f"{value:.3f}" for value in values)) for name, *values in noise(table)]
    heads = ("figure", "rank correlation of two seeds", "ceiling of the mean", "deviation between seeds", "between networks")
    ranks = rank_correlation(table.validation_loss.mean(axis=1), table.test_loss.mean(axis=1))
    ceiling = "Ceiling: the rank correlation with the truth that the mean over the seeds can be expected to have."
    return Table(title, heads, cells, (ceiling, f"Validation loss ranks as test loss does: {ranks:.3f}.", *notes))


def _beside_cifar(cells: IntArray, loss: FloatArray) -> list[str]:
    """A line on the same cells trained for 200 epochs on CIFAR-10, where that table is installed."""
    try:
        accuracy = cifar_table().accuracy[:, 0][cells]
    except MissingExtra:
        return []
    good = accuracy >= np.median(accuracy)
    whole, half = rank_correlation(-loss, accuracy), rank_correlation(-loss[good], accuracy[good])
    return [f"Validation loss ranks the cells as CIFAR-10 accuracy does: {whole:.3f}; its better half: {half:.3f}."]
