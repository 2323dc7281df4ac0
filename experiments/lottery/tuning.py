"""What tuning buys: the expected best of k draws, and the price of a ticket that beats default random search.

Tuning by random search is: take k of the agent's draws, run each with r seeds, keep the draw with the best mean, use it with
seeds it was not chosen on. Its expected performance is a mean over all ``C(D, k)`` subsets of the D draws there are, which
needs no sampling: a draw is the one kept as often as it is the highest of a subset (closed form by order statistics; Tang et
al. 2020, the unbiased estimator where Dodge et al. 2019 draw with replacement and come out low). Choosing and scoring are kept
apart: every r of the S seeds in turn choose, the others score, and the mean over all splits is taken. Scored on the runs it
was chosen by, the best of k is credited with the luck of its seeds.

Intervals. The jackknife over draws plus that over seeds gives the variance, each with its degrees of freedom (Satterthwaite
1946), and over draws the skewness; Hall's (1992) transformation then makes an interval of it (`error_bound`). By simulation it
covers 93.5-98 % up to k = D / 4 wherever draws matter, and 99 % where there is nothing but noise, which both jackknives count.
Tried and left: the bootstrap over draws (its subsets hold the same draw twice, so that its maxima come out low: 79-94 %, also
with expanded percentiles or reflected), the jackknife over draws alone (84-94 %), and Student's t without the skewness (91-98
%, the truth being above it five times as often as below). Of the best of more than D / 4 draws, D draws know little.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from archgym.experiments.lottery.crossed import (
    LEVEL,
    Interval,
    Uncertain,
    add,
    crossed_mean,
    error_bound,
    skewness,
    t_interval,
    table,
)
from archgym.space import BoolArray, FloatArray

_ROUNDING = 1e-12  # relative: where all runs find the optimum, means over draws differ in their last bits, and nobody wins


class Price(NamedTuple):
    """Ticket price of an agent: what must be spent on tuning before it beats another with confidence; arrays ``(...)``.

    Attributes:
        evaluations: of tuning; 0 where the defaults beat it, inf where no tuning that was tried does.
        draws: the k of that tuning; 0, or inf.
        censored_at: evaluations of the most tuning that was tried: an infinite price is a price above this.
        defaults_win: do the defaults beat it?
        margin: the lower confidence bound of ``agent - other`` for k = 1, 2, …, ``(..., K)``.
    """

    evaluations: FloatArray
    draws: FloatArray
    censored_at: float
    defaults_win: BoolArray
    margin: FloatArray


def chosen_weights(select: ArrayLike, most: int) -> FloatArray:
    """How often each draw is the best of k, ``(..., K, D)`` for k = 1 … ``most``, over all subsets of the draws.

    With ``L`` draws below and ``H`` not above, a tie group of ``H - L`` holds the best of ``(C(H, k) - C(L, k)) / C(D, k)`` of
    the subsets, shared evenly.

    Args:
        select: the figures that choose, ``(..., D)``, higher is better.
        most: up to D.
    """
    from scipy.stats import rankdata

    values = table(select, 1)
    draws = values.shape[-1]
    if not 1 <= most <= draws:
        raise ValueError(f"the best of k needs k between 1 and the {draws} draws, got {most}")
    below, reach = rankdata(values, "min", axis=-1).astype(np.int64) - 1, rankdata(values, "max", axis=-1).astype(np.int64)
    inside = _subsets(draws, most)
    return np.asarray(np.moveaxis((inside[:, reach] - inside[:, below]) / (reach - below), 0, -2))


def _subsets(draws: int, most: int) -> FloatArray:
    """``C(n, k) / C(draws, k)``, ``(most, draws + 1)`` for k = 1 … and n = 0 …, as a running product that cannot overflow."""
    n, k = np.arange(draws + 1), np.arange(most)[:, None]
    return np.asarray(np.cumprod(np.maximum(n - k, 0) / (draws - k), axis=0))


def expected_best(select: ArrayLike, score: ArrayLike, most: int) -> FloatArray:
    """Expected score of the draw chosen by ``select`` among k, ``(..., K)`` for k = 1 … ``most``; both are ``(..., D)``."""
    return np.asarray((chosen_weights(select, most) @ table(score, 1)[..., None])[..., 0])


def cross_fit(y: ArrayLike, most: int, tuning_seeds: int = 1) -> FloatArray:
    """Expected performance after tuning with k draws, ``(..., K)``: chosen on some seeds, scored on the others.

    Args:
        y: performances ``(..., D, S)``, S at least 2.
        most: the largest k.
        tuning_seeds: r, the seeds that choose; fewer than S.
    """
    array = table(y)
    seeds = array.shape[-1]
    if not 1 <= tuning_seeds < seeds:
        raise ValueError(f"needs seeds to choose on and others to score on: {tuning_seeds} of {seeds} leaves none")
    total, splits = np.zeros((*array.shape[:-2], most)), list(combinations(range(seeds), tuning_seeds))
    for split in splits:
        rest = [seed for seed in range(seeds) if seed not in split]
        total += expected_best(array[..., list(split)].mean(axis=-1), array[..., rest].mean(axis=-1), most)
    return total / len(splits)


def tuned(y: ArrayLike, most: int | None = None, tuning_seeds: int = 1, each_task: bool = False) -> Uncertain:
    """Expected performance after tuning with k = 1 … ``most`` draws, with its variance by the jackknife, ``(..., K)``.

    Args:
        y: performances ``(..., D, S)`` of D draws (at least 4) and S seeds (at least ``tuning_seeds + 2``); several tasks are
            averaged first where one setting is to serve all.
        most: the largest k, at most (and by default) ``D // 4``.
        tuning_seeds: r, the seeds each draw is tried with.
        each_task: the first axis are tasks, each tuned for itself; the result is the mean over them, ``(..., K)`` without it.
    """
    array = table(y)
    draws, seeds = array.shape[-2:]
    limit = draws // 4
    most = limit if most is None else most
    if not 1 <= most <= limit or seeds < tuning_seeds + 2:
        raise ValueError(
            f"{draws} draws and {seeds} seeds allow no interval for the best of {most} chosen on {tuning_seeds} seeds"
        )

    def fit(part: FloatArray) -> FloatArray:
        found = cross_fit(part, most, tuning_seeds)
        return np.asarray(found.mean(axis=0)) if each_task else found

    by_draw = [fit(np.delete(array, i, axis=-2)) for i in range(draws)]
    by_seed = [fit(np.delete(array, j, axis=-1)) for j in range(seeds)]
    value = fit(array)
    of_seeds = _jackknife(np.zeros_like(value), by_seed)
    return add(_jackknife(value, by_draw), of_seeds._replace(third=of_seeds.value))


def _jackknife(value: FloatArray, left_out: list[FloatArray]) -> Uncertain:
    """An estimate with variance (Tukey 1958) and third cumulant from the estimates with one thing left out each."""
    n, others = len(left_out), np.stack(left_out, axis=-1)
    variance = np.asarray((n - 1) * np.var(others, axis=-1))
    third = -skewness(others) * variance**1.5 / np.sqrt(n)
    return Uncertain(value, variance, np.full(variance.shape, n - 1.0), third)


def tuned_interval(y: ArrayLike, most: int | None = None, tuning_seeds: int = 1, level: float = LEVEL) -> Interval:
    """Expected performance after tuning with k = 1 … draws, with its t interval; see `tuned`."""
    return t_interval(tuned(y, most, tuning_seeds), level)


def tuning_evaluations(most: int, budget: int, tuning_seeds: int = 1) -> FloatArray:
    """Evaluations spent on choosing for k = 1 … ``most``, ``(K,)``; one final run of ``budget`` comes on top."""
    return np.asarray(np.arange(1, most + 1) * float(budget) * tuning_seeds)


def beats(agent: Uncertain, other: Uncertain, level: float = LEVEL) -> tuple[FloatArray, BoolArray]:
    """Lower confidence bound of ``agent - other``, one-sided at ``level``, and whether it is above 0 by more than rounding."""
    difference = add(agent, other, -1.0)
    bound = difference.value - error_bound(difference, 2.0 * level - 1.0)
    rounding = _ROUNDING * np.maximum(np.abs(agent.value), np.abs(other.value))
    return np.asarray(bound), np.asarray(bound > rounding)


def ticket_price(
    y: ArrayLike, defaults: ArrayLike, other: ArrayLike, budget: int, tuning_seeds: int = 1, level: float = LEVEL
) -> Price:
    """Evaluations of tuning an agent needs before it beats default random search with confidence ``level``.

    Two claims can be made, each at ``(1 + level) / 2``, so that both hold with ``level``: that the defaults win (price 0), and
    that the best of k draws wins. Since it can only grow with k, the latter is tested from the most tuning downwards and stops
    where the first k does not win (a fixed sequence needs no further correction: Maurer, Hothorn and Lehmacher 1995); the
    price is that of the least k before it. Where the most tuning does not win, the price is censored.

    Args:
        y: performances ``(..., D, S)`` of the agent's draws.
        defaults: ``(..., S')`` of its defaults.
        other: ``(..., S'')`` of default random search, or of whatever is to be beaten.
        budget: evaluations of one run.
    """
    each = (1.0 + level) / 2.0
    agent, own, rival = tuned(y, None, tuning_seeds), _of_one(defaults), _of_one(other)
    margin, wins = beats(agent, Uncertain(*(part[..., None] for part in rival)), each)
    defaults_win = beats(own, rival, each)[1]
    most = wins.shape[-1]
    least = most + 1.0 - np.cumprod(wins[..., ::-1], axis=-1).sum(axis=-1)
    draws = np.where(defaults_win, 0.0, np.where(least > most, np.inf, least))
    return Price(draws * budget * tuning_seeds, draws, float(most * budget * tuning_seeds), defaults_win, margin)


def _of_one(runs: ArrayLike) -> Uncertain:
    """Mean over the seeds ``(..., S)`` of one configuration."""
    return crossed_mean(table(runs, 1)[..., None, :])
