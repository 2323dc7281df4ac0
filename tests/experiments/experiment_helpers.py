"""What several tests of studies share: small plans, their digests, and the command line in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archgym.experiments.plan import Plan, Study, make_plan
from archgym.files import read_json


def plan_of(**changes: Any) -> Plan:
    """A small study."""
    small: dict[str, Any] = {"name": "small", "tasks": ["toy-*"], "agents": ["random"], "seeds": 2, "budget": 24}
    return make_plan(Study.model_validate(small | changes))


def digests(folder: Path, plan: Plan) -> dict[str, str]:
    """Digest of the trials of every run that has one."""
    found = {spec.id: read_json(folder / spec.id / "run.json") for spec in plan.specs}
    return {name: manifest.get("digest", "") for name, manifest in found.items()}


def stamps(folder: Path) -> dict[Path, int]:
    """When each finished file was last written."""
    return {p: p.stat().st_mtime_ns for p in folder.glob("*/trials.parquet")}


def archgym(*arguments: object, cwd: Path | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "archgym.experiments.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, check=False, **more)


def start(*arguments: object, **more: Any) -> subprocess.Popen[str]:
    """The command line, running."""
    command = [sys.executable, "-m", "archgym.experiments.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_for(what: Callable[[], Any], limit_s: float = 60.0) -> Any:
    """What ``what`` answers once it is true."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
