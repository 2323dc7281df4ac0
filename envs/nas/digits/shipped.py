"""Which table of digits networks is shipped: told by the file's name, so that tasks can be listed without reading it."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def shipped(folder: Path = FOLDER) -> tuple[str, int] | None:
    """Name and number of rows of the largest table ``digits-<rows>[-random].npz`` in a folder; None where there is none."""
    found = [(int(path.stem.split("-")[1]), path.stem) for path in folder.glob("digits-*.npz") if _counts(path)]
    return max(found)[::-1] if found else None


def _counts(path: Path) -> bool:
    _, rows, *kind = path.stem.split("-")
    return rows.isdecimal() and kind in ([], ["random"])
