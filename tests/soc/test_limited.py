"""Is the limited space ArchGym's own of 2023, and do its repair and its masks lead to designs that can be built?"""

from __future__ import annotations

from math import isclose

import numpy as np
import pytest

from archgym.envs.soc.model import SocModel, build
from archgym.envs.soc.tasks import AUDIO, CAVA, EDGE, LIMITED

APPLICATIONS = (AUDIO, EDGE, CAVA)
SIZES = {EDGE: 1.56e17, CAVA: 1.40e18, AUDIO: 5.44e26}  # designs, as published for ArchGym's encoding
BUILDABLE = {EDGE: 0.0071, CAVA: 0.0058, AUDIO: 0.0046}  # share of random rows, likewise


@pytest.fixture(params=APPLICATIONS)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def limited(app: str, rules: str = "farsi") -> SocModel:
    model = build(app, {**LIMITED, "rules": rules})
    assert isinstance(model, SocModel)
    return model


def test_it_is_as_large_as_the_original(app: str) -> None:
    assert isclose(limited(app).space.size, SIZES[app], rel_tol=0.01)


def test_as_few_random_rows_can_be_built_as_in_the_original(app: str) -> None:
    model = limited(app)
    valid = model.evaluate(model.space.sample(np.random.default_rng(0), 50_000)).valid
    assert abs(valid.mean() - BUILDABLE[app]) < 0.0012, "0.08 points apart, and 0.04 of chance"


def test_a_memory_is_on_two_buses_in_30_of_64_rows() -> None:
    model = limited(EDGE)
    rows = np.zeros((64, len(model.space)), np.int64)
    rows[:, 15:18] = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)
    wrong = model.encoding.faults(rows) > 0
    assert wrong.sum() == 30
    assert all("several" in model.evaluate(rows).why(i) for i in np.flatnonzero(wrong))


@pytest.mark.parametrize("rules", ["clean", "farsi"])
def test_repair_makes_any_row_buildable_and_leaves_the_others(app: str, rules: str) -> None:
    model = limited(app, rules)
    x = model.space.sample(np.random.default_rng(1), 10_000)
    repaired, valid = model.repair(x), model.evaluate(x).valid
    assert model.evaluate(repaired).valid.all()
    assert np.array_equal(model.repair(repaired), repaired)
    assert valid.any() and np.array_equal(repaired[valid], x[valid])


def test_masks_keep_what_can_be_built_and_little_else(app: str) -> None:
    model, rng = limited(app), np.random.default_rng(2)
    for row in model.repair(model.space.sample(rng, 50)):
        masks = [model.mask(row[:knob], knob) for knob in range(len(row))]
        assert all(mask is None or mask[value] for mask, value in zip(masks, row, strict=True))
    assert model.evaluate(np.array([masked_walk(model, rng) for _ in range(100)])).valid.mean() > 0.75


def masked_walk(model: SocModel, rng: np.random.Generator) -> np.ndarray:
    row: list[int] = []
    for knob, values in enumerate(model.space.nvec):
        mask = model.mask(np.array(row, dtype=np.int64), knob)
        row.append(int(rng.choice(np.arange(values) if mask is None else np.flatnonzero(mask))))
    return np.array(row)
