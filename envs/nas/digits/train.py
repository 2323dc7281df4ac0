"""Train the table, shard by shard: ``python -m archgym.envs.nas.digits.train --shard 1/2 --out FOLDER --hours 2``.

Shard ``i/n`` is every n-th cell of the declared random order, from the i-th on. Cells that any shard in the folder holds are
left out, so a run continues where an earlier one stopped, whatever its ``n`` was. It ends when its cells are trained, when
the hours are spent, or at SIGTERM or SIGINT, after the cell at hand.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from archgym.envs.nas.cells.topology import Cell, index_of
from archgym.envs.nas.digits.data import digits
from archgym.envs.nas.digits.protocol import PROTOCOL, Protocol, training_order
from archgym.envs.nas.digits.shards import Shard, read
from archgym.envs.nas.digits.training import train_cell
from archgym.errors import ArchGymError, BadInput

REPORT_S = 60.0


def shard_of(text: str) -> tuple[int, int]:
    """``"i/n"`` as two numbers, 1 <= i <= n.

    Raises:
        BadInput: it is not of that form.
    """
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise BadInput(f"--shard {text}: must be i/n with 1 <= i <= n, such as 1/2")
    return int(match[1]), int(match[2])


def train_shard(
    shard: tuple[int, int],
    folder: Path,
    seconds: float,
    protocol: Protocol = PROTOCOL,
    cells: Sequence[Cell] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Train what is missing of a shard, no longer than ``seconds`` but for the cell at hand; returns the cells still missing.

    Raises:
        BadInput: the folder holds rows of another protocol, or another trainer has the shard.
    """
    end = time.monotonic() + seconds
    part, parts = shard
    digits(protocol)
    file = Shard(folder / f"shard-{part}-of-{parts}.jsonl", protocol)
    try:
        done, _ = read(folder, protocol)
        mine = (training_order() if cells is None else cells)[part - 1 :: parts]
        missing = [cell for cell in mine if index_of(cell) not in done]
        progress = _Progress(len(mine), len(missing))
        for trained, cell in enumerate(missing):
            if stopped() or time.monotonic() >= end:
                return len(missing) - trained
            file.add(train_cell(cell, protocol))
            progress.tell(trained + 1)
        return 0
    finally:
        file.close()


class _Progress:
    """A line a minute: rows so far, rows a minute, hours to go at that speed."""

    def __init__(self, cells: int, missing: int) -> None:
        self.cells, self.missing = cells, missing
        self.started = self.told = time.monotonic()

    def tell(self, trained: int) -> None:
        """Say it, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self.told < REPORT_S and trained < self.missing:
            return
        self.told = now
        rate, left = trained / (now - self.started), self.missing - trained
        held = self.cells - left
        print(f"{held} of {self.cells} cells, {60 * rate:.1f} a minute, {left / rate / 3600:.1f} h to go", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Train the table of digits networks, resumably.")
    parser.add_argument(
        "--shard", default="1/1", help="i/n: every n-th cell of the random order, from the i-th on (default 1/1)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards' files")
    parser.add_argument("--hours", type=float, default=2.0, help="stop after this long (default 2)")
    given = parser.parse_args(arguments)
    signals: list[int] = []
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda number, frame: signals.append(number))
    try:
        left = train_shard(shard_of(given.shard), given.out, 3600 * given.hours, stopped=lambda: bool(signals))
    except ArchGymError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{left} cells of the shard are still to be trained" if left else "the shard is complete")
    return 0


if __name__ == "__main__":
    sys.exit(main())
