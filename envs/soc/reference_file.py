"""Files of reference designs: in FARSI's names, what FARSI says of each design, perhaps its task graphs."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from archgym.errors import BadInput, did_you_mean

from . import farsi
from .checks import no_repeats
from .design import Design
from .graph import Workload
from .library import Kind, Library
from .reference_graph import GraphForm, Loose, build
from .schema import checked

MOST_BYTES = 64 << 20  # of a file, unpacked
MOST_SLOTS, LONGEST_ID = 64, 100
ELEMENTS: tuple[Kind, ...] = ("processor", "accelerator")
MEMORIES: tuple[Kind, ...] = ("sram", "dram")

Names = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_SLOTS, strict=False)]
Slots = Annotated[tuple[int, ...], Field(max_length=MOST_SLOTS, strict=False)]
Pair = Annotated[tuple[int, int], Field(strict=False)]
Pairs = Annotated[tuple[Pair, ...], Field(max_length=MOST_SLOTS**2, strict=False)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FileForm(Loose):
    """A whole file."""

    designs: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100_000)]
    workloads: dict[str, Any] = {}


class DesignForm(Loose):
    """A design, slots numbered as listed."""

    pes: Names
    mems: Names
    ics: Names
    pe_bus: Slots
    mem_bus: Slots
    bus_bus: Pairs
    task_pe: dict[str, int]
    task_mem: dict[str, int]


class ResultForm(Loose):
    """What FARSI says of it, in s, J, W and m2, as far as it is given."""

    latency: Figure | None = None
    energy: Figure | None = None
    power: Figure | None = None
    area: Figure | None = None


class EntryForm(Loose):
    """One design of a file."""

    workload: str
    id: Annotated[str, Field(max_length=LONGEST_ID)]
    design: DesignForm
    result: ResultForm = Field(default_factory=ResultForm)


@dataclass(frozen=True)
class Entry:
    """A checked design of a file, with what it is said to cost."""

    workload: str
    id: str
    design: Design
    result: ResultForm


@dataclass(frozen=True)
class References:
    """The designs of a file in its order, and the graph and library of every workload they are for."""

    entries: tuple[Entry, ...]
    workloads: Mapping[str, tuple[Workload, Library]] = field(default_factory=dict)


def read(path: Path) -> References:
    """All designs of a file, JSON, gzip or not.

    Raises:
        BadInput: it cannot be read, is no JSON, or something in it is wrong: one line with file, design, field and reason.
    """
    form = checked(str(path), _json(path), FileForm)
    parts = {name: _workload(f"{path}: workloads.{name}", name, raw) for name, raw in form.workloads.items()}
    entries = []
    for k, raw in enumerate(form.designs):
        named = isinstance(raw.get("id"), str) and len(raw["id"]) <= LONGEST_ID
        place = f"{path}: design {raw['id']!r}" if named else f"{path}: designs[{k + 1}]"
        entry = checked(place, raw, EntryForm)
        if entry.workload not in parts:
            parts[entry.workload] = _known(f"{place}: workload", entry.workload)
        design = _design(f"{place}: design.", entry.design, *parts[entry.workload])
        entries.append(Entry(entry.workload, entry.id, design, entry.result))
    return References(tuple(entries), parts)


def _json(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as unpacked:
                data = unpacked.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BadInput(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # ValueError: also whole numbers of more than 4,300 digits
        raise BadInput(f"{path}: not JSON: {' '.join(str(error).split())}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    no_repeats("key", [key for key, _ in pairs])
    return dict(pairs)


def _known(place: str, name: str) -> tuple[Workload, Library]:
    """A workload that we ship; never a file that a stranger's file names."""
    for part in name.split("+"):
        if part not in farsi.APPLICATIONS:
            hint = did_you_mean(part, farsi.APPLICATIONS)
            raise BadInput(f"{place}: {part!r} is no application of ours, nor in the file's workloads{hint}")
    return farsi.load(name)


def _workload(place: str, name: str, raw: Any) -> tuple[Workload, Library]:
    """A graph that a file brings; where it has the name of one of ours, ours, which must be the same."""
    form = checked(place, raw, GraphForm)
    if not all(part in farsi.APPLICATIONS for part in name.split("+")):
        return build(place, name, form)
    ours = farsi.load(name)
    given = {task.name: (task.work, dict(task.children)) for task in form.tasks}
    have = {node.name: (node.work, dict(node.outputs)) for node in ours[0].nodes}
    other = sorted(task for task in given.keys() | have.keys() if given.get(task) != have.get(task))
    if other:
        raise BadInput(f"{place}.tasks: {other[0]!r} is not as in the {name!r} that we ship; give the workload another name")
    return ours


def _design(place: str, form: DesignForm, workload: Workload, library: Library) -> Design:
    for name, kinds in (("pes", ELEMENTS), ("mems", MEMORIES), ("ics", ("bus",))):
        _blocks(place + name, getattr(form, name), kinds, library)
    slots = partial(_slots, place)
    slots("pe_bus", form.pe_bus, len(form.pes), len(form.ics))
    slots("mem_bus", form.mem_bus, len(form.mems), len(form.ics))
    _tree(place + "bus_bus", form.bus_bus, len(form.ics))
    _tasks(place + "task_pe", form.task_pe, workload.names, len(form.pes))
    _tasks(place + "task_mem", form.task_mem, workload.names, len(form.mems))
    return Design(
        form.pes, form.mems, form.ics, form.pe_bus, form.mem_bus, form.bus_bus, dict(form.task_pe), dict(form.task_mem)
    )


def _blocks(place: str, names: Sequence[str], kinds: Sequence[Kind], library: Library) -> None:
    fitting = [block.name for block in library.of(*kinds)]
    known = set(fitting)
    for k, name in enumerate(names):
        if name in library.index and name not in known:
            kind = library.blocks[library.index[name]].kind
            raise BadInput(f"{place}[{k + 1}]: {name!r} is of kind {kind}, here must be {' or '.join(kinds)}")
        if name not in known:
            raise BadInput(f"{place}[{k + 1}]: there is no block {name!r}" + did_you_mean(name, fitting))


def _slots(place: str, name: str, values: Sequence[int], count: int, most: int) -> None:
    if len(values) != count:
        raise BadInput(f"{place}{name}: must have an entry for each of the {count} blocks, has {len(values)}")
    for k, value in enumerate(values):
        if not 0 <= value < most:
            raise BadInput(f"{place}{name}[{k + 1}]: there is no bus {value}, only 0 to {most - 1}")


def _tree(place: str, links: Sequence[tuple[int, int]], buses: int) -> None:
    """Join the ends of every link; where they are joined already, it closes a cycle."""
    root = list(range(buses))
    for k, (a, b) in enumerate(links):
        if not (0 <= a < buses and 0 <= b < buses):
            raise BadInput(f"{place}[{k + 1}]: there is no bus {a if not 0 <= a < buses else b}, only 0 to {buses - 1}")
        if root[a] == root[b]:
            raise BadInput(f"{place}[{k + 1}]: the link of {a} and {b} closes a cycle; buses must form a tree")
        root = [root[a] if r == root[b] else r for r in root]


def _tasks(place: str, slots: Mapping[str, int], names: Sequence[str], most: int) -> None:
    for name in names:
        if name not in slots:
            raise BadInput(f"{place}: task {name!r} is missing")
    for name, slot in slots.items():
        if name not in names:
            raise BadInput(f"{place}: there is no task {name!r}" + did_you_mean(name, names))
        if not 0 <= slot < most:
            raise BadInput(f"{place}.{name}: there is no slot {slot}, only 0 to {most - 1}")
