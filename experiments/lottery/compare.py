"""Comparisons of agents: probability of improvement, and tests and diagrams over several tasks (Demšar 2006).

Probability of improvement: ``P(X > Y) + P(X = Y) / 2`` for a run X of one agent and a run Y of another, averaged over tasks
(Agarwal et al. 2021), that is the Mann-Whitney statistic over ``n m``. Its variance is that of DeLong, DeLong and
Clarke-Pearson (1988): each run's placement among the other agent's runs, here with the crossed design's variance of their
mean. The interval is Wilson's with the effective number of runs (`wilson_interval`); unlike DeLong's it stays in [0, 1] and
has a width where one agent always wins. By simulation it covers 95-98 %, up to 99 % where seeds decide. Runs of two agents are
taken as independent: seeds they have in common only make it wider than it need be.

Tests over tasks take one figure per task and agent, such as the interquartile mean over its runs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.experiments.lottery.crossed import (
    LEVEL,
    Interval,
    Size,
    Uncertain,
    add,
    crossed_mean,
    size,
    table,
    wilson_interval,
)
from archgym.space import BoolArray, FloatArray

ALPHA = 0.05


class Friedman(NamedTuple):
    """Friedman's test over N tasks and k agents, and its F correction; p is the F's."""

    mean_ranks: FloatArray
    chi2: float
    f: float
    df: tuple[int, int]
    p: float


class Pairwise(NamedTuple):
    """Signed-rank tests of all pairs ``(k, k)``: p values, and p values corrected by Holm; 1 on the diagonal."""

    p: FloatArray
    corrected: FloatArray


def improvement(x: ArrayLike, y: ArrayLike) -> Uncertain:
    """Probability that x improves on y, with its variance; see `probability_of_improvement`."""
    of_ours, of_theirs = (crossed_mean(half.mean(axis=-3)) for half in _placements(table(x, 3), table(y, 3)))
    return add(of_ours, of_theirs._replace(value=np.zeros_like(of_theirs.value)))  # both have the same mean


def _placements(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of y's runs each run of x beats, and share of x's runs that beat each run of y; ties are one half."""
    flat_x, flat_y = x.reshape((*x.shape[:-2], -1)), y.reshape((*y.shape[:-2], -1))
    difference = np.sign(flat_x[..., :, None] - flat_y[..., None, :]) / 2.0 + 0.5
    return difference.mean(axis=-1).reshape(x.shape), difference.mean(axis=-2).reshape(y.shape)


def probability_of_improvement(x: ArrayLike, y: ArrayLike, level: float = LEVEL) -> Interval:
    """``P(X > Y) + P(X = Y) / 2`` averaged over tasks, with its interval for other draws and other seeds of both.

    Args:
        x: performances ``(..., T, D, S)`` of the one agent.
        y: performances ``(..., T, D', S')`` of the other in the same tasks; one draw is one fixed configuration.
    """
    ours, theirs = size(x), size(y)
    both = Size(ours.runs + theirs.runs, min(ours.clusters, theirs.clusters), np.minimum(ours.independent, theirs.independent))
    return wilson_interval(improvement(x, y), both, level)


