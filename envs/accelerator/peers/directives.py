"""MAESTRO's mapping directives as a loop nest of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archgym.envs.accelerator.layer import DIMS, Layer
from archgym.envs.accelerator.nest.mapping import Loops, Mapping

DIRECTIVE = re.compile(r"(Temporal|Spatial)Map\(([^,]+),([^,]+)\) (\w)")
CLUSTER = re.compile(r"Cluster\(([^,]+), P\)")


@dataclass(frozen=True)
class Directive:
    """``SpatialMap(size, offset)`` or ``TemporalMap(size, offset)`` of one dim, whose bound it cuts into tiles."""

    dim: str
    spatial: bool
    tile: int


@dataclass(frozen=True)
class Nest:
    """A mapping onto DRAM, L2 and one L1 per PE, and the layer with its bounds rounded up to whole tiles."""

    layer: Layer
    mapping: Mapping
    clusters: int
    cluster: int


def nest_of(layer: Layer, text: str, pes: int) -> Nest:
    """The loops of a mapping: clusters along X, the PEs of a cluster along Y, what is left of every dim in L1.

    Tiles that do not divide a bound leave an edge, and an edge takes as long as a whole tile: bounds are rounded up. In a
    cluster that spreads rows of inputs and of filters together (row stationary), each PE has one row of both.
    """
    outside, _, inside = text.partition(" | Cluster(")
    cluster = _size(CLUSTER.search(text)[1], layer) if inside else 1  # type: ignore[index]
    left = dict(zip(DIMS, layer.bounds, strict=True))
    loops, along_x = _cut(left, _directives(outside, layer), pes // cluster)
    repeats, along_y = _cut(left, _directives(inside, layer), cluster)
    for dim, n in repeats.items():
        left[dim] *= n
    inner = Loops(tuple((dim, n) for dim, n in left.items() if n > 1))
    outer = Loops(tuple(loops.items()), tuple(along_x.items()), tuple(along_y.items()))
    whole = {dim: n * loops.get(dim, 1) * along_x.get(dim, 1) * along_y.get(dim, 1) for dim, n in left.items()}
    rounded = Layer(layer.name, **whole, stride=layer.stride)
    return Nest(rounded, Mapping((Loops(), outer, inner)), pes // cluster, cluster)


def _cut(left: dict[str, int], directives: list[Directive], copies: int) -> tuple[dict[str, int], dict[str, int]]:
    """Iterations and copies per dim, outermost first; ``left`` becomes the tiles."""
    loops, spread = {}, {}
    for directive in directives:
        dim, bound = directive.dim, left[directive.dim]
        left[dim] = min(directive.tile, bound)
        tiles = -(-bound // left[dim])
        spread[dim] = min(copies, tiles) if directive.spatial else 1
        loops[dim] = -(-tiles // spread[dim])
    return loops, spread


def _directives(text: str, layer: Layer) -> list[Directive]:
    return [_directive(found.groups(), layer) for found in DIRECTIVE.finditer(text)]


def _directive(words: Sequence[str], layer: Layer) -> Directive:
    """Y and X are in rows and columns of inputs: a window of one output moves by the stride."""
    kind, size, offset, name = words
    rename = {"K": "M", "Y": "P", "X": "Q", "C": "G" if layer.G > 1 else "C"}
    dim = rename.get(name, name)
    tile = max(1, _size(offset, layer) // layer.stride) if dim in "PQ" else _size(size, layer)
    return Directive(dim, kind == "Spatial", tile)


def _size(text: str, layer: Layer) -> int:
    return {"Sz(R)": layer.R, "Sz(S)": layer.S}.get(text) or int(text)
