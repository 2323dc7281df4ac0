"""The reading of a lottery: what is put into a synthetic digest comes out of its analysis."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from synthetic import AGENTS, TASKS, Luck, make_digest

from archgym.errors import BadInput
from archgym.experiments.lottery import analysis_claim, analysis_luck, analysis_rank, analysis_tune
from archgym.experiments.lottery.analysis import Analysis, analyse
from archgym.experiments.lottery.analysis_field import read_field
from archgym.experiments.lottery.analysis_tables import csv_tables, main_table
from archgym.experiments.lottery.analysis_words import answer
from archgym.experiments.lottery.digest import Digest, Row
from archgym.experiments.lottery.parquet import read_digest, write_digest

THREE = dict(list(TASKS.items())[1:4])


def lottery(luck: Luck, agents: tuple[str, ...] = ("random", "genetic", "tpe"), draws: int = 10, seeds: int = 5) -> Digest:
    """A small digest with luck of a given kind."""
    return make_digest(THREE, {}, agents, draws, seeds, 32, luck)


def some(digest: Digest, keep: object) -> Digest:
    """The digest with the rows that ``keep`` says, as an interrupted lottery has."""
    return replace(digest, rows=tuple(row for row in digest.rows if keep(row)))  # type: ignore[operator]


def test_tasks_go_from_easy_to_hard_and_agents_with_fewer_tasks_are_not_compared_over_all(small_analysis: Analysis) -> None:
    field = small_analysis.field
    assert [p.difficulty for p in field.problems] == sorted(p.difficulty for p in field.problems)
    assert [p.number for p in field.problems] == [1, 2, 3]
    assert "ppo" not in field.complete and len(field.tasks_of("ppo")) == 2
    assert small_analysis.standings[-1].agent == "ppo"
    assert small_analysis.claim is not None and "ppo" not in small_analysis.claim.agents


def test_performance_is_score_over_best_known(small_digest: Digest) -> None:
    field = read_field(small_digest)
    row = next(row for row in small_digest.rows if row.key.task == field.tasks[0] and row.key.agent == "random")
    place = small_digest.lottery.seeds.index(row.key.seed)
    assert field.defaults("random", [row.key.task])[0, 0, place] == pytest.approx(row.score[-1] / 10.0)


@pytest.mark.parametrize(("draw", "seed", "most"), [(0.4, 0.02, "draw"), (0.0, 0.3, "rest")])
def test_luck_that_was_put_in_is_found(draw: float, seed: float, most: str) -> None:
    found = analysis_luck.spreads(read_field(lottery(Luck(draw=draw, seed=seed))))
    shares = [getattr(s.parts, most).share.value for s in found if s.agent != "random" and s.task]
    assert min(shares) > 0.8


def test_what_decides_a_run_is_the_agent_where_only_agents_differ_and_luck_where_they_do_not() -> None:
    alike = Luck(skill=dict.fromkeys(AGENTS, 0.3), defaults=0.0)
    apart = Luck(skill={"random": 0.0, "genetic": 1.0, "tpe": 2.0}, draw=0.02, seed=0.02, defaults=0.0)
    for luck, low, high in ((alike, 0.0, 0.35), (apart, 0.95, 1.0)):
        rows = analysis_luck.decisions(read_field(lottery(luck)))
        assert all(low <= row.shares[0] <= high for row in rows)
        assert [row.shares.sum() for row in rows] == pytest.approx([1.0] * 3)


def test_without_luck_the_best_agent_wins_every_game() -> None:
    found = analysis_claim.claim(read_field(lottery(Luck(draw=0.0, seed=0.0))))
    assert found is not None
    best = found.agents.index("tpe")
    for game in found.games:
        assert game.pooled[best] == pytest.approx(1.0), game.name
        assert game.winners == pytest.approx(np.ones(3)) and game.another == pytest.approx(np.zeros(3), abs=1e-9)


def test_wins_add_up_to_one_and_equal_agents_share_them() -> None:
    digest = lottery(Luck())
    flat = replace(digest, rows=tuple(replace(row, at=row.at[:1], score=np.array([10.0])) for row in digest.rows))
    found = analysis_claim.claim(read_field(flat))
    assert found is not None
    for game in found.games:
        assert game.wins == pytest.approx(np.full((3, 3), 1 / 3))
        assert game.winners == pytest.approx(np.full(3, 3.0))


def test_counted_game_is_the_mean_over_all_draws_and_seeds_by_hand() -> None:
    y = np.random.default_rng(3).random((5, 3))
    by_hand = []
    for tried in combinations(range(5), 2):
        for first in range(3):
            best = max(tried, key=lambda d: y[d, first])
            by_hand += [max(y[best, first], y[best, other]) for other in range(3) if other != first]
    simulated = analysis_claim._counted(y, 2, np.random.default_rng(0))
    assert simulated.mean() == pytest.approx(np.mean(by_hand), abs=4 * simulated.std() / np.sqrt(len(simulated)))


def test_luckiest_of_all_draws_is_a_maximum_over_one_seed_each() -> None:
    y = np.array([[0.1, 0.2], [0.5, 0.9]])
    shown = analysis_claim._luckiest(y, 2, np.random.default_rng(0))
    assert set(shown) == {0.5, 0.9} and (shown == 0.9).mean() == pytest.approx(0.5, abs=0.05)


def test_ticket_is_free_where_defaults_win_and_not_for_sale_where_draws_lose() -> None:
    luck = Luck(skill={"random": 0.5, "genetic": 1.5, "tpe": -1.0}, draw=0.05, seed=0.05)
    price = {(t.agent, t.task): t for t in analysis_tune.tickets(read_field(lottery(luck)))}
    assert all(price["genetic", task].evaluations == 0.0 for task in ("", *THREE))
    assert all(price["tpe", task].text == "> 64" for task in ("", *THREE))  # a quarter of 10 draws, 32 evaluations each
    assert ("random", "") not in price


def test_tuning_curve_costs_its_tuning_and_ends_at_the_best_draw() -> None:
    field = read_field(lottery(Luck(draw=0.5, seed=0.0), draws=8))
    curve = next(c for c in analysis_tune.curves(field) if c.agent == "genetic")
    assert curve.evaluations.tolist() == [32.0 * (1 + k) for k in range(1, 9)]
    assert curve.value[-1] == pytest.approx(field.drawn("genetic", field.tasks).mean(axis=2).max(axis=1).mean(), abs=1e-9)
    y = field.drawn("genetic", field.tasks)
    assert curve.designs[[0, -1]] == pytest.approx([y.mean(), y.max(axis=1).mean()])
    assert curve.restarts[0] == pytest.approx(float(curve.defaults.value))
    assert np.isfinite(curve.low).sum() == 2  # intervals up to a quarter of the draws
    assert (np.diff(curve.value) >= -1e-12).all()


def test_external_ruleset_plays_the_draw_that_is_best_on_the_tuning_tasks(small_digest: Digest) -> None:
    field = read_field(small_digest)
    place = next(p for p in analysis_rank.externally_tuned(field) if p.agent == "tpe")
    means = small_digest.performance("memory-cloud-tail-v0", small_digest.drawn("tpe", "memory-cloud-tail-v0").score).mean(
        axis=1
    )
    assert place.draws["memory"] == int(means.argmax())
    assert place.tuning == 2 * 8 * 4 * 64  # tuning tasks, draws, seeds, budget
    assert {p.agent for p in analysis_rank.self_tuned(field)} == {"random", "genetic", "tpe"}


def test_draws_that_lack_a_seed_are_left_out() -> None:
    digest = lottery(Luck())
    part = some(digest, lambda row: not (row.key.draw == 3 and row.key.seed == 1))
    field = read_field(part)
    assert field.drawn("tpe", field.tasks).shape == (3, 9, 5)


def test_fronts_survive_the_digests_file_and_bad_ones_are_refused(small_digest: Digest, tmp_path: Path) -> None:
    rows = tuple(replace(row, front=row.front.astype(np.float32).astype(np.float64)) for row in small_digest.rows)
    write_digest(tmp_path / "a.parquet", replace(small_digest, rows=rows))
    read = read_digest(tmp_path / "a.parquet")
    assert all(one.same(other) for one, other in zip(read.rows, rows, strict=True))
    assert any(row.front.shape == (8, 2) for row in read.rows)
    place = next(i for i, row in enumerate(rows) if row.front.size)
    for bad in ([[0.5, 1.5]], [[np.nan, 0.5]], [[0.1, 0.2, 0.3]], [[0.5, 0.5]] * 33):
        broken = (*rows[:place], replace(rows[place], front=np.array(bad)), *rows[place + 1 :])
        write_digest(tmp_path / "b.parquet", replace(small_digest, rows=broken))
        with pytest.raises(BadInput, match=f"row {place + 1}: front: not up to 32 points"):
            read_digest(tmp_path / "b.parquet")


def test_nothing_to_read_is_one_line() -> None:
    def only_draws(row: Row) -> bool:
        return row.key.draw >= 0

    with pytest.raises(BadInput, match="nothing to read yet"):
        read_field(some(lottery(Luck()), only_draws))


def test_every_table_has_its_columns_and_the_same_digest_gives_the_same_figures(small_analysis: Analysis) -> None:
    for name, table in {**csv_tables(small_analysis), "main": main_table(small_analysis)}.items():
        assert table.rows or name == "trends", name  # three tasks make no trend
        assert {len(row) for row in table.rows} <= {len(table.columns)}, name
    again = analysis_claim.claim(small_analysis.field)
    assert again is not None and small_analysis.claim is not None
    assert all(np.array_equal(a.wins, b.wins) for a, b in zip(again.games, small_analysis.claim.games, strict=True))


def test_sentences_carry_the_figures(small_analysis: Analysis) -> None:
    found = small_analysis.claim
    assert found is not None
    best = int(found.games[0].pooled.argmax())
    first = answer(small_analysis)[0]
    assert f"{found.agents[best]} ({100 * found.games[0].pooled[best]:.0f} %)" in first
    assert f"{int((found.games[0].pooled >= 0.05).sum())} of 3 agents" in first


def test_tasks_are_shown_in_the_groups_the_lottery_names_and_else_by_their_labels() -> None:
    hard, *_ = [task for task in THREE if "front" in task]
    plain = read_field(make_digest(TASKS, {}, ("random", "genetic"), 3, 2, 16))
    assert list(plain.sides) == ["labelled easy", "others"] and plain.sides["labelled easy"] == ("memory-cloud-latency-v0",)
    field = read_field(make_digest(THREE, {}, ("random", "genetic"), 3, 2, 16, groups={"new": [hard]}))
    assert list(field.sides) == ["new", "others"] and field.sides["new"] == (hard,)
    assert field.side_of(hard) == "new" and set(field.sides["others"]) == set(THREE) - {hard}


def test_an_agent_with_fewer_tasks_is_ranked_on_these() -> None:
    skill = dict(zip(("random", "genetic", "tpe"), (0.0, 0.3, 0.8), strict=True))
    luck = Luck(skill, 0.01, 0.01, 0.0)
    digest = make_digest(THREE, {}, ("random", "genetic", "tpe"), 5, 5, 32, luck, only={"genetic": list(THREE)[:2]})
    (line,) = [line for line in answer(analyse(digest)) if "fewer tasks" in line]
    assert "genetic has rank 2 of 3 on 2 tasks" in line and ", tpe " in line


def test_trend_is_spearmans_and_needs_four_tasks() -> None:
    four = make_digest(dict(list(TASKS.items())[:4]), {}, ("random", "genetic"), 4, 3, 16)
    field = read_field(four)
    parts = analysis_luck.decisions(field)
    rising = [part._replace(agent=float(k), draw=0.0, seed=0.0, rest=1.0) for k, part in enumerate(parts, 1)]
    named = {t.name: t for t in analysis_claim.trends(field, None, rising)}
    assert named["spread between agents"].rho == pytest.approx(1.0)
    assert not analysis_claim.trends(field, None, rising[:3])
