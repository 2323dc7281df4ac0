"""Loop nests: hand-worked mappings, what a person reads, and batches that equal single rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.envs.accelerator.architectures import fixed_architecture
from archgym.envs.accelerator.layer import DIMS, TENSORS, Layer
from archgym.envs.accelerator.mapper.space import divisors
from archgym.envs.accelerator.nest.architecture import Architecture, Level
from archgym.envs.accelerator.nest.evaluate import RULES, Result, evaluate, evaluate_mappings
from archgym.envs.accelerator.nest.links import evaluate_with_links
from archgym.envs.accelerator.nest.mapping import Loops, Mapping
from archgym.errors import BadInput

READS, FILLS, UPDATES = 0, 1, 2
FLAT = Architecture("flat", (Level("DRAM", fanout=(4, 4)), Level("buffer")), mac_pj=1.0)


def _one(layer: Layer, *levels: Loops) -> Result:
    result = evaluate_mappings(layer, FLAT, [Mapping(levels)])
    assert result.valid.all()
    return result


def test_a_sliding_window_reads_only_what_is_new():
    layer = Layer("row", R=1, S=3, Q=8)
    slid = _one(layer, Loops((("Q", 8),)), Loops((("S", 3),)))
    assert slid.counts[0, 1, 1, FILLS] == 3 + 7 * 1  # the first window, then one column each: ten columns, each once
    broken = _one(Layer("row", R=1, S=3, Q=8, M=2), Loops((("Q", 8), ("M", 2))), Loops((("S", 3),)))
    assert broken.counts[0, 1, 1, FILLS] == 8 * 3  # a loop between the tile and the slide: all of each window anew
    strided = _one(Layer("row", S=3, Q=8, stride=4), Loops((("Q", 8),)), Loops((("S", 3),)))
    assert strided.counts[0, 1, 1, FILLS] == 8 * 3  # windows do not touch


def test_loops_that_do_not_concern_a_tensor_cost_it_nothing_inside_its_own():
    layer = Layer("product", C=2, M=3, P=5)
    inner = _one(layer, Loops((("C", 2), ("M", 3), ("P", 5))), Loops())
    assert inner.counts[0, 1, 0, FILLS] == 6  # weights stay while P runs
    outer = _one(layer, Loops((("P", 5), ("C", 2), ("M", 3))), Loops())
    assert outer.counts[0, 1, 0, FILLS] == 30


def test_one_read_serves_all_instances_that_need_the_same_words():
    result = _one(Layer("product", C=2, M=4, P=3), Loops((("P", 3),), x=(("M", 4),), y=(("C", 2),)), Loops())
    reads = dict(zip(TENSORS, result.counts[0, 0, :, READS], strict=True))
    assert reads["Weights"] == 8  # all different, loaded once
    assert reads["Inputs"] == 3 * 2  # to all four columns at once
    assert result.counts[0, 0, 2, UPDATES] == 3 * 4  # summed over the two rows on the way
    assert result.multipliers[0] == 8


def test_windows_on_a_diagonal_of_the_mesh_are_the_same():
    result = _one(Layer("conv", R=3, P=4), Loops(x=(("P", 4),), y=(("R", 3),)), Loops())
    assert result.counts[0, 0, 1, READS] == 6  # rows 0 … 5, not 12


def test_the_first_touch_of_an_output_reads_nothing():
    once = _one(Layer("product", C=4, P=3), Loops((("P", 3), ("C", 4))), Loops())
    assert once.counts[0, 0, 2].tolist() == [0, 0, 3]  # written once per element, never read back
    assert once.counts[0, 1, 2].tolist() == [12 - 3, 0, 12]
    spilled = _one(Layer("product", C=4, P=3), Loops((("C", 4), ("P", 3))), Loops())
    assert spilled.counts[0, 0, 2].tolist() == [12 - 3, 0, 12]
    assert spilled.counts[0, 1, 2, FILLS] == 12 - 3


def test_costs_follow_from_counts():
    levels = (Level("DRAM", block=4, read_bandwidth=2, read_pj=10.0, write_pj=20.0), Level("buffer", read_pj=1.0, write_pj=1.0))
    layer = Layer("dot", C=10)
    result = evaluate_mappings(layer, Architecture("two", levels, mac_pj=0.5), [Mapping((Loops((("C", 10),)), Loops()))])
    assert result.cycles[0] == 10.0  # 20 words at 2 per cycle
    dram = 2 * 3 * 10.0 + 1 * 20.0  # ten words are three blocks of four; the sum is one
    buffer = 20 * 1.0 + 9 * 1.0 + 20 * 1.0 + 10 * 1.0  # reads of W and I, of O; fills of W and I; updates of O
    assert result.energy_pj[0] == dram + buffer + 10 * 0.5


@pytest.mark.parametrize(
    ("levels", "rule"),
    [
        ((Loops((("M", 4),)), Loops()), 0),
        ((Loops(), Loops((("M", 8),))), 1),
        ((Loops(x=(("M", 8),)), Loops()), 2),
        ((Loops(y=(("M", 8),)), Loops()), 3),
    ],
)
def test_a_broken_rule_is_named_and_measured(levels, rule):
    small = Architecture("small", (Level("DRAM", fanout=(4, 4)), Level("buffer", capacity=16)), 1.0)
    result = evaluate_mappings(Layer("m", M=8), small, [Mapping(levels)])
    assert [i for i in range(len(RULES)) if int(result.reason[0]) >> i & 1] == [rule]
    assert result.excess[0] > 0


def test_a_neighbour_hands_on_what_it_held():
    """Four rows of windows, sliding down by one tile a step: three of the four new tiles were the next row's."""
    mesh = Architecture("mesh", (Level("DRAM", fanout=(1, 4)), Level("buffer")), 1.0)
    layer = Layer("conv", R=3, P=4)
    mapping = Mapping((Loops((("R", 3),), y=(("P", 4),)), Loops()))
    alone = evaluate_mappings(layer, mesh, [mapping])
    linked = evaluate_with_links(layer, mesh, mapping)
    assert alone.counts[0, 0, 1, READS] == 3 * 4
    assert linked.counts[0, 0, 1, READS] == 4 + 2 * 1
    assert linked.counts[0, 1, 1, READS] == alone.counts[0, 1, 1, READS] + 6 // 4
    np.testing.assert_array_equal(linked.counts[0, :, [0, 2]], alone.counts[0, :, [0, 2]])


