"""Which table of trained networks is shipped: told by the file's name, so that tasks can be listed without reading it."""

from __future__ import annotations

from pathlib import Path

from archgym.errors import BadInput


def largest(folder: Path, name: str) -> tuple[str, int] | None:
    """Stem and number of rows of the largest table ``<name>-<rows>[-random].npz`` in a folder; None where there is none."""
    found = [(int(path.stem.split("-")[1]), path.stem) for path in folder.glob(f"{name}-*.npz") if _counts(path)]
    return max(found)[::-1] if found else None


def _counts(path: Path) -> bool:
    _, rows, *kind = path.stem.split("-")
    return rows.isdecimal() and kind in ([], ["random"])


def part(rows: int, whole: int) -> str:
    """What a task's name says of its table: its number of rows, or nothing where the table holds all networks there are."""
    return "" if rows == whole else str(rows)


def table_file(folder: Path, workload: str) -> Path:
    """The file of a shipped table, or of another that ``collect`` wrote.

    Raises:
        BadInput: there is no such file.
    """
    shipped = folder / f"{workload}.npz"
    path = shipped if shipped.is_file() else Path(workload)
    if not path.is_file():
        raise BadInput(f"no table '{workload}': neither shipped nor a file")
    return path
