"""What there is: families of tasks, and agents, ours and those of installed plug-ins, by name.

Ours are listed in ``archgym.envs.FAMILIES`` and ``archgym.agents.AGENTS``; a third-party package adds its own through the
entry-point groups ``archgym.tasks`` (an entry resolves to a :class:`~archgym.family.Family`) and ``archgym.agents`` (to an
:class:`~archgym.agent.Agent` class). A plug-in that cannot be loaded is reported in one warning and left out.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from archgym.errors import BadInput, did_you_mean
from archgym.strings import resolve
from archgym.task import Task

if TYPE_CHECKING:
    from archgym.agent import Agent
    from archgym.family import Family

BUILT_IN = {"archgym.tasks": "archgym.envs:FAMILIES", "archgym.agents": "archgym.agents:AGENTS"}


def families() -> dict[str, Family]:
    """Every environment family by name."""
    return _catalogue(_half_imported())[0]


def _tasks() -> dict[str, Task]:
    return _catalogue(_half_imported())[1]


def _half_imported() -> frozenset[str]:
    """Plug-ins whose module is being imported right now, and imports us: they are taken in once it is done."""
    modules = {p.name: sys.modules.get(p.module) for p in _plugins("archgym.tasks")}
    return frozenset(n for n, m in modules.items() if getattr(getattr(m, "__spec__", None), "_initializing", False))


@cache
def _catalogue(without: frozenset[str]) -> tuple[dict[str, Family], dict[str, Task]]:
    """Families and tasks, ours first; a plug-in is in with all of its tasks, or left out with a warning."""
    known: dict[str, Family] = {}
    tasks: dict[str, Task] = {}
    for name, path in _own("archgym.tasks").items():
        known[name] = resolve(path)
        tasks |= _new_tasks(known[name], tasks)
    for plugin in (p for p in _plugins("archgym.tasks") if p.name not in without):
        try:
            if plugin.name in known:
                raise ValueError(f"two families are called {plugin.name}")
            family = plugin.load()
            tasks |= _new_tasks(family, tasks)
            known[plugin.name] = family
        except Exception as error:  # a stranger's package may fail in any way; it must not take ours down
            warnings.warn(f"plug-in {plugin.name} ({plugin.value}) left out: {error}", stacklevel=2)
    return known, tasks


def _new_tasks(family: Family, taken: Mapping[str, Task]) -> dict[str, Task]:
    found: dict[str, Task] = {}
    for task in family.tasks():
        if task.id in found or task.id in taken:
            raise ValueError(f"two tasks are called {task.id}")
        found[task.id] = task
    return found


def task_ids(family: str | None = None) -> list[str]:
    """Ids of all tasks, or of one family's, in the families' order."""
    if family is not None and family not in families():
        raise BadInput(f"there is no family '{family}'" + did_you_mean(family, families()))
    return [t.id for t in _tasks().values() if family in (None, t.family)]


def get_task(task_id: str, options: Mapping[str, str] | None = None) -> Task:
    """A task by id, with some of its options set.

    Raises:
        BadInput: there is no such task or option.
    """
    name = task_id.removeprefix("archgym/")
    if name not in _tasks():
        raise BadInput(f"there is no task '{task_id}'" + did_you_mean(name, _tasks()))
    return _tasks()[name].vary(options or {})


def agent_names() -> list[str]:
    """Names of all agents."""
    return [*_own("archgym.agents"), *(p.name for p in _plugins("archgym.agents"))]


def get_agent(name: str) -> type[Agent]:
    """An agent's class by name; only this agent's libraries are imported.

    Raises:
        BadInput: there is no such agent, or an optional library it needs is missing.
    """
    own = _own("archgym.agents")
    if name in own:
        found: type[Agent] = resolve(own[name])
        return found
    for plugin in _plugins("archgym.agents"):
        if plugin.name == name:
            return _load_agent(plugin)
    raise BadInput(f"there is no agent '{name}'" + did_you_mean(name, agent_names()))


def _own(group: str) -> dict[str, str]:
    strings: dict[str, str] = resolve(BUILT_IN[group])
    return strings


@cache
def _plugins(group: str) -> tuple[EntryPoint, ...]:
    """Entry points of other packages, sorted by name; ours come first and cannot be replaced."""
    own = _own(group)
    return tuple(sorted((p for p in entry_points(group=group) if p.name not in own), key=lambda p: p.name))


def _load_agent(plugin: EntryPoint) -> type[Agent]:
    try:
        loaded: type[Agent] = plugin.load()
    except BadInput:  # an optional library is missing, and the message says which
        raise
    except Exception as error:
        raise BadInput(f"agent '{plugin.name}' of a plug-in ({plugin.value}) cannot be loaded: {error}") from error
    return loaded
