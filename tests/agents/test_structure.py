"""Blind, repaired or moving: does every agent use of the model's structure what its switch says, and no more?"""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from archgym import registry
from archgym.agent import AskTellAgent
from archgym.agents._moves import mutate, walk
from archgym.errors import BadInput, BudgetExhausted
from archgym.evaluator import Evaluator
from archgym.runlog import trials_digest
from archgym.space import BoolArray, DesignSpace, IntArray, Param
from archgym.spec import RunSpec
from archgym.task import Task
from archgym.testing import ToyModel, check_agent, toy_task
from archgym.triallog import TrialLog

MUTATING = ("annealing", "genetic", "evolution", "nsga2")
DRAWING = ("ant_colony", "cma_es", "random", "sobol")
MASKED = ("ppo_sequential", "dqn")
TILE, BUFFER, REST = 0, 1, slice(2, None)


class KnowingToy(ToyModel):
    """The toy with all that a model can know: a buffer too small is enlarged, and a move resizes tile and buffer alike."""

    def __init__(self) -> None:
        super().__init__()
        self.repaired = self.moved = 0

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        return np.arange(8) >= prefix[TILE] if knob == BUFFER else None

    def repair(self, x: IntArray) -> IntArray:
        self.repaired += len(x)
        rows = np.array(x)
        rows[:, BUFFER] = np.maximum(x[:, TILE], x[:, BUFFER])
        return rows

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        assert (x[:, TILE] <= x[:, BUFFER]).all(), "a move was asked for from a design that is not buildable"
        self.moved += len(x)
        step = np.where(x[:, BUFFER] < 7, rng.integers(1, 8 - np.minimum(x[:, BUFFER], 6)), -x[:, TILE])
        return np.concatenate([x[:, :2] + step[:, None], x[:, REST]], axis=1)


class Mute(KnowingToy):
    """Repairs, but has no moves."""

    def vary(self, x: IntArray, rng: np.random.Generator) -> IntArray | None:
        return None


def knowing(model: type[KnowingToy] = KnowingToy) -> Task:
    task = toy_task()
    task.__dict__["model"] = model()
    return task


def play(name: str, task: Task, budget: int = 96, seed: int = 5, **settings: object) -> TrialLog:
    log = TrialLog(task)
    agent_type = registry.get_agent(name)
    with contextlib.suppress(BudgetExhausted):
        agent_type(task.space, agent_type.config_class.from_settings(settings), seed).search(Evaluator(task, budget, log))
    return log


def valid(log: TrialLog) -> BoolArray:
    return log.trials()[1].valid


def digest(log: TrialLog) -> str:
    return trials_digest(*log.trials())


def test_the_ledger_passes_the_models_moves_on_and_counts_nothing():
    task = knowing()
    evaluator = Evaluator(task, 8)
    x = task.model.repair(task.space.sample(np.random.default_rng(0), 5))
    moved = evaluator.vary(x, np.random.default_rng(1))
    assert moved is not None and np.array_equal(moved, task.model.vary(x, np.random.default_rng(1)))
    assert evaluator.spent == 0 and Evaluator(toy_task()).vary(x, np.random.default_rng(1)) is None


@pytest.mark.parametrize("name", [*MUTATING, *DRAWING])
def test_a_blind_agent_asks_the_model_for_nothing(name):
    task = knowing()
    blind = play(name, task, structure="blind")
    assert (task.model.repaired, task.model.moved) == (0, 0)
    assert digest(blind) == digest(play(name, toy_task(), structure="blind")), "it saw the model's structure all the same"
    assert not valid(blind).all()


@pytest.mark.parametrize("name", [*MUTATING, *DRAWING])
def test_a_repairing_agent_evaluates_buildable_designs_only(name):
    task = knowing()
    assert valid(play(name, task, structure="repair")).all()
    assert task.model.moved == 0


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_repair_maps_the_very_designs_that_are_drawn_blind(name):
    task = knowing()
    drawn, repaired = (play(name, task, structure=mode).trials()[0] for mode in ("blind", "repair"))
    assert np.array_equal(task.model.repair(drawn), repaired)


@pytest.mark.parametrize("name", MUTATING)
def test_a_moving_agent_makes_its_mutants_by_the_models_moves_alone(name):
    """The toy's moves leave all but tile and buffer: everything else stays among what the random designs at the start had."""
    start = {"annealing": 8, "genetic": 8, "evolution": 16, "nsga2": 12}[name]
    crossover = {"crossover": 0.0} if name in ("genetic", "nsga2") else {}
    task = knowing()
    x = play(name, task, 60, structure="moves", **crossover).trials()[0]
    assert task.model.moved >= 60 - start
    at_start = {row.tobytes() for row in np.ascontiguousarray(x[:start, REST])}
    assert {row.tobytes() for row in np.ascontiguousarray(x[start:, REST])} <= at_start
    assert (x[:, TILE] <= x[:, BUFFER]).all()


