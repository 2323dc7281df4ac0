"""The command line, ``archgym``: one small file per command. Starting it imports no heavy library."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer

from archgym import __version__
from archgym.errors import ArchGymError, BadInput
from archgym.experiments.cli import (
    agents,
    bench,
    difficulty,
    evaluate,
    fidelity,
    leaderboard,
    lottery,
    replay,
    report,
    search,
    study,
    tasks,
)
from archgym.experiments.interrupts import Interrupted

# Its ClickException, wherever this version of typer keeps it.
_USAGE = cast(type[Exception], typer.BadParameter.__mro__[2])
_STOPPED = 130  # by SIGINT or SIGTERM
_EPILOG = "Bad input ends with one line and exit code 2; anything else that fails, with one line and exit code 1."

app = typer.Typer(
    name="archgym", help="A gym for design-space exploration of computer systems.", epilog=_EPILOG, add_completion=False
)
for module in (tasks, agents, evaluate, search, study, lottery, report, replay, fidelity, bench, difficulty):
    app.command(module.__name__.rsplit(".", 1)[-1])(module.command)
app.add_typer(leaderboard.app, name="leaderboard")


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False
) -> None:
    if version:
        print(f"archgym {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code. Errors are one line on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = typer.main.get_command(app).main(given, prog_name="archgym", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0) if code != _STOPPED else _fail("interrupted", _STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush at exit has nowhere to go
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", _STOPPED)
    except (ArchGymError, OSError, _USAGE) as error:
        return _fail(*_answer(error))


def _answer(error: Exception) -> tuple[str, int]:
    """What to print of an error, and the exit code."""
    if isinstance(error, Interrupted):
        return str(error), _STOPPED
    return f"error: {_line(error)}", 2 if isinstance(error, (BadInput, _USAGE)) else 1


def _line(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    return str(getattr(error, "format_message", error.__str__)())


def _fail(line: str, code: int) -> int:
    sys.stdout.flush()
    print(" ".join(line.split()), file=sys.stderr)
    return code
