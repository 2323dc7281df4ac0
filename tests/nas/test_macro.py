"""The table of networks out of inverted residual blocks: are they what their sizes say, and is a row what the trainer makes?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("sklearn", reason="training needs scikit-learn's digits")

import torch
from torch.nn import functional

from archgym.envs.nas.macro import network
from archgym.envs.nas.macro.architecture import Architecture, Stage, convolutions, macs, parameters
from archgym.envs.nas.macro.protocol import PROTOCOL, programme
from archgym.envs.nas.macro.shipped import FOLDER, KEY, shipped
from archgym.envs.nas.trained.collect import collect
from archgym.envs.nas.trained.command import train_shard
from archgym.envs.nas.trained.recipe import streams
from archgym.envs.nas.trained.shards import read
from archgym.envs.nas.trained.table import read_table
from archgym.envs.nas.trained.training import train

SHORT = replace(PROTOCOL, epochs=1, train=256)
ALL = PROTOCOL.choices.architectures()
SOME = (0, 700, len(ALL) - 1)
QUICK = programme(SHORT, SOME)
SMALL = Architecture(6, 8, (Stage(1, 3, 2), Stage(2, 5, 2)))


def test_numbers_count_the_choices_and_the_order_holds_each_once() -> None:
    assert len(ALL) == len(set(ALL)) == 3 * 3 * 12 * 12
    order = programme().order
    assert list(order) != sorted(order) and sorted(order) == list(range(len(ALL)))


def test_a_small_network_is_counted_as_by_hand() -> None:
    layers = [(layer.kind, layer.fed, layer.made, layer.kernel, layer.stride, layer.side) for layer in convolutions(SMALL)]
    assert layers == [
        ("stem", 1, 8, 3, 1, 6),
        ("expand", 8, 16, 1, 1, 6), ("depthwise", 16, 16, 3, 1, 6), ("project", 16, 8, 1, 1, 6),
        ("expand", 8, 16, 1, 1, 6), ("depthwise", 16, 16, 5, 2, 3), ("project", 16, 16, 1, 1, 3),
        ("expand", 16, 32, 1, 1, 3), ("depthwise", 32, 32, 5, 1, 3), ("project", 32, 16, 1, 1, 3),
    ]  # fmt: skip
    assert [layer.added for layer in convolutions(SMALL) if layer.kind == "project"] == [True, False, True]
    weights = 72 + (128 + 144 + 128) + (128 + 400 + 256) + (512 + 800 + 512)
    norms = 2 * (8 + 16 + 16 + 8 + 16 + 16 + 16 + 32 + 32 + 16)
    assert parameters(SMALL, 10) == weights + norms + 17 * 10
    assert macs(SMALL, 10) == 36 * (72 + 128 + 144 + 128 + 128) + 9 * (400 + 256 + 512 + 800 + 512) + 160


def test_networks_have_the_parameters_the_size_says() -> None:
    for number in SOME:
        built = QUICK.networks(number, [streams(number, seed)[0] for seed in (0, 1)])
        assert built.values.numel() == 2 * QUICK.sizes(number)[0]


def test_images_are_resized_by_areas() -> None:
    images = torch.randn(4, 2, 8, 8)
    torch.testing.assert_close(network._resized(images, 4), functional.avg_pool2d(images, 2))
    fine = images.repeat_interleave(5, 2).repeat_interleave(5, 3)  # 40 pixels a side: 8 for each of 5 new ones
    torch.testing.assert_close(network._resized(images, 5), functional.avg_pool2d(fine, 8))
    assert network._resized(images, 8) is images


@pytest.mark.parametrize("number", SOME)
def test_a_network_computes_its_blocks(number: int) -> None:
    """Against the layers written out with torch's own modules."""
    built = QUICK.networks(number, [streams(number, 0)[0]])
    images = torch.randn(8, 1, 8, 8)
    torch.testing.assert_close(built(images, True)[:, 0], _written_out(number, images, built.parameters), rtol=1e-4, atol=1e-4)


def _written_out(number: int, images: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
    resolution, width, stages = ALL[number]
    values = iter(parameters)

    def convolve(x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        weight = next(values)
        groups = x.shape[1] // weight.shape[1]
        x = functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        return functional.batch_norm(x, None, None, next(values), next(values), True)

    x = functional.relu(convolve(network._resized(images, resolution)))
    for place, stage in enumerate(stages):
        for block in range(stage.depth):
            inside = functional.relu(convolve(x))
            assert inside.shape[1] == stage.expansion * x.shape[1]
            made = convolve(functional.relu(convolve(inside, 2 if place and not block else 1)))
            x = x + made if made.shape == x.shape else made
    assert x.shape[1] == width << (len(stages) - 1)
    return functional.linear(functional.relu(x).mean((2, 3)), next(values), next(values))


def test_seeds_side_by_side_are_the_seeds_apart() -> None:
    """Seeds add the same numbers in another order: losses agree to a hundredth after an epoch in single precision."""
    together = train(SOME[1], QUICK)
    apart = [train(SOME[1], QUICK, seeds=(seed,)) for seed in SHORT.seeds]
    np.testing.assert_allclose(together.test_loss, [row.test_loss[0] for row in apart], rtol=1e-2)
    assert len(set(together.test_loss)) == len(SHORT.seeds)


def test_a_row_repeats_itself_whatever_was_trained_before_it() -> None:
    first = train(SOME[0], QUICK)
    train(SOME[1], QUICK)
    torch.manual_seed(5)
    assert replace(train(SOME[0], QUICK), seconds=0.0) == replace(first, seconds=0.0)


def test_training_learns() -> None:
    row = train(SOME[2], programme(replace(PROTOCOL, epochs=4)))
    assert max(row.validation_loss) < 0.5 * np.log(10) and min(row.test_right) > 0.7 * PROTOCOL.test


def test_the_table_holds_what_was_trained(tmp_path: Path) -> None:
    assert train_shard((1, 2), tmp_path, 1e9, QUICK) == 0
    assert train_shard((1, 1), tmp_path, 1e9, QUICK) == 0
    path = collect(tmp_path, tmp_path / "table", QUICK)
    table, rows = read_table(path, KEY), read(tmp_path, QUICK)[0]
    assert path.name == "macro-3.npz" and table.complete and tuple(table.number) == SOME
    for place, number in enumerate(SOME):
        np.testing.assert_array_equal(np.rint(table.test_accuracy[place] * SHORT.test), rows[number].test_right)
        assert (table.parameters[place], table.macs[place]) == QUICK.sizes(number)
    assert shipped(tmp_path / "table") == ("macro-3", 3)


def test_the_recipe_is_that_of_the_rows_trained_so_far() -> None:
    assert PROTOCOL.digest() == "290907c644c30d01"


@pytest.mark.slow
@pytest.mark.skipif(shipped() is None, reason="no table is committed yet")
def test_rows_trained_again_agree_with_the_table_within_the_noise_between_seeds() -> None:
    """Other machines add in another order: a row may differ by a small part of what seeds differ by."""
    found = shipped()
    assert found is not None
    table = read_table(FOLDER / f"{found[0]}.npz", KEY)
    assert table.manifest["digest"] == PROTOCOL.digest()
    noise = np.log(table.test_loss).std(axis=1, ddof=1).mean()
    chosen = np.random.default_rng(7).choice(len(table.number), 12, replace=False)
    again = np.array([train(int(table.number[place]), programme()).test_loss for place in chosen])
    differences = np.log(again) - np.log(table.test_loss[chosen])
    assert np.abs(differences).max() < 4 * noise and np.sqrt((differences**2).mean()) < noise
