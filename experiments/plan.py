"""Studies: a TOML file becomes an ordered list of runs. Everything here is pure; nothing is run.

::

    name = "quickstart"                 # also the default results folder: results/quickstart
    tasks = ["memory-cloud-*", "memory-stream-latency-v0"]       # ids or globs
    agents = ["random", "genetic"]      # names or globs; their default hyperparameters
    seeds = 3                           # a count (0, 1, 2), or a list
    budget = 128                        # evaluations per run; each task's own where left out
    draws = 32                          # instead of their defaults, 32 random configurations of every agent in `agents`
    draw_seed = 0

    [[task]]                            # a task with options
    id = "memory-cloud-energy-v0"
    options = { memory = "ddr4_2400" }

    [[agent]]                           # an agent with other hyperparameters, under its own label
    name = "genetic"
    label = "genetic-big"
    config = { population = 64 }

Draw ``k`` of an agent depends on ``draw_seed``, ``k`` and the agent's name only: more draws or other agents leave it as it is.
An agent with fewer different configurations than ``draws`` plays each of those that were found once.
"""

from __future__ import annotations

import fnmatch
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from archgym import registry
from archgym.config import Setting
from archgym.errors import BadInput, did_you_mean
from archgym.experiments.validation import checked, read_toml
from archgym.spec import RunSpec

MOST_RUNS = 200_000
_MOST_SEEDS = 100_000
_TRIES_PER_DRAW = 50

# Relative seconds per evaluation, measured over 128 evaluations of one task; only the order of runs depends on them.
_SLOW = {"gp_bo": 200.0, "dqn": 80.0, "tpe": 20.0, "ppo": 8.0, "ppo_sequential": 8.0, "evolution": 1.5, "annealing": 1.5}

Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
Whole = Annotated[int, Field(strict=True, ge=0)]
STRICT = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TaskEntry(BaseModel):
    """One ``[[task]]`` table: a task (or a glob) with options."""

    model_config = STRICT
    id: Text
    options: dict[str, Annotated[str, Field(strict=True)]] = {}


class AgentEntry(BaseModel):
    """One ``[[agent]]`` table: an agent with some hyperparameters set, under a label of its own."""

    model_config = STRICT
    name: Text
    label: Name | None = None
    config: dict[str, Setting] = {}


