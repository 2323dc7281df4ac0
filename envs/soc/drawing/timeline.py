"""What runs when: applications, tasks on their elements coloured by what holds them up, and the power of every phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .ink import BLUE, BODY, COLOURS, GRID, INK, MEANING, MUTED, PAPER, RED, SMALL, line, rectangle, write
from .parts import LIMITS, Run, Scene, Segment
from .text import first, fit, quantity, short, width

ROW, LABELS, RIGHT = 0.26, 1.7, 1.15  # height of a row, room for its label, room right of the axes
POWER, BETWEEN, FOOT, LEGEND = 0.85, 0.2, 0.42, 0.32  # heights in inches
UNITS = ((1.0, 1.0, "s"), (1e-4, 1e3, "ms"), (0.0, 1e6, "\u00b5s"))
NOTES = (
    "in brackets: the block; slows 7 %: sets the pace of a task for 7 % of the run",
    "in brackets: the block; slows: share of the run in which it does",
    "in brackets: the block",
)
LEAST = 4  # letters of a name that is cut short
HIGHEST = 3.0  # the power axis ends at this many times the peak power of 10 ms, however high a short phase is
SHOWN = 1.3  # a budget up to this many times the run is inside the axes


@dataclass(frozen=True)
class Clock:
    """The time axis: seconds to its unit, its end in s, its width in inches."""

    factor: float
    unit: str
    end: float
    wide: float

    def inches(self, seconds: float) -> float:
        """Width of a time on paper."""
        return seconds / self.end * self.wide


@dataclass(frozen=True)
class Label:
    """Text on a row from ``start`` inches on, inside a bar or beside it."""

    text: str
    start: float
    inside: bool


def height(scene: Scene) -> float:
    """Of the whole timeline in inches."""
    return LEGEND + ROW * (len(scene.runs) + len(scene.elements)) + BETWEEN + POWER + FOOT


def clock(scene: Scene, wide: float) -> Clock:
    """A time axis as long as the run, and as the budgets where they lie close behind it."""
    end = max((s.end for s in scene.segments), default=0.0)
    end = max(end, *(run.end for run in scene.runs), 1e-12)
    near = [run.budget for run in scene.runs if run.budget <= SHOWN * end]
    end = 1.01 * max(end, *near) if near else end
    _, factor, unit = next(u for u in UNITS if end >= u[0])
    return Clock(factor, unit, end, wide)


def draw(figure: Any, scene: Scene, bottom: float, left: float, room: float) -> None:
    """Draw the timeline onto a figure; ``bottom``, ``left`` and ``room`` in inches."""
    time = clock(scene, room - LABELS - RIGHT)
    rows = ROW * (len(scene.runs) + len(scene.elements))
    strip = _axes(figure, left + LABELS, bottom + FOOT, time.wide, POWER)
    bars = _axes(figure, left + LABELS, bottom + FOOT + POWER + BETWEEN, time.wide, rows)
    for axes in (strip, bars):
        axes.set_axis_off()
        axes.set_xlim(0, time.end * time.factor)
    bars.set_ylim(0, rows)
    for start, _, _ in scene.phases:
        line(bars, (start * time.factor,) * 2, (0, rows), color=GRID, linewidth=0.6, zorder=0)
    for k, run in enumerate(scene.runs):
        _run(bars, run, rows - ROW * (k + 1), time)
    for k, element in enumerate(scene.elements):
        y = rows - ROW * (len(scene.runs) + k + 1)
        line(bars, (0, time.end * time.factor), (y, y), color=GRID, linewidth=0.6, zorder=0)
        _name(bars, f"P{element.slot}  {element.name}", y, time)
        _tasks(bars, [s for s in scene.segments if s.element == element.slot], y, time)
    _power(strip, scene, time)
    _legend(figure, left + LABELS, bottom + FOOT + POWER + BETWEEN + rows, time.wide)


def _axes(figure: Any, left: float, bottom: float, wide: float, high: float) -> Any:
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, wide / across, high / up))


def _name(axes: Any, text: str, y: float, time: Clock, bold: bool = False) -> None:
    x = -0.08 * time.end * time.factor / time.wide
    text = fit(text, BODY, LABELS - 0.1, bold)
    write(axes, x, y + ROW / 2, text, ha="right", weight="bold" if bold else "normal")


def _run(axes: Any, run: Run, y: float, time: Clock) -> None:
    """An application as a slim bar up to its end, its budget as a tick; what is beyond the budget in red."""
    _name(axes, short(run.name), y, time, bold=True)
    scale, middle, high = time.factor, y + ROW / 2, 0.07
    met = min(run.end, run.budget)
    rectangle(axes, 0, middle - high / 2, met * scale, high, facecolor=MUTED)
    rectangle(axes, met * scale, middle - high / 2, (run.end - met) * scale, high, facecolor=RED)
    if run.budget <= time.end:
        line(axes, (run.budget * scale,) * 2, (y + 0.03, y + ROW - 0.03), color=INK, linewidth=1.6, zorder=4)
    text = f"{quantity(run.end, 's')} of {quantity(run.budget, 's')}"
    x = time.end * scale * (1 + 0.08 / time.wide)
    write(axes, x, middle, text, SMALL, color=RED if run.end > run.budget else INK)


def _tasks(axes: Any, segments: Sequence[Segment], y: float, time: Clock) -> None:
    """The bars of one row, and the names of their tasks where there is room."""
    scale, hair = time.factor, 0.012 * time.end / time.wide  # the shortest tasks are still seen
    for s in segments:
        wide = max(s.end - s.start, hair) * scale
        rectangle(axes, s.start * scale, y + 0.035, wide, ROW - 0.07, facecolor=COLOURS[s.limit])
    spans = _spans(segments)
    for _, start, _, _ in spans[1:]:
        line(axes, (start * scale,) * 2, (y + 0.035, y + ROW - 0.035), color=PAPER, linewidth=0.9, zorder=4)
    for label in labels(spans, time):
        colour = PAPER if label.inside else INK
        x = label.start / time.wide * time.end * scale
        write(axes, x, y + ROW / 2 - 0.005, label.text, SMALL, color=colour)


def _spans(segments: Sequence[Segment]) -> list[tuple[str, float, float, str]]:
    """Every task with its begin, its end and the block that holds it up longest; empty where that is its own element."""
    found: dict[str, list[Segment]] = {}
    for s in segments:
        found.setdefault(s.task, []).append(s)
    return [(task, parts[0].start, parts[-1].end, _culprit(parts)) for task, parts in found.items()]


def _culprit(parts: Sequence[Segment]) -> str:
    held: dict[str, float] = {}
    for s in parts:
        held[s.block] = held.get(s.block, 0.0) + s.end - s.start
    return max(held, key=lambda block: held[block])


def labels(spans: Sequence[tuple[str, float, float, str]], time: Clock) -> list[Label]:
    """Names in their bars, else in the gap behind them or before them; cut short, or left out, where none has room."""
    found: list[Label] = []
    free = 0.0  # what is left of here is taken
    for k, (task, start, end, block) in enumerate(spans):
        a, b = time.inches(start), time.inches(end)
        after = time.inches(spans[k + 1][1]) if k + 1 < len(spans) else time.wide
        name = short(task)
        label = _label(([f"{name} ({block})"] if block else []) + [name], a, b, free, after)
        if label is not None:
            found.append(label)
        free = max(b, label.start + width(label.text, SMALL) if label else 0.0)
    return found


def _label(texts: Sequence[str], a: float, b: float, free: float, after: float) -> Label | None:
    """Of a bar from ``a`` to ``b`` inches with nothing between ``free`` and ``after``; the first of ``texts`` that fits."""
    for text in texts:
        wide = width(text, SMALL)
        if wide + 0.08 <= b - a:
            return Label(text, (a + b - wide) / 2, True)
    for text in texts:
        wide = width(text, SMALL)
        if wide + 0.1 <= after - b:
            return Label(text, b + 0.04, False)
        if wide + 0.1 <= a - free:
            return Label(text, a - 0.04 - wide, False)
    cut = fit(texts[-1], SMALL, b - a - 0.06)
    return Label(cut, (a + b - width(cut, SMALL)) / 2, True) if len(cut) > LEAST else None


def _power(axes: Any, scene: Scene, time: Clock) -> None:
    """Power of every phase, the design's peak power and the budget."""
    peak, budget = scene.power
    top = max((power for _, length, power in scene.phases if length > 0), default=0.0)
    lines = [(peak, f"peak {quantity(peak, 'W')}", BLUE)]
    most, top = top, 1.12 * max(peak, min(top, HIGHEST * peak)) or 1.0
    if budget <= top:
        lines.append((budget, f"budget {quantity(budget, 'W')}", INK))
    axes.set_ylim(0, top)
    for start, length, power in scene.phases:
        rectangle(axes, start * time.factor, 0, length * time.factor, min(power, top), facecolor=BLUE, alpha=0.35, zorder=2)
        line(axes, (start * time.factor,) * 2, (0, top), color=GRID, linewidth=0.6, zorder=0)
    for value, _, colour in lines:
        line(axes, (0, time.end * time.factor), (value, value), color=colour, linestyle=(0, (4, 2)), zorder=4)
    ends = _apart([value / top * POWER for value, _, _ in lines])
    for y, (_, text, colour) in zip(ends, lines, strict=True):
        write(axes, time.end * time.factor * (1 + 0.08 / time.wide), y / POWER * top, text, SMALL, color=colour)
    left = -0.08 * time.end * time.factor / time.wide
    write(axes, left, top * 0.6, "power of the phase", ha="right")
    write(axes, left, top * 0.42, f"up to {quantity(most, 'W')}", SMALL, ha="right", color=MUTED)
    _scale(axes, time, top / POWER)


