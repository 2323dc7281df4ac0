"""Workloads by name: FARSI's three applications, several at once, generated ones, files of one's own."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from archgym.errors import BadInput, did_you_mean

from . import files, generator
from .checks import no_repeats
from .graph import Workload
from .library import Block, Capacities, Library

DATA = Path(__file__).parent / "data"
APPLICATIONS = ("audio_decoder", "edge_detection", "hpvm_cava")

Part = tuple[Workload, Library]
Stamp = tuple[int, int] | None


def load(workload: str) -> Part:
    """A workload and the library that its chip is built from; the same objects while no file changes.

    Args:
        workload: parts joined by ``+`` (with spaces around it where a path holds one), each of them one of ``APPLICATIONS``,
            ``generated:seed=3,tasks=20`` (see :mod:`~archgym.envs.soc.generator`), or the path of a TOML or JSON file
            (see :mod:`~archgym.envs.soc.files`).

    Raises:
        BadInput: a part does not exist or is broken, parts have an application in common or contradict each other.
    """
    parts = _parts(workload)
    return _load(parts, tuple(_stamp(part) for part in parts))


def _parts(text: str) -> tuple[str, ...]:
    if os.path.isfile(text):
        return (text,)
    parts = tuple(part.strip() for part in text.split(" + " if " + " in text else "+"))
    if "" in parts:
        raise BadInput(f"workload {text!r}: a part between plus signs is empty" if len(parts) > 1 else "workload: is empty")
    return parts


def _stamp(part: str) -> Stamp:
    """What changes with a file."""
    if not os.path.isfile(part):
        return None
    status = os.stat(part)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _load(parts: tuple[str, ...], stamps: tuple[Stamp, ...]) -> Part:
    loaded = [_part(part) for part in parts]
    return loaded[0] if len(loaded) == 1 else _join(loaded, " + ".join(parts))


def _part(part: str) -> Part:
    if part in APPLICATIONS:
        return files.read(DATA / f"{part}.toml")
    if part.partition(":")[0] == "generated":
        return files.expand(generator.generate(generator.read_options(part)), part)
    if os.path.isfile(part) or part.endswith((".toml", ".json")):
        return files.read(Path(part))
    raise BadInput(
        f"workload {part!r}: there is no such application or file" + did_you_mean(part, (*APPLICATIONS, "generated:"))
    )


def _join(parts: list[Part], where: str) -> Part:
    """One workload of all parts' applications.

    Budgets of power and area are the chip's, not an application's: the largest of the parts', as FARSI's three applications
    together have the budgets that each has alone.
    """
    workloads = [workload for workload, _ in parts]
    names = [app.name for workload in workloads for app in workload.applications]
    try:
        no_repeats("application", names)
        applications = tuple(app for workload in workloads for app in workload.applications)
        power, area = max(w.power_w for w in workloads), max(w.area_m2 for w in workloads)
        joined = Workload(applications, power, area)
        library = Library(tuple(_blocks(parts, joined)), _capacities(parts))
        files.check(joined, library)
    except ValueError as error:
        raise BadInput(f"workload {where!r}: {error}") from None
    return joined, library


def _capacities(parts: list[Part]) -> Capacities:
    if len({library.capacities for _, library in parts}) > 1:
        raise BadInput("the parts have different tables of capacities")
    return parts[0][1].capacities


def _blocks(parts: list[Part], joined: Workload) -> list[Block]:
    """Processors, then every part's accelerators, then memories and buses; what parts have in common is there once."""
    shared: dict[str, Block] = {}
    accelerators: list[Block] = []
    first = 0
    for workload, library in parts:
        renamed = dict(zip(workload.names, joined.names[first : first + len(workload.nodes)], strict=True))
        first += len(workload.nodes)
        accelerators += [_renamed(block, renamed[block.task]) for block in library.of("accelerator")]
        for block in library.of("processor", "sram", "dram", "bus"):
            if shared.setdefault(block.name, block) != block:
                raise BadInput(f"the parts have different blocks called {block.name!r}")
    processors = [block for block in shared.values() if block.kind == "processor"]
    return [*processors, *accelerators, *(block for block in shared.values() if block.kind != "processor")]


def _renamed(block: Block, task: str) -> Block:
    """An accelerator under its task's name in the joined workload: ``task``, or ``application.task`` where it is shared."""
    added = task.removesuffix(block.task)
    return replace(block, name=added + block.name, task=task)
