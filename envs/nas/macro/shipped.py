"""Which table of these networks is shipped."""

from __future__ import annotations

from pathlib import Path

from archgym.envs.nas.trained.shipped import largest

FOLDER = Path(__file__).parent
NAME, KEY = "macro", "network"
WHOLE = 1296  # networks there are: their number is proved by a test


def shipped(folder: Path = FOLDER) -> tuple[str, int] | None:
    """Name and number of rows of the largest table ``macro-<rows>[-random].npz`` in a folder; None where there is none."""
    return largest(folder, NAME)
