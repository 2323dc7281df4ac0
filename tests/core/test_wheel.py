"""Does the built package hold everything: the three linked rooms, their data, and nothing else?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = {".toml", ".json", ".csv", ".npz", ".gz", ".html", ".js", ".css"}
ROOMS = ("envs", "agents", "experiments")

IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys, archgym
assert pathlib.Path(archgym.__file__).is_relative_to(sys.prefix), archgym.__file__
archgym.task_ids(), archgym.agent_names()
for module in pkgutil.walk_packages(archgym.__path__, "archgym."):
    importlib.import_module(module.name)
    print(module.name)
"""


def build(source: Path, kind: str, out: Path) -> Path:
    """Build one distribution with the installed setuptools, offline."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(out.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone holds, so that the build leaves nothing behind here."""
    copy = tmp_path_factory.mktemp("checkout")
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("archgym", *ROOMS):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=leave)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    return build(checkout, "wheel", tmp_path_factory.mktemp("wheel"))


def wanted(checkout: Path) -> set[str]:
    """Names inside a wheel of every module and data file of the checkout."""
    found = {f"archgym/{p.name}" for p in (checkout / "archgym").glob("*.py")} | {"archgym/py.typed"}
    for room in ROOMS:
        files = (p for p in (checkout / room).rglob("*") if p.suffix in DATA | {".py"})
        found |= {f"archgym/{p.relative_to(checkout)}" for p in files}
    return found


def packed(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_module_and_data_file_and_nothing_else(checkout: Path, wheel: Path) -> None:
    have, need = packed(wheel), wanted(checkout)
    assert need <= have, f"left out: {sorted(need - have)[:10]}"
    assert have <= need, f"not ours: {sorted(have - need)[:10]}"


def test_every_data_file_has_a_kind_that_is_packed(checkout: Path) -> None:
    known = DATA | {".py", ".pyi", ".md", ".pyc", ".nbi", ".nbc"}
    files = [p for room in ROOMS for p in (checkout / room).rglob("*") if p.is_file()]
    odd = [str(p.relative_to(checkout)) for p in files if p.suffix not in known]
    assert not odd, f"add their kind to package-data in pyproject.toml and to DATA here: {odd}"


def test_an_empty_environment_imports_everything_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(libraries(tmp_path / "libraries"))
    programs = tmp_path / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, wheel], tmp_path)
    modules = run([programs / "python", "-c", IMPORT_ALL], tmp_path).split()
    assert {"archgym.envs.memory", "archgym.agents.random_search", "archgym.experiments"} <= set(modules)
    assert "study" in run([programs / "archgym", "--help"], tmp_path)


def run(command: list[str | Path], folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def libraries(folder: Path) -> str:
    """A folder with links to everything installed here except ourselves: this project's dependencies, nothing of it."""
    folder.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "archgym" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return f"{folder}\n"


def test_the_source_distribution_builds_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    archive = build(checkout, "sdist", tmp_path / "sdist")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    source = next((tmp_path / "unpacked").iterdir())
    assert packed(build(source, "wheel", tmp_path / "again")) == packed(wheel)
