"""Task graphs drawn from a seed, with the blocks to build their chips from and budgets that can be met.

A graph is layered. A source feeds the first layer; a task of any other reads from a task of the layer before, and from up to
``fan - 1`` more of anything before it; who is read by nobody is read by a task of the next layer; the last layer ends in a
sink, whose completion is the latency. Amounts are log-uniform between the first and the ninth decile of FARSI's three
applications (``RANGES``): work, bytes of an edge, and rate, energy and area of an accelerator at unroll 1 and 100 MHz. The
heaviest tasks have accelerators, as a designer would choose them. Some have no loop to unroll; the others have FARSI's choice:
powers of two up to the loop's iterations, the first 16 of them where there are more than 17, and all iterations.
Processor, memories and buses are those of FARSI's applications. Budgets: see :mod:`~archgym.envs.soc.budgets`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from archgym.errors import BadInput, did_you_mean

from . import budgets
from .files import read_form
from .schema import AcceleratorForm, ApplicationForm, TaskForm, WorkloadForm

HEAVY = 1e5  # instructions; FARSI's accelerators for lighter tasks lose to the processor
# first and ninth decile, to three digits: over FARSI's 28 tasks and 38 edges, and over its 22 accelerators for heavy tasks
RANGES = {
    "work": (658, 1.58e9),
    "bytes": (4100, 6.55e6),
    "instructions_per_s": (4.42e8, 7.05e9),
    "energy_j": (3.35e-22, 4.76e-20),
    "area_m2": (2.77e-10, 6.97e-9),
}
PLAIN = 4 / 22  # share of the heavy tasks' accelerators that have no loop to unroll
ITERATIONS = (151, 1_638_400)  # least and most of the others' loops
CLOCKS_HZ = (1e8, 4e8, 6e8, 8e8)


@dataclass(frozen=True)
class Options:
    """What a graph is drawn from.

    Args:
        seed: equal options with equal seeds give the same graph on every machine.
        tasks: how many, source and sink not counted.
        width: most tasks of a layer.
        fan: most tasks that a task was drawn to read from.
        accelerated: share of the tasks that have accelerators; one at least has.
    """

    seed: int = 0
    tasks: int = 15
    width: int = 3
    fan: int = 3
    accelerated: float = 0.8

    @property
    def name(self) -> str:
        """The application's name; a metric's name begins with it."""
        tail = "".join(f"_{f.name}{getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default)
        return "generated" + tail.replace(".", "p")


LIMITS = {"seed": (0, 2**32 - 1), "tasks": (4, 40), "width": (1, 8), "fan": (1, 8), "accelerated": (0.1, 1.0)}


def read_options(text: str) -> Options:
    """Options from ``generated:seed=3,tasks=20``; what is not named has its default.

    Raises:
        BadInput: an option is unknown, named twice, no number, or out of its range.
    """
    values: dict[str, float] = {}
    entries = text.partition(":")[2].strip()
    try:
        for entry in entries.split(",") if entries else []:
            key, sign, number = (part.strip() for part in entry.partition("="))
            if not sign or not key:
                raise ValueError(f"{_short(entry.strip())} must read option=number")
            if key not in LIMITS:
                raise ValueError(f"there is no option {_short(key)}" + did_you_mean(key, LIMITS))
            if key in values:
                raise ValueError(f"{key} is given twice")
            values[key] = _number(key, number)
    except ValueError as error:
        raise BadInput(f"workload {_short(text)}: {error}") from None
    return Options(**values)  # type: ignore[arg-type]  # whole where it must be: `_number` saw to it


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _number(key: str, number: str) -> float:
    least, most = LIMITS[key]
    kind = type(least)
    try:
        value = kind(number) if number.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"{key} must be {wanted} in {least} … {most}, got {_short(number)}")
    return value


def generate(options: Options) -> WorkloadForm:
    """The graph, library and budgets of some options, in the form of a user's file.

    What one processor runs in time is drawn again: rarely, and only of small graphs.
    """
    rng = np.random.Generator(np.random.PCG64(options.seed))
    while True:
        form = budgets.with_budgets(_drawn(rng, options))
        if form.application[0].latency_s < budgets.one_processor_s(form):
            return form


def _drawn(rng: np.random.Generator, options: Options) -> WorkloadForm:
    """One draw, its budgets still open."""
    tasks = _tasks(rng, options)
    application = ApplicationForm(name=options.name, latency_s=1.0, last="end", task=tasks)
    heaviest = sorted(tasks, key=lambda task: -task.work)[: max(1, round(options.accelerated * options.tasks))]
    chosen = {task.name for task in heaviest}
    farsi = _farsi()
    return WorkloadForm(
        power_w=1.0,
        area_m2=1.0,
        application=(application,),
        processor=farsi.processor,
        accelerator=tuple(_accelerator(rng, task.name) for task in tasks if task.name in chosen),
        memory=farsi.memory,
        bus=farsi.bus,
    )


@cache
def _farsi() -> WorkloadForm:
    """Whose processor, memories and buses are everybody's."""
    return read_form(Path(__file__).parent / "data" / "audio_decoder.toml")


