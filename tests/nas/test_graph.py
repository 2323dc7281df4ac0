"""Graph networks: which designs are the same network, published figures, broken tables."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import archgym.envs.nas.installed
from archgym.envs.nas.graph.space import OPS, OPS_PROTEINS, WIRINGS, form, form_of_key, forms, space
from archgym.envs.nas.graph.table import DATASETS, graph_table, read_table
from archgym.envs.nas.graph.tasks import tasks
from archgym.errors import BadInput, MissingExtra
from archgym.testing import check_task

TASKS = {task.id: task for task in tasks()}


def test_there_are_26_206_networks_and_nothing() -> None:
    assert len(forms(OPS)) - (() in forms(OPS)) == 26_206
    assert len(forms(OPS_PROTEINS)) - 1 == 2_021
    assert sum(len(numbers) for numbers in forms(OPS).values()) == space().size == 59_049


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("0-0-1-1", "gcn skip gat gin"), ("0-0-1-1", "gcn skip gin gat")),  # the order of children
        (("0-1-2-3", "gcn skip gat gin"), ("0-1-2-3", "skip gcn gat gin")),  # a skip that feeds one
        (("0-1-2-2", "gcn skip gat gin"), ("0-1-2-2", "skip gcn gat gin")),  # a skip that feeds two
        (("0-1-2-3", "gcn gat gin skip"), ("0-1-2-3", "skip gcn gat gin")),  # a skip at the end of a chain
        (("0-0-1-2", "gcn gat gin arma"), ("0-0-1-2", "gat gcn arma gin")),  # two chains changed about
    ],
)
def test_equal_networks_are_folded(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert tree(*one) == tree(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("0-1-2-3", "gcn gat gin arma"), ("0-1-2-3", "gat gcn gin arma")),
        (("0-1-1-1", "gcn gat skip skip"), ("0-1-2-3", "gcn gat skip skip")),  # the parent is an output as well
    ],
)
def test_different_networks_are_not(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert tree(*one) != tree(*other)


def tree(wiring: str, ops: str) -> object:
    return form(WIRINGS.index(wiring), ops.split())


def test_a_key_is_wiring_and_operations() -> None:
    assert form_of_key(81047) == tree("0-1-2-3", "gcn gat sage fc")
    for key in (-1, 99_999, 9):  # 9 is no operation
        with pytest.raises(ValueError, match="no key"):
            form_of_key(key)


@pytest.mark.parametrize("task_id", TASKS)
def test_a_task_keeps_its_promises(task_id: str) -> None:
    pytest.importorskip("nas_bench_graph")
    check_task(TASKS[task_id])


@pytest.mark.parametrize("task_id", TASKS)
def test_the_card_is_exact_and_of_this_model(task_id: str) -> None:
    pytest.importorskip("nas_bench_graph")
    task = TASKS[task_id]
    assert task.card and task.card.best_known.exact and task.card.fingerprint == task.fingerprint
    best = task.model.optimum(task.objective)
    assert task.objective.score(task.model.evaluate(best[None]))[0] == task.card.best_known.score


def test_the_model_folds_as_the_package_does() -> None:
    architecture = pytest.importorskip("nas_bench_graph.architecture")
    names = space()
    rows = names.sample(np.random.default_rng(0), 400)
    designs = [list(names.decode(row).values()) for row in rows]
    hashes = [hash_of(architecture, str(wiring), [str(op) for op in ops]) for wiring, *ops in designs]
    for row, own in zip(designs, hashes, strict=True):
        assert form(WIRINGS.index(str(row[0])), [str(op) for op in row[1:]]) == form_of_key(own)


def hash_of(architecture: object, wiring: str, ops: list[str]) -> int:
    arch = architecture.Arch([int(part) for part in wiring.split("-")], ops)  # type: ignore[attr-defined]
    found: int = arch.valid_hash()
    return found


def test_it_looks_up_a_million_designs_per_second() -> None:
    pytest.importorskip("nas_bench_graph")
    import time

    model = TASKS["nas-graph-cora-accuracy-v0"].model
    x = model.space.sample(np.random.default_rng(0), 500_000)
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        model.evaluate(x)
        seconds.append(time.perf_counter() - begun)
    assert len(x) / min(seconds) > 1e6


# -- broken tables --------------------------------------------------------------------------------------------------------

ENTRY = {"valid_perf": 0.5, "perf": 0.5, "latency": 1e-3, "para": 1.0}


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ([], "must hold a dictionary of networks"),
        ({"a": ENTRY}, "key 'a' is no graph network"),
        ({0: {**ENTRY, "perf": float("nan")}}, "a network's figures must be finite"),
        ({0: {"perf": 1.0}}, "a network's entry needs the figures valid_perf, perf, latency, para: 'valid_perf'"),
        ({0: ENTRY}, "no figures for the network .*"),
    ],
)
def test_a_broken_table_is_one_line(tmp_path: Path, table: object, line: str) -> None:
    bad = tmp_path / "bad.bench"
    bad.write_bytes(pickle.dumps(table))
    with pytest.raises(BadInput, match=rf"bad\.bench: {line}$"):
        read_table(bad, OPS)


def test_an_unknown_dataset_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"^no graph dataset 'coral'; did you mean 'cora'\?$"):
        _ = TASKS["nas-graph-cora-accuracy-v0"].vary({"workload": "coral"}).model
    assert {task.workload for task in TASKS.values()} == set(DATASETS)


def test_without_the_package_tasks_are_listed_and_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archgym.envs.nas.installed, "find_spec", lambda name: None)
    graph_table.cache_clear()
    with pytest.raises(MissingExtra, match=r"^nas-bench-graph is not installed; .* pip install 'archgym\[nas\]'$"):
        _ = tasks()[0].model
