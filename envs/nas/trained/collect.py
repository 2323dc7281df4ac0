"""Shards into the table that is committed, as a command.

The file's name says how much it holds: ``digits-5044.npz`` is every network, ``digits-1200-random.npz`` the first 1,200 of the
declared random order. A subset is always a first part of that order: networks trained beyond a gap (by another shard that ran
longer) stay out, so that what was quick to train is not there more often.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.envs.nas.trained.programme import Programme, Row
from archgym.envs.nas.trained.shards import read
from archgym.errors import ArchGymError, BadInput
from archgym.files import replacing


def collect(shards: Path, folder: Path, programme: Programme) -> Path:
    """Write the table of what a folder of shards holds, and return its file.

    Raises:
        BadInput: a shard is broken or of another recipe, or there are no rows.
    """
    order = programme.order
    rows, headers = read(shards, programme)
    held = next((place for place, number in enumerate(order) if number not in rows), len(order))
    if not held:
        raise BadInput(f"{shards}: the first {programme.key} of the random order is not trained yet")
    chosen = [rows[number] for number in sorted(order[:held])]
    whole = held == len(order)
    path = folder / (f"{programme.name}-{held}.npz" if whole else f"{programme.name}-{held}-random.npz")
    arrays = _arrays(chosen, programme)
    text = json.dumps(_manifest(held, programme, headers), sort_keys=True).encode()
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, manifest=np.frombuffer(text, dtype=np.uint8), **arrays)
    return path


def _arrays(rows: Sequence[Row], programme: Programme) -> dict[str, Any]:
    """Columns of the table in the smallest types that hold them: losses have 24 bits, counts 16."""
    sizes = np.array([programme.sizes(row.number) for row in rows], dtype=np.int32)
    return {
        programme.key: np.array([row.number for row in rows], dtype=np.int16),
        "validation_right": np.array([row.validation_right for row in rows], dtype=np.int16),
        "validation_loss": np.array([row.validation_loss for row in rows], dtype=np.float32),
        "test_right": np.array([row.test_right for row in rows], dtype=np.int16),
        "test_loss": np.array([row.test_loss for row in rows], dtype=np.float32),
        "seconds": np.array([row.seconds for row in rows], dtype=np.float32),
        "parameters": sizes[:, 0],
        "macs": sizes[:, 1],
    }


def _manifest(rows: int, programme: Programme, headers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the table was made with."""
    trained = [{name: header[name] for name in ("versions", "processor") if name in header} for header in headers]
    made = {"rows": rows, "of": len(programme.order), "order_seed": programme.order_seed, "trained_with": trained}
    return {**made, **programme.header()}


def run(programme: Programme, arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description=f"Collect shards of trained {programme.name} networks into one table.")
    parser.add_argument("shards", type=Path, help="folder of the shards' files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the table")
    given = parser.parse_args(arguments)
    try:
        print(collect(given.shards, given.out, programme))
    except ArchGymError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
