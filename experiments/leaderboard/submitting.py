"""From an agent to a submission: the runs a suite asks for, and the folder made of them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgym import __version__, registry
from archgym.errors import BadInput
from archgym.experiments.leaderboard.manifests import FORMAT, NAME, Manifest, RunManifest
from archgym.experiments.leaderboard.sealed import RUNS, SUBMISSION, TUNING
from archgym.experiments.leaderboard.suites import Suite
from archgym.experiments.leaderboard.verification import Verification, verify
from archgym.experiments.plan import Plan, Planned
from archgym.experiments.store import load_plan, manifests
from archgym.experiments.validation import checked
from archgym.files import write_json
from archgym.runlog import MANIFEST, TRIALS
from archgym.spec import RunSpec

_LISTED = 3

Found = tuple[Path, Planned, dict[str, Any]]  # folder of a complete run, its place in the plan, its manifest


@dataclass(frozen=True)
class Entry:
    """What a submission says of itself; see :class:`~archgym.experiments.leaderboard.manifests.Manifest`.

    Args:
        name: of the submission, unique on the leaderboard.
        method: a few lines on the method.
        url: where to read more, https.
        ruleset: ``self`` or ``external``.
        labels: of the agents to take, where the folders hold several.
        tuning: folders of runs made for tuning, on tuning tasks of the suite.
        evaluations: of tuning in all, where not all of it is in ``tuning``.
    """

    name: str
    method: str = ""
    url: str = ""
    ruleset: str = "self"
    labels: tuple[str, ...] = ()
    tuning: tuple[Path, ...] = ()
    evaluations: int | None = None


def plan_of(suite: Suite, agent: str, config: Mapping[str, object], tuning: bool = False) -> Plan:
    """The runs of one agent that the suite asks for, seed by seed; or, with ``tuning``, those on its tuning tasks.

    Raises:
        BadInput: an agent or a hyperparameter that does not exist.
    """
    settings = registry.get_agent(agent).config_class.from_settings(config).settings()
    ids = [t.id for t in (suite.of_role("tuning") if tuning else suite.of_role("search", "held-out"))]
    label = agent + (f"({','.join(f'{k}={v}' for k, v in config.items())})" if config else "")
    cells = [(task, seed) for seed in suite.seeds for task in ids]
    specs = [RunSpec.create(task, agent, settings, seed, suite.budget) for task, seed in cells]
    name = f"{suite.name}-tuning" if tuning else suite.name
    return Plan(f"{name}-{agent}", tuple(Planned(spec, label) for spec in specs))


def submit(folders: Sequence[Path], suite: Suite, entry: Entry, out: Path) -> Verification:
    """Make a submission of the complete runs in results folders, and verify it.

    Raises:
        BadInput: runs are missing, or there are several for one task and seed; the name is no name; ``out`` is taken; or
            what was made does not pass its verification. Nothing is left behind.
    """
    if not re.fullmatch(NAME, entry.name):
        raise BadInput(
            f"--name must be 1 to 40 letters, digits and . _ -, and start with a letter or digit, got {entry.name!r}"
        )
    if out.exists():
        raise BadInput(f"{out}: is there already; choose another --out")
    ranked = choose(list(_complete(folders)), suite, entry.labels)
    tuned = [run for run in _complete(entry.tuning) if run[1].spec.task in {t.id for t in suite.of_role("tuning")}]
    manifest = _manifest(suite, entry, ranked, tuned)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".submission-") as temporary:
        place = Path(temporary) / entry.name
        _write(place, manifest, ranked, tuned)
        (made,) = verify([place])
        if made.verdict != "verified":
            failed = next((c for c in made.checks if c.status == "failed"), None)
            raise BadInput(made.reason if failed is None else f"{failed.name}: {failed.detail}")
        place.rename(out)
    return made


def choose(found: Sequence[Found], suite: Suite, labels: Sequence[str] = ()) -> list[Found]:
    """The one run of every ranked task and seed.

    Raises:
        BadInput: some are missing, or there are several.
    """
    cells: dict[tuple[str, int], list[Found]] = {cell: [] for cell in suite.cells()}
    for run in found:
        spec, label = run[1].spec, run[1].label
        fits = spec.budget == suite.budget and not spec.options and (not labels or label in labels or spec.agent in labels)
        if fits and (spec.task, spec.seed) in cells:
            cells[spec.task, spec.seed].append(run)
    _refuse_several(cells)
    missing = [f"{task} seed {seed}" for (task, seed), runs in cells.items() if not runs]
    if missing:
        listed = ", ".join(missing[:_LISTED]) + (", …" if len(missing) > _LISTED else "")
        how = f"archgym leaderboard play {suite.name} --agent NAME plays them"
        raise BadInput(f"{len(missing)} of {len(cells)} runs of {suite.name} are missing: {listed}; {how}")
    return [runs[0] for runs in cells.values()]


def _refuse_several(cells: Mapping[tuple[str, int], Sequence[Found]]) -> None:
    for (task, seed), runs in cells.items():
        if len(runs) > 1:
            labels = sorted({run[1].label for run in runs})
            hint = f"choose by --agent: {', '.join(labels[:6])}" if len(labels) > 1 else "give the folder of one of them"
            raise BadInput(f"there are {len(runs)} runs of {task} with seed {seed}; {hint}")


def _complete(folders: Sequence[Path]) -> Iterator[Found]:
    """The complete runs of results folders; a run that several folders have is taken once."""
    seen = set()
    for folder in folders:
        for planned, manifest in manifests(folder, load_plan(folder)):
            if planned.spec.id not in seen:
                seen.add(planned.spec.id)
                yield folder / planned.spec.id, planned, manifest


def _manifest(suite: Suite, entry: Entry, ranked: Sequence[Found], tuned: Sequence[Found]) -> Manifest:
    spent = sum(run[1].spec.budget for run in tuned)
    raw = {
        "format": FORMAT,
        "suite": {"name": suite.name, "hash": suite.hash},
        "name": entry.name,
        "agent": ranked[0][1].spec.agent,
        "method": entry.method,
        "url": entry.url,
        "ruleset": entry.ruleset,
        "tuning": {
            "evaluations": spent if entry.evaluations is None else entry.evaluations,
            "runs": sorted(run[1].spec.id for run in tuned),
        },
        "versions": {**ranked[0][2].get("versions", {}), "archgym": __version__},
    }
    return checked(Manifest, raw, "submission")


def _write(place: Path, manifest: Manifest, ranked: Sequence[Found], tuned: Sequence[Found]) -> None:
    for part, runs in ((RUNS, ranked), (TUNING, tuned)):
        for source, planned, facts in runs:
            target = place / part / planned.spec.id
            target.mkdir(parents=True)
            shutil.copyfile(source / TRIALS, target / TRIALS)
            write_json(target / MANIFEST, {k: facts[k] for k in RunManifest.model_fields if k in facts})
    write_json(place / SUBMISSION, manifest.model_dump(mode="json"))
