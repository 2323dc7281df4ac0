"""``archgym bench``: how fast the cost models are here."""

from __future__ import annotations

from typing import Annotated

import typer

from archgym import registry
from archgym.errors import BadInput, did_you_mean
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import print_json, print_table, table_record


def command(
    family: Annotated[str | None, typer.Argument(help="A family of tasks; all where left out.")] = None, json: Json = False
) -> None:
    """Measure evaluations per second, overhead and scaling over cores."""
    found = {name: registry.families()[name].bench() for name in _names(family)}
    if json:
        print_json({name: [table_record(t) for t in tables] for name, tables in found.items()})
        return
    for tables in found.values():
        for table in tables:
            print_table(table)


def _names(family: str | None) -> list[str]:
    """The named family, or all that have something to measure.

    Raises:
        BadInput: there is no such family, or it has nothing to measure.
    """
    known = registry.families()
    if family is None:
        return [name for name, found in known.items() if found.bench_source]
    if family not in known:
        raise BadInput(f"there is no family '{family}'" + did_you_mean(family, known))
    if not known[family].bench_source:
        raise BadInput(f"family '{family}' has no bench command")
    return [family]
