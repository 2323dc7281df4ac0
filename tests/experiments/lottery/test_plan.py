"""Does a lottery file become the right runs in the right order, and a wrong one, one clear line?"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

import archgym.experiments
from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.lottery.plan import DEFAULTS, make_plan, read_shard, shard, tickets
from archgym.experiments.lottery.study import load_lottery

sys.path.append(str(Path(__file__).parent))
from lottery_helpers import lottery_of

SHIPPED = Path(archgym.experiments.__file__).parent / "studies"


def test_every_agent_plays_its_defaults_and_its_draws_with_the_same_seeds_and_budget() -> None:
    plan = make_plan(lottery_of(tasks=["toy-*"], seeds=[3, 5]))
    cells = Counter((run.spec.agent, run.spec.task, run.draw) for run in plan.runs)
    assert set(cells.values()) == {2} and {run.spec.seed for run in plan.runs} == {3, 5}
    assert {draw for agent, _, draw in cells if agent == "genetic"} == {None, 0, 1, 2}
    assert {run.spec.budget for run in plan.runs} == {12} and len({run.spec.id for run in plan.runs}) == len(plan.runs) == 20


def test_an_agent_with_nothing_to_tune_plays_its_defaults_alone() -> None:
    held = {agent: set(tickets(lottery_of(), agent)) for agent in ("random", "sobol", "genetic")}
    assert held == {"random": {DEFAULTS}, "sobol": {DEFAULTS}, "genetic": {DEFAULTS, 0, 1, 2}}


def test_whenever_it_is_stopped_the_first_draws_are_whole() -> None:
    lottery = lottery_of(tasks=["toy-*"], agents=["genetic", "annealing", "tpe"])
    runs = make_plan(lottery).runs
    levels = [DEFAULTS if run.draw is None else run.draw for run in runs]
    assert levels == sorted(levels)
    assert set(Counter(levels).values()) == {3 * 2 * 2}
    assert [run.spec.agent for run in runs[:12:4]] == ["tpe", "annealing", "genetic"]  # the slowest first


def test_draws_do_not_depend_on_each_other_and_none_repeats_the_defaults() -> None:
    few, many = tickets(lottery_of(draws=2), "genetic"), tickets(lottery_of(draws=9), "genetic")
    assert {k: many[k] for k in few} == dict(few)
    assert len({repr(settings) for settings in many.values()}) == 10
    assert tickets(lottery_of(draw_seed=1), "genetic")[0] != few[0]


def test_an_agent_can_play_fewer_tasks() -> None:
    lottery = lottery_of(tasks=["toy-*"], only=[{"agent": "genetic", "tasks": ["toy-energy-*"]}])
    played = {(run.spec.agent, run.spec.task) for run in make_plan(lottery).runs}
    assert played == {("random", "toy-latency-v0"), ("random", "toy-energy-v0"), ("genetic", "toy-energy-v0")}


def test_tuning_tasks_are_played_like_the_others() -> None:
    lottery = lottery_of(tuning=["toy-energy-v0"])
    assert lottery.every_task == ("toy-latency-v0", "toy-energy-v0")
    assert {run.spec.task for run in make_plan(lottery).runs} == set(lottery.every_task)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 50])
def test_parts_make_up_the_whole_and_split_no_seeds(parts: int) -> None:
    plan = make_plan(lottery_of(tasks=["toy-*"], agents=["random", "genetic", "tpe"]))
    found = [shard(plan, i + 1, parts) for i in range(parts)]
    assert tuple(run for part in found for run in part) == plan.runs
    homes = Counter((run.label, run.spec.task) for part in found for run in {(r.label, r.spec.task): r for r in part}.values())
    assert set(homes.values()) == {1}


@pytest.mark.parametrize("text", ["", "2", "2/", "/2", "a/b", "0/2", "3/2", "-1/2", "1/2/3", "1.0/2", "²/3", "1/" + "9" * 30])
def test_a_part_that_does_not_exist_is_one_line(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--shard (takes I/N|I/N takes)[^\n]*$"):
        shard(make_plan(lottery_of()), *read_shard(text))


GOOD = 'name = "l"\ntasks = ["toy-latency-v0"]\nagents = ["random", "genetic"]\ndraws = 20\nseeds = 5\nbudget = 8\n'
GROUP = '[[group]]\nname = "old"\ntasks = ["toy-*"]\n'
ONLY = '[[only]]\nagent = "genetic"\ntasks = ["toy-*"]\n'
BROKEN = [
    ("", "name: is missing"),
    ("name = [\n", None),
    (GOOD.replace('name = "l"', 'name = "../l"'), "name: must be made of letters, digits and . _ + -, got '../l'"),
    (
        GOOD.replace("draws = 20", "draws = 19"),
        "draws: 19 cannot tell luck from skill, 20 can; quick = true plays it all the same",
    ),
    (GOOD.replace("draws = 20", "draws = 0"), "draws: must be at least 1, got 0"),
    (GOOD.replace("draws = 20", "draws = 20.0"), "draws: must be a whole number, got 20.0"),
    (GOOD.replace("draws = 20", "draws = 10001"), "draws: must be at most 10000, got 10001"),
    (GOOD.replace("seeds = 5", "seeds = 4"), "seeds: 4 cannot tell luck from skill, 5 can; quick = true plays it all the same"),
    (GOOD.replace("seeds = 5", "seeds = [0, 1, 2, 3, 3]"), "seeds: 3 is named twice"),
    (GOOD.replace("seeds = 5", "seeds = [0, -1]"), "seeds[2]: must be at least 0, got -1"),
    (GOOD.replace("seeds = 5", "seeds = 0"), "seeds: a count of seeds must be in 1..100000, got 0"),
    (GOOD.replace("seeds = 5", "seeds = true"), "seeds: must be a list, got True"),
    (GOOD.replace("budget = 8\n", ""), "budget: is missing"),
    (GOOD.replace("budget = 8", "budget = 0"), "budget: must be at least 1, got 0"),
    (GOOD.replace("budget = 8", 'budget = "8"'), "budget: must be a whole number, got '8'"),
    (GOOD.replace('"toy-latency-v0"', ""), "tasks: must not be empty"),
    (GOOD.replace('["toy-latency-v0"]', '"toy-latency-v0"'), "tasks: must be a list, got 'toy-latency-v0'"),
    (GOOD.replace("toy-latency", "toy-latecy"), "tasks: there is no task 'toy-latecy-v0'; did you mean 'toy-latency-v0'?"),
    (GOOD.replace("toy-latency-v0", "nope-*"), "tasks: no task matches 'nope-*'"),
    (GOOD.replace('["toy-latency-v0"]', '["toy-*", "toy-latency-v0"]'), "tasks: toy-latency-v0 is named twice"),
    (GOOD.replace('["random", "genetic"]', "[]"), "agents: must not be empty"),
    (GOOD.replace('"genetic"', '"genetics"'), "agents: there is no agent 'genetics'; did you mean 'genetic'?"),
    (GOOD.replace('"genetic"', '"random"'), "agents: random is named twice"),
    (GOOD + "quick = 1\n", "quick: Input should be a valid boolean"),
    (GOOD + GROUP.replace("toy-*", "nope-*"), "group[1].tasks: no task matches 'nope-*'"),
    (GOOD + GROUP.replace("toy-*", "toy-energy-v0"), "group[1].tasks: none of them is among 'tasks'"),
    (GOOD + GROUP.replace("old", " "), "group[1].name: must not be empty"),
    (GOOD + GROUP.replace("old", "others"), "group[1].name: 'others' are the tasks in no group"),
    (GOOD + GROUP + GROUP, "group.name: old is named twice"),
    (GOOD + GROUP + GROUP.replace("old", "new"), "group.tasks: toy-latency-v0 is named twice"),
    (GOOD + "sedes = 3\n", "unknown key 'sedes'; did you mean 'seeds'?"),
    (GOOD + "draw_seed = -1\n", "draw_seed: must be at least 0, got -1"),
    (
        GOOD + 'tuning = ["toy-latency-v0"]\n',
        "tuning: toy-latency-v0 is among 'tasks', too; what is tuned on cannot be held out",
    ),
    (
        GOOD + 'tuning = ["memory-cloud-latency-v0"]\n',
        "tuning: memory-cloud-latency-v0 is of family 'memory', of which 'tasks' has none to tune for",
    ),
    (GOOD + 'tuning = ["toy-energi-v0"]\n', "tuning: there is no task 'toy-energi-v0'; did you mean 'toy-energy-v0'?"),
    (GOOD + ONLY.replace("genetic", "tpe"), "only[1].agent: 'tpe' is not among 'agents'"),
    (GOOD + ONLY + ONLY, "only: genetic is named twice"),
    (GOOD + ONLY.replace("toy-*", "toy-energy-v0"), "only[1].tasks: none of them is among 'tasks' or 'tuning'"),
    (GOOD + ONLY.replace("toy-*", "toy-x"), None),
    (GOOD + ONLY.replace('["toy-*"]', "[]"), "only[1].tasks: must not be empty"),
    (GOOD + ONLY + "seeds = 3\n", "only[1]: unknown key 'seeds'"),
    (GOOD + 'only = "genetic"\n', "only: must be a list, got 'genetic'"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN)
def test_a_broken_lottery_is_one_line(tmp_path: Path, text: str, reason: str | None) -> None:
    file = tmp_path / "l.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as error:
        load_lottery(file)
    line = str(error.value)
    assert line.startswith(f"{file}: ") and "\n" not in line
    assert reason is None or line == f"{file}: {reason}"


def test_a_lottery_of_too_many_runs_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^a study of [\d,]+ runs is more than 200,000; split it$"):
        make_plan(lottery_of(tasks=["toy-*"], seeds=60_000))


@pytest.mark.parametrize("name", sorted(p.name for p in SHIPPED.glob("lottery*.toml")))
def test_shipped_lotteries_cover_every_family_and_tune_on_tasks_that_are_not_scored(name: str) -> None:
    lottery = load_lottery(SHIPPED / name)
    assert lottery.name == name.removesuffix(".toml") and make_plan(lottery).runs
    if name == "lottery.toml":
        families = {registry.get_task(task).family for task in lottery.tasks}
        assert families >= {"memory", "accelerator", "parallelism", "nas", "soc"} and len(lottery.tasks) >= 8
        assert set(lottery.agents) >= {a for a in registry.agent_names() if not a.startswith("toy")}
        assert {registry.get_task(task).family for task in lottery.tuning} == families
