"""The boxes of elements, memories and buses: their lines of text, their height, and how they are drawn."""

from __future__ import annotations

from typing import Any

from .ink import BLUE, BODY, COLOURS, GREEN, GRID, INK, MUTED, ORANGE, PURPLE, SMALL, TITLES, rectangle, tinted, write
from .parts import LIMITS, Bus, Element, Memory
from .text import LINE, first, fit, flow, quantity, shrunk

PAD = 0.08
BAR = 0.085  # height of the little bars in a box
SHOWN, STRONG = 0.005, 0.1  # shares of the run from which on a block is said to set the pace, and has a thick edge
Line = tuple[str, float, bool, str]  # text, points, bold, colour


def element_lines(element: Element, wide: float) -> list[Line]:
    """The text of an element's box of ``wide`` inches."""
    room = wide - 2 * PAD
    title, size = shrunk(f"P{element.slot}  {element.name}", TITLES, room)
    lines: list[Line] = [(title, size, True, INK), (first(element.details, SMALL, room), SMALL, False, MUTED)]
    if element.tasks != (element.name,):
        lines += [(text, BODY, False, INK) for text in flow(element.tasks, BODY, room)]
    return lines


def memory_lines(memory: Memory, wide: float) -> list[Line]:
    """The text of a memory's box of ``wide`` inches."""
    room = wide - 2 * PAD
    title, size = shrunk(f"M{memory.slot}  {memory.kind}", TITLES, room)
    lines: list[Line] = [(title, size, True, INK), (fit(memory.detail, SMALL, room), SMALL, False, MUTED)]
    lines += [(text, BODY, False, INK) for text in flow(memory.tasks, BODY, room)]
    slowed = (("slows reads", memory.reading, BLUE), ("slows writes", memory.writing, PURPLE))
    return lines + [(f"{what} {percent(share)}", SMALL, True, colour) for what, share, colour in slowed if share >= SHOWN]


def bus_lines(bus: Bus, wide: float) -> list[Line]:
    """The text of a bus of ``wide`` inches."""
    room = wide - 2 * PAD
    title, size = shrunk(f"B{bus.slot}  {quantity(bus.rate, 'B/s')}", TITLES, room)
    lines: list[Line] = [(title, size, True, INK), (fit(bus.detail, SMALL, room), SMALL, False, MUTED)]
    if bus.limiting >= SHOWN:
        lines.append((f"slows {percent(bus.limiting)}", SMALL, True, ORANGE))
    return lines


def height(lines: list[Line]) -> float:
    """Of a box with these lines and one bar."""
    return 2 * PAD + _text_height(lines) + BAR + 0.15


def bus_height(lines: list[Line]) -> float:
    """Of a bus with these lines."""
    return PAD + _text_height(lines)


def draw_element(axes: Any, element: Element, x: float, y: float, wide: float) -> None:
    """An element with its lower left corner at ``(x, y)``: text above, the bar of how it spends the run below."""
    lines = element_lines(element, wide)
    tinted(axes, x, y, wide, height(lines), GREEN)
    _text(axes, lines, x + PAD, y + height(lines) - PAD)
    if not element.shares:  # no run
        return
    write(axes, x + PAD, y + PAD + BAR + 0.075, f"busy {percent(sum(element.shares.values()))}", SMALL, color=MUTED)
    rectangle(axes, x + PAD, y + PAD, wide - 2 * PAD, BAR, facecolor=GRID, zorder=4)
    start = x + PAD
    for limit in LIMITS:
        part = element.shares.get(limit, 0.0) * (wide - 2 * PAD)
        rectangle(axes, start, y + PAD, part, BAR, facecolor=COLOURS[limit], zorder=5)
        start += part


def draw_memory(axes: Any, memory: Memory, x: float, y: float, wide: float) -> None:
    """A memory with its lower left corner at ``(x, y)``: text above, the bar of how full it gets below."""
    lines = memory_lines(memory, wide)
    tinted(axes, x, y, wide, height(lines), BLUE, memory.reading + memory.writing > STRONG)
    _text(axes, lines, x + PAD, y + height(lines) - PAD)
    if not memory.peak_bytes:  # no run
        return
    held = f"holds {quantity(memory.peak_bytes, 'B')} of "
    size = quantity(memory.size_bytes, "B") if memory.size_bytes else "too little"
    full = memory.peak_bytes / memory.size_bytes if memory.size_bytes else 1.0
    write(axes, x + PAD, y + PAD + BAR + 0.075, fit(held + size, SMALL, wide - 2 * PAD), SMALL, color=MUTED)
    rectangle(axes, x + PAD, y + PAD, wide - 2 * PAD, BAR, facecolor=GRID, zorder=4)
    rectangle(axes, x + PAD, y + PAD, min(full, 1.0) * (wide - 2 * PAD), BAR, facecolor=MUTED, zorder=5)


def draw_bus(axes: Any, bus: Bus, left: float, right: float, y: float, high: float) -> None:
    """A bus as a bar of height ``high`` with its lower left corner at ``(left, y)``, its text in the middle."""
    tinted(axes, left, y, right - left, high, ORANGE, bus.limiting > STRONG)
    lines = bus_lines(bus, right - left)
    _text(axes, lines, (left + right) / 2, y + (high + _text_height(lines)) / 2, ha="center")


def _text_height(lines: list[Line]) -> float:
    return sum(size * LINE for _, size, _, _ in lines)


def _text(axes: Any, lines: list[Line], x: float, top: float, **more: Any) -> None:
    for text, size, bold, colour in lines:
        top -= size * LINE
        write(axes, x, top + size * LINE / 2, text, size, weight="bold" if bold else "normal", color=colour, **more)


def percent(share: float) -> str:
    """A share in whole per cent."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %" if share > 0 else "0 %"
