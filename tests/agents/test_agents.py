"""Every agent of the registry: conformance, learning, determinism, ask and tell, and spaces at the edge."""

from __future__ import annotations

import contextlib
import statistics
from functools import cache

import numpy as np
import pytest

from archgym import registry
from archgym.agent import AskTellAgent
from archgym.agents._generational import Members
from archgym.agents._moves import crossover, mutate, tournament
from archgym.agents.ant_colony import AntColony, AntColonyConfig
from archgym.agents.nsga2 import Nsga2, Nsga2Config, crowding_distance, front_order
from archgym.config import Config
from archgym.costs import Costs, Metric
from archgym.errors import BudgetExhausted
from archgym.evaluator import Evaluator
from archgym.model import CostModel
from archgym.objective import Constraint, Minimise
from archgym.runlog import trials_digest
from archgym.space import DesignSpace, IntArray, Param
from archgym.task import FrontMetric, Task
from archgym.testing import check_agent, toy_task
from archgym.triallog import TrialLog

AGENTS = registry.agent_names()
# Agents that do not learn: nothing to beat the baseline with.
BLIND = ("random", "sobol")
CHEAP = ("random", "sobol", "annealing", "genetic", "evolution", "ant_colony", "nsga2", "cma_es")
# What these learn is tested beside, in test_learned_agents.py, each at the budget it needs.
LEARNED = ("tpe", "gp_bo", "ppo", "ppo_sequential", "dqn")
# Evaluations per run of the learning test, 256 where nothing is said.
LEARNING: dict[str, int] = {}
# Evaluations per run of every other test, 48 where nothing is said: less for agents that think long.
TINY: dict[str, int] = {"tpe": 24, "gp_bo": 16, "ppo": 24, "ppo_sequential": 24, "dqn": 24}


class Valley(CostModel):
    """Latency grows with the distance of every knob from its third value; a hash forbids a share of the rows.

    Args:
        space: the knobs.
        forbidden: share of the rows that are invalid; their distance is unknown, the hardest case for an agent.
    """

    version = "1"
    rules = ("forbidden",)
    metrics = (Metric("latency_s", "s"), Metric("energy_j", "J"))

    def __init__(self, space: DesignSpace, forbidden: float = 0.0) -> None:
        self.space = space
        self.forbidden = forbidden

    def _evaluate(self, x: IntArray) -> Costs:
        latency = 1e-3 * (1.0 + np.abs(x - 2).sum(axis=1))
        energy = 1e-3 * (1.0 + x.sum(axis=1))
        valid = (x * (np.arange(x.shape[1]) * 7 + 3)).sum(axis=1) % 1000 / 1000 * 37 % 1 >= self.forbidden
        values = np.where(valid[:, None], np.stack([latency, energy], axis=1), np.nan)
        return Costs(self.metrics, values, valid, (~valid).astype(np.uint64), self.rules, np.where(valid, 0.0, np.nan))


def valley(space: DesignSpace, forbidden: float = 0.0, objective: Minimise | None = None) -> Task:
    axes = (FrontMetric("latency_s", 1e-2), FrontMetric("energy_j", 1e-2))
    task = Task("valley-v0", "toy", "valley", objective or Minimise("latency_s", 1e-3), axes, "nowhere:build")
    task.__dict__["model"] = Valley(space, forbidden)
    return task


def knobs(*sizes: int) -> DesignSpace:
    """A space of these sizes, every other knob ordered."""
    return DesignSpace([Param(f"k{i}", tuple(range(n)), ordered=i % 2 == 0) for i, n in enumerate(sizes)])


EDGES = {
    "one knob": valley(knobs(5)),
    "one knob, a category": valley(DesignSpace([Param("k", ("a", "b", "c"))])),
    "one design": valley(knobs(1)),
    "a knob of a single value": valley(knobs(4, 1, 6, 1)),
    "two values each": valley(knobs(2, 2, 2)),
    "ordered only": valley(DesignSpace([Param(f"k{i}", (1, 2, 3, 4), ordered=True) for i in range(4)])),
    "sixty knobs": valley(knobs(*([4, 3, 7, 2, 5, 12] * 10))),
    "nine in ten invalid": valley(knobs(6, 5, 8, 4, 9, 3), forbidden=0.9),
    "all invalid": valley(knobs(6, 5, 8), forbidden=1.1),
    "all infeasible": valley(knobs(6, 5, 8), 0.0, Minimise("latency_s", 1e-3, constraints=(Constraint("energy_j", 1e-9),))),
}


