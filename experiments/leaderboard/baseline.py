"""The baseline of a suite: every agent of ArchGym with its defaults, played, submitted, verified, and kept as one small file.

In the folder: ``runs`` (results folders, one per agent), ``submissions``, ``SUITE.parquet`` (the board, see
`archgym.experiments.leaderboard.stored`), ``SUITE.md`` (its rankings as text) and ``site``. All is taken up where it was left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archgym import registry
from archgym.agents import AGENTS
from archgym.errors import ArchGymError
from archgym.experiments.leaderboard import stored
from archgym.experiments.leaderboard.board import Entrant, assemble
from archgym.experiments.leaderboard.records import Records
from archgym.experiments.leaderboard.rerun import Wanted
from archgym.experiments.leaderboard.site import build, gather
from archgym.experiments.leaderboard.standings import Ranking, rankings
from archgym.experiments.leaderboard.submitting import Entry, plan_of, submit
from archgym.experiments.leaderboard.suites import Suite
from archgym.experiments.runner import How, run_study
from archgym.files import write_text

if TYPE_CHECKING:
    from rich.console import Console


def baseline(suite: Suite, agents: Sequence[str], out: Path, how: How, wanted: Wanted, console: Console) -> Path:
    """Play, submit, verify and keep agents on a suite, and build its site; the path of the board's file.

    Args:
        suite: the suite.
        agents: by name, all with their defaults; a submission that is there already is not made again.
        out: the folder.
        how: to play.
        wanted: how many runs of each to play again in verification.
        console: told how far it is.

    Raises:
        ArchGymError: a run failed, or a submission did not pass; what is complete stays.
    """
    _ = suite.tasks  # another model version is refused before anything is played
    folders = [_submitted(suite, agent, out, how, console) for agent in agents]
    say = console.print
    entrants, _refused = gather(folders, Records(out / "site" / "verification"), wanted, say)
    wrong = [e.name for e in entrants if e.standing == "failed"]
    if wrong or len(entrants) != len(folders):
        raise ArchGymError(f"not verified: {', '.join(wrong) or 'a submission was refused'}")
    kept = out / f"{suite.name}.parquet"
    stored.save(entrants, kept)
    write_text(out / f"{suite.name}.md", summary(suite, entrants))
    build(folders, out / "site", wanted, say=say)
    return kept


def available() -> list[str]:
    """ArchGym's own agents whose libraries are installed."""
    return [name for name in AGENTS if _installed(name)]


def differences(kept: Sequence[Entrant], fresh: Sequence[Entrant]) -> list[str]:
    """Runs of a kept board that came out otherwise when they were played again, one line each."""
    return list(_differences(kept, fresh))


def summary(suite: Suite, entrants: Sequence[Entrant]) -> str:
    """The rankings of a suite's entrants as Markdown."""
    (board,) = assemble(entrants)
    runs = f"{len(suite.cells())} runs of {suite.budget:,} evaluations each"
    head = f"# {suite.name}: {suite.title}\n\n{len(board.ranked)} methods, {runs}; suite hash `{suite.hash}`.\n"
    return head + "".join(_table(r) for r in rankings(board))


# -- inside ----------------------------------------------------------------------------------------------------------------


def _submitted(suite: Suite, agent: str, out: Path, how: How, console: Console) -> Path:
    """An agent's submission, made where it is not there."""
    place, results = out / "submissions" / agent, out / "runs" / agent
    if not place.exists():
        tally = run_study(plan_of(suite, agent, {}), results, how, console)
        if tally.failures:
            raise ArchGymError(f"{len(tally.failures)} of {tally.runs} runs failed: {tally.failures[0]}")
        submit([results], suite, Entry(agent, _words(agent)), place)
    return place


def _words(agent: str) -> str:
    """What an agent's class says of itself."""
    found = registry.get_agent(agent)
    doc = (found.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(doc.split()) + (f"\n{found.paper}" if found.paper else "")


def _installed(name: str) -> bool:
    try:
        registry.get_agent(name)
        return True
    except ArchGymError:
        return False


def _differences(kept: Sequence[Entrant], fresh: Sequence[Entrant]) -> Iterator[str]:
    played = {(e.name, p.spec.id): p.digest for e in fresh for p in e.played}
    for entrant in kept:
        for p in entrant.played:
            found = played.get((entrant.name, p.spec.id))
            if found != p.digest:
                how = "was not played" if found is None else "has other trials"
                yield f"{entrant.name}: {p.spec.task} seed {p.spec.seed} {how}"


def _table(ranking: Ranking) -> str:
    lines = [f"\n## {ranking.role.capitalize()} tasks ({len(ranking.tasks)})\n"]
    lines.append("| method | mean rank | performance (IQM, 95 %) | beats random (95 %) | verified |")
    lines.append("|---|---|---|---|---|")
    for line in ranking.lines:
        iqm, better = line.iqm, line.improvement
        beats = f"{better.value:.2f} ({better.low:.2f} to {better.high:.2f})" if better else "–"
        value = f"{iqm.value:.3f} ({iqm.low:.3f} to {iqm.high:.3f})"
        lines.append(f"| {line.entrant.name} | {line.mean_rank:.2f} | {value} | {beats} | {line.entrant.standing} |")
    if ranking.difference == ranking.difference:
        lines.append(
            f"\nCritical difference of mean ranks {ranking.difference:.2f} (Nemenyi, 5 %); Friedman p {ranking.p:.2g}."
        )
    return "\n".join(lines) + "\n"
