"""``archgym report``: the page of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archgym.experiments.cli.output import say


def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results folder of a study or of a search.")]) -> None:
    """Write DIR/report/index.html with its figures, and print its path."""
    from archgym.experiments.report import write_report

    say(str(write_report(folder)))
