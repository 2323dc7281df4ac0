"""Workloads of the accelerators: built-in networks, transformers of any length, users' files and mixes, all by their text.

load_network("resnet18")                       convolutions only; "resnet18_full" adds the fully connected layers
load_network("llama2_7b@4096/decode")          a transformer at a sequence length (see `transformers`)
load_network("mine.csv")                       a file: .csv and .toml (see `tables`), .onnx (see `onnx_file`)
load_mix("2*resnet18 + mobilenet_v2")          several networks with weights
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from functools import cache
from itertools import pairwise

from archgym.envs.accelerator.layer import Layer, Network
from archgym.errors import BadInput, did_you_mean
from archgym.mix import read_mix

from .tables import read_csv, read_toml
from .transformers import DATA, default_text, transformer, transformers

TABLES = tuple(sorted(path.stem for path in DATA.glob("*.csv")))
_CLASSIFIERS: dict[str, list[int]] = tomllib.loads((DATA / "classifiers.toml").read_text(encoding="utf-8"))
NETWORKS = (
    *sorted((*TABLES, *(f"{name}_full" for name in _CLASSIFIERS))),
    *(default_text(name) for name in sorted(transformers())),
)
"""What ships, transformers with the length that is taken where none is given; any other length will do as well."""


def load_network(text: str) -> Network:
    """A network by its text: a built-in name, a transformer with its length, or a path to .csv, .toml or .onnx.

    Built-in networks are one object per process. A file is read anew each time.

    Raises:
        BadInput: no such network or file, a file that cannot be used, or (MissingExtra) onnx is not installed.
    """
    read = _READERS.get(os.path.splitext(text)[1].lower())
    return read(text) if read else _built_in(text)


def load_mix(text: str) -> dict[Network, float]:
    """Networks with their weights, which sum to 1: one network, or ``"2*resnet18 + mobilenet_v2"``.

    Raises:
        BadInput: as :func:`~archgym.mix.read_mix` and :func:`load_network`.
    """
    return read_mix(text, load_network)


def _built_in(text: str) -> Network:
    bare = text.partition("@")[0].partition("/")[0]
    if bare in transformers():
        return transformer(text)
    if bare not in NETWORKS:
        raise BadInput(f"there is no network {text!r} (files end in .csv, .toml or .onnx){did_you_mean(bare, _names())}")
    if bare != text:
        raise BadInput(f"{text!r}: {bare} takes no sequence length and no phase; transformers do: {', '.join(transformers())}")
    return _table(bare)


@cache
def _table(name: str) -> Network:
    """A network of the data folder; ``_full`` adds its fully connected layers as products of one row."""
    stem = name.removesuffix("_full")
    network = read_csv(DATA / f"{stem}.csv")
    if stem == name:
        return network
    widths = enumerate(pairwise(_CLASSIFIERS[stem]), 1)
    dense = [(Layer(f"fc{i}", C=inputs, M=outputs), 1) for i, (inputs, outputs) in widths]
    return Network.of(name, [*network.layers, *dense])


def _names() -> list[str]:
    return [*(name for name in NETWORKS if "@" not in name), *transformers()]


def _read_onnx(path: str) -> Network:
    from .onnx_file import read_onnx  # an optional library

    return read_onnx(path)


_READERS: dict[str, Callable[[str], Network]] = {".csv": read_csv, ".toml": read_toml, ".onnx": _read_onnx}

__all__ = ["NETWORKS", "load_mix", "load_network"]
