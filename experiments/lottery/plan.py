"""The runs of a lottery, in an order in which it can be stopped at any time, and in parts for several machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate, groupby

from archgym import registry
from archgym.config import Setting
from archgym.errors import BadInput
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.plan import Plan, Planned, draw_settings, limit_runs, slowness
from archgym.spec import RunSpec

DEFAULTS = -1  # the number of an agent's defaults, which are no draw

Tickets = Mapping[int, Mapping[str, Setting]]


def tickets(lottery: Lottery, agent: str) -> Tickets:
    """The configurations an agent plays by number of the draw: its defaults, and as many others as there are up to ``draws``.

    An agent whose hyperparameters can change no trial (random search: its batch) has nothing to draw and plays its defaults.
    Draw ``k`` depends on ``draw_seed``, ``k`` and the agent's name only: more draws or other agents leave it as it is.
    """
    config_class = registry.get_agent(agent).config_class
    defaults = config_class().settings()
    draws = lottery.draws if config_class.tunable() else 0
    return {DEFAULTS: defaults, **draw_settings(agent, draws, lottery.draw_seed, [defaults])}


def make_plan(lottery: Lottery) -> Plan:
    """The runs of a resolved lottery: the defaults first, then draw by draw, every draw with all its tasks and seeds.

    So whenever it is stopped, the first k draws of all agents are complete, which is a smaller lottery and no half of one.
    Within a draw the slowest agents come first, which keeps all cores busy to its end.

    Raises:
        BadInput: it is too large.
    """
    held = {agent: tickets(lottery, agent) for agent in sorted(lottery.agents, key=lambda name: -slowness(name))}
    limit_runs(sum(len(found) * len(lottery.tasks_of(agent)) for agent, found in held.items()) * len(lottery.seeds))
    levels = range(DEFAULTS, lottery.draws)
    return Plan(
        lottery.name, tuple(run for draw in levels for agent in held for run in _block(lottery, agent, draw, held[agent]))
    )


def _block(lottery: Lottery, agent: str, draw: int, held: Tickets) -> Iterator[Planned]:
    """One configuration of one agent, on all its tasks with all seeds."""
    if draw not in held:
        return
    label, number = (agent, None) if draw == DEFAULTS else (f"{agent}#{draw}", draw)
    for task in lottery.tasks_of(agent):
        for seed in lottery.seeds:
            yield Planned(RunSpec.create(task, agent, held[draw], seed, lottery.budget), label, number)


def shard(plan: Plan, part: int, parts: int) -> tuple[Planned, ...]:
    """Part ``part`` (from 1) of ``parts``: neighbours in the plan's order, of about equal time; seeds are never split.

    Raises:
        BadInput: there is no such part.
    """
    if not 1 <= part <= parts:
        raise BadInput(f"--shard I/N takes 1 <= I <= N, got {part}/{parts}")
    blocks = [tuple(runs) for _, runs in groupby(plan.runs, key=lambda run: (run.label, run.spec.task))]
    ends = list(accumulate(sum(slowness(run.spec.agent) * run.spec.budget for run in block) for block in blocks))
    middles = [(low + high) / 2 for low, high in zip([0.0, *ends], ends, strict=False)]
    return tuple(
        run for block, at in zip(blocks, middles, strict=True) if int(at / ends[-1] * parts) == part - 1 for run in block
    )


def read_shard(text: str) -> tuple[int, int]:
    """``"2/4"`` as part and parts.

    Raises:
        BadInput: it is something else.
    """
    part, sign, parts = text.partition("/")
    if not sign or not part.strip().isdecimal() or not parts.strip().isdecimal() or len(text) > 16:
        raise BadInput(f"--shard takes I/N, such as 2/4, got '{text}'")
    return int(part), int(parts)
