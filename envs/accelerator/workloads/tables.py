"""Networks as tables of layers: CSV and TOML files, a user's own and those that ship.

CSV: a header, then a layer a line; ``#`` begins a comment line. Columns, in any order, those left out being 1::

    name,G,C,M,R,S,N,P,Q,stride,count
    conv1,1,3,64,7,7,1,112,112,2,1

C and M are channels of one group (see :class:`~archgym.envs.accelerator.layer.Layer`). TOML: the same keys::

    name = "mine"
    [[layer]]
    C = 3
    M = 64

Files come from strangers: they are parsed, bounded in size, and every fault is one line that names file, row and column.
"""

from __future__ import annotations

import csv
import io
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from archgym.envs.accelerator.layer import DIMS, LARGEST, Layer, Network
from archgym.errors import BadInput, did_you_mean

NUMBERS = (*DIMS, "stride", "count")
COLUMNS = ("name", *NUMBERS)
MAX_LAYERS = 10_000
MAX_BYTES = 4 << 20
MAX_NAME = 100
MAX_TOTAL = 1 << 62  # multiply-accumulates, and words of a tensor: kernels keep them in int64
Part = tuple[Layer, int]


def read_csv(path: str | os.PathLike[str]) -> Network:
    """A network from a CSV file, named after the file.

    Raises:
        BadInput: the file cannot be read or breaks a rule above.
    """
    file = shown(path)
    return network_of(file, stem(path), _csv_layers(file, _lines(_text(path, file))))


def read_toml(path: str | os.PathLike[str]) -> Network:
    """A network from a TOML file, named by its key ``name`` or after the file.

    Raises:
        BadInput: as :func:`read_csv`.
    """
    file = shown(path)
    text = _text(path, file)
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise BadInput(f"{file}: nested too deeply") from None
    except ValueError as error:
        raise BadInput(f"{file}: no valid TOML: {_one_line(str(error))}") from None
    _check_keys(f"{file}:", raw, ("name", "source", "layer"))
    tables = raw.get("layer", [])
    if not isinstance(tables, list):
        raise BadInput(f"{file}: layers are written as [[layer]] tables")
    name = _name(f"{file}:", raw.get("name", stem(path)))
    return network_of(file, name, (_toml_layer(f"{file}: layer {i}", table) for i, table in enumerate(tables, 1)))


def network_of(file: str, name: str, layers: Iterable[Part]) -> Network:
    """A network out of a file's layers, within the limits of number and size.

    Raises:
        BadInput: none, too many, or too much work in all.
    """
    found: list[Part] = []
    for layer, count in layers:
        if len(found) == MAX_LAYERS:
            raise BadInput(f"{file}: more than {MAX_LAYERS} layers")
        found.append((layer, count))
    if not found:
        raise BadInput(f"{file}: holds no layers")
    if sum(layer.macs * count for layer, count in found) > MAX_TOTAL:
        raise BadInput(f"{file}: more than 2^62 multiply-accumulates in all")
    return Network.of(name, found)


def check_size(place: str, layer: Layer) -> Layer:
    """The layer, if its work and its tensors can be counted.

    Raises:
        BadInput: they cannot.
    """
    if max(layer.macs, *layer.words) > MAX_TOTAL:
        raise BadInput(f"{place}: the layer is too large: more than 2^62 multiply-accumulates or words")
    return layer


def shown(path: str | os.PathLike[str]) -> str:
    """The path as given, safe to print on one line."""
    text = os.fspath(path)
    return text if text.isprintable() else ascii(text)


def stem(path: str | os.PathLike[str]) -> str:
    """A network's name after its file."""
    return shown(Path(path).stem)[:MAX_NAME]


def check_file(path: str | os.PathLike[str], file: str, most: int) -> None:
    """Refuse what is no plain file, or one above `most` bytes.

    Raises:
        BadInput: it is so.
    """
    if not os.path.exists(path):
        raise BadInput(f"{file}: no such file")
    if not os.path.isfile(path):
        raise BadInput(f"{file}: not a plain file")
    if os.path.getsize(path) > most:
        raise BadInput(f"{file}: larger than {most >> 20} MiB, the most such a file may hold")


def read_bytes(path: str | os.PathLike[str], file: str) -> bytes:
    """The file's content.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from None


def _text(path: str | os.PathLike[str], file: str) -> str:
    check_file(path, file, MAX_BYTES)
    raw = read_bytes(path, file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{file}: binary data: a table of layers is UTF-8 text")
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither blank nor a comment; any line ending will do."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _csv_layers(file: str, lines: Iterator[tuple[int, str]]) -> Iterator[Part]:
    number, line = next(lines, (0, ""))
    if not number:
        raise BadInput(f"{file}: empty: it holds neither header nor layers")
    header = _cells(f"{file}: row {number}", line)
    _check_keys(f"{file}: row {number}:", header, COLUMNS)
    for number, line in lines:
        place = f"{file}: row {number}"
        cells = _cells(place, line)
        if len(cells) != len(header):
            raise BadInput(f"{place}: {len(cells)} cells, where the header has {len(header)}")
        yield _layer(place, {key: cell if key == "name" else _whole(cell) for key, cell in zip(header, cells, strict=True)})


def _cells(place: str, line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise BadInput(f"{place}: no valid CSV: {error}") from None


def _whole(cell: str) -> int | str:
    """A cell's number; text that is none stays for the error to show."""
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) < 19 else cell


def _toml_layer(place: str, table: object) -> Part:
    if not isinstance(table, dict):
        raise BadInput(f"{place}: layers are written as [[layer]] tables")
    _check_keys(f"{place}:", table, COLUMNS)
    return _layer(place, table)


def _check_keys(place: str, keys: Iterable[str], known: tuple[str, ...]) -> None:
    """Every key is known and occurs once; a table of layers has one bound at least."""
    seen: set[str] = set()
    for key in keys:
        if key not in known:
            raise BadInput(f"{place} unknown column {_brief(key)}{did_you_mean(key, known)}")
        if key in seen:
            raise BadInput(f"{place} column {_brief(key)} occurs twice")
        seen.add(key)
    if known is COLUMNS and not seen.intersection(DIMS):
        raise BadInput(f"{place} no bound is given; columns are {', '.join(COLUMNS)}")


def _layer(place: str, cells: Mapping[str, object]) -> Part:
    numbers = {key: _number(place, key, cells.get(key, 1)) for key in NUMBERS}
    count = numbers.pop("count")
    name = _name(f"{place}:", cells.get("name", place.rpartition(": ")[2]))
    return check_size(place, Layer(name, **numbers)), count


def _number(place: str, key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise BadInput(f"{place}, column '{key}': must be a whole number from 1 to {LARGEST}, got {_brief(value)}")
    return value


def _name(place: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_NAME:
        raise BadInput(f"{place} a name is 1 to {MAX_NAME} printable characters, got {_brief(value)}")
    return value


def _brief(value: object) -> str:
    """A value on one short line."""
    if isinstance(value, int) and abs(value) > 1 << 64:
        return "a larger one"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return _one_line(text if len(text) <= 40 else f"{text[:37]}…")


def _one_line(text: str) -> str:
    return " ".join(text.split())
