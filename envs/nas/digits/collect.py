"""Shards into the table that is committed: ``python -m archgym.envs.nas.digits.collect SHARDS --out FOLDER``.

The file's name says how much it holds: ``digits-5044.npz`` is every unique cell, ``digits-1200-random.npz`` the first 1,200 of
the declared random order. A subset is always a first part of that order: cells trained beyond a gap (by another shard that ran
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

from archgym.envs.nas.cells.size import macs, parameters
from archgym.envs.nas.cells.topology import Cell, cell_of, index_of
from archgym.envs.nas.digits.protocol import ORDER_SEED, PROTOCOL, Protocol, training_order
from archgym.envs.nas.digits.shards import read
from archgym.envs.nas.digits.training import Row
from archgym.errors import ArchGymError, BadInput
from archgym.files import replacing


def collect(shards: Path, folder: Path, protocol: Protocol = PROTOCOL, cells: Sequence[Cell] | None = None) -> Path:
    """Write the table of what a folder of shards holds, and return its file.

    Raises:
        BadInput: a shard is broken or of another protocol, or there are no rows.
    """
    order = [index_of(cell) for cell in (training_order() if cells is None else cells)]
    rows, headers = read(shards, protocol)
    held = next((place for place, cell in enumerate(order) if cell not in rows), len(order))
    if not held:
        raise BadInput(f"{shards}: the first cell of the random order is not trained yet")
    chosen = [rows[cell] for cell in sorted(order[:held])]
    path = folder / (f"digits-{held}.npz" if held == len(order) else f"digits-{held}-random.npz")
    arrays = _arrays(chosen, protocol)
    text = json.dumps(_manifest(held, len(order), protocol, headers), sort_keys=True).encode()
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, manifest=np.frombuffer(text, dtype=np.uint8), **arrays)
    return path


def _arrays(rows: Sequence[Row], protocol: Protocol) -> dict[str, Any]:
    """Columns of the table in the smallest types that hold them: losses have 24 bits, counts 16."""
    cells = [cell_of(row.cell) for row in rows]
    return {
        "cell": np.array([row.cell for row in rows], dtype=np.int16),
        "validation_right": np.array([row.validation_right for row in rows], dtype=np.int16),
        "validation_loss": np.array([row.validation_loss for row in rows], dtype=np.float32),
        "test_right": np.array([row.test_right for row in rows], dtype=np.int16),
        "test_loss": np.array([row.test_loss for row in rows], dtype=np.float32),
        "seconds": np.array([row.seconds for row in rows], dtype=np.float32),
        "parameters": np.array([parameters(cell, protocol.skeleton) for cell in cells], dtype=np.int32),
        "macs": np.array([macs(cell, protocol.skeleton) for cell in cells], dtype=np.int32),
    }


def _manifest(rows: int, cells: int, protocol: Protocol, headers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the table was made with."""
    trained = [{name: header[name] for name in ("versions", "processor") if name in header} for header in headers]
    made = {"rows": rows, "of": cells, "order_seed": ORDER_SEED, "trained_with": trained}
    return {**made, "protocol": protocol.as_dict(), "digest": protocol.digest()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Collect shards of trained digits networks into one table.")
    parser.add_argument("shards", type=Path, help="folder of the shards' files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the table")
    given = parser.parse_args(arguments)
    try:
        print(collect(given.shards, given.out))
    except ArchGymError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
