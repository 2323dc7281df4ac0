"""NAS-Bench-201 cells: sizes of the networks, prices on devices, the published table where it is installed."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import archgym.envs.nas.installed
from archgym.envs.nas.cells.topology import CONV3, cell_of, index_of
from archgym.envs.nas.cifar.devices import device, devices, prices
from archgym.envs.nas.cifar.network import Counts, all_counts, macs, parameters
from archgym.envs.nas.cifar.table import cifar_table, read_table
from archgym.envs.nas.cifar.tasks import tasks
from archgym.errors import BadInput, MissingExtra
from archgym.testing import check_task

TASKS = {task.id: task for task in tasks()}
LARGEST, NOTHING = (CONV3,) * 6, (1,) * 6


def test_sizes_are_the_published_extremes() -> None:
    assert (parameters(Counts.of(NOTHING)), parameters(Counts.of(LARGEST))) == (73_306, 1_531_546)
    assert (round(macs(Counts.of(NOTHING)) / 1e6, 2), round(macs(Counts.of(LARGEST)) / 1e6, 2)) == (7.78, 220.12)


def test_only_live_edges_count_and_sums_move_maps() -> None:
    assert Counts.of((2, 1, 4, 1, 1, 3)) == Counts(0, 0, 1, 0)  # node 1 feeds nobody, node 2 gets nothing
    assert Counts.of((2, 3, 4, 0, 1, 3)) == Counts(1, 2, 1, 3 + 3)  # nodes 2 and 3 are fed twice each


def test_devices_differ_in_kind() -> None:
    """Ranks agree less than those of three sizes of one array do (0.84 to 0.995)."""
    from scipy.stats import spearmanr

    latency = {name: prices(name)[:, 0] for name in devices()}
    assert spearmanr(latency["compute"], latency["bandwidth"]).statistic < 0.8
    conv, pool = index_of((3, 1, 1, 1, 0, 1)), index_of((4, 1, 1, 1, 0, 1))
    idle = index_of(NOTHING)
    ratio = {name: (s[pool] - s[idle]) / (s[conv] - s[idle]) for name, s in latency.items()}
    assert ratio["compute"] < 0.1 and ratio["bandwidth"] > 0.4  # pooling against a 1x1 convolution


def test_an_unknown_device_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"^no device 'compte'; did you mean 'compute'\?$"):
        device("compte")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ([], "must hold a dictionary of cells"),
        ({(0, 1): None}, r"\(0, 1\) is no cell: 6 operations from 0 to 4"),
        ({(0,) * 6: None}, r"cell \(0, 0, 0, 0, 0, 0\): baseline_accuracy must be a number"),
        ({}, "needs accuracies from 0 to 100 of all 15,625 cells"),
    ],
)
def test_a_broken_table_is_one_line(tmp_path: Path, table: object, line: str) -> None:
    bad = tmp_path / "data.anb"
    bad.write_bytes(pickle.dumps(table))
    with pytest.raises(BadInput, match=rf"data\.anb: {line}$"):
        read_table(bad)


def test_without_the_package_tasks_are_listed_and_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archgym.envs.nas.installed, "find_spec", lambda name: None)
    cifar_table.cache_clear()
    with pytest.raises(MissingExtra, match=r"^analog-nasbench is not installed; .* pip install 'archgym\[nas201\]'$"):
        _ = tasks()[0].model


def test_another_data_set_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"^the cells were trained on cifar10 only, not on 'imagenet'$"):
        _ = tasks()[0].vary({"workload": "imagenet"}).model


# -- where analog-nasbench is installed -----------------------------------------------------------------------------------


@pytest.fixture
def installed() -> None:
    from importlib.util import find_spec

    if find_spec("analognasbench") is None:
        pytest.skip("analog-nasbench is not installed (extra nas201)")


@pytest.mark.usefixtures("installed")
def test_the_table_has_the_published_figures() -> None:
    accuracy = cifar_table().accuracy
    assert accuracy[:, 0].max() == pytest.approx(94.07, abs=0.005)
    assert cell_of(int(accuracy[:, 0].argmax())) == (2, 2, 0, 2, 3, 2)
    chance = [index for index, counts in enumerate(all_counts()) if counts == Counts(0, 0, 0, 0)]
    assert (accuracy[:, 0] <= 10.0).sum() == 341 and set(np.flatnonzero(accuracy[:, 0] <= 10.0)) <= set(chance)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("task_id", TASKS)
def test_a_task_keeps_its_promises_and_its_card_is_exact(task_id: str) -> None:
    task = TASKS[task_id]
    check_task(task)
    assert task.card and task.card.best_known.exact and task.card.fingerprint == task.fingerprint
    best = task.model.optimum(task.objective)
    assert task.objective.score(task.model.evaluate(best[None]))[0] == task.card.best_known.score
