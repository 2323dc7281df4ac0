"""The block diagram: elements above their buses, memories below, the links between buses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import layout
from .cards import bus_height, bus_lines, draw_bus, draw_element, draw_memory, element_lines, height, memory_lines
from .ink import MUTED, ORANGE, line
from .layout import ABOVE, BOX, INDENT, TRACK, Column, Group, Placed, Route
from .parts import Scene

STUB = 0.2  # from a bus to its nearest boxes


@dataclass(frozen=True)
class Plan:
    """Where everything goes: buses in order, width of a box, links, heights above, below and of the buses."""

    placed: tuple[Placed, ...]
    box: float
    routes: tuple[Route, ...]
    above: float
    below: float
    bar: float

    @property
    def lanes(self) -> float:
        """Height of the lanes of links between the buses and the elements."""
        return TRACK * (1 + max((route.lane for route in self.routes), default=-1))

    @property
    def height(self) -> float:
        """Of the whole diagram, in inches."""
        return self.above + self.below + self.bar + 2 * STUB + self.lanes


def needed(scene: Scene) -> float:
    """Inches of width that the buses take when every one has one column."""
    return layout.span([1] * max(1, len(scene.buses)), BOX)


def plan(scene: Scene, left: float, room: float) -> Plan:
    """Lay the blocks out between ``left`` and ``left + room`` inches."""
    groups = layout.arrange(_groups(scene), scene.links)
    narrow = BOX - INDENT
    above = [height(element_lines(e, narrow)) for e in scene.elements]
    below = [height(memory_lines(m, narrow)) for m in scene.memories]
    columns = layout.packed(groups, above, below, room)
    placed, box = layout.place(groups, columns, left, room)
    tops = [_tall(column, _element_height(scene, box)) for p in placed for column in p.above]
    bottoms = [_tall(column, _memory_height(scene, box)) for p in placed for column in p.below]
    links = layout.routes(groups, scene.links)
    bar = max((bus_height(bus_lines(bus, box)) for bus in scene.buses), default=0.0)
    return Plan(tuple(placed), box, tuple(links), max(tops, default=0.0), max(bottoms, default=0.0), bar)


def draw(axes: Any, scene: Scene, found: Plan, bottom: float) -> None:
    """Draw a plan onto axes in inches, its lowest point at ``bottom``."""
    y = bottom + found.below + STUB
    buses = {bus.slot: bus for bus in scene.buses}
    for place in found.placed:
        if place.bus in buses:
            draw_bus(axes, buses[place.bus], place.left, place.right, y, found.bar)
        for column in place.above:
            _stack(axes, scene, column, found.box, y + found.bar, STUB + found.lanes, up=True)
        for column in place.below:
            _stack(axes, scene, column, found.box, y, STUB, up=False)
    for number, route in enumerate(found.routes):
        _link(axes, found.placed[route.a], found.placed[route.b], route, number, (y, y + found.bar))


def _groups(scene: Scene) -> list[Group]:
    """One for each bus, and one for blocks that hang on none."""
    slots = [bus.slot for bus in scene.buses]
    elements = [(k, e.bus if e.bus in slots else -1) for k, e in enumerate(scene.elements)]
    memories = [(k, m.bus if m.bus in slots else -1) for k, m in enumerate(scene.memories)]
    loose = [-1] if any(bus == -1 for _, bus in (*elements, *memories)) else []
    return [
        Group(slot, tuple(k for k, bus in elements if bus == slot), tuple(k for k, bus in memories if bus == slot))
        for slot in (*slots, *loose)
    ]


def _element_height(scene: Scene, box: float) -> Callable[[int, float], float]:
    return lambda k, indent: height(element_lines(scene.elements[k], box - indent))


def _memory_height(scene: Scene, box: float) -> Callable[[int, float], float]:
    return lambda k, indent: height(memory_lines(scene.memories[k], box - indent))


def _indent(boxes: Sequence[int]) -> float:
    return INDENT if len(boxes) > 1 else 0.0


def _tall(column: Column, high: Callable[[int, float], float]) -> float:
    return sum(high(k, _indent(column.boxes)) for k in column.boxes) + ABOVE * (len(column.boxes) - 1)


def _stack(axes: Any, scene: Scene, column: Column, box: float, start: float, stub: float, up: bool) -> None:
    """Boxes from the bus outwards; a stack of several hangs on a line at its left."""
    indent, sign = _indent(column.boxes), 1 if up else -1
    high = (_element_height if up else _memory_height)(scene, box)
    y, spine, end = start + sign * stub, column.x + INDENT / 3, start + sign * stub
    for k in reversed(column.boxes) if up else column.boxes:  # read from top to bottom
        tall = high(k, indent)
        corner = y if up else y - tall
        if up:
            draw_element(axes, scene.elements[k], column.x + indent, corner, box - indent)
        else:
            draw_memory(axes, scene.memories[k], column.x + indent, corner, box - indent)
        end = corner + tall / 2
        if indent:
            line(axes, (spine, column.x + indent), (end, end))
        y += sign * (tall + ABOVE)
    x, end = (spine, end) if indent else (column.x + box / 2, start + sign * stub)
    line(axes, (x, x), (start, end), color=MUTED)


def _link(axes: Any, a: Placed, b: Placed, route: Route, number: int, bar: tuple[float, float]) -> None:
    """Straight between neighbours, over the buses in between otherwise; ``bar``: lower and upper edge of the buses."""
    middle, top = sum(bar) / 2, bar[1]
    style = {"color": ORANGE, "linewidth": 3.2}
    if route.lane < 0:
        line(axes, (a.right, b.left), (middle, middle), **style)
        return
    lane = top + TRACK * (route.lane + 1)
    start, end = a.right - 0.1 - 0.06 * (number % 4), b.left + 0.14 + 0.06 * (number % 4)
    line(axes, (start, start, end, end), (top, lane, lane, top), solid_joinstyle="round", **style)
