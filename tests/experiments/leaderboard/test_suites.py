"""Are the suites what they were when they were frozen, and do they hold what they promise?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.leaderboard import suites

# A suite never changes: whoever wants other tasks, seeds or budgets adds a version under a new name.
FROZEN = {
    "core-v0": "579fa21fbf96cc05",
    "quick-v0": "38c74069f3a9c82c",
}
FAMILIES = {"memory", "accelerator", "parallelism", "nas", "soc"}


def test_no_suite_has_changed() -> None:
    assert {name: suites.load(name).hash for name in suites.names()} == FROZEN
    assert suites.load("core-v0") is suites.load("core-v0")  # or every submission would build its models again


@pytest.mark.parametrize("name", FROZEN)
def test_the_models_are_those_it_was_frozen_with(name: str) -> None:
    suite = suites.load(name)
    assert list(suite.tasks) == [t.id for t in suite.task]


@pytest.mark.parametrize("name", FROZEN)
def test_no_task_is_easy(name: str) -> None:
    cards = {t: registry.get_task(t.id).card for t in suites.load(name).task}
    assert [t.id for t, card in cards.items() if card is None or card.easy or card.fingerprint != t.fingerprint] == []


@pytest.mark.parametrize("name", FROZEN)
def test_no_task_needs_an_optional_package(name: str, python: Callable[..., str]) -> None:
    """Every model is built and evaluated where the extras cannot be imported."""
    extras = ("torch", "sklearn", "nas_bench_graph", "onnx", "ray", "pettingzoo", "stable_baselines3", "analog_nasbench")
    code = (
        f"import sys\nfor name in {extras!r}: sys.modules[name] = None\n"
        "import numpy as np\nfrom archgym.experiments.leaderboard import suites\n"
        f"for task in suites.load({name!r}).tasks.values():\n"
        "    task.model.evaluate(task.space.sample(np.random.default_rng(0), 1))\nprint('done')"
    )
    assert python(code).strip() == "done"


def test_core_has_all_roles_in_every_family() -> None:
    suite = suites.load("core-v0")
    assert len(suite.task) == 22 and suite.seeds == (0, 1, 2, 3, 4)
    roles: dict[str, Counter[str]] = {}
    for entry in suite.task:
        roles.setdefault(registry.get_task(entry.id).family, Counter())[entry.role] += 1
    assert set(roles) == FAMILIES
    assert all(count[role] for count in roles.values() for role in ("search", "tuning", "held-out")), roles


def test_held_out_workloads_are_no_tuning_workloads() -> None:
    suite = suites.load("core-v0")
    tuned = {registry.get_task(t.id).workload for t in suite.of_role("tuning")}
    assert not tuned & {registry.get_task(t.id).workload for t in suite.of_role("held-out")}


# -- files -----------------------------------------------------------------------------------------------------------------


def _text(**changes: str) -> str:
    lines = {"format": "1", "name": '"toy-v1"', "title": '"Toys"', "seeds": "[0]", "budget": "8"} | changes
    task = '\n[[task]]\nid = "toy-latency-v0"\nrole = "search"\nfingerprint = "0000000000000000"\n'
    return "".join(f"{k} = {v}\n" for k, v in lines.items() if k != "task") + changes.get("task", task)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (_text(format="2"), "format: "),
        (_text(name='"toy"'), "name: must be made of"),
        (_text(name='"toy-v2"'), "name: must be the file's, 'toy-v1'"),
        (_text(seeds="[]"), "seeds: must not be empty"),
        (_text(seeds="[-1]"), "seeds[1]: must be at least 0, got -1"),
        (_text(budget="0"), "budget: must be at least 1, got 0"),
        (_text(more="1"), "unknown key 'more'"),
        (_text(task=""), "task: is missing"),
        (_text(task=_text()[_text().index("\n[[task") :] * 2), "task: a task is named twice"),
        (_text(task=_text()[_text().index("\n[[task") :].replace('"search"', '"train"')), "task[1].role: "),
    ],
)
def test_a_broken_file_is_refused_in_one_line(text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    (tmp_path / "toy-v1.toml").write_text(text)
    with pytest.raises(BadInput) as caught:
        suites.load("toy-v1")
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_another_model_version_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    (tmp_path / "toy-v1.toml").write_text(_text())
    with pytest.raises(
        BadInput, match=r"^toy-latency-v0: suite toy-v1 was frozen with another model version \(0000000000000000, "
    ):
        _ = suites.load("toy-v1").tasks


def test_a_missing_suite_is_named() -> None:
    with pytest.raises(BadInput, match="there is no suite 'core-v9'; did you mean 'core-v0'"):
        suites.load("core-v9")
    with pytest.raises(BadInput, match="there is no suite"):
        suites.load("../leaderboard/suites/core-v0")
