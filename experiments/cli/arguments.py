"""Arguments that several commands share, and how their text is read."""

from __future__ import annotations

from typing import Annotated

import typer

from archgym.errors import BadInput

Options = Annotated[
    list[str] | None, typer.Option("--option", metavar="K=V", help="Set what the task leaves open; may be repeated.")
]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="K=V", help="Set one by name; may be repeated.")]
Workload = Annotated[
    str | None,
    typer.Option("--workload", metavar="WORKLOAD", help="Evaluate on this one instead: a file, or a name the family knows."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def pairs(texts: list[str] | None, flag: str) -> dict[str, str]:
    """``["k=v", …]`` as a dict.

    Raises:
        BadInput: a text without ``=``, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts or []:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name:
            raise BadInput(f"{flag} takes NAME=VALUE, got '{text}'")
        if name in found:
            raise BadInput(f"{flag} {name} is given twice")
        found[name] = value
    return found


def task_options(texts: list[str] | None, workload: str | None = None) -> dict[str, str]:
    """The options of a task from ``--option`` and ``--workload``; what they mean is the family's to say."""
    found = pairs(texts, "--option")
    if workload is not None:
        found["workload"] = workload
    return found


def reruns(text: str) -> int | str:
    """How many runs to play again: a number, or ``all`` or ``none`` as they stand.

    Raises:
        BadInput: it is neither.
    """
    if text in ("all", "none"):
        return text
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f"--rerun takes a number, all or none, got '{text}'")
    return int(text)
