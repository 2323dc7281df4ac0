"""Do scores keep their three tiers, for any figure a model can return?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgym import Constraint, Costs, Legacy, Maximise, Metric, Minimise, Objective, Product, TargetSpec
from archgym.objective import relative_regret

METRICS = (Metric("latency_s", "s"), Metric("energy_j", "J"), Metric("accuracy", sense="max"))
LIMITS = (Constraint("energy_j", 2.0), Constraint("accuracy", 0.5, ">="))
OBJECTIVES: list[Objective] = [
    Minimise("latency_s", 1.0),
    Minimise("latency_s", 1e-3, constraints=LIMITS),
    Maximise("accuracy", 0.9),
    Maximise("accuracy", 0.9, constraints=(Constraint("latency_s", 0.0),)),
    Product({"latency_s": 1.0, "energy_j": 1.0}, 1.0),
    Product({"latency_s": 2.0, "energy_j": 0.5, "accuracy": -1.0}, 1e-6, constraints=LIMITS[:1]),
    TargetSpec({"latency_s": 1.0, "energy_j": 2.0}),
    TargetSpec({"latency_s": 1e-9}, constraints=LIMITS),
]
LEGACY = [Legacy({"latency_s": 1.0, "energy_j": 2.0}), Legacy({"latency_s": 1.0}, constraints=LIMITS)]

ANY = st.floats() | st.sampled_from([0.0, -0.0, -1.0, 1.0, 2.0, 0.5, 5e-324, 1e308, np.inf, -np.inf, np.nan])
REAL = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, 2.0, 0.5, np.inf])
ROWS = st.lists(st.tuples(ANY, ANY, ANY, st.booleans(), ANY), min_size=1, max_size=8)


def costs_of(rows: list[tuple[float, float, float, bool, float]]) -> Costs:
    valid = np.array([r[3] for r in rows], dtype=np.bool_)
    values = np.array([r[:3] for r in rows], dtype=np.float64)
    distance = np.array([r[4] for r in rows], dtype=np.float64)
    return Costs(METRICS, values, valid, (~valid).astype(np.uint64), ("broken",), distance)


def one(latency: float, energy: float = 1.0, accuracy: float = 0.9) -> Costs:
    return Costs.all_valid(METRICS, np.array([[latency, energy, accuracy]]))


@pytest.mark.parametrize("objective", OBJECTIVES + LEGACY, ids=str)
@given(rows=ROWS)
def test_tiers_never_mix(objective: Objective, rows: list[tuple[float, float, float, bool, float]]) -> None:
    costs = costs_of(rows)
    score, feasible = objective.score(costs), objective.feasible(costs)
    assert score.shape == (len(rows),) and score.dtype == np.float64
    assert np.isfinite(score).all()
    assert (score[feasible] > 0).all()
    broken = costs.valid & ~feasible
    assert ((score[broken] > -1) & (score[broken] < 0)).all()
    assert ((score[~costs.valid] >= -2) & (score[~costs.valid] <= -1)).all()


@pytest.mark.parametrize("objective", OBJECTIVES + LEGACY, ids=str)
@given(rows=ROWS)
def test_no_score_passes_the_ceiling(objective: Objective, rows: list[tuple[float, float, float, bool, float]]) -> None:
    assert (objective.score(costs_of(rows)) <= objective.ceiling).all()


def test_a_met_specification_has_the_score_of_its_ceiling() -> None:
    met = TargetSpec({"latency_s": 1.0, "energy_j": 2.0})
    assert met.score(one(0.5, 2.0))[0] == met.ceiling > met.score(one(0.5, 2.1))[0]


@pytest.mark.parametrize("objective", OBJECTIVES + LEGACY, ids=str)
@given(rows=ROWS)
def test_a_batch_scores_like_its_rows(objective: Objective, rows: list[tuple[float, float, float, bool, float]]) -> None:
    batch = objective.score(costs_of(rows))
    assert [float(objective.score(costs_of([r]))[0]) for r in rows] == batch.tolist()


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
@given(row=st.tuples(REAL, REAL, REAL), other=REAL, which=st.integers(0, 2))
def test_monotone_in_every_metric(objective: Objective, row: tuple[float, float, float], other: float, which: int) -> None:
    """Making one metric better never lowers the score, whatever the others are."""
    metric = METRICS[which]
    if metric.name not in objective.metrics:
        return
    worse, better = (max, min) if metric.sense == "min" else (min, max)
    good, bad = list(row), list(row)
    good[which], bad[which] = better(row[which], other), worse(row[which], other)
    high, low = float(objective.score(one(*good))[0]), float(objective.score(one(*bad))[0])
    assert high >= low * (1 - 1e-12 * np.sign(low)), (good, high, bad, low)


@given(a=st.floats(1e-12, 1e12), b=st.floats(1e-12, 1e12))
def test_strictly_monotone_where_it_matters(a: float, b: float) -> None:
    if abs(a - b) <= 1e-9 * max(a, b):
        return
    for objective in (Minimise("latency_s", 1.0), Product({"latency_s": 1.0, "energy_j": 1.0}, 1.0)):
        assert (objective.score(one(a))[0] > objective.score(one(b))[0]) == (a < b)


def test_legacy_is_not_monotone_and_is_capped() -> None:
    legacy = Legacy({"latency_s": 1.0})
    scores = [float(legacy.score(one(v))[0]) for v in (0.5, 1.0, 2.0)]
    assert scores == [2.0, 1000.0, 1.0]


def test_nearer_to_valid_is_better() -> None:
    rows = [(np.nan, np.nan, np.nan, False, d) for d in (0.0, 0.5, 3.0, 1e6, np.inf, np.nan)]
    score = Minimise("latency_s", 1.0).score(costs_of(rows))
    assert (np.diff(score) <= 0).all() and score[0] == -1.0 and score[-1] == -2.0


def test_nearer_to_a_bound_is_better() -> None:
    objective = Minimise("latency_s", 1.0, constraints=LIMITS)
    scores = [float(objective.score(one(1.0, e))[0]) for e in (2.0, 2.1, 3.0, 30.0, np.inf)]
    assert scores[0] == 1.0 and scores == sorted(scores, reverse=True) and len(set(scores)) == 5


def test_a_nan_under_a_bound_is_infeasible() -> None:
    objective = Minimise("latency_s", 1.0, constraints=LIMITS)
    assert not objective.feasible(one(1.0, np.nan))[0]
    assert -1 < objective.score(one(1.0, np.nan))[0] < 0


def test_scores_are_what_the_docstrings_say() -> None:
    costs = Costs.all_valid(METRICS, np.array([[0.5, 4.0, 0.8]]))
    assert Minimise("latency_s", 2.0).score(costs)[0] == 4.0
    assert Maximise("accuracy", 0.4).score(costs)[0] == 2.0
    assert Product({"latency_s": 1.0, "energy_j": 1.0}, 4.0).score(costs)[0] == 2.0
    assert Product({"latency_s": 2.0, "accuracy": -1.0}, 1.0).value(costs)[0] == pytest.approx(0.25 / 0.8)
    assert TargetSpec({"latency_s": 1.0, "energy_j": 2.0}).value(costs)[0] == 1.0
    assert TargetSpec({"latency_s": 1.0, "energy_j": 2.0}).score(costs)[0] == 0.5
    assert TargetSpec({"latency_s": 1.0, "energy_j": 5.0}).score(costs)[0] == 1.0
    assert Legacy({"energy_j": 2.0}).value(costs)[0] == 1.0


@given(best=st.floats(1e-9, 1e9), factor=st.floats(1.0, 1e6))
def test_regret_of_a_minimised_metric_is_its_excess(best: float, factor: float) -> None:
    objective = Minimise("latency_s", 1e-3)
    value = best * factor
    regret = relative_regret(objective.score(one(value)), float(objective.score(one(best))[0]))
    assert regret[0] == pytest.approx(value / best - 1, rel=1e-9, abs=1e-12)


def test_regret_identities() -> None:
    score = np.array([2.0, 1.0, 0.5, -0.5, -1.0, -2.0])
    assert relative_regret(score, 2.0).tolist() == [0.0, 1.0, 3.0, np.inf, np.inf, np.inf]


def test_describe_tells_objectives_apart() -> None:
    described = [str(o.describe()) for o in OBJECTIVES + LEGACY]
    assert len(set(described)) == len(described)
    assert OBJECTIVES[1].describe()["kind"] == "Minimise"
