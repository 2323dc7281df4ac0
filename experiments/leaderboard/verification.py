"""Verification of submissions: what was checked, what is wrong, and what could not be checked, in ``verification.json``.

``verification.json`` is a report for people and programs, of the files whose hash it names. Nothing here reads it: one that
comes with a submission counts for nothing, and is written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from archgym import __version__
from archgym.errors import BadInput
from archgym.experiments.leaderboard.checks import Check, checks, copies, figures
from archgym.experiments.leaderboard.rerun import NONE, Wanted, check_ledger, check_rerun
from archgym.experiments.leaderboard.sealed import VERIFICATION, shown
from archgym.experiments.leaderboard.submission import Submission, read
from archgym.files import write_json

FORMAT = 1

Verdict = Literal["verified", "wrong", "refused"]


@dataclass(frozen=True)
class Verification:
    """What came of one submission.

    Args:
        folder: where it is.
        verdict: ``verified``: nothing claimed is wrong; ``wrong``: something is; ``refused``: it cannot be read.
        checks: in order; empty where it was refused.
        reason: why it was refused, one line.
        submission: what was read, None where it was refused.
    """

    folder: Path
    verdict: Verdict
    checks: tuple[Check, ...] = ()
    reason: str = ""
    submission: Submission | None = None

    def to_dict(self) -> dict[str, Any]:
        """``verification.json``."""
        facts: dict[str, Any] = {"format": FORMAT, "archgym": __version__, "verdict": self.verdict, "reason": self.reason}
        facts["checks"] = [{**asdict(c), "findings": list(c.findings)} for c in self.checks]
        sub = self.submission
        if sub is not None:
            facts |= {"name": sub.manifest.name, "suite": sub.manifest.suite.model_dump(), "contents": sub.contents}
            kept = sub.runs if self.verdict == "verified" else ()  # figures of false trials are none
            facts["results"] = [
                {"id": g.spec.id, "task": g.spec.task, "seed": g.spec.seed, "figures": figures(g)} for g in kept
            ]
        return facts


def verify(
    folders: Sequence[Path], wanted: Wanted = NONE, write: bool = True, say: Callable[[str], None] = lambda line: None
) -> list[Verification]:
    """Verify submissions, each by itself and against those before it of which nothing is wrong.

    Args:
        folders: of the submissions, the earliest first.
        wanted: how many runs of each to play again: a number, ``"all"`` or ``"none"``.
        write: write each folder's ``verification.json``; a refused folder is not written to.
        say: told what is being looked at.

    Raises:
        BadInput: the same folder is given twice.
    """
    if len({folder.resolve() for folder in folders}) != len(folders):
        raise BadInput("the same submission is given twice")
    done: list[Verification] = []
    for sub in map(_read, folders):
        before = [d.submission for d in done if d.verdict == "verified" and d.submission]
        done.append(_verify(sub, before, wanted, write, say))
    return done


def _read(folder: Path) -> Submission | Verification:
    try:
        return read(folder)
    except BadInput as error:
        return Verification(folder, "refused", reason=shown(error, 600))


def _verify(
    sub: Submission | Verification, before: Sequence[Submission], wanted: Wanted, write: bool, say: Callable[[str], None]
) -> Verification:
    if isinstance(sub, Verification):
        return sub
    say(f"{shown(sub.folder, 300)}: {len(sub.runs)} runs of {sub.manifest.agent} on {sub.suite.name}")
    found = [*checks(sub), copies(sub, before)]
    search = Check("search", "not checked", "not re-run: the trials are wrong already")
    if all(c.status != "failed" for c in found):
        search = check_rerun(sub, wanted)
    found += [search, check_ledger(sub, search, wanted)]
    verdict: Verdict = "wrong" if any(c.status == "failed" for c in found) else "verified"
    done = Verification(sub.folder, verdict, tuple(found), submission=sub)
    if write:
        write_json(sub.folder / VERIFICATION, done.to_dict())
    return done
