"""Task graphs and block libraries of one's own: one TOML or JSON file.

::

    power_w = 8.737e-3                      # budgets of the chip
    area_m2 = 1.7475e-5

    [[application]]                         # one or several, which start together
    name = "blur"
    latency_s = 0.01                        # its budget
    last = "smooth"                         # the task whose end is the latency

    [[application.task]]
    name = "camera"
    role = "source"                         # source: input data; sink: marks an end; both take no time and have no work
    outputs = { smooth = 600_000 }          # bytes that each child reads

    [[application.task]]
    name = "smooth"
    work = 3_000_000                        # instructions

    [[processor]]                           # runs any task
    name = "A53_pe"
    instructions_per_s = 2e9
    energy_j = 2.1e-11                      # of an instruction
    area_m2 = 6.5e-7
    clock_hz = 1e9

    [[accelerator]]                         # runs one task: a block for every unroll and clock
    task = "smooth"                         # "application.task" where two applications have a task of that name
    unrolls = [1, 2, 4, 8]
    clocks_hz = [1e8, 4e8]
    instructions_per_s = 4e9                # these three at unroll 1 and 100 MHz; see `expand`
    energy_j = 5e-20
    area_m2 = 1e-17

    [[memory]]                              # a block for every width and clock
    name = "GMEM"
    kind = "dram"                           # or "sram"
    widths_bytes = [4, 8, 16]
    clocks_hz = [1e8, 4e8]

    [[bus]]
    name = "LMEM_ic"
    widths_bytes = [4, 8, 16]
    clocks_hz = [1e8, 4e8]

    [[capacity]]                            # sizes that memories come in; left out, the shipped table
    size_bytes = 1_048_576
    dram = { read_j_per_byte = 3.4e-13, write_j_per_byte = 3.3e-11, area_m2 = 6.8e-8 }

Blocks are named as FARSI names them: ``smooth_IP0_8_4_pe`` is unroll 8 at 400 MHz, ``GMEM_2_4_mem`` the third width at 400 MHz.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import BadInput, did_you_mean

from .capacities import capacities
from .checks import no_repeats
from .graph import Application, Node, Workload
from .library import Block, Capacities, Library
from .schema import AcceleratorForm, ApplicationForm, BusForm, MemoryForm, SizeForm, WorkloadForm, checked

MOST_BYTES = 4 << 20  # of a file
MOST_NODES, MOST_BLOCKS, MOST_APPLICATIONS = 64, 4096, 8  # of a workload and its library
UNIT_HZ = 1e8  # the clock at which accelerators' rates are given, and the unit of clocks in names


def read(path: Path) -> tuple[Workload, Library]:
    """The workload and the library in a TOML or JSON file, told apart by the name's end.

    Raises:
        BadInput: it cannot be read, is no TOML or JSON, or a field is wrong; one line with the file, the field and the reason.
    """
    return expand(read_form(path), str(path))


def read_form(path: Path) -> WorkloadForm:
    """The content of a file in its form, families not yet expanded.

    Raises:
        BadInput: as :func:`read`.
    """
    text = _text(path)
    try:
        raw = json.loads(text, object_pairs_hook=_object) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also whole numbers of more than 4,300 digits
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise BadInput(f"{path}: not {kind}: {' '.join(str(error).split())}") from None
    return checked(str(path), raw, WorkloadForm)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BadInput(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; TOML refuses keys that are there twice by itself."""
    no_repeats("key", [key for key, _ in pairs])
    return dict(pairs)


def expand(form: WorkloadForm, where: str) -> tuple[Workload, Library]:
    """A form's workload, and its library with a block for every unroll or width and clock.

    An accelerator at unroll ``u`` and ``f`` times 100 MHz has ``u f`` times the rate, ``u`` times the energy per instruction
    and ``u`` times the area; a memory or bus moves width times clock bytes/s, as in FARSI.

    Args:
        form: what a file or the generator holds.
        where: how errors name it.

    Raises:
        BadInput: a name is there twice, an accelerator is for no task, a task can run nowhere, or there is too much of it.
    """
    try:
        no_repeats("application", [app.name for app in form.application])
        workload = Workload(tuple(_application(app) for app in form.application), form.power_w, form.area_m2)
        library = Library(tuple(_blocks(form)), _capacities(form.capacity))
        check(workload, library)
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from None
    return workload, library


