"""Luck of the draw and luck of the seed apart: variance components of a crossed table draws x seeds.

The model is that of `archgym.experiments.lottery.crossed`: with D draws and S seeds the mean squares have expectations ``E
MS_d = sigma_e^2 + S sigma_d^2``, ``E MS_s = sigma_e^2 + D sigma_s^2`` and ``E MS_e = sigma_e^2``, which solved for the
components give the analysis-of-variance estimates (Searle, Casella and McCulloch 1992, section 4.3). The one of a draw or a
seed may come out negative; it is then reported as 0, its raw value beside it.

Intervals of components. The rest has the exact chi-squared interval. Draws and seeds are differences of two mean squares: the
modified large-sample interval of Ting, Burdick, Graybill, Jeyaratnam and Lu (1990), which is that of Graybill and Wang (1980)
with a term for the difference (Burdick and Graybill 1992, section 3.3). It is cut off at 0. Its lower end is 0 exactly where
the F test finds no effect; a component that is truly 0 is therefore covered 97.5 % of the time, not 95 %, by any such
interval.

Intervals of shares of the total variance. Generalised intervals (Weerahandi 1993; for this design Hamada and Weerahandi 2000):
the mean squares over independent chi-squared variates solved for the components, 2.5 and 97.5 % quantiles of the share over a
fixed low-discrepancy sequence, cut off at 0 and 1 after the quantile is taken (cut off before, a rest that is all there is
would be covered 90 % of the time). There is no exact interval.

All of these take effects to be normal. Draws are not: a few bad settings ruin a run. A mean square of n values with excess
kurtosis g has the variance of a chi-squared variate with ``2 / (2 / (n - 1) + g / n)`` degrees of freedom (Shoemaker 2003),
which are used for draws in place of ``n - 1`` where the draws' means show g > 0; twice the kurtosis they show, for 20 of an
exponential law show 2.3 on average and not its 6. The rest likewise has fewer where some draws scatter more than others: by
the variance of the draws' own sums of squares. By simulation (`archgym.experiments.lottery.coverage`, D = 20, S = 5) normal
components are covered 94-97 %, 98 % at 0. Heavy tails remain covered too seldom, since 20 draws see too little of them: the
draw's component 90 % for exponential and 86 % for t(3) effects and 87 % for performances cut to [0, 1] (80, 76 and 68 % with
unchanged degrees of freedom), its share 91, 86 and 88 %, the rest's share 94, 92 and 89 %. Tried and left: the jackknife of
the logarithm (Arvesen and Schmitz 1970), no better for exponential and t(3) effects (86 and 80-84 %) and at 92 % for small
normal ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from archgym.experiments.lottery.crossed import LEVEL, Interval, MeanSquares, excess_kurtosis, mean_squares, residuals, table
from archgym.space import FloatArray, IntArray

POINTS = 2048  # of the sequence for shares: quantiles of the share are then good to 0.002
CHUNK = 128  # tables at a time: POINTS values each
_GOLDEN = (
    1.2207440846057596  # the root of g^4 = g + 1, whose powers make an evenly spread sequence in 3 dimensions (Roberts 2018)
)


class Component(NamedTuple):
    """One component ``(...)``: its variance, the estimate before it was cut off at 0, and its share of the total variance."""

    variance: Interval
    raw: FloatArray
    share: Interval


class Components(NamedTuple):
    """Components of variance of a crossed table: the draw of hyperparameters, the seed, and the rest (their interaction)."""

    draw: Component
    seed: Component
    rest: Component


def components(y: ArrayLike, level: float = LEVEL) -> Components:
    """Variance components of tables ``y (..., D, S)``, with their intervals.

    One draw (random search) leaves the seed's component alone, which then holds the rest; one seed leaves the draw's alone,
    which then holds both others. What cannot be told is NaN: these components, and every share of such a table or of a
    constant one.
    """
    array = table(y)
    draws, seeds = array.shape[-2:]
    ms = mean_squares(array)
    df = np.stack(np.broadcast_arrays(_df_of_draws(array), seeds - 1.0, _df_of_rest(array)))
    if draws > 1 and seeds > 1:
        return _of_both(ms, df, (draws, seeds), level)
    none = np.full(array.shape[:-2], np.nan)
    unknown = Component(Interval(none, none, none), none, Interval(none, none, none))
    draw = Component(_chi2(ms.draw, df[0], level), ms.draw, unknown.share) if draws > 1 else unknown
    seed = Component(_chi2(ms.seed, df[1], level), ms.seed, unknown.share) if seeds > 1 else unknown
    return Components(draw, seed, unknown)


def _of_both(ms: MeanSquares, df: FloatArray, shape: tuple[int, int], level: float) -> Components:
    draws, seeds = shape
    raw = np.stack([(ms.draw - ms.rest) / seeds, (ms.seed - ms.rest) / draws, ms.rest])
    of_draw = _difference(ms.draw, df[0], ms.rest, df[2], level)
    of_seed = _difference(ms.seed, df[1], ms.rest, df[2], level)
    intervals = (
        Interval(np.maximum(raw[0], 0.0), of_draw[0] / seeds, of_draw[1] / seeds),
        Interval(np.maximum(raw[1], 0.0), of_seed[0] / draws, of_seed[1] / draws),
        _chi2(ms.rest, df[2], level),
    )
    shares = _shares(ms, df, shape, level)
    parts = [Component(variance, value, share) for variance, value, share in zip(intervals, raw, shares, strict=True)]
    return Components(*parts)


def _df_of_draws(array: FloatArray) -> FloatArray:
    """Degrees of freedom of the draws' mean square, ``D - 1`` or, for heavy tails, fewer; 0 of one draw."""
    draws = array.shape[-2]
    if draws == 1:
        return np.zeros(array.shape[:-2])
    kurtosis = 2.0 * np.maximum(excess_kurtosis((array - array[..., :1, :1]).mean(axis=-1)), 0.0)
    return np.asarray(2.0 / (2.0 / (draws - 1) + kurtosis / draws))


