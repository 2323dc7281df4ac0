"""The full space: can repaired and varied rows be built, and is a design the same whatever slots it is written in?"""

from __future__ import annotations

import numpy as np
import pytest

from archgym.envs.soc.model import SocModel, build
from archgym.envs.soc.spaces.full import FullSpace
from archgym.envs.soc.tasks import AUDIO, CAVA, CHIP, EDGE, FULL, GENERATED, LARGE
from archgym.space import IntArray

WORKLOADS = (AUDIO, EDGE, CAVA, CHIP, GENERATED)


@pytest.fixture(params=WORKLOADS)
def model(request: pytest.FixtureRequest) -> SocModel:
    return full(str(request.param))


def full(workload: str, **options: str) -> SocModel:
    model = build(workload, {**(LARGE if workload == CHIP else FULL), "illegal": "invalid", **options})
    assert isinstance(model, SocModel)
    return model


def designs(model: SocModel, n: int, seed: int = 0) -> IntArray:
    return model.repair(model.space.sample(np.random.default_rng(seed), n))


def columns(model: SocModel, ending: str) -> list[int]:
    return [k for k, name in enumerate(model.space.names) if name.endswith(ending)]


def test_repair_makes_any_row_buildable_and_leaves_the_others(model: SocModel) -> None:
    x = model.space.sample(np.random.default_rng(1), 10_000)
    repaired = model.repair(x)
    assert model.evaluate(repaired).valid.all()
    assert np.array_equal(model.repair(repaired), repaired)
    rare = build_rarely(model, x)
    assert np.array_equal(model.repair(rare), rare)


def build_rarely(model: SocModel, x: IntArray) -> IntArray:
    """Rows that can be built and that no repair has seen: everything on the processor and the memory of slot 0, one bus."""
    rows = x.copy()
    rows[:, [model.space.names.index("pe_0_type"), model.space.names.index("mem_0_kind")]] = 1
    for ending in ("_on_pe", "_in_mem", "pe_0_bus", "mem_0_bus"):
        rows[:, columns(model, ending)] = 0
    assert model.evaluate(rows).valid.all()
    return rows


def test_farsis_own_rules_can_be_kept_too() -> None:
    model = full(EDGE, rules="farsi")
    assert model.evaluate(designs(model, 2_000)).valid.all()


def test_repair_keeps_what_is_right() -> None:
    model = full(AUDIO)
    x = model.space.sample(np.random.default_rng(2), 2_000)
    changed = (model.repair(x) != x).any(axis=0)
    clocks = columns(model, "_clock") + columns(model, "_width") + columns(model, "_unroll")
    assert not changed[clocks].any(), "repair moves tasks, fills slots and joins buses: it changes no clock"


def test_slots_have_no_order(model: SocModel) -> None:
    """The same designs in other slots are the same rows once folded, and cost the same bit for bit."""
    x = designs(model, 300)
    rng = np.random.default_rng(3)
    renumbered = x.copy()
    for kind, count in (("pe", model.encoding.slots.elements), ("mem", model.encoding.slots.memories)):  # type: ignore[attr-defined]
        new = rng.permutation(count)
        of_slot = [[k for k, n in enumerate(model.space.names) if n.startswith(f"{kind}_{s}_")] for s in range(count)]
        for slot in range(count):
            renumbered[:, of_slot[new[slot]]] = x[:, of_slot[slot]]
        tasks = columns(model, f"_{'on' if kind == 'pe' else 'in'}_{kind}")
        renumbered[:, tasks] = new[x[:, tasks]]
    assert (renumbered != x).any(axis=1).all()
    assert np.array_equal(model.canonical(renumbered), model.canonical(x))
    assert model.evaluate(renumbered).values.tobytes() == model.evaluate(x).values.tobytes()


