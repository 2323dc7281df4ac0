"""The published tables of graph networks, read from the installed package nas-bench-graph (Apache-2.0)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from archgym.envs.nas.installed import Known, content_hash, data_file, read_pickle
from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray, IntArray

from .space import OPS, OPS_PROTEINS, form_of_key, forms

DATASETS = ("cora", "citeseer", "pubmed", "cs", "physics", "photo", "computers", "arxiv", "proteins")
COLUMNS = ("valid_perf", "perf", "latency", "para")


@dataclass(frozen=True)
class GraphTable:
    """One dataset.

    Attributes:
        figures: ``float64 (R, 4)`` of :data:`COLUMNS`: shares, the package's seconds, millions of parameters.
        row: of each design of the space, ``int64 (N,)``; -1 for designs without any operation but skips.
        representative: number of the first design that is the same network, ``int64 (N,)``.
        digest: hash of the package's file.
    """

    figures: FloatArray
    row: IntArray
    representative: IntArray
    digest: str


def operations(dataset: str) -> tuple[str, ...]:
    """What a node may do: on proteins the four other operations do not fit into memory, and were not trained.

    Raises:
        BadInput: there is no such dataset.
    """
    if dataset not in DATASETS:
        raise BadInput(f"no graph dataset '{dataset}'" + did_you_mean(dataset, DATASETS))
    return OPS_PROTEINS if dataset == "proteins" else OPS


@cache
def graph_table(dataset: str) -> GraphTable:
    """The table of one of :data:`DATASETS`.

    Raises:
        BadInput: no such dataset; the package is not installed (the line says how to install it), or its file is broken.
    """
    ops = operations(dataset)
    path = data_file("nas_bench_graph", f"light/{dataset}.bench", "nas", "nas-bench-graph")
    return read_table(path, ops)


def read_table(path: Path, ops: tuple[str, ...]) -> GraphTable:
    """One of the package's files in the space of ``ops``.

    Raises:
        BadInput: it is no table of graph networks, or has no figures for a network of the space.
    """
    figures = _figures(path)
    known = forms(ops)
    size = sum(len(numbers) for numbers in known.values())
    row, representative = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int64)
    place = {_form(path, key): number for number, key in enumerate(figures)}
    for form, numbers in known.items():
        representative[numbers] = numbers[0]
        if form:
            row[numbers] = _place(path, place, form)
    return GraphTable(np.array(list(figures.values())), row, representative, content_hash(path))


def _form(path: Path, key: Any) -> Any:
    try:
        return form_of_key(key)
    except (ValueError, TypeError):
        raise BadInput(f"{path}: key {key!r} is no graph network") from None


def _place(path: Path, place: Mapping[Any, int], form: Any) -> int:
    if form not in place:
        raise BadInput(f"{path}: no figures for the network {form}")
    return place[form]


def _figures(path: Path) -> dict[Any, list[float]]:
    """Figures by key, in the file's order."""
    table = read_pickle(path, KNOWN)
    if not isinstance(table, dict) or not table:
        raise BadInput(f"{path}: must hold a dictionary of networks")
    try:
        figures = {key: [float(entry[column]) for column in COLUMNS] for key, entry in table.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: a network's entry needs the figures {', '.join(COLUMNS)}: {error}") from None
    if not np.isfinite(list(figures.values())).all():
        raise BadInput(f"{path}: a network's figures must be finite")
    return figures


class _Double:
    """Stands for ``numpy.dtype``: a double in little-endian order, and no other type."""

    def __init__(self, code: str, *_: object) -> None:
        if code != "f8":
            raise BadInput(f"holds a NumPy value of type {code!r}, only f8 is loaded")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] != "<":
            raise BadInput("holds a NumPy value that is not little-endian")


def _scalar(kind: _Double, raw: bytes) -> float:
    """Stands for NumPy's constructor of scalars."""
    if not isinstance(kind, _Double):
        raise BadInput("holds a NumPy value without a type")
    value: float = struct.unpack("<d", raw)[0]
    return value


KNOWN: Known = {("numpy", "dtype"): _Double, ("numpy.core.multiarray", "scalar"): _scalar}
