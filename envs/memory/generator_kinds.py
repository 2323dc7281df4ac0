"""How each kind of synthetic trace is made; `generators` checks the knobs and names the result.

Every builder takes a random generator and the knobs and returns cycle int64 (R,), is_write bool (R,) and
address int64 (R,), with addresses on 64-byte lines below the footprint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .trace_type import LINE_BYTES, BoolArray, Int64Array

_PAGE_LINES = 64  # 4 KiB
_COMMON = ("requests", "seed", "gap", "write_ratio", "footprint")


@dataclass(frozen=True)
class Knobs:
    """All knobs of all kinds; a kind reads those in its `reads`. Bytes for sizes, command cycles for gaps."""

    requests: int = 20_000
    seed: int = 0
    gap: float = 8.0
    write_ratio: float = 0.25
    footprint: int = 1 << 30
    streams: int = 1
    stride: int = 147_456
    zipf: float = 1.0
    period: int = 1_000


Rng = np.random.Generator
Parts = tuple[Int64Array, BoolArray, Int64Array]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """A kind of trace: how to build it, its default knobs, and the names of the knobs it reads."""

    build: Callable[[Rng, Knobs], Parts]
    defaults: Knobs
    reads: tuple[str, ...]


def stream(_: Rng, k: Knobs) -> Parts:
    """Arrays side by side in the footprint, passed line by line; round(streams x write_ratio) are written."""
    at, array = np.divmod(np.arange(k.requests), k.streams)
    written = round(k.streams * k.write_ratio)
    lane = (array + written) % k.streams  # reads go before the writes that depend on them
    length = k.footprint // k.streams // LINE_BYTES
    return _even(k), lane < written, (lane * length + at % length) * LINE_BYTES


def stride(rng: Rng, k: Knobs) -> Parts:
    """A walk down the columns; each step is followed by a request beside the element six rows up."""
    step, trailing = np.divmod(np.arange(k.requests), 2)
    column, row = np.divmod(step, k.footprint // k.stride)
    row = np.maximum(row - 6 * trailing, 0)
    address = row * k.stride + (column + trailing) * LINE_BYTES % k.stride
    return _even(k), rng.random(k.requests) < k.write_ratio, address


def random(rng: Rng, k: Knobs) -> Parts:
    """Independent requests to uniform lines."""
    cycle = _cycles(rng.exponential(k.gap, k.requests))
    return cycle, rng.random(k.requests) < k.write_ratio, _uniform_lines(rng, k.footprint, k.requests)


def cloud(rng: Rng, k: Knobs) -> Parts:
    """Bursts of sequential lines (wrapping in their page), each all read or all write; few pages are hot."""
    lines = np.array([1, 1, 2, 4, 8])[rng.integers(0, 5, size=k.requests)]
    lines = lines[: np.searchsorted(np.cumsum(lines), k.requests) + 1]
    burst = np.repeat(np.arange(lines.size), lines)
    line = np.arange(burst.size) - np.repeat(np.cumsum(lines) - lines, lines)
    order = _interleaved(burst, k.streams)[: k.requests]
    burst, line = burst[order], line[order]
    page = _zipf_pages(rng, k, lines.size)[burst]
    line = (rng.integers(0, _PAGE_LINES, size=lines.size)[burst] + line) % _PAGE_LINES
    is_write = (rng.random(lines.size) < k.write_ratio)[burst]
    busy = rng.uniform(0.22 * k.gap, 0.66 * k.gap, k.requests)
    cycle = _with_spells(rng, k, busy, rng.standard_exponential(k.requests))
    return cycle, is_write, (page * _PAGE_LINES + line) * LINE_BYTES


def saturate(rng: Rng, k: Knobs) -> Parts:
    """Four in five requests go to sequential streams, chosen at random; the rest to random lines."""
    lone = rng.random(k.requests) < 0.2
    lane = np.where(lone, k.streams, rng.integers(0, k.streams, size=k.requests))
    start = _uniform_lines(rng, k.footprint, k.streams + 1)
    line = (start[lane] + _occurrence(lane) * LINE_BYTES) % k.footprint
    address = np.where(lone, _uniform_lines(rng, k.footprint, k.requests), line)
    # The first streams write, the last read and one between does both: that keeps the share exact.
    share = np.append(np.clip(k.streams * k.write_ratio - np.arange(k.streams), 0.0, 1.0), k.write_ratio)
    return _even(k), rng.random(k.requests) < share[lane], address


def sparse(rng: Rng, k: Knobs) -> Parts:
    """Runs of lines of geometric length; 60 % of the time between requests, the rest in rare idle spells."""
    fresh = rng.random(k.requests) >= 0.36
    fresh[0] = True
    start = _uniform_lines(rng, k.footprint, k.requests)
    head = np.maximum.accumulate(np.where(fresh, np.arange(k.requests), 0))
    address = (start[head] + (np.arange(k.requests) - head) * LINE_BYTES) % k.footprint
    busy = rng.exponential(0.6 * k.gap, k.requests)
    cycle = _with_spells(rng, k, busy, rng.uniform(40, 160, k.requests))
    return cycle, rng.random(k.requests) < k.write_ratio, address


def phases(rng: Rng, k: Knobs) -> Parts:
    """Turns of `period` requests: random, slow, mostly reads; then sequential, dense, mostly writes."""
    turn, within = np.divmod(np.arange(k.requests), k.period)
    dense = turn % 2 == 1
    start = _uniform_lines(rng, k.footprint, int(turn[-1]) + 1)
    row = (start[turn] + within * LINE_BYTES) % k.footprint
    address = np.where(dense, row, _uniform_lines(rng, k.footprint, k.requests))
    gaps = np.where(dense, 0.25 * k.gap, rng.exponential(1.75 * k.gap, k.requests))
    spread = 0.5 * min(k.write_ratio, 1 - k.write_ratio)
    is_write = rng.random(k.requests) < np.where(dense, k.write_ratio + spread, k.write_ratio - spread)
    return _cycles(gaps), is_write, address


def pointer(rng: Rng, k: Knobs) -> Parts:
    """A linked list in random order over the footprint, followed from its head again and again."""
    lines = k.footprint // LINE_BYTES
    nodes = min(lines, k.requests)
    share = lines // nodes  # one node somewhere in each share of the footprint: distinct, in little memory
    order = rng.permutation(nodes) * share + rng.integers(0, share, size=nodes)
    address = order[np.arange(k.requests) % order.size] * LINE_BYTES
    return _even(k), rng.random(k.requests) < k.write_ratio, address


def _even(k: Knobs) -> Int64Array:
    return (np.arange(k.requests) * k.gap).astype(np.int64)


def _cycles(gaps: Reals) -> Int64Array:
    """Cycle of each request (R,), given the real gap before each; the first goes at 0."""
    cycle: Int64Array = (np.cumsum(gaps) - gaps[0]).astype(np.int64)
    return cycle


def _with_spells(rng: Rng, k: Knobs, busy: Reals, length: Reals) -> Int64Array:
    """Cycles (R,) of requests `busy` (R,) real cycles apart, 0.35 % of which wait out an idle spell before.

    The spells, of relative `length` (R,), take what time `busy` leaves of the mean gap.
    """
    spell = rng.random(k.requests) < 0.0035
    spell[-1] = True  # a short trace has its one idle spell, too
    idle = spell * length
    left = max(k.gap * (k.requests - 1) - float(busy[1:].sum()), 0.0)
    return _cycles(busy + np.append(0.0, idle[1:]) * (left / float(idle.sum() - idle[0] or 1.0)))


def _uniform_lines(rng: Rng, footprint: int, size: int) -> Int64Array:
    return rng.integers(0, footprint // LINE_BYTES, size=size) * LINE_BYTES


def _zipf_pages(rng: Rng, k: Knobs, size: int) -> Int64Array:
    """Page numbers (size,): page of rank r with weight r^-zipf; ranks are scattered over the footprint."""
    room = k.footprint // (_PAGE_LINES * LINE_BYTES)
    pages = min(room, 1 << 20)
    weight = np.cumsum(np.arange(1, pages + 1, dtype=np.float64) ** -k.zipf)
    rank = np.searchsorted(weight, rng.random(size) * weight[-1], side="right")
    page: Int64Array = rng.permutation(pages)[np.minimum(rank, pages - 1)] * (room // pages)
    return page


def _interleaved(burst: Int64Array, streams: int) -> Int64Array:
    """An order of requests in which `streams` queues of bursts take turns, one line each."""
    lane = burst % streams
    order: Int64Array = np.lexsort((lane, _occurrence(lane)))
    return order


def _occurrence(lane: Int64Array) -> Int64Array:
    """How many earlier entries of `lane` (R,) equal each entry."""
    order = np.argsort(lane, kind="stable")
    ranked = lane[order]
    first = np.searchsorted(ranked, ranked, side="left")
    count = np.empty_like(lane)
    count[order] = np.arange(lane.size) - first
    return count


KINDS: Mapping[str, Kind] = {
    "stream": Kind(stream, Knobs(gap=5.0, write_ratio=1 / 3, footprint=3 * 0x8040000, streams=3), (*_COMMON, "streams")),
    "stride": Kind(stride, Knobs(15_000, gap=8.0, write_ratio=0.2, footprint=1024 * 147_456), (*_COMMON, "stride")),
    "random": Kind(random, Knobs(gap=8.0, write_ratio=0.3), _COMMON),
    "cloud": Kind(cloud, Knobs(gap=9.0, write_ratio=0.25), (*_COMMON, "streams", "zipf")),
    "saturate": Kind(saturate, Knobs(30_000, gap=1.0, write_ratio=0.28, streams=4), (*_COMMON, "streams")),
    "sparse": Kind(sparse, Knobs(10_000, gap=515.0, write_ratio=0.2, footprint=64 << 20), _COMMON),
    "phases": Kind(phases, Knobs(gap=4.4, write_ratio=0.45), (*_COMMON, "period")),
    "pointer": Kind(pointer, Knobs(gap=40.0, write_ratio=0.0, footprint=64 << 20), _COMMON),
}
