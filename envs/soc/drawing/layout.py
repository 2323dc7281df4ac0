"""Where the blocks of a diagram go, in inches: buses side by side, elements above and memories below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

BOX, WIDEST = 1.86, 2.5  # width of a box, and what it may grow to
GAP, APART, INDENT, ABOVE = 0.14, 0.3, 0.16, 0.12  # between columns, between buses, of stacked boxes, between boxes in a stack
TRACK = 0.13  # height of the lane of a link that passes over buses
PERMUTED = 7  # buses whose orders are all tried


@dataclass(frozen=True)
class Group:
    """What hangs on one bus: its slot, and its elements and memories by index."""

    bus: int
    elements: tuple[int, ...]
    memories: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """A stack of boxes at one ``x``, the nearest to the bus first."""

    x: float
    boxes: tuple[int, ...]


@dataclass(frozen=True)
class Placed:
    """A bus from ``left`` to ``right`` with its columns."""

    bus: int
    left: float
    right: float
    above: tuple[Column, ...]
    below: tuple[Column, ...]


@dataclass(frozen=True)
class Route:
    """A link between two buses at positions ``a < b`` of the order; ``lane`` -1 where they are neighbours."""

    a: int
    b: int
    lane: int


def arrange(groups: Sequence[Group], links: Sequence[tuple[int, int]]) -> list[Group]:
    """The buses in the order in which their links are shortest; the first of several such orders."""
    at = {group.bus: k for k, group in enumerate(groups)}
    pairs = [(at[a], at[b]) for a, b in links if a in at and b in at]
    if len(groups) > PERMUTED:
        return list(groups)

    def length(order: Sequence[int]) -> int:
        place = {k: p for p, k in enumerate(order)}
        return sum(abs(place[a] - place[b]) ** 2 for a, b in pairs)

    return [groups[k] for k in min(permutations(range(len(groups))), key=length)]


def routes(groups: Sequence[Group], links: Sequence[tuple[int, int]]) -> list[Route]:
    """Links with lanes: those that pass over other buses get one each such that no two overlap in a lane."""
    at = {group.bus: k for k, group in enumerate(groups)}
    pairs = sorted({tuple(sorted((at[a], at[b]))) for a, b in links if a in at and b in at}, key=lambda p: (p[1] - p[0], p))
    lanes: list[list[tuple[int, int]]] = []
    found = []
    for a, b in pairs:
        if b == a + 1:
            found.append(Route(a, b, -1))
            continue
        free = (k for k, lane in enumerate(lanes) if all(b <= c or d <= a for c, d in lane))
        lane = next(free, len(lanes))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((a, b))
        found.append(Route(a, b, lane))
    return found


def stacks(heights: Sequence[float], most: float) -> list[list[int]]:
    """Boxes of these heights in columns no higher than ``most``, in order."""
    columns: list[list[int]] = []
    room = -1.0
    for k, height in enumerate(heights):
        if height > room:
            columns.append([])
            room = most
        columns[-1].append(k)
        room -= height + ABOVE
    return columns


def tallest(stack: Sequence[Sequence[int]], heights: Sequence[float]) -> float:
    """Height of the highest of some columns."""
    return max((sum(heights[k] for k in c) + ABOVE * (len(c) - 1) for c in stack), default=0.0)


def packed(
    groups: Sequence[Group], above: Sequence[float], below: Sequence[float], room: float
) -> list[tuple[list[list[int]], list[list[int]]]]:
    """Columns of every bus, as low as they can be within ``room`` inches of width at the least width of a box."""
    sides = [(g.elements, above) for g in groups] + [(g.memories, below) for g in groups]
    choices = sorted({high for boxes, heights in sides for high in _sums(boxes, heights)})
    for most in choices or [0.0]:
        found = [
            (
                [[g.elements[k] for k in c] for c in stacks([above[e] for e in g.elements], most)],
                [[g.memories[k] for k in c] for c in stacks([below[m] for m in g.memories], most)],
            )
            for g in groups
        ]
        if most >= max((*above, *below), default=0.0) and span([max(len(a), len(b), 1) for a, b in found], BOX) <= room:
            return found
    return found


def _sums(boxes: Sequence[int], heights: Sequence[float]) -> set[float]:
    """Heights that a column of consecutive boxes can have."""
    ends = combinations(range(len(boxes) + 1), 2)
    return {round(sum(heights[b] for b in boxes[i:j]) + ABOVE * (j - i - 1) + 1e-6, 6) for i, j in ends}


def span(columns: Sequence[int], box: float) -> float:
    """Width of buses with so many columns each."""
    return sum(n * box + (n - 1) * GAP for n in columns) + APART * (len(columns) - 1)


def place(
    groups: Sequence[Group], columns: Sequence[tuple[list[list[int]], list[list[int]]]], left: float, room: float
) -> tuple[list[Placed], float]:
    """Buses with their columns in the middle of ``room`` inches from ``left``, and the width of a box."""
    counts = [max(len(a), len(b), 1) for a, b in columns]
    gaps = span(counts, 0.0)
    box = min(max((room - gaps) / sum(counts), BOX), WIDEST)
    x = left + max(0.0, room - span(counts, box)) / 2
    found = []
    for group, count, (above, below) in zip(groups, counts, columns, strict=True):
        wide = count * box + (count - 1) * GAP
        sides = [_columns(stack, x, wide, box) for stack in (above, below)]
        found.append(Placed(group.bus, x, x + wide, *sides))
        x += wide + APART
    return found, box


def _columns(stack: Sequence[Sequence[int]], left: float, wide: float, box: float) -> tuple[Column, ...]:
    """Columns spread evenly over the bus."""
    used = len(stack) * box + (len(stack) - 1) * GAP
    start = left + (wide - used) / 2
    return tuple(Column(start + k * (box + GAP), tuple(boxes)) for k, boxes in enumerate(stack))
