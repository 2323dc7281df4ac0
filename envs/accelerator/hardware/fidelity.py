"""The mapper inside against Timeloop's, on ArchGym's topology: same limits, same energy table, same goal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.batch import in_parallel
from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.mapper.solve import Goal, Solution, solve
from archgym.envs.accelerator.nest.architecture import Architecture, Level
from archgym.envs.accelerator.technology import Technology, load_technology
from archgym.family import Table
from archgym.files import read_table, read_text

from .topology import KEEPS, LEVELS, ROW_STATIONARY

REFERENCE = Path(__file__).parents[1] / "reference"
BASELINE = {"cycles": 7885704.0, "energy_uj": 29206.0, "area_mm2": 2.03}  # ArchGym's Eyeriss on AlexNet, from its repository
Key = tuple[str, str, Goal]


@dataclass(frozen=True)
class Row:
    """One search of Timeloop's mapper: the design, the layer, the goal, and what it found."""

    key: Key
    network: str
    budget: str
    found: bool
    cycles: float
    energy_uj: float


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Ours beside Timeloop's for every row, and ArchGym's baseline beside ours."""
    technology = load_technology("cacti_45nm")
    points = json.loads(read_text(REFERENCE / "timeloop_points.json.gz"))
    rows = _rows()
    ours = _solve_all(points, sorted({row.key for row in rows}), technology)
    cells, figures = _compare(rows, ours)
    baseline = _baseline(rows, ours, architecture(points["default"], technology).area_um2)
    notes = (
        "worse: fewer cycles (then energy), energy-delay product or energy by Timeloop; ours is certified optimal, so never.",
        "energy: Timeloop's over ours where cycles agree (goal delay), or Timeloop's goal over ours.",
    )
    headings = ("searched for", "rows", "Timeloop found none", "ours found none", "worse", "median", "largest")
    return [Table("mapper: Timeloop's random search over the certified optimum", headings, cells, notes), baseline], figures


def architecture(point: Mapping[str, Any], technology: Technology) -> Architecture:
    """One of ArchGym's designs, by its parameters' names there."""
    names = {"GLB": "GLB", "column": "DB", "ifmap_spad": "IF", "weights_spad": "WT", "psum_spad": "PS"}
    dram = technology.dram("lpddr4", block=4)
    levels = [Level("DRAM", block=4, read_pj=dram.read_pj, write_pj=dram.write_pj)]
    fanouts = {"GLB": (min(14, point["meshX"]), 14 // min(14, point["meshX"])), "column": (1, point["PE"] // 14)}
    for name, keeps in zip(LEVELS[1:], KEEPS[1:], strict=True):
        p = point[names[name]]
        part = technology.buffer(p["cls"], p["depth"], p["block"], p.get("banks", 1))
        ports = {"read_bandwidth": p["rbw"], "write_bandwidth": p["wbw"]} if "rbw" in p else {}
        costs = {"read_pj": part.read_pj, "write_pj": part.write_pj, "area_um2": part.area_um2}
        size = p["depth"] * p["block"]
        levels.append(Level(name, keeps, size, p["block"], **ports, **costs, fanout=fanouts.get(name, (1, 1))))
    return Architecture("archgym", tuple(levels), technology.mac_pj, technology.mac_area_um2)


def layer_of(text: str) -> Layer:
    """The reference tables' ``[G, C, M, R, P, stride]``: square filters and outputs, batch 1."""
    groups, c, m, r, p, stride = json.loads(text)
    return Layer(text, G=groups, C=c, M=m, R=r, S=r, P=p, Q=p, stride=stride)


def _rows() -> list[Row]:
    return [_row(r) for r in read_table(REFERENCE / "timeloop_mapper.csv.gz")]


def _row(r: Mapping[str, str]) -> Row:
    goal: Any = r["goal"]
    numbers = (float(r[name] or "nan") for name in ("cycles", "energy_uJ"))
    return Row((r["point"], r["layer"], goal), r["network"], r["budget"], r["ok"] == "1", *numbers)


def _solve_all(points: Mapping[str, Any], keys: Sequence[Key], technology: Technology) -> dict[Key, Solution]:
    found: dict[Key, Solution] = {}

    def work(key: Key) -> None:
        point, layer, goal = key
        found[key] = solve(layer_of(layer), architecture(points[point], technology), ROW_STATIONARY, goal)

    in_parallel(work, keys)
    return found


def _compare(rows: Sequence[Row], ours: Mapping[Key, Solution]) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(f"{row.network}, {row.key[2]}, {row.budget}", []).append(row)
    cells = [(name, *_summary(members, ours)) for name, members in groups.items()]
    total = _summary(rows, ours)
    names = ("rows", "timeloop_found_none", "ours_found_none", "worse", "median_ratio", "largest_ratio")
    return [*cells, ("all", *total)], {"mapper": dict(zip(names, total, strict=True))}


def _summary(rows: Sequence[Row], ours: Mapping[Key, Solution]) -> tuple[Any, ...]:
    found = [row for row in rows if row.found]
    ratios = [_ratio(row, ours[row.key]) for row in found]
    worse = sum(_worse(row, ours[row.key]) for row in found)
    lost = sum(ours[row.key].mapping is None for row in found)
    middle, most = (round(float(f(ratios)), 3) if ratios else None for f in (np.median, np.max))
    return len(rows), len(rows) - len(found), lost, worse, middle, most


def _ratio(row: Row, ours: Solution) -> float:
    """Timeloop's goal over ours; for the goal delay the energies' ratio at equal cycles, else that of the cycles."""
    if row.key[2] == "edp":
        return row.cycles * row.energy_uj / (ours.cycles * ours.energy_pj * 1e-6)
    if row.key[2] == "delay" and row.cycles > ours.cycles:
        return row.cycles / ours.cycles
    return row.energy_uj / (ours.energy_pj * 1e-6)


def _worse(row: Row, ours: Solution) -> bool:
    """Whether Timeloop's is better by more than its printed digits (0.01 uJ)."""
    energy = ours.energy_pj * 1e-6 - 0.006
    if row.key[2] == "edp":
        return ours.cycles * energy > row.cycles * row.energy_uj
    if row.key[2] == "delay":
        return ours.cycles > row.cycles or (ours.cycles == row.cycles and energy > row.energy_uj)
    return energy > row.energy_uj


def _baseline(rows: Sequence[Row], ours: Mapping[Key, Solution], area_um2: float) -> Table:
    keys = {row.key for row in rows if row.key[0] == "default" and row.network == "AlexNet" and row.key[2] == "delay"}
    cycles, energy = sum(ours[k].cycles for k in keys), sum(ours[k].energy_pj for k in keys) * 1e-6
    cells = [
        ("cycles", f"{BASELINE['cycles']:,.0f}", f"{cycles:,.0f}"),
        ("energy, uJ", f"{BASELINE['energy_uj']:,.0f}", f"{energy:,.0f}"),
        ("area, mm2", f"{BASELINE['area_mm2']:.2f}", f"{area_um2 * 1e-6:.3f}"),
    ]
    notes = ("Same cycles; ArchGym's energy is that of its random mapper's draw, ours the least at these cycles.",)
    return Table("ArchGym's Eyeriss baseline on AlexNet", ("", "ArchGym", "ours, certified"), cells, notes)
