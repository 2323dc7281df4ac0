"""What sets the pace of the tasks of a run, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..graph import Workload
from ..kernel import Running, Trace
from .parts import LIMITS, Limit, Segment


@dataclass(frozen=True)
class Held:
    """What sets the pace in a run of ``total`` s: length in s per (kind of limit, block slot), and per element and limit."""

    total: float
    blocks: dict[tuple[Limit, int], float]
    elements: dict[int, dict[Limit, float]]

    def share(self, limit: Limit, slot: int) -> float:
        """Share of the run in which a block sets the pace of a task."""
        return self.blocks.get((limit, slot), 0.0) / self.total if self.total > 0 else 0.0

    def shares(self, element: int) -> dict[Limit, float]:
        """Share of the run that an element is busy, by what sets its task's pace."""
        held = self.elements.get(element, {})
        return {limit: held[limit] / self.total for limit in LIMITS if limit in held and self.total > 0}


def read(trace: Trace, workload: Workload) -> list[tuple[Segment, int]]:
    """Every task's run, cut where what sets its pace changes; each piece with the slot of that block."""
    return merged(_pieces(trace, workload))


def _pieces(trace: Trace, workload: Workload) -> Iterator[tuple[Segment, int]]:
    for start, length, running in zip(trace.start_s.tolist(), trace.duration_s.tolist(), trace.running, strict=True):
        for r in running:
            if length > 0 and not workload.nodes[r.task].dummy:
                limit, block = _limit(r)
                yield Segment(r.pe, workload.names[r.task], start, start + length, limit, block), r.slot


def _limit(r: Running) -> tuple[Limit, str]:
    """The kind of limit, and the name of the block that a picture gives it."""
    if r.kind == "pe":
        return "compute", ""
    if r.kind == "bus":
        return "bus", f"B{r.slot}"
    return ("read" if r.direction == "read" else "write"), f"M{r.slot}"


def held(segments: Sequence[tuple[Segment, int]], total: float) -> Held:
    """Who holds up what for how long; each segment comes with the slot of the block that does."""
    spans: dict[tuple[Limit, int], list[tuple[float, float]]] = {}
    busy: dict[int, dict[Limit, float]] = {}
    for s, slot in segments:
        spans.setdefault((s.limit, slot), []).append((s.start, s.end))
        row = busy.setdefault(s.element, {})
        row[s.limit] = row.get(s.limit, 0.0) + s.end - s.start
    return Held(total, {key: _covered(found) for key, found in spans.items()}, busy)


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """Length of what at least one of some spans covers."""
    total, reached = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def merged(segments: Iterable[tuple[Segment, int]]) -> list[tuple[Segment, int]]:
    """Segments of one task that follow one another and are held up by the same block, as one."""
    last: dict[str, int] = {}
    found: list[tuple[Segment, int]] = []
    for s, slot in segments:
        k = last.get(s.task)
        if k is not None and (found[k][0].limit, found[k][1], found[k][0].end) == (s.limit, slot, s.start):
            before = found[k][0]
            found[k] = (Segment(s.element, s.task, before.start, s.end, s.limit, s.block), slot)
        else:
            last[s.task] = len(found)
            found.append((s, slot))
    return found
