"""Difficulty cards: how hard a task is, and what its best is; computed here, shipped with the family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from archgym import registry
from archgym.card import BestKnown, Card, FrontPoint
from archgym.costs import Costs
from archgym.experiments.enumeration import Enumeration, Evaluated, Report, enumerate_space, join
from archgym.files import write_text
from archgym.objective import relative_regret
from archgym.pareto import hypervolume, nondominated
from archgym.space import FloatArray, IntArray
from archgym.spec import RunSpec
from archgym.strings import resolve
from archgym.task import Task

BUDGETS = (16, 64, 256, 1024)
SAMPLES = 4096
SEARCHERS = {"genetic": 2, "evolution": 2}
SEARCH_BUDGET = 2048
SCRATCH = Path("results/difficulty")
FRONT_LIMIT = 200


def command(
    task_id: str,
    options: Mapping[str, str],
    enumerate_all: bool = False,
    scratch: Path = SCRATCH,
    progress: Report | None = None,
) -> Card:
    """The card of a task, computed now.

    Args:
        task_id, options: the task.
        enumerate_all: walk the whole space for the exact optimum and front, as is always done where the model lists its legal
            designs; else our agents' best stands for it.
        scratch: where evaluated designs are kept, so that an interrupted computation goes on, and the tasks of one model share.
        progress: called with (designs done, designs in all).
    """
    task = registry.get_task(task_id, options)
    random = sample(task, scratch)
    if enumerate_all or task.model.legal() is not None:
        return compute_card(task, random, enumerate_space(task, scratch, progress))
    best = _optimum(task)
    card = compute_card(task, random, join([random, *best, *_known(task), search_best(task)]))
    score = card.best_known.score
    proved = score == task.objective.ceiling or any(task.objective.score(row.costs)[0] == score for row in best)
    return replace(card, best_known=replace(card.best_known, proved=proved))


def compute_card(task: Task, random: Evaluated, known: Evaluated | Enumeration) -> Card:
    """The card of ``task``.

    Args:
        task: the task.
        random: uniform random designs with their costs: how random search fares.
        known: every design evaluated, or the whole space.
    """
    designs = known.leaders if isinstance(known, Enumeration) else known
    score = task.objective.score(designs.costs)
    best = int(np.argmax(score))
    sampled = task.objective.score(random.costs)
    regret = relative_regret(sampled, float(score[best]))
    return Card(
        task=task.id,
        fingerprint=task.fingerprint,
        best_known=_best_known(task, known, best, float(score[best])),
        samples=len(random),
        random_regret={str(b): _significant(median_best_of(regret, b)) for b in BUDGETS},
        valid=_significant(float(random.costs.valid.mean())),
        feasible=_significant(float(task.objective.feasible(random.costs).mean())),
        within_1_percent=_significant(float((regret <= 0.01).mean())),
        distinct_scores=len(np.unique(sampled)),
        rank_correlation=_rank_correlation(task, random.costs),
    )


def median_best_of(regret: FloatArray, draws: int) -> float:
    """Median of the smallest of ``draws`` independent draws from the sample ``regret (N,)``.

    The minimum of k draws has the distribution ``1 - (1 - F)^k``: its median is F's quantile at ``1 - 0.5^(1/k)``.
    """
    place = 1.0 - 0.5 ** (1.0 / draws)
    ordered = np.sort(regret)
    return float(ordered[min(int(place * len(ordered)), len(ordered) - 1)])


def sample(task: Task, scratch: Path = SCRATCH, n: int = SAMPLES, seed: int = 20_260) -> Evaluated:
    """``n`` uniform random designs with their costs; the same for every task on one model, and kept in ``scratch``."""
    x = task.space.sample(np.random.default_rng(seed), n)
    folded, inverse = np.unique(task.model.canonical(x), axis=0, return_inverse=True)
    path = scratch / task.model.fingerprint / f"random-{seed}-{n}.npz"
    if not path.exists():
        Evaluated(folded, task.model.evaluate(folded)).write(path)
    return Evaluated(x, Evaluated.read(task.model, path).costs.take(inverse.reshape(-1).astype(np.int64)))


def search_best(task: Task, agents: Mapping[str, int] = SEARCHERS, budget: int = SEARCH_BUDGET) -> Evaluated:
    """What some of our agents find: ``{agent: seeds}`` runs of ``budget`` evaluations each."""
    from archgym.running import run

    options = task.options_set
    specs = [RunSpec.create(task.id, a, None, s, budget, options) for a, n in agents.items() for s in range(n)]
    logs = [run(spec) for spec in specs]
    return Evaluated(np.concatenate([log.x for log in logs]), Costs.concatenate([log.costs for log in logs]))


def write_card(task: Task, card: Card) -> Path:
    """Put the card into the family's package, where the task finds it."""
    package = resolve(f"{task.cards}:__path__")
    path = Path(next(iter(package))) / "cards" / f"{task.id}.json"
    write_text(path, card.to_json())
    return path


# -- inside ---------------------------------------------------------------------------------------------------------------


def _optimum(task: Task) -> list[Evaluated]:
    """The design that the model proves to be best, where it proves one."""
    best = task.model.optimum(task.objective)
    return [] if best is None else [Evaluated(best[None], task.model.evaluate(best[None]))]


def _known(task: Task) -> list[Evaluated]:
    """Good designs that the model finds by a search of its own."""
    rows = task.model.known(task.objective)
    return [] if rows is None else [Evaluated(rows, task.model.evaluate(rows))]


def _best_known(task: Task, known: Evaluated | Enumeration, best: int, score: float) -> BestKnown:
    """Of ``known``, whose row ``best`` scores highest."""
    exact = isinstance(known, Enumeration)
    designs = known.leaders if isinstance(known, Enumeration) else known
    points = task.front_values(designs.costs)
    front = np.flatnonzero(nondominated(points))
    front = front[np.argsort(points[front, 0], kind="stable")]
    return BestKnown(
        score=score,
        design=task.space.decode(designs.x[best]),
        exact=exact,
        designs=known.designs if isinstance(known, Enumeration) else len(np.unique(task.model.canonical(known.x), axis=0)),
        hypervolume=hypervolume(points),
        front=tuple(_front_point(task, designs, int(i)) for i in _thin(front)),
    )


def _front_point(task: Task, designs: Evaluated, row: int) -> FrontPoint:
    metrics = {f.metric: float(designs.costs[f.metric][row]) for f in task.front}
    return FrontPoint(task.space.decode(designs.x[row]), metrics)


def _thin(front: IntArray) -> IntArray:
    """At most FRONT_LIMIT points, evenly spread, both ends kept."""
    if len(front) <= FRONT_LIMIT:
        return front
    return front[np.unique(np.linspace(0, len(front) - 1, FRONT_LIMIT).round().astype(np.int64))]


def _rank_correlation(task: Task, costs: Costs) -> dict[str, float]:
    from scipy.stats import spearmanr

    names = [f.metric for f in task.front]
    rows = task.objective.feasible(costs)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found = {f"{a}~{b}": float(spearmanr(costs[a][rows], costs[b][rows]).statistic) for a, b in pairs if rows.sum() > 2}
    return {pair: _significant(rho) for pair, rho in found.items() if np.isfinite(rho)}


def _significant(value: float) -> float:
    return float(f"{value:.4g}")