@pytest.mark.parametrize("name", MUTATING)
def test_without_moves_in_the_model_a_moving_agent_is_a_repairing_one(name):
    moving, repairing = (play(name, knowing(Mute), structure=mode) for mode in ("moves", "repair"))
    assert digest(moving) == digest(repairing)


@pytest.mark.parametrize("name", MUTATING)
def test_strangers_designs_are_repaired_before_a_move(name):
    task = knowing()
    agent_type = registry.get_agent(name)
    agent = agent_type(task.space, agent_type.config_class.from_settings({"structure": "moves"}), 0)
    assert isinstance(agent, AskTellAgent)
    evaluator = Evaluator(task)
    agent._begin(evaluator)
    unbuildable = task.space.sample(np.random.default_rng(0), 64)
    unbuildable[:, TILE], unbuildable[:, BUFFER] = 7, np.arange(64) % 7
    agent.tell(evaluator.evaluate(unbuildable))
    asked = agent.ask(16)
    assert task.model.moved >= 16 and (asked[:, TILE] <= asked[:, BUFFER]).all()


@pytest.mark.parametrize(
    ("name", "mode"),
    [*((n, m) for n in MUTATING for m in ("blind", "moves")), *((n, "blind") for n in DRAWING), ("random", "repair")],
)
def test_every_mode_conforms(name, mode):
    check_agent(registry.get_agent(name), knowing(), structure=mode)


@pytest.mark.parametrize("name", [*MUTATING, *DRAWING])
def test_the_default_is_what_it_was(name):
    default = "blind" if name in ("random", "sobol") else "repair"
    assert digest(play(name, knowing())) == digest(play(name, knowing(), structure=default))


@pytest.mark.parametrize("name", [*MUTATING, *DRAWING, *MASKED])
def test_runs_keep_their_ids(name, toy):
    """A switch at its default is no part of a run's specification, at another value it is."""
    switched, at = ("masks", (True, False)) if name in MASKED else ("structure", ("blind", "repair"))
    specs = [RunSpec.create(toy.id, name, {switched: value}, budget=8) for value in at]
    plain = RunSpec.create(toy.id, name, budget=8)
    assert switched not in plain.config and sum(spec == plain for spec in specs) == 1
    assert [spec.config.get(switched) for spec in specs if spec != plain] == [v for v in at if v not in (True, _default(name))]


def _default(name: str) -> object:
    return next(
        row["default"] for row in registry.get_agent(name).config_class.describe() if row["name"] in ("structure", "masks")
    )


def test_an_agent_that_never_mutates_has_no_moves():
    with pytest.raises(BadInput, match="structure cannot be 'moves'; choose from blind, repair"):
        registry.get_agent("ant_colony").config_class.from_settings({"structure": "moves"})


@pytest.mark.parametrize("changes", [0.0, 1.0, 2.5])
def test_a_walk_takes_as_many_moves_as_a_mutation_changes_knobs(changes):
    space = DesignSpace([Param(f"k{i}", tuple(range(9))) for i in range(12)])
    steps = DesignSpace([Param("k", tuple(range(100)))])
    x = np.zeros((8000, 12), dtype=np.int64)
    altered = (mutate(space, np.random.default_rng(0), x, changes) != x).sum(axis=1)
    moved = walk(space, np.random.default_rng(1), x, changes, lambda rows, _: rows + 1)
    assert moved is not None and (x == 0).all() and moved.min() == 1
    assert np.bincount(moved[:, 0], minlength=13) / 8000 == pytest.approx(np.bincount(altered, minlength=13) / 8000, abs=0.025)
    assert walk(steps, np.random.default_rng(1), x[:0, :1], 1.0, lambda rows, _: rows + 1).shape == (0, 1)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", MASKED)
def test_masks_can_be_switched_off(name):
    masked, unmasked = (play(name, knowing(), 32, masks=masks) for masks in (True, False))
    assert valid(masked).all() and not valid(unmasked).all()
    assert digest(unmasked) == digest(play(name, toy_task(), 32, masks=False)), "it saw the model's masks all the same"
    check_agent(registry.get_agent(name), knowing(), budget=24, masks=False)