def check(workload: Workload, library: Library) -> None:
    """What must hold between a workload and its library.

    Raises:
        BadInput: as :func:`expand`.
    """
    _limit("applications", len(workload.applications), MOST_APPLICATIONS)
    _limit("tasks", len(workload.nodes), MOST_NODES)
    _limit("blocks", len(library.blocks), MOST_BLOCKS)
    no_repeats("block", [block.name for block in library.blocks])
    roles = {node.name: node.role for node in workload.nodes}
    for block in library.of("accelerator"):
        if block.task not in roles:
            raise BadInput(f"accelerator {block.name!r}: there is no task {block.task!r}" + did_you_mean(block.task, roles))
        if roles[block.task] != "task":
            raise BadInput(f"accelerator {block.name!r}: {block.task!r} is a {roles[block.task]}: nothing runs it")
    served = {block.task for block in library.of("accelerator")}
    for name, role in roles.items():
        if role == "task" and name not in served and not library.of("processor"):
            raise BadInput(f"nothing can run the task {name!r}: no processor, and no accelerator for it")


def _limit(what: str, count: int, most: int) -> None:
    if count > most:
        raise BadInput(f"{count:,} {what} are more than {most:,}")


def _application(form: ApplicationForm) -> Application:
    nodes = (Node(task.name, float(task.work), _bytes(task.outputs), task.role) for task in form.task)
    return Application(form.name, tuple(nodes), form.last, form.latency_s)


def _bytes(outputs: dict[str, float]) -> dict[str, float]:
    return {child: float(size) for child, size in outputs.items()}


def _blocks(form: WorkloadForm) -> Iterator[Block]:
    """Processors, accelerators, memories, buses, each in the file's order."""
    for p in form.processor:
        rate, energy, area, clock = map(float, (p.instructions_per_s, p.energy_j, p.area_m2, p.clock_hz))
        yield Block(p.name, "processor", rate, energy, area, clock)
    for family in form.accelerator:
        yield from _accelerator(family)
    for memory in form.memory:
        yield from _moving(memory, "mem")
    for bus in form.bus:
        yield from _moving(bus, "ic")


def _accelerator(form: AcceleratorForm) -> Iterator[Block]:
    name = form.name or f"{form.task}_IP0"
    for u in form.unrolls:
        for clock in form.clocks_hz:
            rate = form.instructions_per_s * u * (clock / UNIT_HZ)
            label = f"{name}_{u}_{_clock(clock)}_pe"
            yield Block(label, "accelerator", rate, form.energy_j * u, form.area_m2 * u, float(clock), unroll=u, task=form.task)


def _moving(form: MemoryForm | BusForm, end: str) -> Iterator[Block]:
    kind = form.kind if isinstance(form, MemoryForm) else "bus"
    for k, width in enumerate(form.widths_bytes):
        for clock in form.clocks_hz:
            label = f"{form.name}_{k}_{_clock(clock)}_{end}"
            yield Block(label, kind, width * float(clock), clock_hz=float(clock), width_bytes=float(width))


def _clock(clock: float) -> str:
    """In units of 100 MHz, as in FARSI's names."""
    return f"{clock / UNIT_HZ:.12g}"


def _capacities(sizes: Sequence[SizeForm]) -> Capacities:
    """The table of a file, the shipped one where it has none; a kind of memory that the file lacks has zeros."""
    if not sizes:
        return capacities()
    costs = [[getattr(size, kind) for size in sizes] for kind in ("sram", "dram")]
    read, write, area = (
        np.array([[getattr(cost, field) if cost else 0.0 for cost in row] for row in costs], dtype=np.float64)
        for field in ("read_j_per_byte", "write_j_per_byte", "area_m2")
    )
    return Capacities(np.array([size.size_bytes for size in sizes], dtype=np.float64), read, write, area)
