"""Placement as part of a training run: equal links change nothing, islands are best kept whole, listed placements suffice."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from archgym.envs.parallelism.clusters import load_cluster
from archgym.envs.parallelism.models import load_llm
from archgym.envs.parallelism.network import orders
from archgym.envs.parallelism.training.model import TrainingModel, build
from archgym.envs.parallelism.training.placed import PlacedModel, alike, arrangements, deal, unbeaten
from archgym.envs.parallelism.training.space import Setting
from archgym.objective import Minimise
from archgym.space import IntArray

HOLMES = {"cluster": "holmes", "gpus": "64", "batch": "1024", "sequence": "", "attention": "flash"}


@cache
def holmes() -> PlacedModel:
    model = build("gpt3-13b", HOLMES)
    assert isinstance(model, PlacedModel)
    return model


def legal(model: TrainingModel, n: int, seed: int = 0) -> IntArray:
    x = model.repair(model.space.sample(np.random.default_rng(seed), 4 * n))
    return x[model.evaluate(x).valid][:n]


def test_equal_links_change_nothing() -> None:
    plain = load_cluster("a100-hdr").sized(64)
    matrix = replace(plain, measured=((plain.nominal_bytes_per_s,) * 8,) * 8)
    shape = load_llm("gpt3-13b"), 2048, 512, "flash"
    uniform, placed = (of(Setting(shape[0], c, *shape[1:])) for of, c in ((TrainingModel, plain), (PlacedModel, matrix)))
    x = legal(placed, 2000)
    once = x[placed.runs(x)[:, 3] == 1]  # context-parallel rings that leave a node share its slowest link with the rest
    one, other = uniform.evaluate(once[:, : len(uniform.space)]), placed.evaluate(once)
    assert len(once) > 300 and np.allclose(one.values, other.values, rtol=1e-12)


def test_nodes_of_an_island_are_alike() -> None:
    x = holmes().space.sample(np.random.default_rng(0), 200)
    places, folded = holmes().permutations(x), holmes().permutations(holmes().canonical(x))
    assert np.array_equal(holmes().islands[places], holmes().islands[folded])
    assert (np.sort(folded, axis=1) == np.arange(8)).all()
    assert len(np.unique(alike(places, holmes().islands, holmes().dealt), axis=0)) <= 70


def test_nodes_are_dealt_in_turn() -> None:
    assert deal(np.array([0, 0, 0, 1, 1, 1])).tolist() == [0, 3, 1, 4, 2, 5]
    assert deal(np.zeros(4, np.int64)).tolist() == [0, 1, 2, 3]


def test_arrangements_are_counted_once() -> None:
    assert len(set(arrangements((0, 0, 0, 0, 1, 1, 1, 1)))) == len(list(arrangements((0, 0, 0, 0, 1, 1, 1, 1)))) == 70


def test_only_unbeaten_bandwidths_stay() -> None:
    assert unbeaten(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [2.0, 1.0]])).tolist() == [0, 1]


def test_no_placement_beats_those_listed() -> None:
    """Of random runs, random placements against those whose links are not dominated."""
    model, knobs = holmes(), len(holmes().knobs)
    runs = np.unique(model.canonical(legal(model, 40))[:, :knobs], axis=0)
    every = np.array([np.random.default_rng(i).permutation(8) for i in range(400)])
    codes = orders.encode(model.dealt, every)
    for run in runs:
        rows = np.concatenate([np.tile(run, (len(codes), 1)), codes], axis=1)
        seconds = model.evaluate(rows)["iteration_s"]
        kept = unbeaten(model.nics(every, model.layouts(run[None])))
        assert seconds[kept].min() == seconds.min()


def test_islands_are_best_kept_whole() -> None:
    """Holmes' rule: replicas stay on one kind of card, pipelines cross the slow network."""
    listed = holmes().legal()
    assert listed is not None
    best, row = np.inf, np.zeros(0, np.int64)
    for x in listed:
        seconds = np.nan_to_num(holmes().evaluate(x)["iteration_s"], nan=np.inf)
        if seconds.min() < best:
            best, row = float(seconds.min()), x[seconds.argmin()]
    islands = holmes().islands[holmes().permutations(row[None])[0]]
    assert (np.diff(islands) != 0).sum() == 1 and holmes().space.decode(row)["pipeline"] != 1
    dealt = row.copy()
    dealt[len(holmes().knobs) :] = 0
    assert holmes().evaluate(dealt[None])["iteration_s"][0] > 1.2 * best


def test_annealing_finds_better_placements_than_dealing() -> None:
    model = build("gpt3-13b", {**HOLMES, "cluster": "pipette", "gpus": "32", "batch": "64"})
    assert isinstance(model, PlacedModel) and model.legal() is None
    rows = model.known(Minimise("iteration_s", 1.0))
    assert rows is not None and np.array_equal(model.canonical(rows), rows)
    dealt = rows.copy()
    dealt[:, len(model.knobs) :] = 0
    assert np.nanmin(model.evaluate(rows)["iteration_s"]) < np.nanmin(model.evaluate(dealt)["iteration_s"])
