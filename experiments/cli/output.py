"""What commands print: tables for people by rich, JSON for programs. Results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgym.experiments.units import NOTHING, plain

if TYPE_CHECKING:
    from rich.console import Console

    from archgym.family import Table

_WIDE = 1000  # characters where the output is a file or a pipe: nothing is cut


def console(stderr: bool = False) -> Console:
    """A rich console on stdout or stderr."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _WIDE, highlight=False)


def say(line: str, stderr: bool = False) -> None:
    """One line, as it is."""
    print(line, file=sys.stderr if stderr else sys.stdout)


def print_table(table: Table) -> None:
    """A table with its title above and its notes below."""
    from rich import box
    from rich.table import Table as Rich

    shown = Rich(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(table.columns))
    cells = [[cell(value) for value in row] for row in table.rows]
    for j, head in enumerate(table.columns):
        numeric = bool(cells) and all(_is_figure(row[j]) for row in cells)
        shown.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        shown.add_row(*row)
    out = console()
    out.print(table.title, style="bold", markup=False, soft_wrap=True)
    if cells:
        out.print(shown, markup=False)
    for note in table.notes:
        out.print(note, markup=False, soft_wrap=True)
    out.print()


def cell(value: Any) -> Any:
    """A plain value as the text of a table's cell."""
    from rich.text import Text

    if value is None:
        return Text(NOTHING)
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, float):
        return Text(plain(value) if math.isfinite(value) else NOTHING)
    return Text(f"{value:,}" if isinstance(value, int) else str(value))


def print_json(value: Any) -> None:
    """Strict JSON: what is not finite becomes null."""
    print(json.dumps(strict(value), indent=2, ensure_ascii=False))


def strict(value: Any) -> Any:
    """Plain data of which every number is finite; NumPy's scalars and arrays become Python's."""
    if isinstance(value, Mapping):
        return {str(k): strict(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return strict(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [strict(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_record(table: Table) -> dict[str, Any]:
    """A table as plain data: its title, one object per row, its notes."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {"title": table.title, "rows": rows, "notes": list(table.notes)}


def _is_figure(value: Any) -> bool:
    text = str(value)
    return text == NOTHING or text.lstrip("-+").replace(",", "")[:1].isdigit()
