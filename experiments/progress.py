"""How far a study is: a bar on a terminal, a plain line now and then elsewhere. Written to stderr."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from archgym.triallog import NAME, record_type

if TYPE_CHECKING:
    from rich.console import Console

_LINE_EVERY_S = 10.0
_HEADER_LIMIT = 1 << 20


class Progress(Protocol):
    """Shows a study's progress."""

    def update(self, runs: int, evaluations: int) -> None:
        """So many runs and evaluations are done, those of earlier sessions included."""

    def note(self, line: str) -> None:
        """A line that stays, such as a failed run."""


@contextmanager
def progress(console: Console, runs: int, evaluations: int, done: int) -> Iterator[Progress]:
    """The display that fits the console.

    Args:
        console: where to write.
        runs, evaluations: of the whole study.
        done: evaluations that are done already, which say nothing about speed.
    """
    if console.is_terminal:
        with _bar(console, runs, evaluations, done) as shown:
            yield shown
    else:
        yield _Lines(console, runs, evaluations, done)


class _Lines:
    def __init__(self, console: Console, runs: int, evaluations: int, done: int) -> None:
        self._console, self._runs, self._evaluations = console, runs, evaluations
        self._done, self._started = done, time.monotonic()
        self._next = self._started + _LINE_EVERY_S

    def update(self, runs: int, evaluations: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LINE_EVERY_S
        rate = (evaluations - self._done) / (now - self._started)
        left = f", {clock((self._evaluations - evaluations) / rate)} left" if rate > 0 else ""
        self.note(f"{runs}/{self._runs} runs, {evaluations:,}/{self._evaluations:,} evaluations, {rate:,.0f}/s{left}")

    def note(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _bar(console: Console, runs: int, evaluations: int, done: int) -> Iterator[Progress]:
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Rich

    columns = (
        TextColumn("{task.fields[runs]} runs"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f} evaluations, {task.fields[rate]:,.0f}/s,"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Rich(*columns, console=console) as rich:
        yield _Bar(rich, runs, evaluations, done)


class _Bar:
    def __init__(self, rich: object, runs: int, evaluations: int, done: int) -> None:
        from rich.progress import Progress as Rich

        assert isinstance(rich, Rich)
        self._rich, self._runs = rich, runs
        self._task = rich.add_task("", total=evaluations, completed=done, runs=f"0/{runs}", rate=0.0)
        self._done, self._started = done, time.monotonic()

    def update(self, runs: int, evaluations: int) -> None:
        rate = (evaluations - self._done) / max(time.monotonic() - self._started, 1e-3)
        self._rich.update(self._task, completed=evaluations, runs=f"{runs}/{self._runs}", rate=rate)

    def note(self, line: str) -> None:
        self._rich.console.print(line, markup=False, highlight=False, soft_wrap=True)


def clock(seconds: float) -> str:
    """``h:mm:ss`` or ``m:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class LogMeter:
    """Counts the trials in append files by their size, so that long runs show progress before they end."""

    def __init__(self) -> None:
        self._layout: dict[Path, tuple[int, int]] = {}

    def count(self, folder: Path) -> int:
        """Trials logged so far by the run in ``folder``; 0 where it has not begun."""
        path = folder / NAME
        try:
            size = path.stat().st_size
            header, record = self._layout.get(path) or self._read(path)
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        return max(size - header, 0) // record

    def _read(self, path: Path) -> tuple[int, int]:
        with path.open("rb") as file:
            head = file.readline(_HEADER_LIMIT)
        facts = json.loads(head)
        layout = (len(head), record_type(len(facts["knobs"]), len(facts["metrics"])).itemsize)
        self._layout[path] = layout
        return layout
