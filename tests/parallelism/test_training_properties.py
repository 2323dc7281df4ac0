"""What a designer may rely on, over random designs: monotonicity of time and memory, folding, masks, batches."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.envs.parallelism.training.kernel import memories, times
from archgym.envs.parallelism.training.layout import Machine, Mem, Net, Out, Run
from archgym.envs.parallelism.training.model import TrainingModel, build
from archgym.space import FloatArray, IntArray

CASES = {
    "dense": ("gpt3-175b", {"cluster": "a100-hdr", "gpus": "64", "batch": "64", "sequence": "", "attention": "unfused"}),
    "gated": ("llama3-70b", {"cluster": "h100-ndr", "gpus": "256", "batch": "", "sequence": "", "attention": "flash"}),
    "mixture": ("deepseek-v3", {"cluster": "gb200-nvl72", "gpus": "256", "batch": "", "sequence": "", "attention": "flash"}),
}
SPEEDS = (
    Machine.NIC_BYTES_PER_S,
    Machine.LINK_BYTES_PER_S,
    Machine.HBM_BYTES_PER_S,
    Machine.FLOPS_16,
    Machine.HOST_BYTES_PER_S,
)
names = st.sampled_from(sorted(CASES))
seeds = st.integers(0, 2**32 - 1)
ROUND = 1.0 + 1e-12
brief = settings(max_examples=40, deadline=None)


@cache
def model(name: str) -> TrainingModel:
    workload, options = CASES[name]
    return build(workload, options)


def legal(name: str, seed: int, n: int = 64) -> IntArray:
    """Random designs that keep every rule but those of memory."""
    x = model(name).repair(model(name).space.sample(np.random.default_rng(seed), n))
    costs = model(name).evaluate(x)
    return x[(costs.reason >> np.uint64(14) << np.uint64(14)) == costs.reason]


def seconds(
    of: TrainingModel, runs: FloatArray, machine: FloatArray | None = None, net: FloatArray | None = None
) -> FloatArray:
    out = np.zeros((len(runs), len(Out)))
    times((of.net if net is None else net)[None], (of.machine if machine is None else machine)[None], runs, of.time, out)
    return out


def held(of: TrainingModel, runs: FloatArray) -> FloatArray:
    out = np.zeros((len(runs), len(Mem)))
    memories(of.net[None], of.machine[None], runs, of.memory, out)
    return out


def changed(runs: FloatArray, entry: Run, value: float) -> FloatArray:
    other = runs.copy()
    other[:, entry] = value
    return other


@brief
@given(names, seeds, st.sampled_from(SPEEDS), st.floats(1.0, 16.0))
def test_a_faster_machine_is_never_slower(name: str, seed: int, entry: Machine, factor: float) -> None:
    runs, faster = model(name).runs(legal(name, seed)), model(name).machine.copy()
    faster[entry] *= factor
    before, after = seconds(model(name), runs), seconds(model(name), runs, faster)
    assert (after[:, Out.ITERATION] <= before[:, Out.ITERATION] * ROUND).all()


@brief
@given(names, seeds)
def test_recomputation_never_needs_more_memory(name: str, seed: int) -> None:
    runs = model(name).runs(legal(name, seed))
    runs[:, Run.OFFLOAD] = np.minimum(runs[:, Run.OFFLOAD], 1.0)
    none, selective, full = (held(model(name), changed(runs, Run.RECOMPUTE, k))[:, Mem.TOTAL] for k in range(3))
    assert (selective <= none * ROUND).all() and (full <= selective * ROUND).all()


@brief
@given(names, seeds)
def test_recomputation_is_never_faster(name: str, seed: int) -> None:
    runs = model(name).runs(legal(name, seed))
    none, selective, full = (seconds(model(name), changed(runs, Run.RECOMPUTE, k))[:, Out.RECOMPUTE] for k in range(3))
    assert (none == 0.0).all() and (selective <= full).all()


@brief
@given(names, seeds)
def test_a_higher_zero_stage_never_keeps_more_states(name: str, seed: int) -> None:
    runs = changed(model(name).runs(legal(name, seed)), Run.PP, 1.0)
    stages = [held(model(name), changed(runs, Run.ZERO, k)) for k in range(4)]
    total = [found[:, Mem.TOTAL] for found in stages]
    assert (total[1] <= total[0] * ROUND).all() and (total[2] <= total[1] * ROUND).all()
    copies = runs[:, Run.DP] * runs[:, Run.CP]
    shared = (copies >= 4) & (runs[:, Run.NODE_PARTITION] == 0.0)
    assert (total[3] <= total[2] * ROUND)[shared].all()
    for found in stages:
        assert (found[:, Mem.OPTIMIZER] <= stages[0][:, Mem.OPTIMIZER] * ROUND).all()


@brief
@given(names, seeds)
def test_the_bubble_vanishes_with_many_micro_batches(name: str, seed: int) -> None:
    runs = model(name).runs(legal(name, seed))
    many = model(name).net.copy()
    many[Net.BATCH] *= 1024.0
    few, lots = seconds(model(name), runs), seconds(model(name), runs, net=many)
    share_few, share_lots = (found[:, Out.BUBBLE] / found[:, Out.ITERATION] for found in (few, lots))
    assert (share_lots <= share_few).all() and (share_lots < 0.05).all()


@brief
@given(names, seeds)
def test_overlap_is_never_slower(name: str, seed: int) -> None:
    runs = model(name).runs(legal(name, seed))
    plain, overlapped = (seconds(model(name), changed(runs, Run.OVERLAP, k))[:, Out.ITERATION] for k in (0.0, 1.0))
    assert (overlapped <= plain * ROUND).all()


@brief
@given(names, seeds)
def test_sequence_parallelism_never_keeps_more(name: str, seed: int) -> None:
    runs = model(name).runs(legal(name, seed))
    without, with_it = (held(model(name), changed(runs, Run.SEQUENCE_PARALLEL, k))[:, Mem.TOTAL] for k in (0.0, 1.0))
    assert (with_it <= without * ROUND).all()


@brief
@given(names, seeds)
def test_a_batch_says_what_single_rows_say(name: str, seed: int) -> None:
    x = np.concatenate([legal(name, seed, 8), model(name).space.sample(np.random.default_rng(seed), 8)])
    together = model(name).evaluate(x)
    for i in range(len(x)):
        alone = model(name).evaluate(x[i : i + 1])
        assert alone.values.tobytes() == together.values[i].tobytes() and alone.distance[0] == together.distance[i]


@brief
@given(names, seeds)
def test_folded_rows_cost_the_same(name: str, seed: int) -> None:
    x = np.concatenate([legal(name, seed, 500), model(name).space.sample(np.random.default_rng(seed), 500)])
    folded = model(name).canonical(x)
    before, after = model(name).evaluate(x), model(name).evaluate(folded)
    assert before.values.tobytes() == after.values.tobytes() and np.array_equal(before.distance, after.distance)
    assert np.array_equal(before.reason, after.reason) and np.array_equal(model(name).canonical(folded), folded)


@brief
@given(names, seeds)
def test_an_open_walk_keeps_every_rule_but_memory(name: str, seed: int) -> None:
    random, chosen = np.random.default_rng(seed), np.zeros(0, np.int64)
    for knob in range(len(model(name).space)):
        mask = model(name).mask(chosen, knob)
        assert mask is not None and mask.any()
        chosen = np.append(chosen, random.choice(np.flatnonzero(mask)))
    assert int(model(name).evaluate(chosen[None]).reason[0]) >> 14 << 14 == int(model(name).evaluate(chosen[None]).reason[0])


@brief
@given(names, seeds)
def test_a_masked_value_is_hopeless(name: str, seed: int) -> None:
    """No design that keeps the rules takes a value that the mask of its own prefix forbids."""
    for row in legal(name, seed, 4):
        for knob in range(len(row)):
            mask = model(name).mask(row[:knob], knob)
            assert mask is None or mask[row[knob]]


@brief
@given(names, seeds)
def test_repair_is_idempotent_and_keeps_the_rules(name: str, seed: int) -> None:
    x = model(name).space.sample(np.random.default_rng(seed), 200)
    rows = model(name).repair(x)
    assert np.array_equal(model(name).repair(rows), rows)
    reason = model(name).evaluate(rows).reason
    assert (reason >> np.uint64(14) << np.uint64(14) == reason).all()


@pytest.mark.parametrize("stages", [8, 16])
def test_interleaving_and_zero_bubble_shrink_the_bubble(stages: int) -> None:
    runs = np.tile(model("gated").base, (3, 1))
    runs[:, [Run.TP, Run.PP, Run.DP, Run.OVERLAP, Run.SEQUENCE_PARALLEL]] = [4, stages, 256 // stages // 4, 1, 1]
    runs[1, [Run.SCHEDULE, Run.CHUNKS]] = [1, 5]
    runs[2, Run.SCHEDULE] = 2
    plain, interleaved, filled = seconds(model("gated"), runs)[:, Out.BUBBLE]
    assert interleaved < 0.3 * plain and filled < plain