def _df_of_rest(array: FloatArray) -> FloatArray:
    """Degrees of freedom of the rest, ``(D - 1)(S - 1)`` or, where draws scatter unequally, fewer."""
    draws, seeds = array.shape[-2:]
    rest = residuals(array)
    scatter = np.square(rest).sum(axis=-1)
    mean, between = scatter.mean(axis=-1), scatter.var(axis=-1) * draws / max(draws - 1, 1)
    told = between > 0.0
    most = (draws - 1.0) * (seeds - 1.0)
    return np.asarray(np.where(told, np.minimum(2.0 * draws * mean**2 / np.where(told, between, 1.0), most), most))


def _chi2(ms: FloatArray, df: FloatArray, level: float) -> Interval:
    """The interval of a variance from a mean square, exact for normal effects."""
    from scipy.special import chdtri

    tail = (1.0 - level) / 2.0
    return Interval(ms, ms * df / chdtri(df, tail), ms * df / chdtri(df, 1.0 - tail))


def _difference(a: FloatArray, n: FloatArray, b: FloatArray, m: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Interval of ``E a - E b`` for mean squares a and b with n and m degrees of freedom, cut off at 0 (Ting et al. 1990)."""
    from scipy.special import chdtri, fdtri

    tail = (1.0 - level) / 2.0
    down_a, down_b = 1.0 - n / chdtri(n, tail), 1.0 - m / chdtri(m, tail)
    up_a, up_b = n / chdtri(n, 1.0 - tail) - 1.0, m / chdtri(m, 1.0 - tail) - 1.0
    high_f, low_f = fdtri(n, m, 1.0 - tail), fdtri(n, m, tail)
    cross_down = ((high_f - 1.0) ** 2 - (down_a * high_f) ** 2 - up_b**2) / high_f
    cross_up = ((1.0 - low_f) ** 2 - (up_a * low_f) ** 2 - down_b**2) / low_f
    below = (down_a * a) ** 2 + (up_b * b) ** 2 + cross_down * a * b
    above = (up_a * a) ** 2 + (down_b * b) ** 2 + cross_up * a * b
    low, high = a - b - np.sqrt(np.maximum(below, 0.0)), a - b + np.sqrt(np.maximum(above, 0.0))
    return np.maximum(low, 0.0), np.maximum(high, 0.0)


def _shares(ms: MeanSquares, df: FloatArray, shape: tuple[int, int], level: float) -> list[Interval]:
    """Shares of draw, seed and rest in the total, NaN where there is none."""
    flat, freedom = np.stack(ms).reshape(3, -1), df.reshape(3, -1)
    ends = np.empty((2, 3, flat.shape[1]))
    points = [_quantiles(freedom[i], i) for i in range(3)]
    for at in range(0, flat.shape[1], CHUNK):
        part = slice(at, at + CHUNK)
        over = np.stack([values[which[part]] for values, which in points])
        ends[:, :, part] = _generalised((flat * freedom)[:, part, None] / over, shape, level)
    estimate = np.maximum(_solve(flat, shape), 0.0)
    total = estimate.sum(axis=0)
    told = total > 0.0
    value = np.where(told, estimate / np.where(told, total, 1.0), np.nan)
    cut = np.where(told, np.clip(ends, 0.0, 1.0), np.nan)
    bounds = np.stack([value, np.minimum(cut[0], value), np.maximum(cut[1], value)])
    return [Interval(*bounds[:, i].reshape((3, *ms.draw.shape))) for i in range(3)]


def _quantiles(df: FloatArray, dimension: int) -> tuple[FloatArray, IntArray]:
    """Evenly spread chi-squared variates ``(M, POINTS)``, and which row is for which of ``df (N,)``, rounded to 0.5 %."""
    from scipy.special import gammaincinv

    uniform = (0.5 + np.arange(1, POINTS + 1) * _GOLDEN ** -(dimension + 1)) % 1.0
    steps, which = np.unique(np.round(200.0 * np.log(df)), return_inverse=True)
    return 2.0 * gammaincinv(np.exp(steps / 200.0)[:, None] / 2.0, uniform), which


def _generalised(ms: FloatArray, shape: tuple[int, int], level: float) -> FloatArray:
    """Both ends of the three shares, ``(2, 3, N)``, of mean squares over their variates, ``(3, N, POINTS)``."""
    parts = _solve(ms, shape)
    total = parts.sum(axis=0)
    share = parts / np.where(total > 0.0, total, 1.0)
    tail = (1.0 - level) / 2.0
    return np.asarray(np.quantile(share, (tail, 1.0 - tail), axis=-1))


def _solve(ms: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Components ``(3, ...)`` of mean squares ``(3, ...)``; their sum is positive wherever one of these is."""
    draws, seeds = shape
    return np.stack([(ms[0] - ms[2]) / seeds, (ms[1] - ms[2]) / draws, ms[2]])