def _scale(axes: Any, time: Clock, inch: float) -> None:
    """The axis of time below the power; ``inch`` is one inch in its units."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    end = time.end * time.factor
    places = MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end)
    ticks = [float(tick) for tick in places if tick <= end]
    line(axes, (0, end), (0, 0), linewidth=0.8, zorder=5)
    formatter = ScalarFormatter(useOffset=False)
    formatter.create_dummy_axis()
    for tick, text in zip(ticks, formatter.format_ticks(ticks), strict=True):
        line(axes, (tick, tick), (0, -0.045 * inch), linewidth=0.8)
        write(axes, tick, -0.12 * inch, text, SMALL, ha="center")
    write(axes, end / 2, -0.28 * inch, f"time ({time.unit}); fine lines: phases", BODY, ha="center")


def _apart(ys: Sequence[float], least: float = 0.13) -> list[float]:
    """Heights of two labels, moved apart where they would touch."""
    if len(ys) < 2 or abs(ys[0] - ys[1]) >= least:
        return list(ys)
    middle, sign = sum(ys) / 2, 1 if ys[0] >= ys[1] else -1
    return [middle + sign * least / 2, middle - sign * least / 2]


def _legend(figure: Any, left: float, bottom: float, wide: float) -> None:
    """What the colours mean, above the rows."""
    axes = _axes(figure, left, bottom, wide, LEGEND)
    axes.set_xlim(0, wide)
    axes.set_ylim(0, LEGEND)
    axes.set_axis_off()
    write(axes, 0, LEGEND / 2, "tasks, by what sets their pace:", BODY, color=MUTED)
    x = width("tasks, by what sets their pace:", BODY) + 0.15
    for limit in LIMITS:
        rectangle(axes, x, LEGEND / 2 - 0.055, 0.2, 0.11, facecolor=COLOURS[limit])
        write(axes, x + 0.26, LEGEND / 2, MEANING[limit], BODY)
        x += 0.26 + width(MEANING[limit], BODY) + 0.2
    write(axes, x, LEGEND / 2, first(NOTES, BODY, wide + RIGHT - x), BODY, color=MUTED)
