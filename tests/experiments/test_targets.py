"""Are evaluations to a target counted right, with runs that never reach it?"""

from __future__ import annotations

import numpy as np
import pytest
from experiment_helpers import plan_of

from archgym import registry
from archgym.experiments.report.targets import draw, knowledge, of_study
from archgym.experiments.summary import groups, standings
from archgym.experiments.targets import Hits, hits, hits_of_steps, study_hits
from archgym.spec import RunSpec


def of(*pairs: tuple[int, bool]) -> Hits:
    return Hits(np.array([n for n, _ in pairs]), np.array([hit for _, hit in pairs]))


def test_a_hit_is_the_first_design_that_reaches_the_target():
    found = hits([np.array([0.1, 0.9, 1.0, 0.2]), np.array([0.1, 0.95]), np.array([1.0]), np.array([-1.5, -0.2, 0.5])], 0.95)
    assert found.evaluations.tolist() == [3, 2, 1, 3] and found.reached.tolist() == [True, True, True, False]
    assert found.successes == 3 and len(found) == 4


def test_steps_of_the_best_score_give_the_same_hits_as_all_scores():
    rng = np.random.default_rng(2)
    runs = [rng.random(n) for n in (5, 17, 17, 40)]
    steps = [np.flatnonzero(run > np.concatenate([[-np.inf], np.maximum.accumulate(run)[:-1]])) for run in runs]
    for target in (0.0, 0.5, 0.9, 0.97, 2.0):
        whole = hits(runs, target)
        short = hits_of_steps([s + 1 for s in steps], [r[s] for r, s in zip(runs, steps, strict=True)], [5, 17, 17, 40], target)
        assert np.array_equal(whole.evaluations, short.evaluations) and np.array_equal(whole.reached, short.reached)


def test_expected_running_time_by_hand():
    assert of((10, True), (30, True)).ert == 20.0
    assert of((10, True), (100, False), (100, False)).ert == 210.0  # two budgets lost for one success
    assert of((100, False)).ert == np.inf


def test_expected_running_time_does_not_depend_on_the_budget_of_a_memoryless_agent():
    """Random search hits with probability p at each evaluation: 1 / p evaluations, however early its runs are cut off."""
    first = np.random.default_rng(0).geometric(0.01, size=40_000)
    for budget in (20, 100, 1000):
        cut = Hits(np.minimum(first, budget), first <= budget)
        assert cut.ert == pytest.approx(100.0, rel=0.03)


def test_its_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = 0
    for study in range(300):
        first = rng.geometric(0.02, size=40)
        low, high = Hits(np.minimum(first, 120), first <= 120).ert_interval(0.9, draws=300, seed=study)
        inside += low <= 50.0 <= high
    assert 0.84 <= inside / 300 <= 0.95


def test_an_interval_over_too_few_successes_is_open():
    low, high = of((50, True), (100, False), (100, False), (100, False)).ert_interval()
    assert low < 350.0 and high == np.inf


def test_the_ecdf_counts_censored_runs_and_ends_with_the_first_of_them():
    found = of((2, True), (8, True), (5, False), (9, False))
    assert np.array_equal(found.ecdf(np.array([1, 2, 5, 6, 8])), [0.0, 0.25, 0.25, np.nan, np.nan], equal_nan=True)
    assert of((2, True), (8, True)).ecdf(np.array([1, 7, 8, 1000])).tolist() == [0.0, 0.5, 1.0, 1.0]


def test_hits_of_several_problems_join():
    both = Hits.join([of((2, True)), of((9, False), (4, True))])
    assert both.evaluations.tolist() == [2, 9, 4] and both.reached.tolist() == [True, False, True] and both.ert == 7.5


def test_a_study_is_read_by_problem_and_label(tmp_path, play):
    plan = plan_of(
        agents=["random"],
        agent=[{"name": "evolution", "label": "blind", "config": {"structure": "blind"}}, {"name": "evolution"}],
        budget=40,
    )
    play(plan, tmp_path)
    found = study_hits(tmp_path, plan, 0.2)
    assert set(found) == {run.spec.task for run in plan.runs} and len(found) > 1
    for task_id, labels in found.items():
        assert set(labels) == {"random", "blind", "evolution"}
        best = {s.agent: s.best_score for s in standings(task_id, groups(tmp_path, plan)[task_id], registry.get_task(task_id))}
        for label, when in labels.items():
            assert len(when) == 2 and (when.evaluations <= 40).all()
            assert bool(when.successes) == (best[label] >= 0.2)
    assert not any(h.successes for labels in study_hits(tmp_path, plan, 1e6).values() for h in labels.values())


# -- the figure --------------------------------------------------------------------------------------------------------


def texts(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_the_figure_shows_every_run_and_marks_censored_ones():
    found = {"one": {"a-blind": of((64, False), (64, False)), "a-moves": of((10, True), (20, True), (64, False))}}
    figure = draw(found, {"a-blind": "blind", "a-moves": "moves"}, 64, {"one": "workload"})
    left, right = figure.axes
    assert left.get_title(loc="left") == "workload" and texts(left) == ["a-moves", "a-blind"]
    assert texts(right) == ["47  (2 of 3)", "none of 2", "ERT"]
    dots = {(line.get_markerfacecolor() == "none"): 0 for line in left.lines if line.get_marker() == "o"}
    for line in left.lines:
        if line.get_marker() == "o":
            dots[line.get_markerfacecolor() == "none"] += len(line.get_xdata())
            beyond = np.asarray(line.get_xdata()) > 64
            assert beyond.all() == (line.get_markerfacecolor() == "none") or not len(beyond)
    assert dots == {True: 3, False: 2}


@pytest.mark.parametrize(
    ("agent", "config", "knows"),
    [
        ("random", {}, "blind"),
        ("random", {"structure": "repair"}, "repair"),
        ("evolution", {}, "repair"),
        ("evolution", {"structure": "moves"}, "moves"),
        ("ppo_sequential", {}, "masks"),
        ("ppo_sequential", {"masks": False}, "blind"),
        ("ppo", {}, "blind"),
    ],
)
def test_what_an_agent_knows_is_read_from_its_run(agent, config, knows):
    assert knowledge(RunSpec.create("toy-latency-v0", agent, config, budget=4)) == knows


def test_a_studys_figure_puts_blind_agents_before_knowing_ones(tmp_path, play):
    moves = {"name": "genetic", "label": "genetic-moves", "config": {"structure": "moves"}}
    blind = {"name": "genetic", "label": "genetic-blind", "config": {"structure": "blind"}}
    play(plan_of(tasks=["toy-latency-v0"], agents=[], agent=[moves, blind]), tmp_path)
    figure = of_study(tmp_path, 0.1)
    assert texts(figure.axes[0]) == ["genetic-moves", "genetic-blind"]  # from the bottom up
