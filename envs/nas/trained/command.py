"""The trainer of a table, shard by shard, as a command.

Shard ``i/n`` is every n-th network of the declared random order, from the i-th on. Networks that any shard in the folder holds
are left out, so a run continues where an earlier one stopped, whatever its ``n`` was. It ends when its networks are trained,
when the hours are spent, or at SIGTERM or SIGINT, after the one at hand.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from archgym.envs.nas.trained.data import digits
from archgym.envs.nas.trained.programme import Programme
from archgym.envs.nas.trained.shards import Shard, read
from archgym.envs.nas.trained.training import train
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
    programme: Programme,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Train what is missing of a shard, no longer than ``seconds`` but for the network at hand; returns how many still are.

    Raises:
        BadInput: the folder holds rows of another recipe, or another trainer has the shard.
    """
    end = time.monotonic() + seconds
    part, parts = shard
    digits(programme.recipe)
    file = Shard(folder / f"shard-{part}-of-{parts}.jsonl", programme)
    try:
        done, _ = read(folder, programme)
        mine = programme.order[part - 1 :: parts]
        missing = [number for number in mine if number not in done]
        progress = _Progress(programme.key, len(mine), len(missing))
        for trained, number in enumerate(missing):
            if stopped() or time.monotonic() >= end:
                return len(missing) - trained
            file.add(train(number, programme))
            progress.tell(trained + 1)
        return 0
    finally:
        file.close()


class _Progress:
    """A line a minute: rows so far, rows a minute, hours to go at that speed."""

    def __init__(self, key: str, networks: int, missing: int) -> None:
        self.key, self.networks, self.missing = key, networks, missing
        self.started = self.told = time.monotonic()

    def tell(self, trained: int) -> None:
        """Say it, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self.told < REPORT_S and trained < self.missing:
            return
        self.told = now
        rate, left = trained / (now - self.started), self.missing - trained
        held = self.networks - left
        per_minute, hours = 60 * rate, left / rate / 3600
        print(f"{held} of {self.networks} {self.key}s, {per_minute:.1f} a minute, {hours:.1f} h to go", flush=True)


def run(programme: Programme, arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description=f"Train the table of {programme.name} networks, resumably.")
    parser.add_argument(
        "--shard", default="1/1", help="i/n: every n-th network of the random order, from the i-th on (default 1/1)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards' files")
    parser.add_argument("--hours", type=float, default=2.0, help="stop after this long (default 2)")
    given = parser.parse_args(arguments)
    signals: list[int] = []
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda number, frame: signals.append(number))
    try:
        left = train_shard(shard_of(given.shard), given.out, 3600 * given.hours, programme, lambda: bool(signals))
    except ArchGymError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{left} {programme.key}s of the shard are still to be trained" if left else "the shard is complete")
    return 0