def play(name: str, task: Task, budget: int, seed: int = 0, config: Config | None = None) -> tuple[Evaluator, TrialLog]:
    log = TrialLog(task)
    evaluator = Evaluator(task, budget, log)
    with contextlib.suppress(BudgetExhausted):
        registry.get_agent(name)(task.space, config, seed).search(evaluator)
    return evaluator, log


def digest(name: str, budget: int) -> str:
    _, log = play(name, toy_task(), budget, seed=11)
    return trials_digest(*log.trials())


@cache
def bests(name: str, budget: int) -> list[float]:
    return [play(name, toy_task(), budget, seed)[0].best_score for seed in range(5)]


@pytest.mark.parametrize("name", AGENTS)
def test_conformance(name):
    agent = registry.get_agent(name)
    assert agent.name == name and agent.paper and agent.__doc__
    check_agent(agent, toy_task(), budget=TINY.get(name, 48))


@pytest.mark.parametrize("name", [n for n in AGENTS if n not in (*BLIND, *LEARNED)])
def test_learning(name):
    budget = LEARNING.get(name, 256)
    median = statistics.median(bests(name, budget))
    assert median > statistics.median(bests("random", budget))
    first = [play(name, toy_task(), 1, seed)[0].best_score for seed in range(5)]
    assert median > max(first)
    assert max(bests(name, budget)) <= 1.0


def test_quasi_random_is_no_worse_than_random():
    assert statistics.median(bests("sobol", 256)) > 0.9 * statistics.median(bests("random", 256))


@pytest.mark.parametrize("name", [n for n in CHEAP if n not in BLIND])
def test_most_of_a_long_run_is_better_than_its_start(name):
    """Agents keep to good regions: a sign error or a lost incumbent would show here."""
    _, log = play(name, toy_task(), 256, seed=1)
    _, _, score = log.trials()
    assert np.median(score[-64:]) > np.median(score[:16])


def test_same_trials_in_another_process_with_another_hash_seed(python):
    names = [n for n in AGENTS if n in CHEAP]
    script = (
        "import contextlib\n"
        "from archgym import registry\n"
        "from archgym.errors import BudgetExhausted\n"
        "from archgym.evaluator import Evaluator\n"
        "from archgym.runlog import trials_digest\n"
        "from archgym.testing import toy_task\n"
        "from archgym.triallog import TrialLog\n"
        f"for name in {names!r}:\n"
        "    task = toy_task()\n"
        "    log = TrialLog(task)\n"
        "    with contextlib.suppress(BudgetExhausted):\n"
        "        registry.get_agent(name)(task.space, None, 11).search(Evaluator(task, 200, log))\n"
        "    print(trials_digest(*log.trials()))\n"
    )
    assert python(script, hash_seed="4242").split() == [digest(n, 200) for n in names]


@pytest.mark.parametrize("draw", range(2))
@pytest.mark.parametrize("name", AGENTS)
def test_draws_from_the_priors_run(name, draw):
    config = registry.get_agent(name).config_class.sample(np.random.default_rng(100 + draw))
    budget = TINY.get(name, 48)
    evaluator, _ = play(name, toy_task(), budget, config=config)
    assert evaluator.spent == budget


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("name", AGENTS)
def test_spaces_at_the_edge(name, edge):
    budget = TINY.get(name, 48)
    evaluator, _ = play(name, EDGES[edge], budget)
    assert evaluator.spent == budget


