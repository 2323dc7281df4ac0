"""Is a hyperparameter, declared once, drawn, read and refused alike everywhere?"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgym import BadInput, Config, RunSpec, hp
from archgym.config import Choice, Integers, LogIntegers, LogUniform, Uniform, switch
from archgym.task import Task


@dataclass(frozen=True)
class Settings(Config):
    """Hyperparameters of every kind."""

    rate: float = hp(0.1, LogUniform(1e-4, 1.0), "step size", (1e-9, 10.0))
    share: float = hp(0.5, Uniform(0.0, 1.0), "share of something")
    population: int = hp(32, LogIntegers(1, 256), "designs per generation", (1, 10_000))
    depth: int = hp(2, Integers(1, 4), "layers")
    kind: str = hp("rank", Choice(("rank", "roulette")), "selection")
    elitist: bool = hp(True, Choice((False, True)), "keep the best")


def draws(n: int = 2000) -> list[Settings]:
    rng = np.random.default_rng(0)
    return [Settings.sample(rng) for _ in range(n)]


def test_draws_stay_inside_their_priors_and_reach_all_of_them() -> None:
    seen = draws()
    assert all(1e-4 <= s.rate <= 1 and 0 <= s.share <= 1 for s in seen)
    assert {s.population for s in seen} >= {1, 2, 3, 4} and max(s.population for s in seen) <= 256
    assert max(s.population for s in seen) > 240
    assert {s.depth for s in seen} == {1, 2, 3, 4}
    assert {s.kind for s in seen} == {"rank", "roulette"} and {s.elitist for s in seen} == {False, True}


def test_log_priors_are_even_in_the_logarithm() -> None:
    seen = draws()
    below = np.mean([s.rate < 1e-2 for s in seen])
    assert below == pytest.approx(0.5, abs=0.05)
    assert np.mean([s.population <= 11 for s in seen]) == pytest.approx(math.log(11.5 / 0.5) / math.log(256.5 / 0.5), abs=0.05)


def test_draws_are_plain_values_of_the_declared_type() -> None:
    for drawn in draws(50):
        for f in fields(Settings):
            assert type(getattr(drawn, f.name)) is type(f.default)


def test_a_draw_is_accepted_again_as_itself_and_as_text() -> None:
    for drawn in draws(200):
        assert Settings.from_settings(drawn.settings()) == drawn
        assert Settings.from_settings({k: str(v) for k, v in drawn.settings().items()}) == drawn
    assert Settings.from_settings({}) == Settings()


def test_the_same_seed_draws_the_same() -> None:
    assert draws(20) == draws(20)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rate", " 1e-3 ", 0.001),
        ("rate", 1, 1.0),
        ("population", "64.0", 64),
        ("population", "1e3", 1000),
        ("population", 64.0, 64),
        ("population", np.int64(8), 8),
        ("elitist", "No", False),
        ("elitist", "1", True),
        ("elitist", False, False),
        ("kind", "roulette", "roulette"),
    ],
)
def test_text_becomes_the_declared_type(name: str, text: object, value: object) -> None:
    got = getattr(Settings.from_settings({name: text}), name)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"popluation": 3}, "unknown hyperparameter 'popluation'; did you mean 'population'?"),
        ({"zzz": 3}, "unknown hyperparameter 'zzz'; choose from depth, elitist, kind, population, rate, share"),
        ({"population": "many"}, "population must be of type int, got 'many'"),
        ({"population": 1.5}, "population must be of type int, got 1.5"),
        ({"population": True}, "population must be of type int, got True"),
        ({"population": None}, "population must be of type int, got None"),
        ({"population": "inf"}, "population must be of type int, got 'inf'"),
        ({"population": 0}, "population = 0 is not in 1 … 10000"),
        ({"population": "1" * 400}, "is not in 1 … 10000"),
        ({"depth": 5}, "depth = 5 is not in 1 … 4"),
        ({"rate": 0.0}, "rate = 0.0 is not in 1e-09 … 10"),
        ({"rate": "nan"}, "rate = nan is not in 1e-09 … 10"),
        ({"rate": []}, "rate must be of type float, got []"),
        ({"elitist": "maybe"}, "elitist must be of type bool, got 'maybe'"),
        ({"kind": "rnak"}, "kind cannot be 'rnak'; choose from rank, roulette"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(settings: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        Settings.from_settings(settings)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@dataclass(frozen=True)
class Large(Config):
    """A whole number beyond the exact floats."""

    seed: int = hp(0, Integers(0, 2**62), "any")


@given(st.integers(0, 2**62))
def test_large_whole_numbers_are_read_exactly(number: int) -> None:
    assert Large.from_settings({"seed": str(number)}).seed == number
    assert Large.from_settings({"seed": number}).seed == number


@given(st.text(max_size=8), st.sampled_from([f.name for f in fields(Settings)]))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    try:
        got = Settings.from_settings({name: text})
    except BadInput:
        return
    assert Settings.from_settings(got.settings()) == got


def test_describe_has_one_row_per_hyperparameter() -> None:
    rows = Settings.describe()
    assert [r["name"] for r in rows] == [f.name for f in fields(Settings)]
    assert [r["prior"] for r in rows] == [
        "log-uniform 0.0001 … 1",
        "uniform 0 … 1",
        "log-integers 1 … 256",
        "integers 1 … 4",
        "one of rank, roulette",
        "one of False, True",
    ]


@dataclass(frozen=True)
class Switched(Settings):
    """The same, with a switch added later."""

    mode: str = switch("plain", ("plain", "fancy"), "kind of agent")


def test_a_switch_is_never_drawn_and_leaves_draws_and_settings_as_they_were() -> None:
    rng = np.random.default_rng(0)
    assert [Switched.sample(rng).settings() for _ in range(50)] == [s.settings() for s in draws(50)]
    assert Switched().settings() == Settings().settings()
    assert Switched.from_settings({}).mode == "plain"


def test_a_switch_is_set_by_name_checked_and_kept() -> None:
    fancy = Switched.from_settings({"mode": "fancy"})
    assert fancy.settings() == {**Settings().settings(), "mode": "fancy"} and Switched.from_settings(fancy.settings()) == fancy
    with pytest.raises(BadInput, match="mode cannot be 'fancier'; choose from plain, fancy"):
        Switched.from_settings({"mode": "fancier"})
    assert Switched.describe()[-1] == {
        "name": "mode",
        "default": "plain",
        "prior": "one of plain, fancy; never drawn",
        "doc": "kind of agent",
    }


# -- run specifications ---------------------------------------------------------------------------------------------------


def test_a_spec_writes_its_defaults_out(toy: Task) -> None:
    spec = RunSpec.create(toy.id, "random")
    assert spec.config == {"batch": 32} and spec.budget == toy.budget and spec.seed == 0
    assert RunSpec.create(toy.id, "random", {"batch": "32"}, 0, toy.budget) == spec
    assert RunSpec.from_dict(spec.to_dict()) == spec and RunSpec.from_dict(spec.to_dict()).id == spec.id
    assert RunSpec.create(f"archgym/{toy.id}", "random").id == spec.id


def test_the_id_never_changes(toy: Task) -> None:
    """Folders on people's disks are called by it: this value may never move."""
    assert RunSpec.create(toy.id, "random", {"batch": 8}, seed=3, budget=64).id == "999ab61a97f82aa5"