def ranks(scores: ArrayLike) -> FloatArray:
    """Ranks of agents in each task of ``scores (N, k)``, 1 for the highest; ties share their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-table(scores), axis=-1), dtype=np.float64)


def friedman(scores: ArrayLike, correct_ties: bool = True) -> Friedman:
    """Friedman's (1937) chi-squared of ``scores (N, k)`` and Iman and Davenport's (1980) F.

    Ties shrink the ranks' variance, which the statistic is corrected for (Conover 1999, section 5.8); Demšar's paper leaves
    that out. Agents that never differ have a chi-squared of 0; where all tasks rank them alike F is infinite.

    Raises:
        ValueError: fewer than two tasks or agents.
    """
    from scipy.special import fdtrc

    rank = ranks(scores)
    n, k = rank.shape
    if min(n, k) < 2:
        raise ValueError(f"Friedman's test needs two or more tasks and agents, got {n} and {k}")
    mean = rank.mean(axis=0)
    spread = float(np.square(rank - (k + 1) / 2.0).sum()) / (k - 1) if correct_ties else n * k * (k + 1) / 12.0
    chi2 = n**2 * float(np.square(mean - (k + 1) / 2.0).sum()) / spread if spread > 0.0 else 0.0
    room = n * (k - 1) - chi2
    f = (n - 1) * chi2 / room if room > 1e-9 else np.inf
    df = (k - 1, (k - 1) * (n - 1))
    return Friedman(mean, chi2, f, df, float(fdtrc(*df, f)) if np.isfinite(f) else 0.0)


def nemenyi_difference(agents: int, tasks: int, alpha: float = ALPHA) -> float:
    """Critical difference of mean ranks (Nemenyi 1963; Demšar 2006, section 3.2.2)."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1.0 - alpha, agents, np.inf)) / np.sqrt(2.0)
    return float(q * np.sqrt(agents * (agents + 1) / (6.0 * tasks)))


def signed_rank_p(differences: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed-rank test of paired ``differences (N,)``, exact also with ties and zeros.

    Zeros are ranked with the others and then left out (Pratt 1959), and p is the share of the ``2^N`` signs of the remaining
    ranks whose sum is as far from its mean. Differences closer than rounding are different: round them first where they are
    not.
    """
    from scipy.stats import rankdata

    values = table(differences, 1)
    twice = np.round(2.0 * rankdata(np.abs(values))).astype(np.int64)[values != 0.0]
    positive = int(twice[values[values != 0.0] > 0.0].sum())
    share = np.zeros(int(twice.sum()) + 1)
    share[0] = 1.0
    for step in twice:
        share[step:] = (share[step:] + share[: len(share) - step]) / 2.0
        share[:step] /= 2.0
    below, above = share[: positive + 1].sum(), share[positive:].sum()
    return float(min(1.0, 2.0 * min(below, above)))


def holm(p: ArrayLike) -> FloatArray:
    """P values ``(M,)`` corrected for being M (Holm 1979)."""
    values = table(p, 1)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def pairwise(scores: ArrayLike) -> Pairwise:
    """Signed-rank tests between all agents of ``scores (N, k)``, corrected by Holm (Benavoli, Corani and Mangili 2016)."""
    array = table(scores)
    k = array.shape[1]
    plain, corrected = np.ones((k, k)), np.ones((k, k))
    rows, columns = np.triu_indices(k, 1)
    if len(rows):
        p = np.array([signed_rank_p(array[:, i] - array[:, j]) for i, j in zip(rows, columns, strict=True)])
        plain[rows, columns] = plain[columns, rows] = p
        corrected[rows, columns] = corrected[columns, rows] = holm(p)
    return Pairwise(plain, corrected)


def nemenyi_separate(mean_ranks: ArrayLike, tasks: int, alpha: float = ALPHA) -> BoolArray:
    """Which pairs of agents ``(k, k)`` lie the critical difference or more apart."""
    mean = table(mean_ranks, 1)
    return np.asarray(np.abs(mean[:, None] - mean) >= nemenyi_difference(len(mean), tasks, alpha))


def cliques(mean_ranks: ArrayLike, separate: BoolArray) -> list[NDArray[np.int64]]:
    """The bars of a critical-difference diagram: the longest runs of agents, by rank, of which no two are told apart.

    Args:
        mean_ranks: ``(k,)``.
        separate: ``(k, k)``, symmetric: by `nemenyi_separate`, or ``pairwise(scores).corrected < alpha``.
    """
    order = np.argsort(table(mean_ranks, 1), kind="stable").astype(np.int64)
    apart = np.asarray(separate)[np.ix_(order, order)]
    found: list[NDArray[np.int64]] = []
    reach = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not apart[start : end + 1, start : end + 1].any():
            end += 1
        if end > max(reach, start + 1):
            found.append(order[start:end])
            reach = end
    return found
