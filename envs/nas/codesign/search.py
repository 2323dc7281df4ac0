"""Exact searches that the structure of co-design permits.

Costs depend on a cell only through its **size**: how many live 3x3 and 1x1 convolutions and poolings it has (84 sizes), and
grow with each of them. So of all cells of a size the most accurate one is enough, and of all sizes those that no smaller one
matches in accuracy: a dozen or two per network. Accuracy does not depend on hardware. Hence the most accurate design within
bounds on latency, energy and area is found by walking through the choices of sizes by falling accuracy; for each, every
assignment of stages and every pair of sub-accelerators is priced (`pairs`, compiled); the first choice with a feasible pair
is optimal, since every choice before it was shown to have none and every one after it is no more accurate. A design in which
one sub-accelerator does everything is the pair of that one with itself, with its area and totals counted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from archgym.objective import Minimise, Objective, Product
from archgym.space import FloatArray, IntArray

from .accuracy import sizes

if TYPE_CHECKING:
    from .model import CodesignModel

BOUNDED = ("latency_s", "energy_j", "area_m2")
GOALS = {name: column for column, name in enumerate(BOUNDED)}


@dataclass(frozen=True)
class Choice:
    """The most accurate cells of one size per network.

    Args:
        cells: ``int64 (T,)``.
        accuracy: weighted, as the model says.
    """

    cells: IntArray
    accuracy: float


@dataclass(frozen=True)
class Best:
    """The best hardware of a choice: a row, how far it is outside its bounds (0: within), and its goal's value."""

    row: IntArray
    violation: float
    value: float


def sizes_worth_having(accuracy: FloatArray) -> IntArray:
    """Cells ``int64 (K,)`` by falling accuracy: of each size the most accurate, without sizes that a smaller one matches."""
    trained = np.flatnonzero(~np.isnan(accuracy))
    ordered = trained[np.lexsort((trained, -accuracy[trained]))]
    _, first = np.unique(sizes()[ordered], axis=0, return_index=True)
    cells = ordered[np.sort(first)]
    size = sizes()[cells]
    matched = [
        bool(((size <= size[k]).all(axis=1) & (accuracy[cells] >= accuracy[cell])).sum() > 1) for k, cell in enumerate(cells)
    ]
    return np.asarray(cells[~np.array(matched)])


def choices(model: CodesignModel) -> list[Choice]:
    """Choices of cells by falling accuracy."""
    worth = [sizes_worth_having(network.validation) for network in model.networks]
    found = []
    for cells in product(*worth):
        accuracy = sum(table[0, cell] for table, cell in zip(model.accuracies, cells, strict=True))
        found.append(Choice(np.array(cells, dtype=np.int64), float(accuracy)))
    return sorted(found, key=lambda choice: -choice.accuracy)


def bounds_of(objective: Objective) -> FloatArray | None:
    """Bounds on latency, energy and area, ``float64 (3,)``, infinite where there is none; None where others are bounded."""
    bounds = np.full(len(BOUNDED), np.inf)
    for constraint in objective.constraints:
        if constraint.metric not in BOUNDED or constraint.kind != "<=":
            return None
        place = BOUNDED.index(constraint.metric)
        bounds[place] = min(bounds[place], constraint.bound)
    return bounds


def best_design(model: CodesignModel, objective: Objective) -> IntArray | None:
    """The optimum ``(D,)`` of a task whose bounds are on latency, energy and area; None where the objective is no such one.

    The least validation error by the module's proof. A product of the error and one of the three, both to be small, is best on
    the exact front of the two.
    """
    bounds = bounds_of(objective)
    if isinstance(objective, Minimise) and objective.metric == "validation_error" and bounds is not None:
        return most_accurate(model, bounds)
    if not isinstance(objective, Product) or bounds is None or min(objective.weights.values()) <= 0.0:
        return None
    goals = set(objective.weights) - {"validation_error"}
    if len(goals) != 1 or len(objective.weights) != 2 or not goals <= set(BOUNDED):
        return None
    rows = front(model, bounds, goals.pop())
    return rows[int(np.argmax(objective.score(model.evaluate(rows))))] if len(rows) else None


def most_accurate(model: CodesignModel, bounds: FloatArray, among: IntArray | None = None) -> IntArray | None:
    """The least validation error within bounds ``(3,)``, by the module's proof; None where no design is within them.

    ``among``: numbers of the sub-accelerators that may be used, all where None.
    """
    for choice in choices(model):
        found = best_hardware(model, choice, bounds, "latency_s", within=True, among=among)
        if found is not None:
            return found.row
    return None