def test_a_mapping_reads_as_a_loop_nest():
    mapping = Mapping((Loops((("C", 2), ("P", 3)), x=(("M", 4),)), Loops((("Q", 5),))))
    assert mapping.text(FLAT).splitlines() == [
        "-- DRAM: Weights, Inputs, Outputs",
        "for c in 0..2",
        "  for p in 0..3",
        "    parallel-for m in 0..4 along x",
        "      -- buffer: Weights, Inputs, Outputs",
        "      for q in 0..5",
        "        multiply-accumulate",
    ]


@pytest.mark.parametrize("data", [{}, {"levels": [{}]}, {"levels": [{"level": "DRAM", "temporal_outer_to_inner": [["C"]]}]}])
def test_a_mapping_of_another_form_is_refused(data):
    with pytest.raises(BadInput, match="a mapping has levels with temporal_outer_to_inner and spatial X, Y"):
        Mapping.from_reference(data, FLAT)


@pytest.mark.parametrize(
    ("loops", "message"),
    [
        ([["K", 2]], "there is no dim 'K'"),
        ([["C", 0]], "a loop over C must have 1 or more iterations, got 0"),
        ([["C", 2.5]], "a loop over C must have 1 or more iterations, got 2.5"),
    ],
)
def test_a_loop_that_is_none_is_refused(loops, message):
    with pytest.raises(BadInput, match=message):
        Mapping.from_reference({"levels": [{"level": "DRAM", "temporal_outer_to_inner": loops}]}, FLAT)


LAYER = Layer("conv", C=4, M=6, R=3, S=3, P=8, Q=4, stride=2)


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """Any mapping of LAYER on Eyeriss' five levels, legal or not."""
    levels = len(fixed_architecture("eyeriss").levels)
    temporal: list[list[tuple[str, int]]] = [[] for _ in range(levels)]
    along: list[list[tuple[str, int]]] = [[], []]
    for dim, bound in zip(DIMS, LAYER.bounds, strict=True):
        left = bound
        for i in range(levels + 2):
            n = left if i == levels + 1 else draw(st.sampled_from(divisors(left)))
            left //= n
            if n > 1:
                (along[i] if i < 2 else temporal[i - 2]).append((dim, n))
    nest = [Loops(tuple(draw(st.permutations(part)))) for part in temporal]
    nest[1] = Loops(nest[1].temporal, tuple(along[0]), tuple(along[1]))
    return Mapping(tuple(nest))


@settings(max_examples=60, deadline=None)
@given(st.lists(mappings(), min_size=1, max_size=6))
def test_a_batch_equals_its_rows_and_arrays_round_trip(batch):
    architecture = fixed_architecture("eyeriss")
    together = evaluate_mappings(LAYER, architecture, batch)
    for i, mapping in enumerate(batch):
        arrays = mapping.arrays()
        alone = evaluate(LAYER, architecture, *(a[None] for a in arrays))
        for name in ("cycles", "energy_pj", "steps", "multipliers", "counts", "reason", "excess"):
            np.testing.assert_array_equal(getattr(together, name)[i], getattr(alone, name)[0])
        again = Mapping.from_arrays(*arrays).arrays()
        np.testing.assert_array_equal(evaluate(LAYER, architecture, *(a[None] for a in again)).counts, alone.counts)


@settings(max_examples=60, deadline=None)
@given(mappings())
def test_links_never_add_reads_at_the_parent_and_never_lose_a_word(mapping):
    """Every level of Eyeriss below the mesh keeps one tensor: what is no longer read above comes from a neighbour."""
    architecture = fixed_architecture("eyeriss")
    alone = evaluate_mappings(LAYER, architecture, [mapping])
    linked = evaluate_with_links(LAYER, architecture, mapping)
    assert (linked.counts[0, 0] == alone.counts[0, 0]).all()  # above the mesh nothing changes
    assert (linked.counts[0, 1] <= alone.counts[0, 1]).all()
    assert (np.abs(linked.counts[0, 2:, :, FILLS] - alone.counts[0, 2:, :, FILLS]) <= 1).all()
    assert (linked.counts[0, 2:, :, READS] >= alone.counts[0, 2:, :, READS]).all()
