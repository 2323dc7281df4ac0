"""The errors a user can meet.

Everything a user can get wrong (a file, a knob, a budget, an id) is a :class:`BadInput` with one clear line; the command
line prints that line and exits with code 2. Any other exception is a defect of the project.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArchGymError(Exception):
    """Base of every error raised on purpose."""


class BadInput(ArchGymError, ValueError):
    """Input from outside that cannot be used; the message is one line naming place and reason."""


class BudgetExhausted(ArchGymError):
    """Raised by the evaluator once the budget of evaluations is spent; it ends a search, it is no failure."""


class MissingExtra(BadInput):
    """An optional dependency is not installed; the message says how to install it."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of ``known``, else what there is to choose from."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; choose from {listed}" if names else ""


def need(module: str, extra: str) -> MissingExtra:
    """The error for ``module`` missing, with the install command of the ``extra`` that brings it."""
    return MissingExtra(f"{module} is not installed; install it with: pip install 'archgym[{extra}]'")
