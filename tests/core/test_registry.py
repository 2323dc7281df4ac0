"""Is everything found by name, and can a stranger's package neither break nor replace what is ours?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import archgym
from archgym import BadInput, registry
from archgym.task import Task
from archgym.testing import toy_task

PLUGIN = '''
from dataclasses import replace
from archgym import Family
from archgym.agents.random_search import RandomSearch
from archgym.testing import toy_task

FAMILY = Family("acme", "Acme's toys", "acme_gym.family:tasks")

def tasks():
    return (replace(toy_task(), id="acme-latency-v0", family="acme"),)

class Lucky(RandomSearch):
    """Random search under another name."""
    name = "lucky"

def no_tasks():
    raise RuntimeError("out of toys")

BROKEN_FAMILY = Family("broken", "fails when asked", "acme_gym.family:no_tasks")
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., Path]:
    """Make an importable package ``acme_gym`` with these entry points; returns the folder for PYTHONPATH."""

    def make(entry_points: str, source: str = PLUGIN) -> Path:
        package, info = tmp_path / "site" / "acme_gym", tmp_path / "site" / "acme_gym-1.0.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text("")
        (package / "family.py").write_text(source)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gym\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        return tmp_path / "site"

    return make


GOOD = "[archgym.tasks]\nacme = acme_gym.family:FAMILY\n[archgym.agents]\nlucky = acme_gym.family:Lucky\n"

END_TO_END = """
import archgym, archgym.testing, gymnasium as gym, sys
from pathlib import Path
assert archgym.task_ids("acme") == ["acme-latency-v0"] and "lucky" in archgym.agent_names()
assert archgym.registry.families()["acme"].title == "Acme's toys"
archgym.testing.check_task(archgym.get_task("acme-latency-v0"), samples=8)
archgym.testing.check_agent(archgym.get_agent("lucky"), archgym.get_task("acme-latency-v0"))
log = archgym.run(archgym.RunSpec.create("acme-latency-v0", "lucky", seed=1, budget=30), Path("run"))
assert archgym.RunLog.load(Path("run")).replay() == [] and len(log.x) == 30
env = gym.make("archgym:archgym/acme-latency-v0")
env.reset(seed=1)
print(env.step(env.action_space.sample())[2])
"""


def test_a_plugin_adds_a_task_and_an_agent_end_to_end(plugin: Callable[..., Path], python: Callable[..., str]) -> None:
    assert python(END_TO_END, path=plugin(GOOD)).split() == ["True"]


def test_a_plugin_may_be_imported_before_us(plugin: Callable[..., Path], python: Callable[..., str]) -> None:
    code = "import acme_gym.family, archgym; print(archgym.task_ids('acme'))"
    assert python(code, "-W", "error::UserWarning", path=plugin(GOOD)).strip() == "['acme-latency-v0']"


@pytest.mark.parametrize(
    ("entry_points", "source", "message"),
    [
        ("[archgym.tasks]\nacme = acme_gym.nowhere:FAMILY\n", PLUGIN, "No module named 'acme_gym.nowhere'"),
        ("[archgym.tasks]\nacme = acme_gym.family:MISSING\n", PLUGIN, "MISSING"),
        ("[archgym.tasks]\nacme = acme_gym.family:FAMILY\n", "1/0", "division by zero"),
        ("[archgym.tasks]\nacme = acme_gym.family:FAMILY\n", "def:", "invalid syntax"),
        ("[archgym.tasks]\nacme = acme_gym.family:BROKEN_FAMILY\n", PLUGIN, "out of toys"),
        ("[archgym.tasks]\nacme = acme_gym.family:Lucky\n", PLUGIN, "left out"),
        ("[archgym.tasks]\nacme = acme_gym.family:FAMILY\nbcme = acme_gym.family:FAMILY\n", PLUGIN, "two tasks are called"),
    ],
)
def test_a_broken_plugin_is_one_warning(
    plugin: Callable[..., Path], python: Callable[..., str], entry_points: str, source: str, message: str
) -> None:
    code = (
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    import archgym\n"
        "    archgym.task_ids(); archgym.registry.families(); archgym.get_agent('random')\n"
        "print([str(w.message) for w in caught if 'plug-in' in str(w.message)])"
    )
    printed = python(code, path=plugin(entry_points, source))
    assert printed.count("plug-in") == 1 and "left out" in printed and message in printed


def test_a_plugin_cannot_replace_an_agent_of_ours(plugin: Callable[..., Path], python: Callable[..., str]) -> None:
    site = plugin("[archgym.agents]\nrandom = acme_gym.family:Lucky\n")
    assert python("import archgym; print(archgym.get_agent('random').name)", path=site).strip() == "random"


def test_an_agent_that_cannot_be_loaded_is_bad_input(plugin: Callable[..., Path], python: Callable[..., str]) -> None:
    site = plugin("[archgym.agents]\nunlucky = acme_gym.family:Unlucky\n")
    code = "import archgym\ntry:\n    archgym.get_agent('unlucky')\nexcept archgym.BadInput as error:\n    print(error)"
    printed = python(code, path=site)
    assert printed.startswith("agent 'unlucky' of a plug-in (acme_gym.family:Unlucky) cannot be loaded:")
    assert printed.count("\n") == 1


def test_two_tasks_of_one_name_are_our_mistake() -> None:
    once, twice = SimpleNamespace(tasks=lambda: [toy_task()]), SimpleNamespace(tasks=lambda: [toy_task(), toy_task()])
    with pytest.raises(ValueError, match="two tasks are called toy-latency-v0"):
        registry._new_tasks(twice, {})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two tasks are called toy-latency-v0"):
        registry._new_tasks(once, {toy_task().id: toy_task()})  # type: ignore[arg-type]


def test_ours_load_without_a_warning(python: Callable[..., str]) -> None:
    python("import archgym; archgym.task_ids(); archgym.agent_names()", "-W", "error")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: registry.get_task("toy-latnecy-v0"), "there is no task 'toy-latnecy-v0'; did you mean 'toy-latency-v0'?"),
        (lambda: registry.get_task("archgym/toy-latnecy-v0"), "did you mean 'toy-latency-v0'?"),
        (lambda: registry.get_agent("rando"), "there is no agent 'rando'; did you mean 'random'?"),
        (lambda: registry.task_ids("memry"), "there is no family 'memry'; did you mean 'memory'?"),
        (lambda: registry.get_task("toy-latency-v0", {"speed": "1"}), "has no option 'speed'; choose from workload"),
    ],
)
def test_a_miss_says_what_was_meant(toy: Task, ask: Callable[[], object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        ask()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_ids_are_names_with_a_family_and_a_version() -> None:
    import re

    for task_id in archgym.task_ids():
        task = archgym.get_task(task_id)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9_]+)+-v\d+", task_id), task_id
        environments = registry.families()[task.family].environments or (task.family,)
        assert task_id.partition("-")[0] in environments and task_id in archgym.task_ids(task.family)


def test_a_varied_task_is_another_task(toy: Task) -> None:
    assert registry.get_task(toy.id) is toy and registry.get_task(toy.id, {"workload": "toy"}) is toy
    varied = registry.get_task(toy.id, {"workload": "other"})
    assert varied.varied and varied.workload == "other" and varied.card is None and varied.best_known is None
    assert varied.options_set == {"workload": "other"} == varied.vary({}).options_set


def test_a_task_travels_to_another_process_without_its_model(toy: Task) -> None:
    import pickle

    assert toy.model is toy.model
    there = pickle.loads(pickle.dumps(toy))
    assert "model" not in there.__dict__ and there == toy and there.fingerprint == toy.fingerprint
