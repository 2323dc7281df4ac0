"""Forms written as TOML files, to be edited and read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archgym.files import write_text

from .schema import Strict, WorkloadForm


def write(form: WorkloadForm, path: Path, comment: str = "") -> None:
    """Write a form as a file that :func:`~archgym.envs.soc.files.read_form` reads back equal.

    Raises:
        ArchGymError: the place cannot be written.
    """
    write_text(path, written(form, comment))


def written(form: WorkloadForm, comment: str = "") -> str:
    """The text of that file, with a comment above it."""
    head = [f"# {line}".rstrip() for line in comment.splitlines()]
    return "\n".join([*head, *_table(form, "")]).strip() + "\n"


def _table(form: Strict, name: str) -> Iterator[str]:
    """A table's own fields, then the tables within it, each under its header; what has its default is left out."""
    fields = [(key, getattr(form, key)) for key in form.__class__.model_fields if key in form.model_dump(exclude_defaults=True)]
    yield from (f"{key} = {_value(value)}" for key, value in fields if not _tables(value))
    for key, value in fields:
        if _tables(value):
            for entry in value:
                yield from ("", f"[[{name}{key}]]", *_table(entry, f"{name}{key}."))


def _tables(value: Any) -> bool:
    return isinstance(value, tuple) and isinstance(value[0], Strict)


def _value(value: Any) -> str:
    """A value in TOML; names hold nothing that must be escaped."""
    if isinstance(value, Strict):
        return _value(value.model_dump())
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    short = f"{value:.0e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    whole = [f"{int(value):_}"] if float(value).is_integer() and abs(value) < 2**53 else []
    same = [*whole, repr(value), *([short] if float(short) == value and isinstance(value, float) else [])]
    return min(same, key=len)
