"""``archgym fidelity``: how true the cost models are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from archgym import registry
from archgym.errors import BadInput, did_you_mean
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import print_json, print_table, say
from archgym.family import Family


def command(
    family: Annotated[str | None, typer.Argument(help="A family of tasks, or a part of one; all where left out.")] = None,
    reference: Annotated[Path | None, typer.Option(metavar="FILE", help="Other reference figures, same columns.")] = None,
    workloads: Annotated[Path | None, typer.Option(metavar="DIR", help="The workloads of these figures.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures with the predicted ones beside them.")
    ] = None,
    json: Json = False,
) -> int:
    """Print each family's error against its reference figures; exit code 1 where it misses what it promises."""
    owners = _owners(family)
    if len(owners) != 1 and (reference or workloads or out):
        raise BadInput("--reference, --workloads and --out need the name of one family")
    for path in (reference, workloads):
        if path is not None and not path.exists():
            raise BadInput(f"{path}: cannot be read: No such file or directory")
    found = {name: owner.fidelity(reference, workloads, name) for name, owner in owners.items()}
    if json:
        figures = {name: {**f.figures, "passed": f.passed} for name, f in found.items()}
        print_json(figures[family] if family else figures)
    for result in found.values():
        for table in result.tables if not json else ():
            print_table(table)
        if out:
            _write(out, result.columns)
    return 0 if all(f.passed for f in found.values()) else 1


def _owners(name: str | None) -> dict[str, Family]:
    """The families that answer, by the name they answer to: the one asked for, or all.

    Raises:
        BadInput: nothing answers to this name.
    """
    known = registry.families()
    every = {part: family for family in known.values() for part in family.fidelity_sources}
    if name is None:
        return every
    if name in known and name not in every:
        raise BadInput(f"family '{name}' has no fidelity command")
    if name not in every:
        raise BadInput(f"there is no family '{name}'" + did_you_mean(name, every))
    return {name: every[name]}


def _write(out: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    from archgym.experiments.designs import write_table

    write_table(out, columns)
    say(f"written: {out}", stderr=True)