def test_folding_changes_no_figure_of_the_kernel() -> None:
    """The kernel on rows as they are written, every slot in its place, against the kernel on their representatives."""
    from archgym.envs.soc.kernel import simulate

    model = full(AUDIO)
    x = designs(model, 500)
    folded = simulate(model.batch_of(x), model.workload, model.library, False)
    plain = simulate(as_written(model, x), model.workload, model.library, False)
    assert folded.valid.all() and plain.valid.all()
    for name in ("latency_s", "energy_j", "power_w", "area_m2", "dram_area_m2"):
        assert np.allclose(getattr(folded, name), getattr(plain, name), rtol=1e-12)


def as_written(model: SocModel, x: IntArray):  # type: ignore[no-untyped-def]
    from archgym.envs.soc.spaces.compiled import read_rows

    space = model.encoding
    assert isinstance(space, FullSpace)
    batch = space._empty(len(x))
    wide = space._tidy(np.ascontiguousarray(x), 0)
    blocks = (space.choices.buses.block, space.choices.memories.block, space.choices.elements.block)
    arrays = [getattr(batch, name) for name in batch.__dataclass_fields__]
    read_rows(wide, space.dims, space.needs.placed, space.needs.stores, *blocks, *arrays)
    return batch


def test_equal_blocks_are_one() -> None:
    model = full(EDGE)
    x = designs(model, 200)
    width, clock = columns(model, "_width"), columns(model, "_clock")
    slow, wide = x.copy(), x.copy()
    slow[:, width], wide[:, width] = 0, 2  # 4 bytes at 400 MHz, 16 bytes at 100 MHz
    slow[:, clock], wide[:, clock] = 1, 0
    pes = [k for k in clock if model.space.names[k].startswith("pe_")]
    slow[:, pes] = wide[:, pes] = 0
    assert np.array_equal(model.canonical(slow), model.canonical(wide))


def test_moves_keep_a_design_buildable_and_change_it(model: SocModel) -> None:
    x = designs(model, 1_000)
    before = x.copy()
    moved = model.vary(x, np.random.default_rng(4))
    assert moved is not None and np.array_equal(x, before), "its input stays as it was"
    assert model.evaluate(moved).valid.all()
    assert (model.canonical(moved) != model.canonical(x)).any(axis=1).all()
    again = model.vary(x, np.random.default_rng(4))
    assert again is not None and np.array_equal(again, moved)
    one = model.vary(x[:0], np.random.default_rng(4))
    assert one is not None and one.shape == (0, len(model.space))


def test_moves_reach_every_part_of_a_design() -> None:
    model = full(AUDIO)
    x = np.repeat(model.canonical(designs(model, 1)), 4_000, axis=0)
    moved = model.vary(x, np.random.default_rng(5))
    assert moved is not None
    for ending in ("_type", "_unroll", "_kind", "_width", "_clock", "_bus", "_parent", "_on_pe", "_in_mem"):
        assert (moved != x)[:, columns(model, ending)].any(), f"no move changes a knob {ending}"


def test_a_design_by_names_is_the_row_that_it_was(model: SocModel) -> None:
    for row in designs(model, 20):
        assert np.array_equal(model.row_of(model.design_of(row)), model.canonical(row[None])[0])


def test_masks_keep_what_can_be_built_and_little_else() -> None:
    model, rng = full(EDGE), np.random.default_rng(6)
    for row in designs(model, 30):
        masks = [model.mask(row[:knob], knob) for knob in range(len(row))]
        assert all(mask is None or mask[value] for mask, value in zip(masks, row, strict=True))
    rows = []
    for _ in range(100):
        row = np.zeros(0, np.int64)
        for knob, values in enumerate(model.space.nvec):
            mask = model.mask(row, knob)
            row = np.append(row, rng.choice(np.arange(values) if mask is None else np.flatnonzero(mask)))
        rows.append(row)
    assert model.evaluate(np.array(rows)).valid.mean() > 0.6, "where no mask is, one row in 10,000 can be built"
