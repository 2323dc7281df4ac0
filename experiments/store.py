"""A study's folder: ``study.json`` (the plan) and one folder per run. Nothing else is state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from archgym.errors import ArchGymError, BadInput
from archgym.experiments.locks import Busy, locked
from archgym.experiments.plan import Plan, Planned
from archgym.files import read_json, write_json
from archgym.runlog import MANIFEST
from archgym.running import is_complete
from archgym.spec import RunSpec

STUDY = "study.json"
FORMAT = 1
_LOCK = ".driver.lock"


def load_plan(folder: Path) -> Plan:
    """The plan of a study's folder.

    Raises:
        BadInput: there is none, or it is broken.
    """
    path = folder / STUDY
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder")
    if not path.is_file():
        raise BadInput(f"{folder}: not the results folder of a study: it has no {STUDY}")
    raw = read_json(path)
    if raw.get("format") != FORMAT:
        raise BadInput(f"{path}: format {raw.get('format')!r} is not {FORMAT}")
    try:
        return Plan(str(raw["name"]), tuple(_planned(entry, path) for entry in raw["runs"]))
    except (KeyError, TypeError) as error:
        raise BadInput(f"{path}: not the plan of a study: {type(error).__name__} {error}") from None


def check_folder(folder: Path, plan: Plan, extend: bool = False) -> None:
    """Make sure that ``folder`` is free or this study's; reads only.

    Args:
        folder: where the results are to go.
        plan: the study.
        extend: also accept the folder of a smaller study whose runs are all part of this one.

    Raises:
        BadInput: it holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder}: not a folder")
    if not (folder / STUDY).exists():
        if folder.is_dir() and any(not p.name.startswith(".") for p in folder.iterdir()):
            raise BadInput(f"{folder}: not the results folder of a study: it has files, but no {STUDY}; choose another --out")
        return
    there = load_plan(folder)
    old, new = {s.id for s in there.specs}, {s.id for s in plan.specs}
    if there.name == plan.name and old == new:
        return
    if extend and old <= new:
        return
    hint = ", or add to it with --extend" if old < new else ""
    raise BadInput(f"{folder}: results folder of another study ('{there.name}'); choose another --out{hint}")


@contextmanager
def claimed(folder: Path, plan: Plan, extend: bool = False) -> Iterator[None]:
    """Be the only driver of the folder, with the plan written down in it.

    Raises:
        BadInput: see :func:`check_folder`; nothing was touched.
        ArchGymError: another driver is at work there.
    """
    check_folder(folder, plan, extend)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder / _LOCK))
        except Busy as holder:
            raise ArchGymError(f"{folder}: another archgym is at work on this study ({holder})") from None
        check_folder(folder, plan, extend)
        write_plan(folder, plan)
        yield


def write_plan(folder: Path, plan: Plan) -> None:
    """Write ``study.json``, unless the same is there already."""
    runs = [{"id": r.spec.id, "label": r.label, "draw": r.draw, "spec": r.spec.to_dict()} for r in plan.runs]
    value = {"format": FORMAT, "name": plan.name, "runs": runs}
    path = folder / STUDY
    if not path.is_file() or read_json(path) != value:
        write_json(path, value)


def missing(folder: Path, plan: Plan) -> list[Planned]:
    """The runs that are not complete yet, in the plan's order."""
    return [run for run in plan.runs if not is_complete(folder / run.spec.id, run.spec)]


def manifests(folder: Path, plan: Plan) -> Iterator[tuple[Planned, dict[str, Any]]]:
    """The complete runs with their manifests."""
    for run in plan.runs:
        path = folder / run.spec.id / MANIFEST
        if path.is_file():
            manifest = read_json(path)
            if manifest.get("status") == "complete" and manifest.get("id") == run.spec.id:
                yield run, manifest


def _planned(entry: Any, path: Path) -> Planned:
    return Planned(RunSpec.from_dict(entry["spec"], str(path)), str(entry["label"]), entry.get("draw"))
