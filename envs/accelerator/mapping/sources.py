"""What a task names: an architecture by name or TOML file, a layer by its bounds or by network and name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archgym.envs.accelerator.layer import DIMS, TENSORS, Layer
from archgym.envs.accelerator.nest.architecture import UNLIMITED, Architecture, Level
from archgym.envs.accelerator.workloads import load_network
from archgym.errors import BadInput, did_you_mean

SHIPPED = Path(__file__).parent / "architectures.toml"
_LEVEL = {
    "capacity": UNLIMITED, "block": 1, "read": float("inf"), "write": float("inf"), "read_pj": 0.0, "write_pj": 0.0,
    "area_um2": 0.0,
}  # fmt: skip
_WHOLE = ("capacity", "block")
MAX_LEVELS = 12


@dataclass(frozen=True)
class Machine:
    """An architecture with its clock."""

    architecture: Architecture
    clock_hz: float


@cache
def load_machine(text: str) -> Machine:
    """A machine by its shipped name, or ``FILE.toml:NAME`` for one of a file of the same form (``FILE.toml`` if it holds one).

    Raises:
        BadInput: no such name, or a file that cannot be read or breaks the form; the line names file and field.
    """
    file, separator, name = text.rpartition(":")
    if text.endswith(".toml"):
        file, name = text, ""
    path = Path(file) if separator or text.endswith(".toml") else SHIPPED
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    if not name and len(raw) == 1:
        name = next(iter(raw))
    if name not in raw:
        where = "" if path == SHIPPED else f"{path}: "
        raise BadInput(f"{where}there is no architecture '{name}'" + did_you_mean(name, raw))
    return _machine(path.name, name, raw[name])


def _machine(file: str, name: str, raw: Any) -> Machine:
    place = f"{file}: {name}"
    _known(place, raw, ("title", "clock_hz", "mac_pj", "mac_area_um2", "level"))
    levels = raw.get("level")
    if not isinstance(levels, list) or not 2 <= len(levels) <= MAX_LEVELS:
        raise BadInput(f"{place}: level must be a list of 2 to {MAX_LEVELS} levels")
    found = tuple(_level(f"{place}: level {i}", level) for i, level in enumerate(levels, 1))
    _check_levels(place, found)
    mac, area = _number(place, raw, "mac_pj", 0.0), _number(place, raw, "mac_area_um2", 0.0)
    return Machine(Architecture(name, found, mac, area), _number(place, raw, "clock_hz", 1e9, 1.0))


def _check_levels(place: str, levels: tuple[Level, ...]) -> None:
    names = [level.name for level in levels]
    if len(set(names)) < len(names):
        raise BadInput(f"{place}: two levels share a name")
    if levels[0].capacity != UNLIMITED:
        raise BadInput(f"{place}: the outermost level holds everything, so it takes no capacity")
    for level in levels:
        if level.capacity < len(level.keeps):
            raise BadInput(f"{place}: level '{level.name}' cannot hold a word of every tensor that it keeps")


def _level(place: str, raw: Any) -> Level:
    _known(place, raw, ("name", "keeps", "fanout", *_LEVEL))
    name, keeps, fanout = raw.get("name"), raw.get("keeps", list(TENSORS)), raw.get("fanout", [1, 1])
    if not isinstance(name, str) or not name.isidentifier():
        raise BadInput(f"{place}: name must be a word, got {name!r}")
    if not isinstance(keeps, list) or not keeps or len({str(t) for t in keeps}) < len(keeps):
        raise BadInput(f"{place}: keeps must be a list of different tensors, got {keeps!r}")
    if not isinstance(fanout, list) or len(fanout) != 2 or not all(type(n) is int and 1 <= n <= 4096 for n in fanout):
        raise BadInput(f"{place}: fanout must be two whole numbers from 1 to 4096, got {fanout!r}")
    facts = {key: _number(place, raw, key, default, 1.0 if key in _WHOLE else 0.0) for key, default in _LEVEL.items()}
    capacity, block = int(facts.pop("capacity")), int(facts.pop("block"))
    ports = {"read_bandwidth": facts.pop("read"), "write_bandwidth": facts.pop("write")}
    return Level(name, tuple(str(t) for t in keeps), capacity, block, fanout=(fanout[0], fanout[1]), **ports, **facts)


def _known(place: str, raw: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(raw, dict):
        raise BadInput(f"{place}: must be a table")
    for key in raw:
        if key not in keys:
            raise BadInput(f"{place}: unknown field '{key}'" + did_you_mean(str(key), keys))


def _number(place: str, raw: Mapping[str, Any], key: str, default: float, least: float = 0.0) -> float:
    value = raw.get(key, default)
    kinds = (int,) if key in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least or (key in raw and not value < 2**60):
        raise BadInput(f"{place}: {key} must be a number of at least {least:g}, got {value!r}")
    return value


def load_layer(text: str) -> Layer:
    """A layer by its bounds, ``"C=64,M=64,R=3,S=3,P=56,Q=56,stride=1"`` (those left out are 1), or ``"NETWORK:LAYER"``.

    NETWORK is any text of :func:`~archgym.envs.accelerator.workloads.load_network`, LAYER a name in it.

    Raises:
        BadInput: a part is no bound, or there is no such network or layer.
    """
    if "=" in text and not Path(text.rpartition(":")[0]).is_file():
        return _from_bounds(text)
    network, separator, name = text.rpartition(":")
    if not separator:
        raise BadInput(f"layer '{text}': give its bounds (C=64,M=64,P=56,…) or NETWORK:LAYER")
    layers = {layer.name: layer for layer, _ in load_network(network).layers}
    if name not in layers:
        raise BadInput(f"network '{network}' has no layer '{name}'" + did_you_mean(name, layers))
    return layers[name]


def _from_bounds(text: str) -> Layer:
    bounds: dict[str, int] = {}
    for part in text.split(","):
        key, _, number = (piece.strip() for piece in part.partition("="))
        if key not in (*DIMS, "stride") or key in bounds or not number.isdecimal():
            raise BadInput(f"layer '{text}': '{part.strip()}' is not DIM=NUMBER with DIM once out of {' '.join(DIMS)} stride")
        bounds[key] = int(number[:12])
    return Layer(text, **bounds)
