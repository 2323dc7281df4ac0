"""The table of digits networks as an environment: folded cells, holes with a reason, names that tell the size."""

from pathlib import Path

import numpy as np
import pytest

from archgym.envs.nas.cells.topology import index_of, representatives, unique_cells
from archgym.envs.nas.digits.model import UNTRAINED, DigitsModel, build
from archgym.envs.nas.digits.shipped import WHOLE, shipped
from archgym.envs.nas.digits.tasks import tasks
from archgym.envs.nas.trained.noise import between_seeds, ceiling, rank_correlation, seed_deviation
from archgym.envs.nas.trained.shipped import part
from archgym.envs.nas.trained.table import Table
from archgym.errors import BadInput
from archgym.testing import check_cost_model, check_task


def table(cells: list[int]) -> Table:
    """Figures that tell the cell."""
    per_seed = np.array(cells, dtype=np.float64)[:, None] / 2e4 + np.array([0.0, 0.01, 0.02])
    whole = np.array(cells, dtype=np.int64)
    losses = {"validation_loss": 1 + per_seed, "test_loss": 2 + per_seed}
    shares = {"validation_accuracy": 0.9 - per_seed / 2, "test_accuracy": 0.8 - per_seed / 2}
    return Table(number=whole, seconds=whole / 1e3, parameters=whole, macs=10 * whole, manifest={}, **losses, **shares)


@pytest.fixture(scope="module")
def model() -> DigitsModel:
    return DigitsModel(table([index_of(cell) for cell in unique_cells()[::3]]))


def test_it_conforms(model: DigitsModel) -> None:
    check_cost_model(model, samples=64)


def test_every_cell_of_a_trained_function_has_its_figures_and_no_other_has_any(model: DigitsModel) -> None:
    trained = {index_of(cell) for cell in unique_cells()[::3]}
    costs = model.evaluate(model.space.enumerate(0, model.space.size))
    for number, stands in enumerate(representatives()):
        assert costs.valid[number] == (stands in trained)
        if stands in trained:
            assert costs["parameters"][number] == stands
    assert costs.why(int(np.flatnonzero(~costs.valid)[0])) == UNTRAINED


def test_what_is_folded_costs_the_same_everywhere(model: DigitsModel) -> None:
    every = model.space.enumerate(0, model.space.size)
    costs, folded = model.evaluate(every), model.evaluate(model.canonical(every))
    assert costs.values.tobytes() == folded.values.tobytes() and (costs.distance == folded.distance).all()


def test_scores_are_means_over_seeds_of_the_validation_images(model: DigitsModel) -> None:
    first = model.evaluate(model.measured[:1])
    cell = model.number(model.measured[:1])[0] / 2e4 + 0.01
    assert first["validation_loss"][0] == pytest.approx(1 + cell)
    assert first["validation_error"][0] == pytest.approx(0.1 + cell / 2)
    assert first["test_error"][0] == pytest.approx(0.2 + cell / 2)


def test_the_largest_table_is_taken_and_its_name_tells_its_size(tmp_path: Path) -> None:
    assert shipped(tmp_path) is None
    for name in ("digits-900-random", "digits-1200-random", "digits-x", "digits-9999-other"):
        (tmp_path / f"{name}.npz").touch()
    assert shipped(tmp_path) == ("digits-1200-random", 1200)
    (tmp_path / "digits-5044.npz").touch()
    assert shipped(tmp_path) == ("digits-5044", 5044)


def test_a_table_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"^no table 'nothing': neither shipped nor a file$"):
        build("nothing", {})


@pytest.mark.parametrize("task_id", [task.id for task in tasks()])
def test_a_shipped_task_keeps_its_promises_and_its_card_is_exact(task_id: str) -> None:
    task = {t.id: t for t in tasks()}[task_id]
    check_task(task, samples=64)
    assert task.card and task.card.best_known.exact and task.card.fingerprint == task.fingerprint
    assert task_id.startswith(f"nas-digits{part(task.card.best_known.designs, WHOLE)}-")


def test_a_name_tells_the_size_of_a_table_that_is_not_whole() -> None:
    assert len(unique_cells()) == WHOLE and (part(WHOLE, WHOLE), part(1746, WHOLE)) == ("", "1746")


def test_noise_lowers_correlation_and_ceiling_as_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 1))
    seeds = truth + rng.normal(size=(4000, 3))  # two seeds correlate with 1 / 2, their mean with the truth by sqrt(3 / 4)
    assert between_seeds(seeds) == pytest.approx(0.5, abs=0.04)
    assert ceiling(seeds) == pytest.approx(np.sqrt(0.75), abs=0.02)
    assert rank_correlation(seeds.mean(axis=1), truth[:, 0]) == pytest.approx(ceiling(seeds), abs=0.02)
    assert seed_deviation(seeds)[0] == pytest.approx(1.0, abs=0.03)
    assert ceiling(truth + np.zeros((1, 3))) == pytest.approx(1.0)