@pytest.mark.parametrize("name", [n for n in AGENTS if issubclass(registry.get_agent(n), AskTellAgent)])
def test_ask_and_tell_any_number_and_strangers_designs(name):
    task = toy_task()
    evaluator = Evaluator(task)
    agent = registry.get_agent(name)(task.space, None, 5)
    assert isinstance(agent, AskTellAgent)
    strangers = task.space.sample(np.random.default_rng(8), 40)
    agent.tell(evaluator.evaluate(strangers[:20]))
    for n in (1, 7, 3, 40, 1):
        asked = agent.ask(n)
        assert asked.shape == (n, len(task.space))
        task.space.check(asked)
        agent.tell(evaluator.evaluate(np.concatenate([asked[: n // 2 + 1], strangers[20 : 20 + n]])))  # some never come back
    agent.tell(evaluator.evaluate(strangers[:0]))
    assert agent.ask(2).shape == (2, len(task.space))


@pytest.mark.parametrize("name", [n for n in CHEAP if n not in BLIND])
def test_a_strangers_optimum_is_used(name):
    """The optimum is told among random designs: what is asked next lies nearer to it than chance."""
    task = toy_task()
    optimum = np.array([[4, 5, 2, 7, 4, 3, 3, 7]])
    evaluator = Evaluator(task)
    agent = registry.get_agent(name)(task.space, None, 0)
    assert isinstance(agent, AskTellAgent)
    told = np.concatenate([task.space.sample(np.random.default_rng(1), 63), optimum])
    same = []
    for _ in range(30):
        agent.tell(evaluator.evaluate(told))
        asked = agent.ask(16)
        same.append((asked == optimum).mean())
        told = np.concatenate([asked, optimum])
    assert np.mean(same) > 2 * (1.0 / task.space.nvec).mean()


def test_no_repeats_while_there_are_new_designs():
    for name in ("annealing", "genetic", "evolution", "ant_colony", "nsga2", "cma_es"):
        evaluator, _ = play(name, toy_task(), 256)
        assert evaluator.unique == 256, name


def test_small_spaces_are_searched_to_the_end():
    for name in ("annealing", "genetic", "evolution", "ant_colony", "nsga2", "cma_es"):
        evaluator, _ = play(name, valley(knobs(4, 3, 5)), 120)
        assert evaluator.best_score == 1.0, name
        assert evaluator.unique > 45, name


# -- the parts ---------------------------------------------------------------------------------------------------------


def test_a_mutant_differs_and_stays_inside():
    space = knobs(5, 1, 7, 2, 12)
    rng = np.random.default_rng(0)
    x = space.sample(rng, 4000)
    mutant = mutate(space, rng, x, changes=1.0)
    space.check(mutant)
    changed = mutant != x
    assert changed.any(axis=1).all() and not changed[:, 1].any()
    assert 1.0 <= changed.sum(axis=1).mean() < 1.8
    steps = np.abs(mutant - x)[:, 4][changed[:, 4]]
    assert np.median(steps) <= 2 and steps.max() > 2  # ordered: mostly near, at times far


def test_one_change_where_none_is_asked_for():
    space = knobs(5, 4, 7)
    rng = np.random.default_rng(0)
    x = space.sample(rng, 200)
    assert ((mutate(space, rng, x, changes=0.0) != x).sum(axis=1) == 1).all()


def test_children_take_every_knob_from_a_parent():
    rng = np.random.default_rng(0)
    a, b = np.zeros((300, 6), dtype=np.int64), np.ones((300, 6), dtype=np.int64)
    assert (crossover(rng, a, b, share=0.0) == a).all()
    assert abs(crossover(rng, a, b, share=1.0).mean() - 0.5) < 0.05


def test_harder_tournaments_choose_better_parents():
    rng = np.random.default_rng(0)
    assert tournament(rng, 50, 8, 500).mean() < tournament(rng, 50, 2, 500).mean() < tournament(rng, 50, 1, 500).mean()


def test_crowding_distance_by_hand():
    points = np.array([[0.0, 4.0], [1.0, 3.0], [3.0, 1.0], [4.0, 0.0]])
    assert crowding_distance(points).tolist() == [np.inf, 1.5, 1.5, np.inf]
    assert (crowding_distance(np.ones((1, 2))) == np.inf).all()


def test_fronts_come_in_order():
    points = np.array([[2.0, 2.0], [0.0, 3.0], [3.0, 0.0], [1.0, 1.0]])
    order = front_order(points).tolist()
    assert order[-1] == 0 and set(order[:2]) == {1, 2} and order[2] == 3


def test_infeasible_rows_follow_feasible_ones_by_score():
    front = np.array([[np.inf, np.inf], [0.5, 0.5], [np.inf, np.inf], [0.9, 0.9]])
    pool = Members(np.zeros((4, 2), dtype=np.int64), np.array([-1.5, 0.3, -0.2, 0.1]), front)
    assert Nsga2(knobs(2, 2), Nsga2Config())._order(pool).tolist() == [1, 3, 2, 0]


def test_pheromone_stays_a_distribution():
    space = knobs(4, 3, 6)
    agent = AntColony(space, AntColonyConfig(spread=0.5, ants=4), 0)
    evaluator = Evaluator(valley(space))
    for _ in range(30):
        agent.tell(evaluator.evaluate(agent.ask(4)))
        assert np.allclose(agent._pheromone.sum(axis=1), 1.0)
        assert ((agent._pheromone > 0.0) == (agent._even > 0.0)).all()


def test_sobol_covers_better_than_chance_and_does_not_depend_on_the_batch():
    space = knobs(16)
    counts = np.bincount(registry.get_agent("sobol")(space, None, 3).ask(256)[:, 0], minlength=16)  # type: ignore[attr-defined]
    assert counts.tolist() == [16] * 16
    settings = registry.get_agent("sobol").config_class
    runs = [play("sobol", toy_task(), 300, config=settings.from_settings({"batch": b}))[1].trials()[0] for b in (1, 37)]
    assert np.array_equal(*runs)
