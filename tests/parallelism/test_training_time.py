"""The time model: parts add up, limits are what closed forms say, measured runs are met."""

import numpy as np
import pytest

from archgym.envs.parallelism.clusters import load_cluster
from archgym.envs.parallelism.models import load_llm
from archgym.envs.parallelism.training.constants import fitted
from archgym.envs.parallelism.training.kernel import times
from archgym.envs.parallelism.training.layout import K, Net, Out, Run
from archgym.envs.parallelism.training.measured import measured, read
from archgym.envs.parallelism.vectors import machine_vector, net_vector

PARTS = slice(Out.GEMM, Out.MODEL_FLOPS)


def iterate(batch=512, constants=None, vocab=None, **run):
    """Seconds and parts of GPT-3 on 512 A100 under one configuration."""
    net = net_vector(load_llm("gpt3-175b"), 2048, batch)
    net[Net.VOCAB] = vocab or net[Net.VOCAB]
    machine = machine_vector(load_cluster("a100-hdr").sized(512))
    row = np.zeros(len(Run))
    defaults = {"TP": 8, "PP": 8, "DP": 8, "CP": 1, "EP": 1, "MICRO_BATCH": 1, "CHUNKS": 1, "GRAD_BYTES": 4}
    for name, value in (defaults | run).items():
        row[Run[name]] = value
    out = np.zeros((1, len(Out)))
    times(net[None], machine[None], row[None], fitted()[0] if constants is None else constants, out)
    return out[0]


def test_parts_add_up():
    found = iterate(RECOMPUTE=2)
    assert found[PARTS].sum() == pytest.approx(found[Out.ITERATION], rel=1e-12)
    assert (found[PARTS] >= 0).all()


def test_measured_runs_add_up_too():
    runs = measured(read())
    found = runs.times(fitted()[0])
    np.testing.assert_allclose(found[:, PARTS].sum(axis=1), found[:, Out.ITERATION], rtol=1e-12)


def test_bubble_is_stages_less_one_over_micro_batches_without_communication():
    free = fitted()[0].copy()
    free[[K.LATENCY, K.P2P, K.STRAGGLER, K.LOSS]] = 0.0
    found = iterate(batch=64 * 8, TP=1, PP=8, DP=8, constants=free, vocab=8)
    busy = found[[Out.GEMM, Out.ATTENTION, Out.ELEMENTWISE, Out.HOST]].sum() - free[K.ITERATION]
    assert found[Out.BUBBLE] == pytest.approx(7 * busy / 64, rel=1e-3)


def test_interleaving_divides_the_bubble_by_the_chunks():
    plain, chunked = iterate(PP=8), iterate(PP=8, CHUNKS=4, SCHEDULE=1)
    assert chunked[Out.BUBBLE] == pytest.approx(plain[Out.BUBBLE] / 4, rel=0.02)


def test_zero_bubble_loses_less():
    assert iterate(SCHEDULE=2)[Out.BUBBLE] < 0.6 * iterate()[Out.BUBBLE]


def test_full_recomputation_costs_about_a_third():
    assert iterate(RECOMPUTE=2)[Out.ITERATION] / iterate()[Out.ITERATION] == pytest.approx(4 / 3, abs=0.05)


def test_model_flops_are_those_of_the_palm_numerator():
    layers, hidden, vocab, tokens = 96, 12288, 51200, 2048 * 512
    llm = load_llm("gpt3-175b")
    want = tokens * (6 * (12 * layers * hidden**2 + llm.vocab * hidden) + 12 * layers * hidden * 2048)
    assert iterate()[Out.MODEL_FLOPS] == pytest.approx(want, rel=1e-12)
    assert vocab * hidden < 0.01 * 12 * layers * hidden**2


def test_misaligned_heads_are_slow():
    runs = measured(read())
    wide = [i for i, row in enumerate(runs.rows) if row["hidden"] == "13824" and row["heads"] in ("96", "128")]
    found = runs.take(np.array(wide)).times(fitted()[0])[:, Out.ATTENTION] / runs.seconds[wide]
    heads = np.array([runs.rows[i]["heads"] for i in wide])
    assert found[heads == "128"].min() > 2 * found[heads == "96"].max()
