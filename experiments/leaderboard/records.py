"""What an earlier build of a site found out about submissions, by the hash of their files: so that it is found out once.

Records are the builder's own: they lie beside the site, not in a submission, and one counts only for the very bytes that were
verified, by the same version of ArchGym and with the same models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from archgym import __version__
from archgym.errors import BadInput
from archgym.experiments.leaderboard.checks import Check
from archgym.experiments.leaderboard.rerun import ALL, NONE, Wanted
from archgym.experiments.leaderboard.sealed import shown
from archgym.experiments.leaderboard.submission import Submission, read
from archgym.experiments.leaderboard.verification import Verification, verify
from archgym.files import read_json, write_json

FORMAT = 1


class Records:
    """A folder of records, one file per submission."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def verified(self, folders: Sequence[Path], wanted: Wanted, say: Callable[[str], None]) -> Iterator[Verification]:
        """Each submission's verification, from the record where there is one that answers what is ``wanted``.

        Raises:
            BadInput: the same folder is given twice.
        """
        if len({folder.resolve() for folder in folders}) != len(folders):
            raise BadInput("the same submission is given twice")
        for folder in folders:
            yield self._one(folder, wanted, say)

    def _one(self, folder: Path, wanted: Wanted, say: Callable[[str], None]) -> Verification:
        try:
            sub = read(folder)
        except BadInput as error:
            return Verification(folder, "refused", reason=shown(error, 600))
        known = self.load(sub, wanted)
        if known is not None:
            return known
        (done,) = verify([folder], wanted, write=False, say=say)
        if done.submission is not None and done.submission.contents == sub.contents:
            self.save(done, sub.contents, wanted)
        return done

    def save(self, done: Verification, contents: str, wanted: Wanted) -> None:
        """Keep what was found."""
        facts: dict[str, Any] = {"format": FORMAT, "archgym": __version__, "contents": contents, "wanted": wanted}
        facts |= {"verdict": done.verdict, "checks": [{**asdict(c), "findings": list(c.findings)} for c in done.checks]}
        write_json(self.folder / f"{contents}.json", facts)

    def load(self, sub: Submission, wanted: Wanted = NONE) -> Verification | None:
        """What is known of a submission, if at least as many of its runs were played again as ``wanted``."""
        path = self.folder / f"{sub.contents}.json"
        if not path.is_file():
            return None
        found = read_json(path)
        same = (found.get("format"), found.get("archgym"), found.get("contents")) == (FORMAT, __version__, sub.contents)
        if not same or _amount(found.get("wanted", NONE)) < _amount(wanted):
            return None
        checks = tuple(Check(c["name"], c["status"], c["detail"], tuple(c["findings"])) for c in found["checks"])
        return Verification(sub.folder, found["verdict"], checks, submission=sub)


def _amount(wanted: Wanted) -> float:
    return {ALL: float("inf"), NONE: 0.0}[wanted] if isinstance(wanted, str) else float(wanted)
