"""Figures of the fixed reference architectures that Timeloop was run on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archgym.errors import BadInput, did_you_mean

from .component import Component

FILE = Path(__file__).with_name("reference_architectures.json")


@dataclass(frozen=True, eq=False)
class ReferenceFigures:
    """One fixed architecture's figures (16-bit words, 45 nm).

    Args:
        name: ``eyeriss``, ``simba`` or ``tpu32``.
        levels: components by level name, outermost first; energies per block access, areas per instance.
        mac_pj, mac_area_um2: of one MAC unit.
        fingerprint: hash of the data file.
    """

    name: str
    levels: Mapping[str, Component]
    mac_pj: float
    mac_area_um2: float
    fingerprint: str


def reference_names() -> list[str]:
    """The fixed architectures that ship with the package."""
    return list(_file()["architectures"])


@cache
def load_reference_figures(name: str) -> ReferenceFigures:
    """Energies and areas of a fixed architecture: CACTI 7 (SRAM) and Aladdin (spads, registers, MAC), 45 nm.

    Raises:
        BadInput: no such architecture.
    """
    if name not in reference_names():
        raise BadInput(f"there is no reference architecture '{name}'" + did_you_mean(name, reference_names()))
    raw = _file()["architectures"][name]
    levels = {level: Component(*figures) for level, figures in raw["levels"].items()}
    mac_pj, mac_area_um2 = raw["mac"]
    fingerprint = hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]
    return ReferenceFigures(name, levels, mac_pj, mac_area_um2, fingerprint)


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read
