"""Run specifications: everything that decides a run, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from typing import Any

from archgym import registry
from archgym.config import Setting
from archgym.errors import BadInput


@dataclass(frozen=True)
class RunSpec:
    """One search: same spec, same machine type, same trials.

    Args:
        task: task id.
        agent: agent name.
        config: every hyperparameter with its value, the defaults written out (so that a changed default is another run);
            switches (:func:`archgym.config.switch`) only where they differ from theirs.
        seed: whole number >= 0.
        budget: evaluations, >= 1.
        options: task options that differ from the task's own.
    """

    task: str
    agent: str
    config: Mapping[str, Setting]
    seed: int
    budget: int
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        task: str,
        agent: str,
        config: Mapping[str, object] | None = None,
        seed: int = 0,
        budget: int | None = None,
        options: Mapping[str, str] | None = None,
    ) -> RunSpec:
        """A checked spec, defaults filled in.

        Raises:
            BadInput: any part does not exist or is outside its limits.
        """
        chosen = registry.get_task(task, options)
        settings = registry.get_agent(agent).config_class.from_settings(config or {}).settings()
        amount = chosen.budget if budget is None else budget
        _whole("budget", amount, 1)
        _whole("seed", seed, 0)
        return cls(chosen.id, agent, settings, seed, amount, _differing(chosen.id, options or {}))

    @cached_property
    def id(self) -> str:
        """Hash of the canonical JSON: the run's name on disk."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in ``run.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Any, where: str = "run specification") -> RunSpec:
        """The inverse, for files of unknown origin.

        Raises:
            BadInput: a field is missing, unknown or of the wrong type.
        """
        from pydantic import ValidationError

        try:  # by way of JSON, where pydantic's strict mode takes an object for a dataclass and bends no type
            spec: RunSpec = _checker().validate_json(json.dumps(raw), strict=True, extra="forbid")
            return spec
        except (TypeError, RecursionError) as error:
            raise BadInput(f"{where}: spec: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(p) for p in first["loc"]) or "spec"
            raise BadInput(f"{where}: {place}: {first['msg']}") from None


@cache
def _checker() -> Any:
    """Building it takes pydantic milliseconds, and the plan of a large study has thousands of specs."""
    from pydantic import TypeAdapter

    return TypeAdapter(RunSpec)


def _differing(task_id: str, options: Mapping[str, str]) -> dict[str, str]:
    """Options as text, without those that only repeat the task's own: one run has one id."""
    task = registry.get_task(task_id)
    own = {"workload": task.workload, **task.options}
    return {name: str(value) for name, value in options.items() if str(value) != own[name]}


def _whole(name: str, number: object, least: int) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise BadInput(f"a {name} must be a whole number of at least {least}, got {number!r}")
