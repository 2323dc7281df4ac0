"""Is a study file turned into the right runs, and a wrong one into one clear line?"""

from __future__ import annotations

from pathlib import Path

import pytest
from experiment_helpers import plan_of

import archgym.experiments
from archgym.errors import BadInput
from archgym.experiments.plan import load_study, make_plan

SHIPPED = Path(archgym.experiments.__file__).parent / "studies"
GOOD = 'name = "s"\ntasks = ["toy-latency-v0"]\nagents = ["random"]\nseeds = 1\nbudget = 8\n'


def test_a_study_is_the_product_of_its_parts() -> None:
    plan = plan_of(agents=["random", "genetic"], seeds=[4, 7])
    parts = {(s.task, s.agent, s.seed, s.budget) for s in plan.specs}
    assert len(plan.specs) == len(parts) == 8
    assert {p[0] for p in parts} == {"toy-latency-v0", "toy-energy-v0"} and {p[2] for p in parts} == {4, 7}


def test_plans_are_pure() -> None:
    assert plan_of(draws=3) == plan_of(draws=3)


def test_whole_seeds_come_first_and_slow_agents_lead_each_of_them() -> None:
    plan = plan_of(tasks=["toy-latency-v0"], agents=["random", "annealing", "tpe"], seeds=2)
    assert [(s.seed, s.agent) for s in plan.specs] == [
        (seed, agent) for seed in (0, 1) for agent in ("tpe", "annealing", "random")
    ]


def test_the_budget_is_the_tasks_own_where_none_is_given() -> None:
    assert {s.budget for s in plan_of(budget=None).specs} == {256}


def test_draws_replace_the_defaults_and_do_not_depend_on_each_other() -> None:
    few, many = plan_of(draws=2, seeds=1), plan_of(draws=5, agents=["genetic", "random"], seeds=1)
    drawn = {(r.label, r.spec.id) for r in many.runs}
    assert {(r.label, r.spec.id) for r in few.runs} <= drawn
    assert {r.draw for r in many.runs} == set(range(5)) and len(many.specs) == 20
    assert plan_of(draws=2, seeds=1, draw_seed=1).specs != few.specs


def test_an_agent_with_few_configurations_plays_each_once() -> None:
    plan = plan_of(tasks=["toy-latency-v0"], agents=["random"], draws=2000, seeds=1)
    assert 200 < len(plan.specs) <= 256


def test_labels_and_options(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        'name = "s"\nseeds = 1\nbudget = 8\nagents = ["random"]\n'
        '[[task]]\nid = "toy-latency-v0"\noptions = { memory = "far" }\n'
        '[[agent]]\nname = "random"\nlabel = "bulk"\nconfig = { batch = 128 }\n'
        '[[agent]]\nname = "random"\nconfig = { batch = 1 }\n'
    )
    plan = make_plan(load_study(file))
    assert {r.label for r in plan.runs} == {"random", "bulk", "random(batch=1)"}
    assert all(s.options == {"memory": "far"} for s in plan.specs)


BROKEN = [
    ("", "name: is missing"),
    ("x = [1,\n", "not TOML: Invalid value (at end of document)"),
    (GOOD + "oops = = 3\n", "not TOML: Invalid value (at line 6, column 8)"),
    (GOOD.replace("budget = 8", "budget = 0"), "budget: must be at least 1, got 0"),
    (GOOD.replace("budget = 8", 'budget = "8"'), "budget: must be a whole number, got '8'"),
    (GOOD.replace("seeds = 1", "seeds = 0"), "seeds: a count of seeds must be in 1..100000, got 0"),
    (GOOD.replace("seeds = 1", "seeds = -3"), "seeds: a count of seeds must be in 1..100000, got -3"),
    (GOOD.replace("seeds = 1", "seeds = 1.5"), "seeds: must be a list, got 1.5"),
    (GOOD.replace("seeds = 1", "seeds = [0, -1]"), "seeds[2]: must be at least 0, got -1"),
    (GOOD.replace("seeds = 1", "seeds = []"), "seeds: must not be empty"),
    (GOOD.replace("seeds = 1", "seeds = [1, 1]"), "seeds: 1 is named twice"),
    (GOOD.replace("seeds = 1", "seeds = [true]"), "seeds[1]: must be a whole number, got True"),
    (GOOD.replace('"toy-latency-v0"', ""), "tasks: must not be empty"),
    (
        GOOD.replace("toy-latency-v0", "toy-latecy-v0"),
        "tasks: there is no task 'toy-latecy-v0'; did you mean 'toy-latency-v0'?",
    ),
    (GOOD.replace("toy-latency-v0", "nope-*"), "tasks: no task matches 'nope-*'"),
    (GOOD.replace('["toy-latency-v0"]', '["toy-*", "toy-latency-v0"]'), "tasks: toy-latency-v0 is named twice"),
    (GOOD.replace('"random"', ""), "agents: must not be empty"),
    (GOOD.replace('"random"', '"randon"'), "agents: there is no agent 'randon'; did you mean 'random'?"),
    (GOOD.replace('["random"]', '["random", "random"]'), "agents: random is named twice"),
    (GOOD.replace('["random"]', '"random"'), "agents: must be a list, got 'random'"),
    (GOOD + "sedes = 3\n", "unknown key 'sedes'; did you mean 'seeds'?"),
    (GOOD.replace('name = "s"', 'name = "../s"'), "name: must be made of letters, digits and . _ + -, got '../s'"),
    (GOOD + '[[agent]]\nname = "genetic"\nconfig = { poplation = 3 }\n', None),
    (
        GOOD + '[[agent]]\nname = "genetic"\nconfig = { population = 0 }\n',
        "agent[1].config: population = 0 is not in 2 … 65536",
    ),
    (GOOD + '[[agent]]\nname = "genetic"\nconfig = { population = [3] }\n', None),
    (GOOD + '[[agent]]\nname = "genetic"\nsize = 3\n', "agent[1]: unknown key 'size'"),
    (GOOD + '[[agent]]\nname = "random"\n', "agent labels: random is named twice"),
    (
        GOOD + '[[agent]]\nname = "random"\nlabel = "same"\n',
        "agents: 'same' and 'random' are the same agent with the same hyperparameters",
    ),
    (
        GOOD + '[[task]]\nid = "toy-energy-v0"\noptions = { memry = "far" }\n',
        "task[1].options: task toy-energy-v0 has no option 'memry'; did you mean 'memory'?",
    ),
    (GOOD.replace("seeds = 1", "seeds = 100000") + "draws = 3\n", "a study of 300,000 runs is more than 200,000; split it"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN)
def test_a_broken_study_is_one_line(tmp_path: Path, text: str, reason: str | None) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as error:
        make_plan(load_study(file), str(file))
    line = str(error.value)
    assert line.startswith(f"{file}: ") and "\n" not in line
    assert reason is None or line == f"{file}: {reason}"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", None])
def test_a_file_that_is_no_text(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "s.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadInput, match="not UTF-8 text" if data else "cannot be read: No such file"):
        load_study(file)


@pytest.mark.parametrize("name", sorted(p.name for p in SHIPPED.glob("*.toml") if not p.name.startswith("lottery")))
def test_shipped_studies_can_be_planned(name: str) -> None:
    plan = make_plan(load_study(SHIPPED / name))
    assert plan.name == name.removesuffix(".toml") and plan.runs
