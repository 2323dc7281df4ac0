"""Does the house keep its plan? Import direction, file sizes, light imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("envs", "agents", "experiments")
FORBIDDEN = {
    "archgym": ("archgym.envs", "archgym.agents", "archgym.experiments"),
    "envs": ("archgym.agents", "archgym.experiments"),
    "agents": ("archgym.envs", "archgym.experiments"),
    "experiments": (),
}
HEAVY = (
    "torch",
    "ray",
    "sklearn",
    "scipy.stats",
    "matplotlib",
    "plotly",
    "optuna",
    "pyarrow",
    "numba",
    "pandas",
    "pydantic",
    "moocore",
    "stable_baselines3",
    "pettingzoo",
    "cmaes",
)
LONGEST = 300
LONGER: dict[str, str] = {}  # file -> why it may be longer
RESTRICTED = "envs/nas/installed.py"  # reads tables of packages that publish pickles only; its unpickler builds plain data


def sources(room: str) -> list[Path]:
    """The room's own files; ``archgym`` without the three rooms that are linked into it."""
    return sorted((ROOT / room).glob("*.py") if room == "archgym" else (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything a file imports, at any depth of nesting."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    package = package if package.startswith("archgym") else f"archgym.{package}"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources(room)
        for line, name in imports(path)
        if any(f"{name}.".startswith(f"{other}.") for other in FORBIDDEN[room])
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_are_imported_by_their_full_name(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources(room)
        for line, name in imports(path)
        if name.split(".")[0] in (*ROOMS, "tests")
    ]
    assert not wrong, wrong


def test_a_bare_import_is_refused(python: Callable[..., str]) -> None:
    code = f"for room in {ROOMS!r}:\n    try:\n        __import__(room)\n    except ImportError as error:\n        print(error)"
    said = python(code, cwd=ROOT).splitlines()
    assert [line.split(":")[0] for line in said] == [f"import archgym.{room}, not {room}" for room in ROOMS]


def test_the_rooms_are_links_to_the_folders_beside_the_package() -> None:
    for room in ROOMS:
        link = ROOT / "archgym" / room
        assert link.is_symlink() and str(link.readlink()) == f"../{room}"


def test_files_are_small() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for room in FORBIDDEN
        for path in sources(room)
    }
    long = {name: n for name, n in lengths.items() if n > LONGEST}
    assert set(long) == set(LONGER), f"split these, or give the reason in LONGER: {long}"


def test_importing_archgym_is_light(python: Callable[..., str]) -> None:
    code = f"import sys, archgym; archgym.task_ids(); archgym.agent_names()\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).strip() == "[]"


def test_random_search_needs_no_optional_library(python: Callable[..., str]) -> None:
    code = f"import sys, archgym; archgym.get_agent('random'); print([m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).strip() == "[]"


def test_nothing_is_unpickled() -> None:
    """Rule 7: files from outside are parsed, never executed. One module reads pickles, and refuses names it does not know."""
    banned = ("pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal")
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for room in FORBIDDEN
        for path in sources(room)
        for line, name in imports(path)
        if name.split(".")[0] in banned and path != ROOT / RESTRICTED
    ]
    assert not wrong, wrong
