"""Ours beside MAESTRO and ZigZag: the same loop nests, the same machines, and the reasons that the tables give."""

from __future__ import annotations

import pytest

from archgym.envs.accelerator.peers import maestro, zigzag
from archgym.envs.accelerator.peers.directives import nest_of
from archgym.envs.accelerator.peers.layers import LAYERS, read_rows, spearman


@pytest.fixture(scope="module")
def runs():
    return maestro.compare_runs(read_rows("maestro_fixed.csv.gz"))


def _tpu(*layers):
    rows = read_rows("zigzag_layers.csv.gz")
    kept = [row for row in rows if row["hardware"] == "tpu_like" and row["opt"] == "energy" and row["layer"] in layers]
    return {pair.layer: pair for pair in zigzag.compare_layers(kept)["tpu_like", "energy"]}


def test_ranks_are_those_of_a_known_case():
    assert spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(0.8)
    assert spearman([1, 1, 2], [5, 5, 7]) == pytest.approx(1.0)
    assert spearman([1, 2, 3], [2, 2, 2]) != spearman([1, 2, 3], [2, 2, 2])  # no rank in equal values


def test_directives_become_the_loops_that_they_say():
    rows = read_rows("maestro_fixed.csv.gz")
    row = next(r for r in rows if (r["layer"], r["dataflow"], r["cluster"], r["pes"]) == ("alex_c3", "kcp_ws", "64", "168"))
    nest = nest_of(LAYERS["alex_c3"], row["mapping"], 168)
    shared, inner = nest.mapping.levels[1:]
    assert {dim: n for dim, n in shared.temporal if n > 1} == {"M": 192, "C": 4, "P": 13, "Q": 13}
    assert (dict(shared.x)["M"], dict(shared.y)["C"], dict(inner.temporal)) == (2, 64, {"R": 3, "S": 3})


def test_an_edge_rounds_a_bound_up_to_whole_tiles():
    rows = read_rows("maestro_fixed.csv.gz")
    row = next(r for r in rows if (r["layer"], r["dataflow"], r["cluster"], r["pes"]) == ("r18_64_3x3", "kcp_ws", "16", "168"))
    assert nest_of(LAYERS["r18_64_3x3"], row["mapping"], 168).layer.M == 70  # 7 passes of 10 clusters


def test_layers_are_those_that_maestro_was_given(runs):
    assert {run.layer for run in runs} == set(LAYERS)
    assert all(run.macs == 1.0 for run in runs if not run.dataflow.startswith("yxp"))


def test_weight_stationary_accesses_of_l2_are_maestros(runs):
    wide = [run for run in runs if run.dataflow == "kcp_ws/64" and run.clustered]
    close = [max(abs(t - 1) for t in run.traffic) <= 0.05 for run in wide]
    assert sum(close) >= 0.9 * len(close)


def test_maestros_energy_is_that_of_its_l2_alone(runs):
    clustered = [run for run in runs if run.clustered and run.macs > 0]
    assert len(clustered) == 150
    for run in clustered:
        assert run.energy == pytest.approx(maestro.L2_PER_MAC * run.l2, rel=1e-5)


def test_maestros_cycles_refill_every_step(runs):
    valid = [run for run in runs if run.macs > 0]
    assert sum(abs(run.cycles / run.refilled - 1) <= 0.03 for run in valid) >= 0.85 * len(valid)
    assert spearman([run.cycles for run in valid], [run.refilled for run in valid]) > 0.99


def test_maestro_ranks_as_ours():
    _, figures = maestro.tables()
    found = figures["maestro"]
    assert found["all"]["cycles"] > 0.8
    assert found["all"]["energy"] > 0.8
    assert found["all"]["energy_l2"] > 0.95
    assert found["dataflows, per layer"]["energy"] > 0.8


def test_zigzags_energy_is_ours_where_accesses_are_filled_and_explained_where_not():
    pairs = _tpu("r18_64_3x3", "alex_c3", "bert_qkv", "alex_c1", "mb2_24_144_1x1")
    for pair in pairs.values():
        assert pair.certified
        assert pair.ours_cycles <= pair.cycles
        assert pair.energy == pytest.approx(pair.unpacked, rel=0.03)
    assert pairs["alex_c1"].channels == 3
    assert pairs["alex_c1"].energy > 1.1 * pairs["alex_c1"].ours_energy
    assert spearman([p.energy for p in pairs.values()], [p.ours_energy for p in pairs.values()]) > 0.9


def test_zigzags_cycles_are_ours_with_inputs_loaded_first():
    pairs = _tpu("r18_64_3x3", "r18_128_3x3s2", "bert_qkv")
    for pair in pairs.values():
        assert pair.ours_cycles < 0.9 * pair.cycles
        assert pair.cycles == pytest.approx(pair.loaded, rel=0.002)


def test_channels_are_rounded_up_to_whole_passes():
    layer = zigzag.rounded_up(LAYERS["alex_c2"], 14, 12)
    assert (layer.M, layer.C) == (266, 48)
    assert zigzag.rounded_up(LAYERS["r18_64_3x3"], 32, 32) == LAYERS["r18_64_3x3"]
