"""Figures of a lottery: all are drawn, labelled with units, and made of the analysis' numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from synthetic import TASKS, make_digest

from archgym.experiments.lottery import figures_agents, figures_luck, figures_time, report
from archgym.experiments.lottery.analysis import Analysis, analyse
from archgym.experiments.report.svg import inline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@pytest.fixture(scope="module")
def drawn(small_analysis: Analysis) -> dict[str, Figure]:
    """Every figure of the small lottery by name."""
    return {name: figure for name, _, figure in report._draw(small_analysis)}


def texts(figure: Figure) -> list[str]:
    """All words of a figure's plots."""
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_every_figure_is_drawn(drawn: dict[str, Figure]) -> None:
    assert set(report._FIGURES) <= set(drawn)
    assert {f"task-{k}-{what}" for k in (1, 2, 3) for what in ("draws", "anytime")} <= set(drawn)
    assert [name for name in drawn if name.endswith("attainment")] == ["task-3-attainment"]  # the one with two goals


def test_attainment_surface_is_that_of_the_defaults(small_analysis: Analysis, drawn: dict[str, Figure]) -> None:
    surface = next(s for s in small_analysis.surfaces if s.agent == "tpe")
    cell = small_analysis.field.cell("tpe", surface.task, drawn=False)
    fronts = [row.front for row in cell.rows[0]]
    inside = [sum((front <= corner + 1e-12).all(axis=1).any() for front in fronts) for corner in surface.corners]
    assert surface.runs == 4 and min(inside) >= 2
    assert "(% of the reference point)" in drawn["task-3-attainment"].axes[0].get_xlabel()


@pytest.mark.parametrize(
    "name", ["spread", "aggregates", "decides", "anytime", "reaches", "tuning", "profiles", "volumes", "task-1-draws"]
)
def test_axes_say_what_and_in_which_unit(drawn: dict[str, Figure], name: str) -> None:
    figure = drawn[name]
    labels = [ax.get_xlabel() for ax in figure.axes] + [figure.get_supylabel()]
    assert any("(%" in label or "%)" in label or "evaluations" in label for label in labels)


def test_winners_of_every_game_add_up_to_all(small_analysis: Analysis, drawn: dict[str, Figure]) -> None:
    found = small_analysis.claim
    assert found is not None
    for ax in drawn["winners"].axes:
        shares = np.asarray(ax.collections[0].get_array()).reshape(len(found.agents), len(found.games))
        assert shares.sum(axis=0) == pytest.approx(np.ones(5))


def test_matrix_shows_who_beats_whom(small_analysis: Analysis, drawn: dict[str, Figure]) -> None:
    matrix = small_analysis.improvements
    i, j = matrix.agents.index("tpe"), matrix.agents.index("random")
    assert matrix.value[i, j] + matrix.value[j, i] == pytest.approx(1.0)
    assert f"{100 * matrix.value[i, j]:.0f}" in texts(drawn["improvement"])


def test_prices_stand_in_the_cells(small_analysis: Analysis, drawn: dict[str, Figure]) -> None:
    assert {ticket.text for ticket in small_analysis.tickets} <= set(texts(drawn["tickets"]))


def test_diagram_names_every_agent_with_its_rank(small_analysis: Analysis, drawn: dict[str, Figure]) -> None:
    words = " ".join(texts(drawn["ranks"]))
    for ranking in small_analysis.rankings:
        for agent, rank in zip(ranking.agents, ranking.ranks, strict=True):
            assert f"{agent}  {rank:.1f}" in words or f"{rank:.1f}  {agent}" in words


def test_figures_of_a_lottery_too_small_are_left_out_or_drawn() -> None:
    tiny = analyse(make_digest(dict(list(TASKS.items())[:1]), {}, ("genetic",), draws=1, seeds=1, budget=2))
    assert figures_luck.winners(tiny) is None and figures_luck.spread(tiny) is None
    assert figures_agents.tickets(tiny) is None and figures_agents.ranks(tiny) is None
    assert figures_time.running_times(tiny) is None
    assert figures_agents.aggregates(tiny).axes and figures_time.anytime(tiny).axes


def test_cells_keep_their_colours_in_the_dark(drawn: dict[str, Figure]) -> None:
    import io

    out = io.StringIO()
    drawn["winners"].savefig(out, format="svg")
    cells = inline(out.getvalue(), "winners", "winners")
    assert "fill: #fefefe" in cells or "fill: #1f2431" in cells
    assert "var(--a" not in cells
