"""Lottery files: which agents draw how many tickets, on which tasks, at what budget.

::

    name = "lottery"                    # also the default results folder: results/lottery
    tasks = ["memory-*-tail-v0"]        # ids or globs
    tuning = ["memory-cloud-front-v0"]  # external ruleset: these choose an agent's draw for the tasks of their family
    agents = ["*"]
    draws = 20                          # from each agent's declared priors, beside its defaults
    seeds = 5                           # a count (0, 1, …), or a list
    budget = 256                        # evaluations per run, the same for all
    draw_seed = 0

    [[only]]                            # an agent that plays fewer tasks
    agent = "gp_bo"
    tasks = ["memory-cloud-*"]

    [[group]]                           # held-out tasks that are shown side by side with the others
    name = "2023 paper"
    tasks = ["memory-dramgym-*"]

A lottery of fewer than 20 draws or 5 seeds cannot tell luck from skill; ``quick = true`` lets one be played all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, field_validator

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.plan import STRICT, Name, Text, Whole, counted, matching, no_repeats
from archgym.experiments.validation import checked, read_toml

LEAST_DRAWS, LEAST_SEEDS = 20, 5
OTHERS = "others"  # the tasks in no group
_MOST_DRAWS = 10_000

Some = Annotated[tuple[Text, ...], Field(min_length=1)]


class Only(BaseModel):
    """One ``[[only]]`` table: the tasks that an agent plays, among those of the lottery."""

    model_config = STRICT
    agent: Text
    tasks: Some


class Group(BaseModel):
    """One ``[[group]]`` table: tasks that belong together, such as those of one paper."""

    model_config = STRICT
    name: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=24)]
    tasks: Some


class Lottery(BaseModel):
    """A lottery file, checked in itself; :func:`resolved` finds the tasks and agents that it means."""

    model_config = STRICT
    name: Name
    description: str = ""
    tasks: Some
    tuning: tuple[Text, ...] = ()
    agents: Some
    draws: Annotated[int, Field(strict=True, ge=1, le=_MOST_DRAWS)] = LEAST_DRAWS
    seeds: Annotated[tuple[Whole, ...], Field(min_length=1)] = tuple(range(LEAST_SEEDS))
    budget: Annotated[int, Field(strict=True, ge=1, le=10**6)]
    draw_seed: Whole = 0
    quick: Annotated[bool, Field(strict=True)] = False
    only: tuple[Only, ...] = ()
    group: tuple[Group, ...] = ()

    @field_validator("seeds", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return counted(value)

    @property
    def every_task(self) -> tuple[str, ...]:
        """The held-out tasks and then those for tuning."""
        return (*self.tasks, *self.tuning)

    def tasks_of(self, agent: str) -> tuple[str, ...]:
        """What an agent plays; of a resolved lottery."""
        return next((entry.tasks for entry in self.only if entry.agent == agent), self.every_task)


def load_lottery(path: Path) -> Lottery:
    """Read and check a lottery file, names resolved.

    Raises:
        BadInput: one line naming the file, the field and the reason.
    """
    lottery = checked(Lottery, read_toml(path), str(path))
    try:
        return resolved(lottery)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def resolved(lottery: Lottery) -> Lottery:
    """The same lottery with the ids and names that its globs mean.

    Raises:
        BadInput: a task or agent that does not exist, something named twice, tuning tasks that tune for nothing, or too few
            draws or seeds.
    """
    _check_size(lottery)
    tasks = _found("tasks", lottery.tasks, "task", registry.task_ids())
    tuning = _found("tuning", lottery.tuning, "task", registry.task_ids())
    agents = _found("agents", lottery.agents, "agent", registry.agent_names())
    _check_roles(tasks, tuning)
    only = tuple(_only(k, entry, agents, (*tasks, *tuning)) for k, entry in enumerate(lottery.only))
    no_repeats("only", [entry.agent for entry in only])
    groups = tuple(_group(k, entry, tasks) for k, entry in enumerate(lottery.group))
    no_repeats("group.name", [entry.name for entry in groups])
    no_repeats("group.tasks", [name for entry in groups for name in entry.tasks])
    return lottery.model_copy(update={"tasks": tasks, "tuning": tuning, "agents": agents, "only": only, "group": groups})


def _check_size(lottery: Lottery) -> None:
    no_repeats("seeds", lottery.seeds)
    for field, number, least in (("draws", lottery.draws, LEAST_DRAWS), ("seeds", len(lottery.seeds), LEAST_SEEDS)):
        if number < least and not lottery.quick:
            raise BadInput(f"{field}: {number} cannot tell luck from skill, {least} can; quick = true plays it all the same")


def _found(field: str, texts: Iterable[str], kind: str, known: list[str]) -> tuple[str, ...]:
    try:
        names = [name for text in texts for name in matching(kind, text, known)]
    except BadInput as error:
        raise BadInput(f"{field}: {str(error).partition(': ')[2]}") from None
    no_repeats(field, names)
    return tuple(names)


def _check_roles(tasks: tuple[str, ...], tuning: tuple[str, ...]) -> None:
    held_out = {registry.get_task(name).family for name in tasks}
    for name in tuning:
        family = registry.get_task(name).family
        if name in tasks:
            raise BadInput(f"tuning: {name} is among 'tasks', too; what is tuned on cannot be held out")
        if family not in held_out:
            raise BadInput(f"tuning: {name} is of family '{family}', of which 'tasks' has none to tune for")


def _group(place: int, entry: Group, tasks: tuple[str, ...]) -> Group:
    where = f"group[{place + 1}]"
    if entry.name == OTHERS:
        raise BadInput(f"{where}.name: '{OTHERS}' are the tasks in no group")
    return Group(name=entry.name, tasks=_among(where, entry.tasks, tasks, "'tasks'"))


def _only(place: int, entry: Only, agents: tuple[str, ...], tasks: tuple[str, ...]) -> Only:
    where = f"only[{place + 1}]"
    if entry.agent not in agents:
        raise BadInput(f"{where}.agent: '{entry.agent}' is not among 'agents'")
    return Only(agent=entry.agent, tasks=_among(where, entry.tasks, tasks, "'tasks' or 'tuning'"))


def _among(where: str, texts: Iterable[str], tasks: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Those of ``tasks`` that ids and globs mean, in the order of ``tasks``."""
    named = set(_found(f"{where}.tasks", texts, "task", registry.task_ids()))
    kept = tuple(name for name in tasks if name in named)
    if not kept:
        raise BadInput(f"{where}.tasks: none of them is among {field}")
    return kept
