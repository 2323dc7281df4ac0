"""``archgym agents``: what can search."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.cli.arguments import Json
from archgym.experiments.cli.output import print_json, print_table
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.agent import Agent


def command(
    agent: Annotated[str | None, typer.Argument(help="An agent's name, for its hyperparameters and priors.")] = None,
    json: Json = False,
) -> None:
    """List the agents, or describe one with its hyperparameters."""
    if agent is None:
        _list(registry.agent_names(), json)
    elif json:
        print_json(facts(agent))
    else:
        _describe(agent, registry.get_agent(agent))


def facts(name: str) -> dict[str, Any]:
    """All there is to know of an agent, as plain data; ``missing`` says which library it needs."""
    try:
        found = registry.get_agent(name)
    except BadInput as error:
        if name not in registry.agent_names():
            raise
        return {"name": name, "missing": str(error)}
    return {"name": name, "what": _what(found), "paper": found.paper, "hyperparameters": found.config_class.describe()}


def _list(names: list[str], json: bool) -> None:
    everything = [facts(name) for name in names]
    if json:
        print_json(everything)
        return
    rows = [
        (f["name"], f.get("missing") or f["what"], ", ".join(h["name"] for h in f.get("hyperparameters", [])))
        for f in everything
    ]
    print_table(Table(f"{len(rows)} agents", ("agent", "what it does", "hyperparameters"), rows))


def _describe(name: str, agent: type[Agent]) -> None:
    rows = [(h["name"], _text(h["default"]), h["prior"], h["doc"]) for h in agent.config_class.describe()]
    notes = (f"paper: {agent.paper}",) if agent.paper else ()
    print_table(Table(f"{name}: {_what(agent)}", ("hyperparameter", "default", "prior", "what it does"), rows, notes))


def _what(agent: type[Agent]) -> str:
    return " ".join((inspect.getdoc(agent) or "").split("\n\n")[0].split())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
