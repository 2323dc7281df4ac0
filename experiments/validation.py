"""Files from outside: TOML and pydantic errors as one clear line each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archgym.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

_TEXTS = {
    "missing": "is missing",
    "greater_than_equal": "must be at least {ge}, got {got}",
    "less_than_equal": "must be at most {le}, got {got}",
    "int_type": "must be a whole number, got {got}",
    "string_type": "must be a text, got {got}",
    "list_type": "must be a list, got {got}",
    "tuple_type": "must be a list, got {got}",
    "dict_type": "must be a table, got {got}",
    "model_type": "must be a table, got {got}",
    "string_pattern_mismatch": "must be made of letters, digits and . _ + -, got {got}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data.

    Raises:
        BadInput: it cannot be read, or is no TOML; the line number is in the message.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: not TOML: {' '.join(str(error).split())}") from None


def checked(model: type[M], raw: Any, where: str) -> M:
    """``raw`` as a pydantic model.

    Raises:
        BadInput: one line with ``where``, the field and the reason.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(raw)
    except ValidationError as error:
        details = error.errors()
        first = next((e for e in details if e["type"] == "extra_forbidden"), details[0])
        raise BadInput(f"{where}: {_line(first, _keys(model))}") from None


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _line(error: Any, keys: Iterable[str]) -> str:
    *parents, name = error["loc"] or ("file",)
    if name in ("str", "int", "float", "bool"):  # one branch of a union: what was wanted is any plain value
        return f"{_place(parents)}: must be a text, a number, true or false, got {error['input']!r}"
    if error["type"] == "extra_forbidden":
        place = f"{_place(parents)}: " if parents else ""
        return f"{place}unknown key '{name}'" + (did_you_mean(str(name), keys) if not parents else "")
    got = repr(error.get("input"))
    text = _TEXTS.get(error["type"], error["msg"].removeprefix("Value error, "))
    reason = text.format(got=got if len(got) < 60 else got[:57] + "…", **error.get("ctx", {})) if "{" in text else text
    return f"{_place([*parents, name])}: {reason}"


def _place(parts: Iterable[str | int]) -> str:
    """``agent[2].config``: list positions counted from 1, as people count."""
    place = ""
    for part in parts:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place
