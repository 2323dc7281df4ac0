"""Neighbour links, as Timeloop 3.0.3 models them by default: what a neighbour on the mesh held before comes from there.

Under a fan-out every instance needs a tile; what is new of it against the step before, its delta, is a box of coordinates.
Where a delta equals the delta that one of the four neighbours took one step earlier, the neighbour hands it on and the parent
is not read. A step uses links only if that lowers the parent's reads. Three habits of Timeloop decide numbers and are kept:

* Steps are sampled: of each temporal loop the first and the second iteration; the second stands for all others.
* Instances are numbered along X first, the first listed dim fastest, and numbers are laid on the mesh as wide as it was built:
  a mapping that uses part of a row has neighbours that are none.
* Where the child passes the tensor through, nothing is handed on, but the mix of multicasts found here still scales the reads.

Deltas are those of `counts.fills`: a box loses what it shares with the last one if it moved as it did the time before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from archgym.envs.accelerator.layer import DIMS, TENSORS, Layer
from archgym.space import BoolArray, FloatArray, IntArray

from .architecture import Architecture
from .compiled import price_row
from .counts import FILLS, OUTPUTS, READS, UPDATES, WEIGHTS
from .evaluate import Result, evaluate_mappings
from .mapping import Loops, Mapping

Point = tuple[int, ...]
Box = tuple[Point, Point]  # lowest coordinates and extents
NEIGHBOURS = ((0, -1), (0, 1), (-1, 0), (1, 0))


@dataclass(frozen=True)
class Traffic:
    """What one fan-out carries of one tensor, in words per instance of the level above it.

    Args:
        reads: taken from the parent.
        alone: what would be taken without links.
        delivered: arriving at the children out of ``reads``; a multicast counts once per receiver.
        handed: arriving at the children from neighbours.
    """

    reads: int
    alone: int
    delivered: int
    handed: int


def evaluate_with_links(layer: Layer, architecture: Architecture, mapping: Mapping) -> Result:
    """Costs of one mapping where neighbours hand data on; as :func:`evaluate_mappings` where they have none to hand on.

    Fan-outs of the innermost level have no links: multipliers store nothing.
    """
    result = evaluate_mappings(layer, architecture, [mapping])
    counts, out = result.counts[0].copy(), np.empty(2)
    temporal, _, along_x, along_y = mapping.arrays()
    spatial = along_x * along_y
    bounds = np.ones((len(temporal) + 1, 8), dtype=np.int64)
    bounds[:-1] = np.cumprod((temporal * spatial)[::-1], axis=0)[::-1]
    instances = np.cumprod([1, *spatial.prod(axis=1)])
    for i in range(len(temporal) - 2, -1, -1):
        for tensor in range(len(TENSORS)) if instances[i + 1] > instances[i] else ():
            traffic = fanout_traffic(tensor, i, architecture, mapping, bounds, layer.stride)
            if traffic.handed:
                _recount(traffic, tensor, i, architecture.keep[:, tensor], instances, counts)
    price_row(layer.array(), architecture.ports, float(architecture.mac_pj), spatial, result.steps[0], counts, out)
    return replace(result, counts=counts[None], cycles=out[:1], energy_pj=out[1:])


def _recount(traffic: Traffic, tensor: int, i: int, keep: IntArray, instances: IntArray, counts: FloatArray) -> None:
    """Put the traffic of level ``i``'s fan-out into the counts ``(L, 3, 3)``: the parent's reads, the child's reads, fills."""
    copies = instances[i + 1] // instances[i]
    total = traffic.delivered + traffic.handed
    factor = traffic.reads / traffic.alone
    if keep[i + 1]:
        handed = traffic.handed // instances[i + 1]
        counts[i + 1, tensor, FILLS] += traffic.delivered // copies + handed - total // copies
        counts[i + 1, tensor, READS] += handed
    else:
        factor *= total / traffic.delivered
    parent = np.flatnonzero(keep[: i + 1])[-1]
    accesses = UPDATES if tensor == OUTPUTS else READS
    before = counts[parent, tensor, accesses]
    less = before - round(before * factor)
    counts[parent, tensor, READS] -= less
    if tensor == OUTPUTS:
        counts[parent, tensor, UPDATES] -= less


def fanout_traffic(tensor: int, i: int, architecture: Architecture, mapping: Mapping, bounds: IntArray, stride: int) -> Traffic:
    """Walk the sampled steps of the loops above a fan-out and sum what it carries.

    Args:
        tensor: number in ``TENSORS``.
        i: number of the level whose fan-out it is.
        bounds: ``int64 (L + 1, 8)`` tile bounds per level.
    """
    mesh = Mesh(_offsets(tensor, mapping.levels[i], bounds[i + 1], stride), architecture.levels[i].fanout)
    extents = tuple(n + 1 for n in _place(tensor, [int(n) - 1 for n in bounds[i + 1]], stride))
    previous: Box | None = None
    words: dict[tuple[int, int, int, int], int] = {}
    for new, times in _deltas(tensor, extents, _loops_above(mapping, i, bounds), stride):
        if new is not None:
            split = mesh.split(_shift(previous, new))
            words[split] = words.get(split, 0) + math.prod(new[1]) * times
        previous = new
    return Traffic(*(sum(split[k] * n for split, n in words.items()) for k in range(4)))


