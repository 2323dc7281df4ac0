"""Mixes: several workloads with weights in one text, such as ``"2*cloud + stream"``, and one value of a metric for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from archgym.errors import BadInput
from archgym.space import FloatArray

Workload = TypeVar("Workload", bound=Hashable)


def read_mix(text: str, load: Callable[[str], Workload]) -> dict[Workload, float]:
    """Workloads with their weights, which sum to 1, in the order of the text.

    Parts are parted by ``" + "``, with the spaces, since paths may hold a plus; a part is a workload, or ``weight*workload``.
    A workload named twice has both weights. A text that is a file's path is that file, whatever it looks like.

    Args:
        text: see above.
        load: a workload by its name; equal workloads count as one.

    Raises:
        BadInput: a part is empty, its weight is no positive number below a million, or ``load`` refuses its name.
    """
    parts = [(text, 1.0)] if os.path.isfile(text) else [_part(part.strip(), text) for part in text.split(" + ")]
    total = sum(weight for _, weight in parts)
    shares: dict[Workload, float] = {}
    for name, weight in parts:
        workload = load(name)
        shares[workload] = shares.get(workload, 0.0) + weight / total
    return shares


def weighted_mean(columns: Sequence[FloatArray], weights: Iterable[float], geometric: bool = False) -> FloatArray:
    """Mean ``(N,)`` over workloads of their columns ``(N,)``, with weights that sum to 1.

    The geometric mean is for what no workload may dominate by being large; it takes anything below 1e-300 for 1e-300.
    """
    total = np.zeros(len(columns[0]))
    for column, weight in zip(columns, weights, strict=True):
        # the logarithm is of a contiguous copy: of a strided column it may round otherwise
        total = total + weight * (np.log(np.maximum(column, 1e-300)) if geometric else column)
    return np.exp(total) if geometric else total


def _part(part: str, text: str) -> tuple[str, float]:
    """Name and weight of one part."""
    weight, star, name = part.partition("*")
    if not star:
        weight, name = "1", part
    if not name.strip():
        raise BadInput(f"workload {text!r}: the part {part!r} names no workload")
    return name.strip(), _number(weight, part)


def _number(weight: str, part: str) -> float:
    try:
        number = float(weight)
    except ValueError:
        number = -1.0
    if not 0.0 < number < 1e6:
        raise BadInput(f"workload part {part!r}: the weight must be a positive number below a million")
    return number