def _tasks(rng: np.random.Generator, options: Options) -> tuple[TaskForm, ...]:
    children = _edges(rng, options)
    outputs = [{child: _draw(rng, "bytes", whole=True) for child in kids} for kids in children.values()]
    source, *rest = zip(children, outputs, strict=True)
    return (
        TaskForm(name=source[0], role="source", outputs=source[1]),
        *(TaskForm(name=name, work=_draw(rng, "work", whole=True), outputs=out) for name, out in rest),
        TaskForm(name="end", role="sink"),
    )


def _edges(rng: np.random.Generator, options: Options) -> dict[str, list[str]]:
    """Children of the source and of every task, by name, in topological order."""
    layers = _layers(rng, options)
    children: dict[str, list[str]] = {name: [] for layer in layers for name in layer}
    for k, layer in enumerate(layers[1:], start=1):
        earlier = [name for before in layers[:k] for name in before]
        for name in layer:
            parents = {_pick(rng, layers[k - 1])} | {_pick(rng, earlier) for _ in range(int(rng.integers(options.fan)))}
            for parent in sorted(parents, key=earlier.index):
                children[parent].append(name)
    for layer, after in zip(layers, [*layers[1:], ["end"]], strict=True):
        for name in layer:
            if not children[name]:
                children[name].append(_pick(rng, after))
    return children


def _layers(rng: np.random.Generator, options: Options) -> list[list[str]]:
    names = [f"t{k}" for k in range(options.tasks)]
    layers = [["input"]]
    while names:
        size = int(rng.integers(1, options.width + 1))
        layers.append(names[:size])
        names = names[size:]
    return layers


def _pick(rng: np.random.Generator, names: list[str]) -> str:
    return names[int(rng.integers(len(names)))]


def _draw(rng: np.random.Generator, what: str, whole: bool = False) -> float:
    """Log-uniform in its range, to four digits: a file that people edit should be readable."""
    least, most = RANGES[what]
    value = float(f"{least * (most / least) ** rng.random():.3e}")
    return float(round(value)) if whole else value


def _accelerator(rng: np.random.Generator, task: str) -> AcceleratorForm:
    least, most = ITERATIONS
    iterations = 1 if rng.random() < PLAIN else round(least * (most / least) ** rng.random())
    return AcceleratorForm(
        task=task,
        unrolls=unrolls(iterations),
        clocks_hz=CLOCKS_HZ,
        instructions_per_s=_draw(rng, "instructions_per_s"),
        energy_j=_draw(rng, "energy_j"),
        area_m2=_draw(rng, "area_m2"),
    )


def unrolls(iterations: int) -> tuple[int, ...]:
    """How often FARSI's library unrolls a loop of so many iterations (those of its applications follow from it)."""
    powers = [1 << k for k in range(iterations.bit_length())]
    offered = powers[:16] if len(powers) > 17 else powers
    return tuple(sorted({*offered, iterations}))