def _loops_above(mapping: Mapping, i: int, bounds: IntArray) -> list[tuple[int, int, int]]:
    """Temporal loops of levels 0 … i, outermost first: dim, coordinates per iteration, iterations (2 or more)."""
    loops = []
    for j in range(i + 1):
        left = bounds[j].tolist()
        for name, n in mapping.levels[j].temporal:
            d = DIMS.index(name)
            left[d] //= n
            loops.append((d, left[d], n))
    return [loop for loop in loops if loop[2] > 1]


def _deltas(tensor: int, extents: Point, loops: list[tuple[int, int, int]], stride: int) -> Iterator[tuple[Box | None, int]]:
    """Per sampled step what is new of the first instance's tile (None: nothing), and how many steps it stands for."""
    last: Point | None = None
    usual: Point | None = None  # the last move, unless the tile has just moved otherwise
    for chosen in product((0, 1), repeat=len(loops)):
        point, times = [0] * 8, 1
        for (d, step, n), second in zip(loops, chosen, strict=True):
            point[d] += step * second
            times *= n - 1 if second else 1
        place = _place(tensor, point, stride)
        move = None if last is None else tuple(a - b for a, b in zip(place, last, strict=True))
        if move is None or (usual is not None and move != usual):
            yield (place, extents), times
            usual = None
        else:
            yield _fresh(place, move, extents), times
            usual = move
        last = place


def _fresh(place: Point, move: Point, extents: Point) -> Box | None:
    """The part of a box that it did not cover before a move: all if it moved along two axes, or past its extent."""
    moved = [k for k, n in enumerate(move) if n]
    if not moved:
        return None
    k = moved[0]
    if len(moved) > 1 or abs(move[k]) >= extents[k]:
        return place, extents
    low, size = list(place), list(extents)
    low[k] += extents[k] - move[k] if move[k] > 0 else 0
    size[k] = abs(move[k])
    return tuple(low), tuple(size)


def _place(tensor: int, point: Sequence[int], stride: int) -> Point:
    """Coordinates in a tensor of a point of the eight loops."""
    g, c, m, r, s, n, p, q = point
    if tensor == WEIGHTS:
        return g, c, m, r, s
    if tensor == OUTPUTS:
        return g, n, m, p, q
    return g, n, c, p * stride + r, q * stride + s


def _offsets(tensor: int, loops: Loops, child: IntArray, stride: int) -> IntArray:
    """Where each instance's tile lies against the first one's: ``int64 (K, 5)``, in the order of their numbers."""
    scale, points = child.tolist(), [[0] * 8]
    for name, n in (*loops.x, *loops.y):
        d = DIMS.index(name)
        points = [[*p[:d], p[d] + k * scale[d], *p[d + 1 :]] for k in range(n) for p in points]
        scale[d] *= n
    return np.array([_place(tensor, point, stride) for point in points], dtype=np.int64)


def _shift(previous: Box | None, new: Box) -> Point | None:
    """By how much a delta lies off the one before; None where their shapes differ and no instance can have held it."""
    if previous is None or previous[1] != new[1]:
        return None
    return tuple(a - b for a, b in zip(new[0], previous[0], strict=True))


class Mesh:
    """Instances on a mesh, and how a step's delta reaches them."""

    def __init__(self, offsets: IntArray, size: tuple[int, int]) -> None:
        self.offsets, self.size = offsets, size
        self.alone = len(np.unique(offsets, axis=0))
        self._known: dict[Point | None, tuple[int, int, int, int]] = {}

    def split(self, shift: Point | None) -> tuple[int, int, int, int]:
        """Deltas read, read if there were no links, delivered, and handed on (:class:`Traffic`), for one step."""
        if shift not in self._known:
            served = self._served(shift) if shift is not None else np.zeros(len(self.offsets), dtype=bool)
            reads = len(np.unique(self.offsets[~served], axis=0))
            if reads >= self.alone:
                reads, served = self.alone, np.zeros_like(served)
            self._known[shift] = reads, self.alone, int((~served).sum()), int(served.sum())
        return self._known[shift]

    def _served(self, shift: Point) -> BoolArray:
        """``bool (K,)``: a neighbour's tile lies just ``shift`` farther, so it held this instance's delta one step ago."""
        numbers = np.arange(len(self.offsets))
        x, y = numbers % self.size[0], numbers // self.size[0]
        served = np.zeros(len(numbers), dtype=bool)
        for dx, dy in NEIGHBOURS:
            there = numbers + dy * self.size[0] + dx
            real = (x + dx >= 0) & (x + dx < self.size[0]) & (y + dy >= 0) & (there < len(numbers))
            served[real] |= (self.offsets[there[real]] - self.offsets[real] == np.array(shift)).all(axis=1)
        return served
