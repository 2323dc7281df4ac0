"""Which table of digits networks is shipped."""

from __future__ import annotations

from pathlib import Path

from archgym.envs.nas.trained.shipped import largest

FOLDER = Path(__file__).parent
KEY = "cell"
WHOLE = 5044  # functions that the cells compute: their number is proved by a test


def shipped(folder: Path = FOLDER) -> tuple[str, int] | None:
    """Name and number of rows of the largest table ``digits-<rows>[-random].npz`` in a folder; None where there is none."""
    return largest(folder, "digits")
