"""The lottery itself: which agent wins if each may play its luckiest of k draws, and which once all costs are counted?

Five games, each played on every task by all agents that play all tasks:

- *one ticket*: every agent plays one draw of hyperparameters with one seed;
- *luckiest of k*: every agent plays k draws with one seed each and shows its best run, as a maximum over a sweep does;
- *luckiest of all*: the same with all D draws there are;
- *counted*: every agent has k + 1 budgets. It tries k draws with one seed, plays the best of them with another seed, and keeps
  the best design of all these runs; its result is the mean over the choice of both seeds, so that no luck of the seed is left;
- *defaults*: every agent has k + 1 budgets too, and plays its defaults with k + 1 seeds; its result is the expected best.

An agent without hyperparameters restarts with other seeds wherever others draw. All games but the last are played again and
again with other draws and seeds of those that were run; equal winners share a win.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from archgym.experiments.lottery.analysis_field import Field
from archgym.experiments.lottery.analysis_luck import Decision
from archgym.experiments.lottery.tuning import expected_best
from archgym.space import FloatArray, IntArray

RESAMPLES = 2000
_SEED = 2023
_EQUAL = 1e-12


class Game(NamedTuple):
    """A way to find a winner.

    Attributes:
        name: short.
        doc: one line.
        wins: share of the plays each agent wins on each task, ``(T, A)``; rows add up to 1.
    """

    name: str
    doc: str
    wins: FloatArray

    @property
    def pooled(self) -> FloatArray:
        """Share of the plays each agent wins, over tasks, ``(A,)``."""
        return np.asarray(self.wins.mean(axis=0))

    @property
    def another(self) -> FloatArray:
        """Chance that another than the most frequent winner wins, per task, ``(T,)``."""
        return np.asarray(1.0 - self.wins.max(axis=1))

    @property
    def winners(self) -> FloatArray:
        """Effective number of winners per task, ``(T,)``: the exponential of the entropy of the shares."""
        logs = np.log(np.where(self.wins > 0.0, self.wins, 1.0))
        return np.asarray(np.exp(-(self.wins * logs).sum(axis=1)))


class Claim(NamedTuple):
    """All games of a lottery: agents ``(A,)``, tasks ``(T,)``, and the k of the games that count costs."""

    agents: tuple[str, ...]
    tasks: tuple[str, ...]
    tries: int
    games: tuple[Game, ...]


class Trend(NamedTuple):
    """How something per task goes with the task's difficulty: Spearman's rank correlation over n tasks, and its p."""

    name: str
    tasks: int
    rho: float
    p: float


Player = Callable[[FloatArray, np.random.Generator], FloatArray]


def claim(field: Field) -> Claim | None:
    """The games of all agents that play every task; None where fewer than two do, or seeds are too few to count costs."""
    agents = field.complete
    draws = max((field.drawn(a, field.tasks).shape[1] for a in agents), default=0)
    tries = min(field.seeds - 1, draws)
    if len(agents) < 2 or tries < 1 or field.seeds < 2:
        return None
    tables = [field.drawn(agent, field.tasks) for agent in agents]
    own = [field.defaults(agent, field.tasks) for agent in agents]
    ways: list[tuple[str, str, Sequence[FloatArray], Player]] = [
        ("one ticket", "one draw, one seed", tables, lambda y, rng: _luckiest(y, 1, rng)),
        (f"luckiest of {tries}", f"best run of {tries} draws", tables, lambda y, rng: _luckiest(y, tries, rng)),
        (f"luckiest of all {draws}", f"best run of all {draws} draws", tables, lambda y, rng: _luckiest(y, draws, rng)),
        (
            "counted",
            f"{tries + 1} budgets: {tries} draws tried, the best one played",
            tables,
            lambda y, rng: _counted(y, tries, rng),
        ),
        (
            "defaults",
            f"{tries + 1} budgets: the defaults with {tries + 1} seeds",
            own,
            lambda y, _: _restarted(y[0], tries + 1),
        ),
    ]
    return Claim(agents, field.tasks, tries, tuple(_game(*way) for way in ways))


def _game(name: str, doc: str, tables: Sequence[FloatArray], play: Player) -> Game:
    rng = np.random.default_rng(_SEED)
    tasks = len(tables[0])
    shown = [np.stack([np.broadcast_to(play(table[t], rng), RESAMPLES) for table in tables]) for t in range(tasks)]
    return Game(name, doc, np.stack([_wins(results) for results in shown]))


def _wins(results: FloatArray) -> FloatArray:
    """Share of the plays each agent wins, ``(A,)``, of results ``(A, M)``."""
    first = results >= results.max(axis=0) - _EQUAL
    return np.asarray((first / first.sum(axis=0)).mean(axis=1))


def _picks(of: int, number: int, rng: np.random.Generator) -> IntArray:
    """``number`` different ones of ``of``, or all and then some again, ``(M, number)``."""
    order = np.argsort(rng.random((RESAMPLES, of)), axis=1)
    return np.take(order, np.arange(number) % of, axis=1)


def _luckiest(y: FloatArray, k: int, rng: np.random.Generator) -> FloatArray:
    """Best of k runs ``(M,)``: of k draws with any seed, or of one configuration with k seeds."""
    draws, seeds = y.shape
    if draws == 1:
        return np.asarray(y[0][_picks(seeds, k, rng)].max(axis=1))
    chosen = _picks(draws, min(k, draws), rng)
    return np.asarray(y[chosen, rng.integers(seeds, size=chosen.shape)].max(axis=1))


def _counted(y: FloatArray, k: int, rng: np.random.Generator) -> FloatArray:
    """Expected best design of k draws tried and the best of them played again, ``(M,)``; see the top of this module."""
    draws, seeds = y.shape
    if draws == 1:
        return _restarted(y[0], k + 1)
    tried = y[_picks(draws, min(k, draws), rng)]
    best = tried.argmax(axis=1)
    found = np.zeros(RESAMPLES)
    for seed in range(seeds):
        kept = np.take_along_axis(tried, best[:, None, seed, None], axis=1)[:, 0]
        others = np.delete(kept, seed, axis=1)
        found += np.maximum(others, kept[:, seed, None]).mean(axis=1)
    return np.asarray(found / seeds)


def _restarted(runs: FloatArray, k: int) -> FloatArray:
    """Expected best of k of the runs ``(S,)`` of one configuration, k at most S, ``()``."""
    return np.asarray(expected_best(runs, runs, k)[-1])


def trends(field: Field, found: Claim | None, parts: Sequence[Decision]) -> list[Trend]:
    """How luck goes with difficulty; none where fewer than four tasks have a known difficulty."""
    hard = {p.task: p.difficulty for p in field.problems}
    series: list[tuple[str, list[str], FloatArray]] = []
    if parts:
        tasks = [d.task for d in parts]
        shares = np.stack([d.shares for d in parts])
        series += [("share of variance due to draws", tasks, shares[:, 1]), ("share due to agents", tasks, shares[:, 0])]
        series += [("spread between agents", tasks, np.sqrt([d.agent for d in parts]))]
        series += [("spread between draws", tasks, np.sqrt([d.draw for d in parts]))]
    if found:
        series += [(f"another wins: {game.name}", list(found.tasks), game.another) for game in found.games[:-1]]
    return [trend for name, tasks, values in series if (trend := _trend(name, [hard[t] for t in tasks], values))]


def _trend(name: str, difficulty: Sequence[float], values: FloatArray) -> Trend | None:
    from scipy.stats import spearmanr

    x, y = np.asarray(difficulty), np.asarray(values)
    told = np.isfinite(x) & np.isfinite(y)
    if told.sum() < 4 or len(set(x[told])) < 2 or len(set(y[told])) < 2:
        return None
    answer = spearmanr(x[told], y[told])
    return Trend(name, int(told.sum()), float(answer.statistic), float(answer.pvalue))
