"""How often do the 95 % intervals hold what they promise? Simulated studies whose truth is known.

Each mix is a population of draws, seeds and interactions. Additive mixes have components that are known exactly, all others
are cut to [0, 1] as performances are; what has no closed form is taken from one table of ``TABLE`` draws x ``TABLE`` seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from archgym.experiments.lottery.compare import probability_of_improvement
from archgym.experiments.lottery.components import components
from archgym.experiments.lottery.crossed import Interval, mean_squares
from archgym.experiments.lottery.robust import (
    interquartile_mean,
    iqm_interval,
    mean_interval,
    performance_profile,
    stratified_bootstrap,
)
from archgym.experiments.lottery.tuning import expected_best, tuned_interval
from archgym.family import Table
from archgym.space import FloatArray

TABLE = 1200
BEST_OF = (1, 3, 5)
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)
RESAMPLED, RESAMPLES = 1000, 400  # studies the bootstrap is tried on, and its resamples: it takes the most time by far
SHIFTS = (0.0, 0.7, 2.0)  # of the better agent, in standard deviations of a run


class Mix(NamedTuple):
    """A population: standard deviations of the draw, the seed and the rest, the law of draws, and whether cut to [0, 1]."""

    draw: float
    seed: float
    rest: float
    law: str = "normal"
    centre: float = 0.0
    bounded: bool = False


MIXES = {
    "all three": Mix(1.0, 0.5, 1.0),
    "draws": Mix(1.0, 0.0, 0.5),
    "draws, small seeds": Mix(1.0, 0.2, 1.0),
    "small draws": Mix(0.3, 0.0, 1.0),
    "seeds": Mix(0.2, 1.0, 0.5),
    "seeds, no draws": Mix(0.0, 0.5, 1.0),
    "no interaction": Mix(1.0, 1.0, 0.0),
    "noise": Mix(0.0, 0.0, 1.0),
    "t(3) draws": Mix(1.0, 0.2, 1.0, "t3"),
    "exponential draws": Mix(1.0, 0.2, 1.0, "exponential"),
    "performances": Mix(0.15, 0.02, 0.1, "exponential", 0.9, True),
}


class Covered(NamedTuple):
    """How often an interval held the truth: the share of studies, of those in which it has an interval, and its median
    width."""

    interval: str
    mix: str
    truth: float
    coverage: float
    low: float
    high: float
    width: float


class Case(NamedTuple):
    """One interval on a batch of studies, and what it should cover."""

    name: str
    interval: Interval
    truth: float


def _law(name: str, u: FloatArray) -> FloatArray:
    """Effects of mean 0 and variance 1 with probability ``u`` below them; the exponential has its tail at the bad end."""
    from scipy.special import ndtri, stdtrit

    laws: dict[str, Callable[[FloatArray], FloatArray]] = {
        "normal": ndtri,
        "t3": lambda p: stdtrit(3.0, p) / np.sqrt(3.0),
        "exponential": lambda p: 1.0 + np.log(p),
    }
    return np.asarray(laws[name](u))


def runs(mix: Mix, draws: FloatArray, seeds: FloatArray, rest: FloatArray) -> FloatArray:
    """Scores of runs whose effects have these probabilities below them."""
    y = mix.centre + mix.draw * _law(mix.law, draws) + mix.seed * _law("normal", seeds) + mix.rest * rest
    return np.clip(y, 0.0, 1.0) if mix.bounded else y


def studies(mix: Mix, number: int, draws: int, seeds: int, rng: np.random.Generator) -> FloatArray:
    """Simulated studies ``(number, draws, seeds)``."""
    effects = rng.random((number, draws, 1)), rng.random((number, 1, seeds))
    return runs(mix, *effects, rng.standard_normal((number, draws, seeds)))


def population(mix: Mix, rng: np.random.Generator) -> FloatArray:
    """``(TABLE, TABLE)`` runs with evenly spread effects of draw and seed."""
    even = (np.arange(TABLE) + 0.5) / TABLE
    return runs(mix, even[:, None], even[None, :], rng.standard_normal((TABLE, TABLE)))


def _variances(mix: Mix, whole: FloatArray) -> FloatArray:
    """The true components: draw, seed, rest."""
    if not mix.bounded:
        return np.square([mix.draw, mix.seed, mix.rest])
    ms = mean_squares(whole)
    return np.array([(ms.draw - ms.rest) / TABLE, (ms.seed - ms.rest) / TABLE, ms.rest])


def _of_components(y: FloatArray, variances: FloatArray) -> Iterator[Case]:
    for name, part, truth in zip(("draw", "seed", "rest"), components(y), variances, strict=True):
        yield Case(f"component: {name}", part.variance, float(truth))
        yield Case(f"share: {name}", part.share, float(truth / variances.sum()))


def _of_aggregates(y: FloatArray, whole: FloatArray, mix: Mix) -> Iterator[Case]:
    known = not mix.bounded
    yield Case("mean", mean_interval(y[:, None]), 0.0 if known else float(whole.mean()))
    middle = 0.0 if known and mix.law != "exponential" else float(interquartile_mean(whole, 2))
    yield Case("interquartile mean", iqm_interval(y[:, None]), middle)
    yield Case("interquartile mean, bootstrap", _bootstrap(y[:RESAMPLED]), middle)
    taus = np.quantile(whole, [1.0 - q for q in QUANTILES])
    bands = performance_profile(y[:, None], taus)
    for i, (q, tau) in enumerate(zip(QUANTILES, taus, strict=True)):
        yield Case(f"profile at {q:g}", Interval(*(part[..., i] for part in bands)), float((whole >= tau).mean()))


def _bootstrap(y: FloatArray) -> Interval:
    """Bootstrap over draws of every study at once: studies stand where `stratified_bootstrap` has tasks."""
    rng = np.random.default_rng(0)
    return stratified_bootstrap(y, rng, lambda runs: interquartile_mean(runs, 2), shared=False, resamples=RESAMPLES)


def _of_improvement(y: FloatArray, other: FloatArray, mix: Mix, whole: tuple[FloatArray, FloatArray]) -> Iterator[Case]:
    spread = float(np.sqrt(np.square([mix.draw, mix.seed, mix.rest]).sum()))
    reference = np.sort(whole[1], axis=None)
    for shift in SHIFTS:
        better, best = (_shifted(mix, runs, shift * spread) for runs in (y, np.sort(whole[0], axis=None)))
        below, reach = (np.searchsorted(reference, best, side).mean() / reference.size for side in ("left", "right"))
        yield Case(
            f"improvement, {shift:g} sd", probability_of_improvement(better[:, None], other[:, None]), (below + reach) / 2.0
        )


def _shifted(mix: Mix, y: FloatArray, by: float) -> FloatArray:
    return np.clip(y + by, 0.0, 1.0) if mix.bounded else y + by


def _of_tuning(y: FloatArray, whole: FloatArray) -> Iterator[Case]:
    most = min(max(BEST_OF), y.shape[-2] // 4)
    found = tuned_interval(y, most)
    columns = whole[:, :: TABLE // 100].T
    truth = expected_best(columns, np.broadcast_to(whole.mean(axis=1), columns.shape), most).mean(axis=0)
    for k in BEST_OF[: np.searchsorted(BEST_OF, most, "right")]:
        yield Case(f"tuned, best of {k}", Interval(*(part[..., k - 1] for part in found)), float(truth[k - 1]))


def cases(mix: Mix, number: int, draws: int, seeds: int, rng: np.random.Generator) -> Iterator[Case]:
    """Every interval of the package on simulated studies of one mix."""
    y, other = (studies(mix, number, draws, seeds, rng) for _ in range(2))
    whole = population(mix, rng), population(mix, rng)
    yield from _of_components(y, _variances(mix, whole[0]))
    yield from _of_aggregates(y, whole[0], mix)
    yield from _of_improvement(y, other, mix, whole)
    yield from _of_tuning(y, whole[0])


def coverage(
    number: int = 2000, draws: int = 20, seeds: int = 5, mixes: Iterable[str] = tuple(MIXES), seed: int = 0
) -> list[Covered]:
    """How often each interval holds the truth in ``number`` simulated studies of each mix."""
    found = []
    for name in mixes:
        rng = np.random.default_rng([seed, list(MIXES).index(name)])
        found += [_covered(name, case) for case in cases(MIXES[name], number, draws, seeds, rng)]
    return found


def _covered(mix: str, case: Case) -> Covered:
    rounding = 1e-9 * max(1.0, abs(case.truth))
    below, above = case.interval.low > case.truth + rounding, case.interval.high < case.truth - rounding
    width = float(np.median(case.interval.high - case.interval.low))
    missed = float(below.mean()), float(above.mean())
    return Covered(case.name, mix, case.truth, 1.0 - sum(missed), *missed, width)


def coverage_table(found: Iterable[Covered]) -> Table:
    """Coverages in percent, an interval a row and a mix a column."""
    rows = list(found)
    mixes = tuple(dict.fromkeys(row.mix for row in rows))
    held = {(row.interval, row.mix): f"{100.0 * row.coverage:.1f}" for row in rows}
    cells = [(name, *(held.get((name, mix), "") for mix in mixes)) for name in dict.fromkeys(row.interval for row in rows)]
    return Table("Coverage of the 95 % intervals, %", ("interval", *mixes), cells)
