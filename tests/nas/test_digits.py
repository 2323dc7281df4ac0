"""The table of trained networks: are rows repeatable, resumable, and what the trainer makes?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("sklearn", reason="training needs scikit-learn's digits")

import torch
from torch.nn import functional

from archgym.envs.nas.cells.size import Skeleton, parameters
from archgym.envs.nas.cells.topology import Cell, cell_of, index_of, unique_cells
from archgym.envs.nas.digits import network
from archgym.envs.nas.digits.protocol import PROTOCOL, programme, training_order
from archgym.envs.nas.digits.shipped import FOLDER, KEY
from archgym.envs.nas.trained import command
from archgym.envs.nas.trained.collect import collect
from archgym.envs.nas.trained.data import digits
from archgym.envs.nas.trained.programme import Row
from archgym.envs.nas.trained.recipe import streams
from archgym.envs.nas.trained.shards import read
from archgym.envs.nas.trained.table import read_table
from archgym.envs.nas.trained.training import train
from archgym.errors import BadInput

SHORT = replace(PROTOCOL, epochs=1, train=256, skeleton=Skeleton(channels=4))
CELLS: tuple[Cell, ...] = ((2, 1, 4, 3, 0, 2), (1, 1, 3, 1, 1, 1), (4, 0, 1, 1, 2, 3))
QUICK = programme(SHORT, CELLS)


def figures(row: Row) -> Row:
    """A row without its time."""
    return replace(row, seconds=0.0)


def test_the_split_is_a_partition_and_normalised() -> None:
    data = digits(PROTOCOL)
    parts = np.concatenate([data.train, data.validation, data.test])
    assert [len(part) for part in (data.train, data.validation, data.test)] == [900, 400, 497]
    assert sorted(parts) == list(range(1797))
    assert data.images[data.train].mean() == pytest.approx(0, abs=1e-5) and data.images[data.train].std() == pytest.approx(1)
    assert data.images.min() == pytest.approx(data.background)


def test_the_random_order_holds_every_unique_cell_once() -> None:
    order = training_order()
    assert order != tuple(sorted(order)) and sorted(order) == sorted(unique_cells())


def test_networks_have_the_parameters_the_size_says() -> None:
    for cell in CELLS:
        built = network.Networks(cell, SHORT.skeleton, 0.1, [streams(index_of(cell), seed)[0] for seed in (0, 1)])
        assert built.values.numel() == 2 * parameters(cell, SHORT.skeleton)


def test_pooling_by_a_product_is_torchs_pooling() -> None:
    x = torch.randn(3, 4, 8, 8)
    same = functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    torch.testing.assert_close(network._pooled(x, 3, 1, 1), same)
    torch.testing.assert_close(network._pooled(x, 2, 2, 0), functional.avg_pool2d(x, 2))


@pytest.mark.parametrize("cell", CELLS)
def test_seeds_side_by_side_are_the_seeds_apart(cell: Cell) -> None:
    """Seeds add the same numbers in another order: losses agree to a thousandth after an epoch in single precision."""
    together = train(index_of(cell), QUICK)
    apart = [train(index_of(cell), QUICK, seeds=(seed,)) for seed in SHORT.seeds]
    np.testing.assert_allclose(together.test_loss, [row.test_loss[0] for row in apart], rtol=1e-3)
    np.testing.assert_allclose(together.test_right, [row.test_right[0] for row in apart], atol=2)
    assert len(set(together.test_loss)) == len(SHORT.seeds)


def test_a_row_repeats_itself_whatever_was_trained_before_it() -> None:
    first = train(index_of(CELLS[0]), QUICK)
    train(index_of(CELLS[1]), QUICK)
    torch.manual_seed(5)
    assert figures(train(index_of(CELLS[0]), QUICK)) == figures(first)


def test_training_learns() -> None:
    row = train(index_of(CELLS[0]), programme(replace(PROTOCOL, epochs=6)))
    assert max(row.validation_loss) < 0.5 * np.log(10) and min(row.test_right) > 0.7 * PROTOCOL.test


def test_a_killed_shard_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert command.train_shard((1, 1), whole, 1e9, QUICK) == 0
    assert command.train_shard((1, 1), killed, 1e9, programme(SHORT, CELLS[:2])) == 0
    file = killed / "shard-1-of-1.jsonl"
    file.write_bytes(file.read_bytes()[:-20])  # killed within the second row
    assert list(read(killed, QUICK)[0]) == [index_of(CELLS[0])]
    assert command.train_shard((1, 1), killed, 1e9, QUICK) == 0
    rows, expected = read(killed, QUICK)[0], read(whole, QUICK)[0]
    assert {cell: figures(row) for cell, row in rows.items()} == {cell: figures(row) for cell, row in expected.items()}
    assert len(file.read_text().splitlines()) == 2 + 3  # two starts, three rows


def test_shards_share_the_cells_and_stop_when_told(tmp_path: Path) -> None:
    assert command.train_shard((1, 2), tmp_path, 0.0, QUICK) == 2
    assert command.train_shard((1, 2), tmp_path, 1e9, QUICK, stopped=lambda: True) == 2
    assert command.train_shard((2, 2), tmp_path, 1e9, QUICK) == 0
    assert list(read(tmp_path, QUICK)[0]) == [index_of(CELLS[1])]
    assert command.train_shard((1, 1), tmp_path, 1e9, QUICK) == 0
    held = [json.loads(line)["cell"] for line in (tmp_path / "shard-1-of-1.jsonl").read_text().splitlines()[1:]]
    assert held == [index_of(CELLS[0]), index_of(CELLS[2])]


def test_the_table_holds_what_was_trained(tmp_path: Path) -> None:
    command.train_shard((1, 1), tmp_path, 1e9, QUICK)
    path = collect(tmp_path, tmp_path / "table", QUICK)
    table, rows = read_table(path, KEY), read(tmp_path, QUICK)[0]
    assert path.name == "digits-3.npz" and list(table.number) == sorted(map(index_of, CELLS))
    for place, cell in enumerate(table.number):
        row = rows[int(cell)]
        np.testing.assert_array_equal(np.rint(table.test_accuracy[place] * SHORT.test), row.test_right)
        np.testing.assert_allclose(table.validation_loss[place], row.validation_loss, rtol=1e-6)
        assert table.parameters[place] == parameters(cell_of(int(cell)), SHORT.skeleton)
    assert table.manifest["digest"] == SHORT.digest() and table.manifest["trained_with"][0]["versions"]["torch"]


def test_a_part_of_the_table_is_a_first_part_of_the_random_order_and_says_so(tmp_path: Path) -> None:
    command.train_shard((1, 2), tmp_path, 1e9, QUICK)  # the first and the third: the third lies beyond a gap
    path = collect(tmp_path, tmp_path, QUICK)
    assert path.name == "digits-1-random.npz" and list(read_table(path, KEY).number) == [index_of(CELLS[0])]


def test_bad_shards_and_tables_are_answered_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "shard-1-of-1.jsonl"
    with pytest.raises(BadInput, match=r"first cell of the random order is not trained yet"):
        collect(tmp_path, tmp_path, QUICK)
    path.write_text('{"cell": 3}\n')
    with pytest.raises(BadInput, match=r"line 1: must be a header"):
        read(tmp_path, QUICK)
    path.write_text(json.dumps({"digest": PROTOCOL.digest()}) + "\n")
    with pytest.raises(BadInput, match=r"line 1: trained by another recipe"):
        read(tmp_path, QUICK)
    path.write_text(json.dumps({"digest": SHORT.digest()}) + '\n{"cell": 3}\n')
    with pytest.raises(BadInput, match=r"line 2: not a row of the table"):
        read(tmp_path, QUICK)
    with pytest.raises(BadInput, match="not a table"):
        read_table(path, KEY)
    with pytest.raises(BadInput, match="must be i/n"):
        command.shard_of("3/2")


def test_two_trainers_do_not_write_one_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def second(number: int, programme: object) -> Row:
        with pytest.raises(BadInput, match="another trainer is writing this shard"):
            command.train_shard((1, 1), tmp_path, 1e9, QUICK)
        return train(number, QUICK)

    monkeypatch.setattr(command, "train", second)
    assert command.train_shard((1, 1), tmp_path, 1e9, programme(SHORT, CELLS[:1])) == 0


TABLES = sorted(FOLDER.glob("digits-*.npz"))


@pytest.mark.slow
@pytest.mark.skipif(not TABLES, reason="no table is committed yet")
def test_rows_trained_again_agree_with_the_table_within_the_noise_between_seeds() -> None:
    """Other machines add in another order: a row may differ by a small part of what seeds differ by."""
    table = read_table(TABLES[-1], KEY)
    assert table.manifest["digest"] == PROTOCOL.digest()
    noise = np.log(table.test_loss).std(axis=1, ddof=1).mean()
    chosen = np.random.default_rng(7).choice(len(table.number), 12, replace=False)
    again = np.array([train(int(table.number[place]), programme()).test_loss for place in chosen])
    differences = np.log(again) - np.log(table.test_loss[chosen])
    assert np.abs(differences).max() < 4 * noise and np.sqrt((differences**2).mean()) < noise


def test_the_recipe_is_that_of_the_rows_trained_so_far() -> None:
    assert PROTOCOL.digest() == "8f26329018b35ad4"
