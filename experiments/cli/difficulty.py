"""``archgym difficulty``: how hard a task is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archgym import registry
from archgym.errors import BadInput
from archgym.experiments.cli.arguments import Json, Options, task_options
from archgym.experiments.cli.output import print_json, print_table, say
from archgym.experiments.cli.tasks import difficulty_label
from archgym.experiments.units import percent, plain
from archgym.family import Table

if TYPE_CHECKING:
    from archgym.card import BestKnown, Card
    from archgym.task import Task


def command(
    task: Annotated[str | None, typer.Argument(help="A task's id; all where left out.")] = None,
    option: Options = None,
    compute: Annotated[bool, typer.Option("--compute", help="Compute the card even where one is shipped.")] = False,
    enumerate_all: Annotated[bool, typer.Option("--enumerate", help="Walk the whole space: exact optimum and front.")] = False,
    scratch: Annotated[Path, typer.Option(help="Folder for evaluated designs; taken up again.")] = Path("results/difficulty"),
    write: Annotated[bool, typer.Option("--write", help="Put the card into the family's package (developers).")] = False,
    json: Json = False,
) -> None:
    """Print a task's difficulty card: the one that is shipped, or a new one where there is none."""
    if task is None:
        _overview([registry.get_task(name) for name in registry.task_ids()], json)
        return
    options = task_options(option)
    chosen = registry.get_task(task, options)
    card = None if compute or enumerate_all or write else chosen.card
    if card is None:
        say(f"note: computing the card of {chosen.id}", stderr=True)
        card = _compute(chosen, options, enumerate_all, scratch)
        if write:
            _write(chosen, card)
    _print(card, json)


def _compute(task: Task, options: Mapping[str, str], enumerate_all: bool, scratch: Path) -> Card:
    from archgym.experiments.difficulty import command as compute

    def progress(done: int, designs: int) -> None:
        say(f"note: {done:,} of {designs:,} designs", stderr=True)

    return compute(task.id, options, enumerate_all, scratch, progress)


def _write(task: Task, card: Card) -> None:
    from archgym.experiments.difficulty import write_card

    if task.varied:
        raise BadInput("only a task without options has a shipped card")
    say(f"note: wrote {write_card(task, card)}", stderr=True)


def _overview(tasks: list[Task], json: bool) -> None:
    if json:
        print_json({t.id: t.card for t in tasks if t.card is None} | {t.id: _record(t.card) for t in tasks if t.card})
        return
    heads = ("task", "label", "random at 64", "at 256", "at 1,024", "valid", "within 1 %", "optimum")
    print_table(Table("difficulty: median regret of random search", heads, [_row(t) for t in tasks]))


def _row(task: Task) -> list[object]:
    card = task.card
    if card is None:
        return [task.id, *[None] * 7]
    regrets = [percent(card.random_regret[k]) for k in ("64", "256", "1024")]
    known = "exact" if card.best_known.optimal else "best known"
    return [task.id, difficulty_label(task), *regrets, percent(card.valid), percent(card.within_1_percent), known]


def _record(card: Card) -> object:
    from dataclasses import asdict

    return asdict(card)


def _print(card: Card, json: bool) -> None:
    if json:
        print_json(_record(card))
        return
    best = card.best_known
    rows: list[tuple[str, str]] = [
        ("label", "easy" if card.easy else "hard"),
        ("best score", f"{plain(best.score)} ({_how_known(best)})"),
        ("best design", ", ".join(f"{k}={v}" for k, v in best.design.items())),
        ("front", f"{len(best.front)} designs, hypervolume {plain(best.hypervolume)}"),
        *((f"random regret at {k}", percent(v)) for k, v in card.random_regret.items()),
        ("valid", percent(card.valid)),
        ("feasible", percent(card.feasible)),
        ("within 1 % of the best", percent(card.within_1_percent)),
        ("distinct scores", f"{card.distinct_scores:,} of {card.samples:,}"),
        *((f"rank correlation {k}", f"{v:.3f}") for k, v in card.rank_correlation.items()),
    ]
    print_table(Table(card.task, ("", ""), rows))


def _how_known(best: BestKnown) -> str:
    if best.exact:
        return f"optimal, by enumeration of all {best.designs:,} different designs"
    return f"{'optimal, proved' if best.proved else 'best known'}, of {best.designs:,} designs"
