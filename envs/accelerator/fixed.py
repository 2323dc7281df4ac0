"""Timeloop's explicit mappings: reading the reference's rows, and what the evaluator says of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archgym.errors import BadInput
from archgym.files import read_table
from archgym.space import FloatArray

from .architectures import fixed_architecture
from .layer import DIMS, TENSORS, Layer
from .nest.evaluate import RULES, evaluate_mappings
from .nest.links import evaluate_with_links
from .nest.mapping import Mapping

REFERENCE = Path(__file__).parent / "reference" / "fixed_timeloop.csv.gz"
NEEDED = ("id", "link_transfers", "arch", "layer", "cycles", "energy_total_uJ", "mapping_json")
NEEDED_ACCESSES = ("id", "link_transfers", "level", "tensor", "reads_per_inst", "updates_per_inst", "fills_per_inst")
COUNTED = ("reads_per_inst", "fills_per_inst", "updates_per_inst")  # as the evaluator orders them
STRIDES = {"alex_c1": 4}

Row = dict[str, str]
AccessKey = tuple[str, str]  # id, link_transfers


@dataclass(frozen=True)
class Prediction:
    """What the evaluator says of one row: cycles, energy, area, and counts ``float64 (L, 3 tensors, 3)`` per level name."""

    cycles: float
    energy_pj: float
    area_um2: float
    counts: FloatArray
    levels: tuple[str, ...]


def number(row: Row, column: str, where: str) -> float:
    """A cell that must be a finite number, 0 or more."""
    try:
        value = float(row[column])
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise BadInput(f"{where}: {column} must be a number of 0 or more, got {row[column]!r}")
    return value


def stride_of(layer: str) -> int:
    """Stride of a reference layer by its name: mappings do not tell it. 4 for AlexNet's first layer, 2 for names on ``s2``."""
    return STRIDES.get(layer, 2 if layer.endswith("s2") else 1)


def find_accesses(path: Path) -> dict[AccessKey, list[Row]]:
    """Access counts that lie beside a reference file, as ``<name>_accesses.csv[.gz]``; empty where there are none."""
    stem = path.name.removesuffix(".gz").removesuffix(".csv")
    for beside in (path.with_name(f"{stem}_accesses.csv"), path.with_name(f"{stem}_accesses.csv.gz")):
        if beside.is_file():
            groups: dict[AccessKey, list[Row]] = {}
            for i, row in enumerate(read_table(beside, NEEDED_ACCESSES)):
                for column in COUNTED:
                    number(row, column, f"{beside}: row {i + 2}")
                groups.setdefault((row["id"], row["link_transfers"]), []).append(row)
            return groups
    return {}


def predict(row: Row, where: str) -> Prediction:
    """The evaluator on one row's mapping; the layer's bounds are the products of the mapping's factors.

    Raises:
        BadInput: unknown architecture, or a mapping that is no JSON, has another form or breaks a limit; opens with ``where``.
    """
    try:
        architecture = fixed_architecture(row["arch"])
        mapping = Mapping.from_reference(json.loads(row["mapping_json"]), architecture)
        temporal, _, along_x, along_y = mapping.arrays()
        bounds = [int(n) for n in (temporal * along_x * along_y).prod(axis=0)]
        layer = Layer(row["layer"], **dict(zip(DIMS, bounds, strict=True)), stride=stride_of(row["layer"]))
    except json.JSONDecodeError as error:
        raise BadInput(f"{where}: mapping_json: not JSON: {error}") from None
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    linked = row["link_transfers"] == "1"
    result = evaluate_with_links(layer, architecture, mapping) if linked else evaluate_mappings(layer, architecture, [mapping])
    broken = [rule for i, rule in enumerate(RULES) if int(result.reason[0]) >> i & 1]
    if broken:
        raise BadInput(f"{where}: mapping_json: {'; '.join(broken)}")
    levels = tuple(level.name for level in architecture.levels)
    cycles, energy = float(result.cycles[0]), float(result.energy_pj[0])
    return Prediction(cycles, energy, architecture.area_um2, result.counts[0], levels)


def count_errors(prediction: Prediction, accesses: Sequence[Row], where: str) -> tuple[float, float]:
    """Sum of absolute differences over all counts of one row, and the sum of the reference's counts."""
    difference, total = 0.0, 0.0
    for row in accesses:
        if row["level"] not in prediction.levels or row["tensor"] not in TENSORS:
            raise BadInput(f"{where}: access counts of '{row['level']}', '{row['tensor']}': no such level or tensor")
        have = prediction.counts[prediction.levels.index(row["level"]), TENSORS.index(row["tensor"])]
        for column, value in zip(COUNTED, have, strict=True):
            difference += abs(float(row[column]) - value)
            total += float(row[column])
    return difference, total
