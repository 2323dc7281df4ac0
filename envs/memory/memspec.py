"""Memories as plain data: one TOML file each, by name or by path."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray, IntArray

from .kernel.layout import MAX_BANKS, MAX_GROUPS, MAX_RANKS, N_POWER, N_TIMING, Power, Timing

FOLDER = Path(__file__).parent / "memspecs"
_DERIVED = {"TCK_PS", "BANK_GROUPS", "BANKS", "CLK_PERIOD_NS", "DEVICES"}
_FIELDS = ("byte", "column", "bank_group", "bank", "row")


@dataclass(frozen=True)
class MemSpec:
    """One rank of DRAM devices.

    Args:
        name: of the file.
        title: in words.
        banks, bank_groups: per rank.
        rows, columns: per bank; a column is one word of the bus.
        bus_bytes: width of the data bus.
        devices: per rank; each draws the currents of ``power``.
        clock_mhz: of the command clock.
        timing: cycles by JEDEC name, all of :class:`Timing` but the derived ones.
        power: mA per device and V, all of :class:`Power` but the derived ones.
        mapping: bits of the byte address per field, least significant first: the memory's own address mapping.
    """

    name: str
    title: str
    banks: int
    bank_groups: int
    rows: int
    columns: int
    bus_bytes: int
    devices: int
    clock_mhz: float
    timing: Mapping[str, int]
    power: Mapping[str, float]
    mapping: Mapping[str, tuple[int, ...]]

    @property
    def tck_ps(self) -> int:
        """Clock period rounded to 1 ps, as the reference simulator's clock is."""
        return round(1e6 / self.clock_mhz)

    @property
    def clk_period_ns(self) -> float:
        """Exact clock period, as the reference's power model uses it."""
        return 1e3 / self.clock_mhz

    @property
    def bytes_per_request(self) -> int:
        """One burst: two words per data-bus cycle."""
        return 2 * self.timing["BURST"] * self.bus_bytes

    @cached_property
    def timing_vector(self) -> IntArray:
        """The kernel's ``int64 (T,)``."""
        facts = {**self.timing, "TCK_PS": self.tck_ps, "BANK_GROUPS": self.bank_groups, "BANKS": self.banks}
        return np.array([facts[t.name] for t in Timing], dtype=np.int64)

    @cached_property
    def power_vector(self) -> FloatArray:
        """The kernel's ``float64 (P,)``."""
        facts = {**self.power, "CLK_PERIOD_NS": self.clk_period_ns, "DEVICES": float(self.devices)}
        return np.array([facts[p.name] for p in Power], dtype=np.float64)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides a number."""
        arrays: tuple[NDArray[Any], ...] = (self.timing_vector, self.power_vector)
        shape = [self.banks, self.bank_groups, self.rows, self.columns, self.bus_bytes, dict(self.mapping)]
        digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
        for array in arrays:
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]


def memspec_names() -> list[str]:
    """The memories that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load_memspec(name_or_path: str) -> MemSpec:
    """A memory by name, or from a TOML file of the same form.

    Raises:
        BadInput: no such memory, or a field is missing, unknown or out of range; the line names file and field.
    """
    if name_or_path in memspec_names():
        path = FOLDER / f"{name_or_path}.toml"
    elif name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    else:
        raise BadInput(f"there is no memory '{name_or_path}'" + did_you_mean(name_or_path, memspec_names()))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _Reader(path, raw).spec()


class _Reader:
    """Checks one file field by field."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self._path, self._raw = path, raw

    def spec(self) -> MemSpec:
        shape = ("banks", "bank_groups", "rows", "columns", "bus_bytes", "devices")
        sizes = {name: int(self._number("architecture", name, 1, whole=True)) for name in shape}
        timing = self._table("timing", [t.name for t in Timing if t.name not in _DERIVED], whole=True)
        power = self._table("power", [p.name for p in Power if p.name not in _DERIVED], whole=False)
        assert len(timing) + 3 == N_TIMING
        assert len(power) + 2 == N_POWER
        spec = MemSpec(
            name=self._path.stem,
            title=str(self._raw.get("title", self._path.stem)),
            clock_mhz=self._number("architecture", "clock_mhz", 1.0, whole=False),
            timing={k: int(v) for k, v in timing.items()},
            power=power,
            mapping={field: self._bits(field) for field in _FIELDS},
            **sizes,
        )
        self._check_shape(spec)
        return spec

    def _table(self, table: str, names: list[str], whole: bool) -> dict[str, float]:
        for name in self._section(table):
            if name not in names:
                raise self._error(f"{table}.{name}", "unknown field" + did_you_mean(name, names))
        return {name: self._number(table, name, 0, whole) for name in names}

    def _section(self, table: str) -> dict[str, Any]:
        section = self._raw.get(table)
        if not isinstance(section, dict):
            raise self._error(table, "table missing")
        return section

    def _number(self, table: str, name: str, least: float, whole: bool) -> float:
        value = self._section(table).get(name)
        kinds = (int,) if whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool) or not least <= value < 2**31:
            kind = "whole number" if whole else "number"
            raise self._error(f"{table}.{name}", f"must be a {kind} of at least {least}, got {value!r}")
        return value

    def _bits(self, field: str) -> tuple[int, ...]:
        bits = self._section("address_mapping").get(field)
        if not isinstance(bits, list) or not all(isinstance(b, int) and 0 <= b < 63 for b in bits):
            raise self._error(f"address_mapping.{field}", f"must be a list of bit numbers, got {bits!r}")
        return tuple(bits)

    def _check_shape(self, spec: MemSpec) -> None:
        """Address fields must cover the device, and the device must fit the kernel."""
        widths = {
            "byte": spec.bus_bytes,
            "column": spec.columns,
            "bank_group": spec.bank_groups if spec.mapping["bank_group"] else 1,
            "bank": spec.banks // (spec.bank_groups if spec.mapping["bank_group"] else 1),
            "row": spec.rows,
        }
        for field, size in widths.items():
            if 2 ** len(spec.mapping[field]) != size:
                raise self._error(f"address_mapping.{field}", f"{len(spec.mapping[field])} bits do not address {size}")
        every = [bit for field in _FIELDS for bit in spec.mapping[field]]
        if len(set(every)) != len(every):
            raise self._error("address_mapping", "a bit is used twice")
        if spec.banks > MAX_BANKS // MAX_RANKS or spec.bank_groups > MAX_GROUPS // MAX_RANKS:
            raise self._error("architecture.banks", f"more than {MAX_BANKS // MAX_RANKS} banks or too many groups")

    def _error(self, field: str, reason: str) -> BadInput:
        return BadInput(f"{self._path}: {field}: {reason}")
