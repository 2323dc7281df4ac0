"""Designs in CSV files: one column per knob, by value. What is written can be read again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.files import replacing
from archgym.space import DesignSpace, FloatArray, IntArray, Param


def read_designs(path: Path, space: DesignSpace) -> tuple[IntArray, list[str]]:
    """The designs ``(N, D)`` of a CSV file with one column per knob in any order, and its other columns, which are ignored.

    Raises:
        BadInput: one line naming the file, the line and what is wrong with it.
    """
    head, rows = _read(path)
    places = _places(path, head, space)
    found = [np.array(_column(path, p, rows, places[p.name]), dtype=np.int64) for p in space.params]
    return np.stack(found, axis=1), [name for name in head if name not in space.names]


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Columns as a CSV file, atomically; floats with every digit."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))


def evaluation_columns(space: DesignSpace, x: IntArray, costs: Costs, score: FloatArray) -> dict[str, Sequence[Any]]:
    """Knobs, every metric, ``score``, ``valid`` and ``reason`` of a batch, for :func:`write_table`."""
    columns: dict[str, Sequence[Any]] = {name: values.tolist() for name, values in space.columns(x).items()}
    columns |= {m.name: costs.values[:, j].tolist() for j, m in enumerate(costs.metrics)}
    reasons = [costs.why(i) for i in range(len(costs))]
    return columns | {"score": score.tolist(), "valid": costs.valid.tolist(), "reason": reasons}


def _cells(values: Iterable[Any]) -> list[Any]:
    return [str(v).lower() if isinstance(v, (bool, np.bool_)) else v for v in values]


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header, and the rows with their line numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None
    except csv.Error as error:
        raise BadInput(f"{path}: not CSV: {error}") from None
    if len(lines) < 2:
        raise BadInput(f"{path}: no designs; it needs a line of knob names and then one line per design")
    head = [name.strip() for name in lines[0][1]]
    for number, row in lines[1:]:
        if len(row) != len(head):
            raise BadInput(f"{path}: line {number}: {len(row)} cells where the header has {len(head)}")
    return head, lines[1:]


def _places(path: Path, head: list[str], space: DesignSpace) -> dict[str, int]:
    doubled = sorted({name for name in head if head.count(name) > 1 and name in space.names})
    if doubled:
        raise BadInput(f"{path}: column {doubled[0]} is there twice")
    absent = [name for name in space.names if name not in head]
    if absent:
        raise BadInput(f"{path}: knobs missing: {', '.join(absent)}")
    return {name: head.index(name) for name in space.names}


def _column(path: Path, param: Param, rows: list[tuple[int, list[str]]], place: int) -> list[int]:
    known: dict[str, int] = {}
    for number, row in rows:
        if row[place] not in known:
            try:
                known[row[place]] = param.index(row[place])
            except BadInput as error:
                raise BadInput(f"{path}: line {number}: {error}") from None
    return [known[row[place]] for _, row in rows]