def test_everything_that_decides_a_run_is_in_its_id(toy: Task) -> None:
    base = {"task": toy.id, "agent": "random", "config": {"batch": 8}, "seed": 3, "budget": 64}
    changes = [{}, {"config": {"batch": 9}}, {"seed": 4}, {"budget": 65}]
    assert len({RunSpec.create(**{**base, **c}).id for c in changes}) == len(changes)  # type: ignore[arg-type]


def test_options_that_repeat_the_task_s_own_are_dropped(toy: Task) -> None:
    plain = RunSpec.create(toy.id, "random")
    assert RunSpec.create(toy.id, "random", options={"workload": "toy"}) == plain
    varied = RunSpec.create(toy.id, "random", options={"workload": 7})  # type: ignore[dict-item]
    assert varied.options == {"workload": "7"} and varied.id != plain.id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "toy-latency-v9"}, "there is no task 'toy-latency-v9'; did you mean 'toy-latency-v0'?"),
        ({"agent": "randon"}, "there is no agent 'randon'; did you mean 'random'?"),
        ({"config": {"size": 1}}, "unknown hyperparameter 'size'"),
        ({"budget": 0}, "a budget must be a whole number of at least 1, got 0"),
        ({"budget": 1.5}, "a budget must be a whole number"),
        ({"budget": True}, "a budget must be a whole number"),
        ({"seed": -1}, "a seed must be a whole number of at least 0, got -1"),
        ({"options": {"workloda": "x"}}, "has no option 'workloda'; did you mean 'workload'?"),
    ],
)
def test_a_bad_spec_is_one_line(toy: Task, change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        RunSpec.create(**{"task": toy.id, "agent": "random", **change})  # type: ignore[arg-type]
    assert message in str(caught.value) and "\n" not in str(caught.value)
