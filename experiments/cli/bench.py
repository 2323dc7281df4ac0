"""``archgym bench``: how fast the cost models are here."""

from __future__ import annotations

from typing import Annotated

import typer

from archgym import registry
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.fidelity import families_with
from archgym.experiments.cli.output import print_json, print_table, table_record


def command(
    family: Annotated[str | None, typer.Argument(help="A family of tasks; all where left out.")] = None, json: Json = False
) -> None:
    """Measure evaluations per second, overhead and scaling over cores."""
    found = {name: registry.families()[name].bench() for name in families_with("bench_source", family)}
    if json:
        print_json({name: [table_record(t) for t in tables] for name, tables in found.items()})
        return
    for tables in found.values():
        for table in tables:
            print_table(table)
