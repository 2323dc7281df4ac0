"""The model of systems-on-chip: options, rules, and what it says of a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import archgym
from archgym.envs.soc.farsi import DATA
from archgym.envs.soc.model import SocModel, build
from archgym.envs.soc.search import annealed
from archgym.envs.soc.tasks import AUDIO, CHIP, EDGE, FULL, LARGE, LIMITED
from archgym.errors import BadInput


def soc(workload: str, options: dict[str, str]) -> SocModel:
    model = build(workload, options)
    assert isinstance(model, SocModel)
    return model


@pytest.mark.parametrize("options", [FULL, {**LIMITED, "illegal": "repaired"}])
def test_a_repaired_row_stands_for_its_repair(options: dict[str, str]) -> None:
    model, strict = soc(EDGE, options), soc(EDGE, {**options, "illegal": "invalid"})
    x = model.space.sample(np.random.default_rng(0), 500)
    costs = model.evaluate(x)
    assert costs.valid.all()
    assert costs.values.tobytes() == strict.evaluate(model.repair(x)).values.tobytes()
    assert model.mask(x[0, :3], 3) is None, "no value is hopeless"


def test_an_illegal_row_says_why_and_how_far_it_is() -> None:
    model = soc(AUDIO, {**FULL, "illegal": "invalid"})
    empty = np.zeros((1, len(model.space)), np.int64)
    one = empty.copy()
    one[0, model.space.names.index("pe_0_type")] = 1
    costs = model.evaluate(np.concatenate([empty, one]))
    assert "a task on an empty slot" in costs.why(0) and "outputs in an empty memory slot" in costs.why(0)
    assert costs.why(1) == "outputs in an empty memory slot"
    assert costs.distance[0] == costs.distance[1] + 15, "the application has fifteen tasks"


def test_several_applications_end_with_the_last() -> None:
    model = soc(CHIP, LARGE)
    costs = model.evaluate(model.space.sample(np.random.default_rng(1), 50))
    apart = np.stack([costs[f"{app}_latency_s"] for app in CHIP.split("+")])
    assert np.array_equal(costs["latency_s"], apart.max(axis=0))
    assert (costs["dram_area_m2"] <= costs["area_m2"]).all()


def test_a_file_of_ones_own_is_a_workload() -> None:
    ours, theirs = soc(EDGE, FULL), soc(str(DATA / "edge_detection.toml"), FULL)
    x = ours.space.sample(np.random.default_rng(2), 20)
    assert np.array_equal(ours.evaluate(x).values, theirs.evaluate(x).values)
    assert ours.fingerprint == theirs.fingerprint != soc(EDGE, {**FULL, "rules": "farsi"}).fingerprint


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("space", "fully", "option space: there is no 'fully'; did you mean 'full'?"),
        ("illegal", "repair", "option illegal: there is no 'repair'; did you mean 'repaired'?"),
        ("elements", "0", "option elements: must be a whole number from 1 to 20, got '0'"),
        ("buses", "99999999999999999999", "option buses: must be a whole number from 1 to 6, got '99999999999999999999'"),
        ("memories", "two", "option memories: must be a whole number from 1 to 8, got 'two'"),
    ],
)
def test_a_wrong_option_is_one_line(option: str, value: str, line: str) -> None:
    with pytest.raises(BadInput) as error:
        build(EDGE, {**FULL, option: value})
    assert str(error.value) == line


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.toml") as error:
        build(str(tmp_path / "nowhere.toml"), FULL)
    assert "\n" not in str(error.value)


def test_its_own_search_goes_where_random_designs_do_not() -> None:
    model, goal = soc(EDGE, FULL), archgym.get_task("soc-edge-latency-v0").objective
    found = annealed(model, goal, (1,), 300)
    random = model.space.sample(np.random.default_rng(3), 4_000)
    assert goal.score(model.evaluate(found)).max() > 2 * goal.score(model.evaluate(random)).max()
    assert np.array_equal(found, annealed(model, goal, (1,), 300)), "it is a function of its arguments"


def test_every_task_says_what_its_options_are() -> None:
    for name in archgym.task_ids("soc"):
        task = archgym.get_task(name)
        assert {"space", "rules", "illegal"} <= set(task.options)
        assert ("limited" in task.tags) == (task.options["space"] == "limited") == (task.options["rules"] == "farsi")