class Study(BaseModel):
    """A study file, checked in itself; whether its tasks and agents exist is :func:`make_plan`'s question."""

    model_config = STRICT
    name: Name
    description: str = ""
    tasks: tuple[Text, ...] = ()
    task: tuple[TaskEntry, ...] = ()
    agents: tuple[Text, ...] = ()
    agent: tuple[AgentEntry, ...] = ()
    seeds: Annotated[tuple[Whole, ...], Field(min_length=1)]
    budget: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = None
    draws: Annotated[int, Field(strict=True, ge=0, le=MOST_RUNS)] = 0
    draw_seed: Whole = 0

    @field_validator("seeds", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return counted(value)


def counted(seeds: Any) -> Any:
    """A count of seeds as the list of them; anything else as it is."""
    if not isinstance(seeds, int) or isinstance(seeds, bool):
        return seeds
    if not 1 <= seeds <= _MOST_SEEDS:
        raise ValueError(f"a count of seeds must be in 1..{_MOST_SEEDS}, got {seeds}")
    return tuple(range(seeds))


class Planned(NamedTuple):
    """One run of a plan."""

    spec: RunSpec
    label: str  # the agent's, as in tables
    draw: int | None = None  # number of the draw from the priors


@dataclass(frozen=True)
class Plan:
    """A study as the ordered list of its runs."""

    name: str
    runs: tuple[Planned, ...]

    @property
    def specs(self) -> list[RunSpec]:
        """The runs themselves, in the order in which they are played."""
        return [run.spec for run in self.runs]


class _Player(NamedTuple):
    agent: str
    label: str
    config: dict[str, Setting]
    draw: int | None = None


def load_study(path: Path) -> Study:
    """Read and check a study file.

    Raises:
        BadInput: one line naming the file, the field and the reason.
    """
    return checked(Study, read_toml(path), str(path))


def make_plan(study: Study, where: str = "study") -> Plan:
    """The runs of a study: seed by seed, and within a seed the slowest agents first.

    So an interrupted study has whole seeds of every agent on every task to show, and the last runs are short ones, which
    keeps all cores busy to the end.

    Raises:
        BadInput: a task, agent, option or hyperparameter that does not exist, or something named twice.
    """
    try:
        tasks, players = _tasks(study), _players(study)
        limit_runs(len(tasks) * len(players) * len(study.seeds))
        no_repeats("seeds", study.seeds)
        _check_configs(players)
        blocks = (_block(study, tasks, players, seed) for seed in study.seeds)
        return Plan(study.name, tuple(run for block in blocks for run in block))
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None


def _block(study: Study, tasks: list[TaskEntry], players: list[_Player], seed: int) -> Iterator[Planned]:
    ranked = sorted(players, key=lambda p: -slowness(p.agent))
    for player in ranked:
        for task in tasks:
            spec = RunSpec.create(task.id, player.agent, player.config, seed, study.budget, task.options)
            yield Planned(spec, player.label, player.draw)


def slowness(agent: str) -> float:
    """Time an agent takes for an evaluation, relative to the fast ones; where nothing is known of it, as fast as those."""
    return _SLOW.get(agent, 1.0)


# -- tasks -----------------------------------------------------------------------------------------------------------------


def _tasks(study: Study) -> list[TaskEntry]:
    named = [TaskEntry(id=found) for text in study.tasks for found in matching("task", text, registry.task_ids())]
    for k, entry in enumerate(study.task):
        for found in matching("task", entry.id, registry.task_ids()):
            named.append(_with_options(found, entry, k))
    if not named:
        raise BadInput("tasks: must not be empty")
    no_repeats("tasks", [" ".join([t.id, *(f"{k}={v}" for k, v in sorted(t.options.items()))]) for t in named])
    return named


def _with_options(task_id: str, entry: TaskEntry, place: int) -> TaskEntry:
    try:
        registry.get_task(task_id, entry.options)
    except BadInput as error:
        raise BadInput(f"task[{place + 1}].options: {error}") from None
    return TaskEntry(id=task_id, options=entry.options)


def matching(kind: str, text: str, known: Sequence[str]) -> list[str]:
    """The names that ``text`` means: itself, or all that it matches as a glob.

    Raises:
        BadInput: it means none.
    """
    name = text.removeprefix("archgym/") if kind == "task" else text
    if not any(sign in name for sign in "*?["):
        if name not in known:
            raise BadInput(f"{kind}s: there is no {kind} '{text}'" + did_you_mean(name, known))
        return [name]
    found = [k for k in known if fnmatch.fnmatchcase(k, name)]
    if not found:
        raise BadInput(f"{kind}s: no {kind} matches '{text}'")
    return found


# -- agents ----------------------------------------------------------------------------------------------------------------


def _players(study: Study) -> list[_Player]:
    names = [n for text in study.agents for n in matching("agent", text, registry.agent_names())]
    no_repeats("agents", names)
    if study.draws and not names:
        raise BadInput("draws: name the agents to draw configurations for in 'agents'")
    players = [p for n in names for p in (_draws(n, study) if study.draws else [_Player(n, n, {})])]
    players += [_configured(k, entry) for k, entry in enumerate(study.agent)]
    if not players:
        raise BadInput("agents: must not be empty")
    no_repeats("agent labels", [p.label for p in players])
    return players


def _configured(place: int, entry: AgentEntry) -> _Player:
    where = f"agent[{place + 1}]"
    if entry.name not in registry.agent_names():
        raise BadInput(f"{where}.name: there is no agent '{entry.name}'" + did_you_mean(entry.name, registry.agent_names()))
    try:
        settings = registry.get_agent(entry.name).config_class.from_settings(entry.config).settings()
    except BadInput as error:
        raise BadInput(f"{where}.config: {error}") from None
    return _Player(entry.name, entry.label or _label(entry), settings)


def _label(entry: AgentEntry) -> str:
    settings = ",".join(f"{k}={v}" for k, v in entry.config.items())
    return f"{entry.name}({settings})" if settings else entry.name


def _draws(name: str, study: Study) -> list[_Player]:
    found = draw_settings(name, study.draws, study.draw_seed)
    return [_Player(name, f"{name}#{k}", settings, k) for k, settings in found.items()]


def draw_settings(
    name: str, draws: int, draw_seed: int, taken: Sequence[dict[str, Setting]] = ()
) -> dict[int, dict[str, Setting]]:
    """Up to ``draws`` different configurations from the priors of one agent, none of them ``taken``, by number of the draw."""
    config_class = registry.get_agent(name).config_class
    found: dict[int, dict[str, Setting]] = {}
    seen = {repr(settings) for settings in taken}
    for k in range(draws):
        rng = np.random.default_rng([draw_seed, k, zlib.crc32(name.encode())])
        drawn = (config_class.sample(rng).settings() for _ in range(_TRIES_PER_DRAW))
        new = next((settings for settings in drawn if repr(settings) not in seen), None)
        if new is not None:
            found[k] = new
            seen.add(repr(new))
    return found


def _check_configs(players: list[_Player]) -> None:
    seen: dict[str, str] = {}
    for player in players:
        config = registry.get_agent(player.agent).config_class.from_settings(player.config).settings()
        key = repr((player.agent, sorted(config.items())))
        if key in seen:
            raise BadInput(f"agents: '{player.label}' and '{seen[key]}' are the same agent with the same hyperparameters")
        seen[key] = player.label


# -- limits ----------------------------------------------------------------------------------------------------------------


def no_repeats(field: str, names: Sequence[object]) -> None:
    """Refuse a list in which something is named twice."""
    seen = set()
    for name in names:
        if name in seen:
            raise BadInput(f"{field}: {name} is named twice")
        seen.add(name)


def limit_runs(runs: int) -> None:
    """Refuse more runs than one folder should hold."""
    if runs > MOST_RUNS:
        raise BadInput(f"a study of {runs:,} runs is more than {MOST_RUNS:,}; split it")
