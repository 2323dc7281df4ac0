"""Reads technologies from their data files."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.errors import BadInput, did_you_mean
from archgym.space import FloatArray

from .cacti import COLUMNS, CactiTable
from .component import KINDS
from .curve import PowerCurve
from .laws import Addressed, Capacity, Flat, Law, Registers, SteppedArea, WithArea
from .technology import Dram, Technology

if TYPE_CHECKING:
    from .schema import AnyLaw, AreaLaw, BufferClass, TechnologyFile

FOLDER = Path(__file__).parent


def technology_names() -> list[str]:
    """The technologies that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load_technology(name: str) -> Technology:
    """A technology by name, or from a TOML file of the same form (its CACTI table beside it).

    * ``cacti_45nm``: CACTI 7 SRAM, Aladdin registers and MACs, as ArchGym and Timeloop use them. Defines everything.
    * ``horowitz_45nm``: Horowitz, ISSCC 2014: arithmetic, caches by capacity, DRAM. Areas and registers are cacti_45nm's.
    * ``eyeriss_65nm``: the ratios of Chen, ISCA 2016 (RF 1, array 2, buffer 6, DRAM 200 to a MAC's 1), whatever a buffer's
      size. The MAC's own energy and all areas are cacti_45nm's, scaled by 65/45 and its square.
    * ``maestro``: MAESTRO's ratios (L1 1.68, L2 18.61) and ArchGym's area formula for it. MAC energy and DRAM are cacti_45nm's.

    Raises:
        BadInput: no such technology, or a field or a line of its files is missing or wrong; the message names file and place.
    """
    if name in technology_names():
        return _Reader(FOLDER / f"{name}.toml").technology()
    if name.endswith(".toml"):
        return _Reader(Path(name)).technology()
    raise BadInput(f"there is no technology '{name}'" + did_you_mean(name, technology_names()))


class _Reader:
    """Builds one technology and remembers every file it used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._file = self._parse()

    def technology(self) -> Technology:
        """The technology of the file."""
        file = self._file
        neighbour = file.neighbour.times_mac * file.mac.energy_pj if file.neighbour else 0.0
        laws = {kind: self._class(kind) for kind in KINDS}
        drams = self._drams()
        return Technology(
            self._path.stem, file.title, file.node_nm, file.word_bits, file.mac.energy_pj, file.mac.area_um2,
            file.clock.hz, neighbour, laws, drams, dict(_sources(file.model_dump())), self._digest.hexdigest()[:16],
        )  # fmt: skip

    def _parse(self) -> TechnologyFile:
        from pydantic import ValidationError

        from .schema import TechnologyFile  # pydantic takes a while to import

        try:
            raw = tomllib.loads(self._read(self._path))
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{self._path}: {error}") from None
        try:
            return TechnologyFile.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "file"
            raise BadInput(f"{self._path}: {place}: {first['msg']}") from None

    def _read(self, path: Path) -> str:
        try:
            data = path.read_bytes()
            self._digest.update(data)
            return data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def _class(self, kind: str) -> Law:
        described: BufferClass = getattr(self._file.buffer, kind)
        law = self._law(kind, described.storage)
        if described.area is not None:
            area = described.area
            law = WithArea(law, self._area(kind, area), area.scale if area.law == "like" else 1.0)
        if described.addressing is not None:
            law = Addressed(law, described.addressing.pj_per_address_bit, described.addressing.area_um2)
        return law

    def _law(self, kind: str, law: AnyLaw) -> Law:
        bits = self._file.word_bits
        if law.law == "cacti":
            return self._table(self._path.parent / law.table)
        if law.law == "registers":
            return Registers(bits, law.pj_per_bit, law.reference_depth, law.um2_per_bit)
        if law.law == "capacity":
            return Capacity(bits, law.access_bits, PowerCurve(np.array(law.bytes), np.array(law.pj)[:, None]))
        if law.law == "ratio":
            return Flat(law.times_mac * self._file.mac.energy_pj)
        other = self._other(law.technology).laws[kind]
        return other if law.scale == 1.0 else WithArea(other, other, law.scale)

    def _area(self, kind: str, law: AreaLaw) -> Law:
        if law.law == "like":
            return self._other(law.technology).laws[kind]
        return SteppedArea(self._file.word_bits, law.step_bytes, law.um2_per_step)

    def _other(self, name: str) -> Technology:
        if name not in technology_names() or name == self._path.stem:
            raise BadInput(f"{self._path}: there is no other technology '{name}'" + did_you_mean(name, technology_names()))
        other = load_technology(name)
        if other.word_bits != self._file.word_bits:
            raise BadInput(f"{self._path}: word_bits is {self._file.word_bits}, but {name} has words of {other.word_bits} bits")
        self._digest.update(other.fingerprint.encode())
        return other

    def _drams(self) -> dict[str, Dram]:
        file = self._file
        drams = dict(self._other(file.dram_like).drams) if file.dram_like else {}
        per_word = file.mac.energy_pj / file.word_bits
        for kind, dram in file.dram.items():
            energy = dram.pj_per_bit if dram.times_mac is None else dram.times_mac * per_word
            assert energy is not None  # the schema asks for one of the two
            drams[kind] = Dram(energy, dram.gb_per_s, dram.source)
        return drams

    def _table(self, path: Path) -> CactiTable:
        lines = list(csv.reader(self._read(path).splitlines()))
        if not lines or tuple(lines[0]) != COLUMNS:
            raise BadInput(f"{path}: line 1: the columns must be {','.join(COLUMNS)}")
        rows = np.array([_numbers(path, n, line) for n, line in enumerate(lines[1:], 2)]).reshape(-1, len(COLUMNS))
        try:
            return CactiTable(rows)
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from None


def _numbers(path: Path, line_number: int, line: list[str]) -> FloatArray:
    try:
        numbers = np.array([float(text) for text in line])
    except ValueError as error:
        raise BadInput(f"{path}: line {line_number}: {error}") from None
    if len(numbers) != len(COLUMNS) or not (np.isfinite(numbers) & (numbers > 0)).all():
        raise BadInput(f"{path}: line {line_number}: needs {len(COLUMNS)} positive numbers")
    return numbers


def _sources(node: dict[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """``mac`` -> its source, and so on for every table that has one."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _sources(value, f"{place}.{key}" if place else key)
        elif key == "source":
            yield place, value
