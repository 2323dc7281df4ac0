"""Microcontrollers: hand-worked memory and cycles, and the contracts."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.envs.nas.cells.size import macs, parameters
from archgym.envs.nas.cells.topology import cell_of
from archgym.envs.nas.codesign.accuracy import Learned
from archgym.envs.nas.codesign.mcu.cycles import stage_cycles
from archgym.envs.nas.codesign.mcu.memory import ORDERS, peak_words, steps
from archgym.envs.nas.codesign.mcu.model import McuModel
from archgym.envs.nas.codesign.networks import CELLS, DIGITS, stages
from archgym.objective import Constraint, Minimise
from archgym.testing import check_cost_model

SKIP, ZERO, CONV3, CONV1, POOL = range(5)
DIRECT = [False, False]
TENSOR = 8 * 8 * 8


def learned(trained: int) -> Learned:
    rng = np.random.default_rng(0)
    accuracy = np.full(CELLS, np.nan)
    accuracy[rng.permutation(CELLS)[:trained]] = rng.uniform(0.5, 1.0, trained)
    return Learned("drawn", stages(DIGITS), accuracy, accuracy, "drawn")


def test_the_contracts_of_a_cost_model_hold() -> None:
    check_cost_model(McuModel(learned(400)), samples=100)


def test_one_operation_needs_its_input_and_its_output() -> None:
    assert [step.tensors for step in steps((ZERO, ZERO, CONV3, ZERO, ZERO, ZERO), "by_target")] == [2]
    assert peak_words((ZERO, ZERO, CONV3, ZERO, ZERO, ZERO), "by_target", DIRECT, DIGITS) == 2 * TENSOR


def test_a_chain_frees_what_was_read() -> None:
    chain = (CONV3, ZERO, ZERO, CONV3, ZERO, CONV3)
    for order in ORDERS:
        assert [step.tensors for step in steps(chain, order)] == [2, 2, 2]


def test_the_order_of_operations_decides_what_lives_together() -> None:
    """Edges 01, 03, 12, 13, 23: by target the input waits for 03 until node 2 is there; by source it is gone by then."""
    cell = (CONV3, ZERO, CONV3, CONV3, CONV3, CONV3)
    assert [step.tensors for step in steps(cell, "by_target")] == [2, 3, 4, 3, 2]
    assert [step.tensors for step in steps(cell, "by_source")] == [2, 3, 3, 3, 2]
    assert peak_words(cell, "by_target", DIRECT, DIGITS) == 4 * TENSOR
    assert peak_words(cell, "by_source", DIRECT, DIGITS) == 3 * TENSOR


def test_columns_take_a_buffer_of_two_windows() -> None:
    cell = (ZERO, ZERO, CONV3, ZERO, ZERO, ZERO)
    assert peak_words(cell, "by_target", [True, False], DIGITS) == 2 * TENSOR + 2 * 9 * 8


@pytest.mark.parametrize("number", [0, 31, 7777, 15_000])
def test_loads_of_direct_code_are_the_multiplications(number: int) -> None:
    cell = cell_of(number)
    loads = sum(stage_cycles(cell, stage, DIGITS)["direct_loads"] for stage in range(DIGITS.stages))
    assert loads == macs(cell, DIGITS) - 160  # the linear layer is counted with the head


def test_weights_in_memory_trade_bytes_for_time() -> None:
    model = McuModel(learned(CELLS))
    x = model.space.sample(np.random.default_rng(1), 200)
    x[:, -2] = 0
    flash = model.evaluate(x)
    x[:, -2] = 1
    memory = model.evaluate(x)
    assert (memory["latency_s"] < flash["latency_s"]).all()
    assert np.array_equal(memory["sram_bytes"] - flash["sram_bytes"], flash["flash_bytes"])
    cells = x[:, :6] @ 5 ** np.arange(5, -1, -1)
    assert flash["flash_bytes"].tolist() == [4 * parameters(cell_of(int(n)), DIGITS) for n in cells]


def test_legal_designs_are_canonical_and_valid() -> None:
    model = McuModel(learned(100))
    (x,) = model.legal()
    assert model.evaluate(x).valid.all()
    assert np.array_equal(model.canonical(x), x)


def test_sequential_design_has_the_most_accurate_cell_and_its_best_way_to_run() -> None:
    model = McuModel(learned(60))
    objective = Minimise("latency_s", 1e-3, constraints=(Constraint("sram_bytes", 6000),))
    best = model.sequential(objective)
    costs = model.evaluate(best[None])
    (x,) = model.legal()
    every = model.evaluate(x)
    accurate = every["validation_error"] == every["validation_error"].min()
    assert costs["validation_error"][0] == every["validation_error"].min()
    assert objective.score(costs)[0] == objective.score(every)[accurate].max()
