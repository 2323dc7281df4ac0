"""The mapper for large map spaces against Timeloop's random search on three fixed architectures."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.batch import in_parallel
from archgym.envs.accelerator.architectures import fixed_architecture
from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.architecture import Architecture
from archgym.family import Table

from .branch import solve_large
from .solve import Solution
from .space import Limits, MapSpace

REFERENCE = Path(__file__).parents[1] / "reference" / "timeloop_mapper_large.csv.gz"
NODES = 2_000_000  # a few seconds at most for a layer; the default of `solve_large` closes a few gaps more
ALL = "".join(DIMS)
SPREAD = {"free": (ALL, ALL), "weight stationary": ("MG", "CRS")}
ROUNDED_UJ = 0.005  # half a unit of the last digit that Timeloop prints


@dataclass(frozen=True)
class Search:
    """One search of Timeloop's mapper by energy-delay product, and ours of the same space."""

    group: str
    found: bool
    cycles: float
    energy_uj: float
    ours: Solution

    @property
    def ratio(self) -> float:
        """Timeloop's product over ours."""
        return self.cycles * self.energy_uj * 1e6 / self.ours.value

    @property
    def worse(self) -> bool:
        """Whether Timeloop's is better by more than its rounding."""
        return self.ours.value > self.cycles * (self.energy_uj + ROUNDED_UJ) * 1e6


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Ours beside Timeloop's, by space and architecture."""
    searches = _searches()
    groups = {name: [s for s in searches if s.group == name] for name in dict.fromkeys(s.group for s in searches)}
    cells = [(name, *_summary(members)) for name, members in groups.items()]
    total = _summary(searches)
    columns = ("rows", "timeloop_found_none", "worse", "median_ratio", "largest_ratio", "certified", "largest_gap_percent")
    headings = ("space, architecture", *(name.replace("_", " ") for name in columns))
    notes = ("ratio: Timeloop's energy-delay product over ours; gap: of ours to the proved bound where not certified.",)
    title = f"mapper in large spaces ({NODES:,} transitions at most), Timeloop over ours"
    return [Table(title, headings, [*cells, ("all", *total)], notes)], {"mapper_large": dict(zip(columns, total, strict=True))}


def space_of(architecture: Architecture, kind: str) -> MapSpace:
    """Temporal loops free everywhere; ``"free"`` spreads any dim over the mesh, ``"weight stationary"`` M, G and C, R, S."""
    x, y = SPREAD[kind]
    meshes = [level.fanout != (1, 1) for level in architecture.levels]
    return MapSpace(kind, tuple(Limits(ALL, x if mesh else "", y if mesh else "") for mesh in meshes))


def _searches() -> list[Search]:
    rows = list(csv.DictReader(gzip.decompress(REFERENCE.read_bytes()).decode().splitlines()))
    searches: list[Search | None] = [None] * len(rows)

    def work(i: int) -> None:
        searches[i] = _search(rows[i])

    in_parallel(work, range(len(rows)))
    return [search for search in searches if search]


def _search(row: dict[str, str]) -> Search:
    architecture = fixed_architecture(row["arch"])
    groups, c, m, r, p, stride = json.loads(row["layer"])
    layer = Layer(row["layer"], G=groups, C=c, M=m, R=r, S=r, P=p, Q=p, stride=stride)
    ours = solve_large(layer, architecture, space_of(architecture, row["space"]), "edp", NODES)
    cycles, energy = (float(row[name] or "nan") for name in ("cycles", "energy_uJ"))
    return Search(f"{row['space']}, {row['arch']}", row["ok"] == "1", cycles, energy, ours)


def _summary(searches: Sequence[Search]) -> tuple[Any, ...]:
    found = [s for s in searches if s.found]
    middle, most = (round(float(f([s.ratio for s in found])), 3) if found else None for f in (np.median, np.max))
    gaps = [s.ours.value / s.ours.bound - 1.0 for s in searches]
    certified = sum(gap <= 0.0 for gap in gaps)
    worse = sum(s.worse for s in found)
    return len(searches), len(searches) - len(found), worse, middle, most, certified, round(100 * max(gaps), 2)