def sequential(model: CodesignModel, objective: Objective, goal: str = "latency_s") -> Best | None:
    """The best design of those who search the networks first, for accuracy alone, and then the hardware for them.

    Exact: every assignment and pair of sub-accelerators for the most accurate cells, for all of them where several are. Nearest
    to the bounds, and where several designs are within, the best ``goal``.
    """
    bounds, ordered = bounds_of(objective), choices(model)
    if bounds is None:
        return None
    accurate = [choice for choice in ordered if choice.accuracy == ordered[0].accuracy]
    found = [best for choice in accurate if (best := best_hardware(model, choice, bounds, goal)) is not None]
    return min(found, key=lambda best: (best.violation, best.value), default=None)


def best_of_each(model: CodesignModel, objective: Objective) -> IntArray | None:
    """Per choice the fastest, the least hungry and the smallest design within the bounds, ``int64 (K, D)``.

    None where they would be hundreds of choices (several networks), or where the optimum is known anyway.
    """
    bounds = bounds_of(objective)
    if bounds is None or len(model.networks) > 1 or isinstance(objective, Minimise):
        return None
    found = [best_hardware(model, choice, bounds, goal, within=True) for choice in choices(model) for goal in BOUNDED]
    rows = [best.row for best in found if best is not None]
    return np.stack(rows) if rows else None


def front(model: CodesignModel, bounds: FloatArray, goal: str) -> IntArray:
    """Accuracy against one goal (latency, energy or area) within bounds on all three: the exact front, ``int64 (K, D)``.

    By falling accuracy, each design the best of its goal so far; of choices that none beats in accuracy the best hardware.
    """
    rows, best = [], np.inf
    for choice in choices(model):
        found = best_hardware(model, choice, bounds, goal, within=True, below=best)
        if found is not None:
            best = found.value
            rows.append(found.row)
    return np.array(rows, dtype=np.int64).reshape(-1, len(model.space))


def best_hardware(
    model: CodesignModel,
    choice: Choice,
    bounds: FloatArray,
    goal: str,
    within: bool = False,
    below: float = np.inf,
    among: IntArray | None = None,
) -> Best | None:
    """The hardware of a choice that is nearest to its bounds, and of those within them the one with the best ``goal``.

    Every assignment (up to exchanging the sub-accelerators) and every pair is priced. None where no pair fits the chip, or
    with ``within`` the bounds, or where none has a goal ``below`` a value.
    """
    from .pairs import best_pair

    subs, layout = model.subs, model.layout
    among = np.arange(subs.chip.size) if among is None else among
    cycles, energy = (np.ascontiguousarray(costs[:, among]) for costs in _stage_costs(model, choice.cells))
    networks = np.array([t for t, _, _ in layout.order], dtype=np.int64)
    limits = np.array([*bounds, subs.chip.total_pes, subs.chip.total_gb_per_s])
    best: Best | None = None
    for runs in _assignments(sum(layout.stages)):
        on = np.array([runs[column] for _, _, column in layout.order], dtype=np.int64)
        worst = np.array([0.0 if within else np.inf, below] if best is None else [best.violation, best.value])
        figures = subs.pes[among].astype(np.float64), subs.gb_per_s[among], subs.area_m2[among]
        one, two, violation, value = best_pair(
            cycles, energy, networks, on, *figures, limits, subs.technology.clock_hz, GOALS[goal], worst
        )
        if one >= 0:
            row = layout.row(choice.cells, runs, subs.rows[among[[one, two]]])
            best = Best(model.canonical(row[None])[0], violation, value)
    return best


def _assignments(stages: int) -> Iterator[IntArray]:
    """Sub-accelerator of every stage; the first stage runs on the first one."""
    for rest in product((0, 1), repeat=stages - 1):
        yield np.array([0, *rest], dtype=np.int64)


def _stage_costs(model: CodesignModel, cells: IntArray) -> tuple[FloatArray, FloatArray]:
    """Cycles and pJ of every stage on every sub-accelerator, ``(stages, H)``, as the model adds them up."""
    h = model.subs.chip.size
    same = np.tile(cells, (h, 1))
    subs, runs = np.repeat(np.arange(h)[:, None], 2, axis=1), np.zeros((h, sum(model.layout.stages)), np.int64)
    cycles, energy = model.stage_costs(same, runs, subs)
    return np.stack(cycles), np.stack(energy)
