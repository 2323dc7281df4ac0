"""Collectives: their closed forms, what can never make them slower, and measured sweeps."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.envs.parallelism.network import calibrate, collectives
from archgym.envs.parallelism.network.constants import DATA, PRIORS, constants, fabric
from archgym.envs.parallelism.network.fidelity import tables
from archgym.envs.parallelism.network.measured import measured
from archgym.errors import BadInput

GROUP = (collectives.all_reduce, collectives.all_gather, collectives.all_to_all, collectives.hierarchical_all_reduce)
FREE = (0.0, 0.0, 0.0, 0.0)  # no latency, no ramp
S, LINK, NIC = 1e9, 300e9, 25e9


@pytest.mark.parametrize("n", [2, 4, 8])
def test_without_latency_a_ring_takes_its_closed_form(n: int) -> None:
    assert collectives.all_reduce(n, 8, S, LINK, NIC, 0.0, *FREE) == pytest.approx(2 * (n - 1) / n * S / LINK)
    assert collectives.all_gather(n, 8, S, LINK, NIC, 0.0, *FREE) == pytest.approx((n - 1) / n * S / LINK)
    assert collectives.all_to_all(n, 8, S, LINK, NIC, 0.0, *FREE) == pytest.approx((n - 1) / n * S / LINK)
    assert collectives.point_to_point(0.0, S, LINK, NIC, *FREE) == pytest.approx(S / LINK)
    assert collectives.point_to_point(1.0, S, LINK, NIC, *FREE) == pytest.approx(S / NIC)


def test_rings_that_leave_the_domain_use_every_card_of_their_members() -> None:
    for members, bus in ((1, NIC), (4, 4 * NIC), (8, 8 * NIC), (16, LINK)):
        t = collectives.all_reduce(64, members, S, LINK, NIC, 0.0, *FREE)
        assert t == pytest.approx(2 * 63 / 64 * S / bus)


def test_hierarchy_adds_its_phases() -> None:
    want = 2 * 7 / 8 * S / LINK + 2 * 3 / 4 * S / 8 / NIC
    assert collectives.hierarchical_all_reduce(32, 8, S, LINK, NIC, 0.0, *FREE) == pytest.approx(want)


def test_all_to_all_waits_for_the_slower_of_links_and_cards() -> None:
    assert collectives.all_to_all(32, 8, S, LINK, NIC, 0.0, *FREE) == pytest.approx(24 / 32 * S / NIC)
    assert collectives.all_to_all(9, 8, S, NIC, LINK, 0.0, *FREE) == pytest.approx(7 / 9 * S / NIC)


def test_the_ramp_doubles_a_message_of_half_bytes_and_fades() -> None:
    assert collectives.ramp(1e7, LINK, 1e7) == pytest.approx(2e7 / LINK)
    assert collectives.ramp(1e15, LINK, 1e7) == pytest.approx(1e15 / LINK, rel=1e-3)


def test_the_switch_is_used_from_five_ranks_inside_a_domain_only() -> None:
    nvls = 0.75 * LINK
    assert collectives.all_reduce(8, 8, S, LINK, NIC, nvls, *FREE) == pytest.approx((1 + 1 / 8) * S / nvls)
    assert collectives.all_reduce(4, 8, S, LINK, NIC, 10 * LINK, *FREE) == pytest.approx(1.5 * S / LINK)
    assert collectives.all_reduce(16, 8, S, LINK, NIC, 10 * LINK, *FREE) == pytest.approx(2 * 15 / 16 * S / (8 * NIC))


def test_small_messages_take_the_tree_and_grow_with_its_depth() -> None:
    late = (1e-5, 1e-6, 1e-5, 0.0)
    for domains in (2, 16, 128):
        t = collectives.all_reduce(8 * domains, 8, 1.0, LINK, NIC, 0.0, *late)
        assert t == pytest.approx(1e-5 + 14e-6 + 2e-5 * math.log2(domains), rel=1e-6)


@pytest.mark.parametrize("function", GROUP)
def test_bandwidth_never_slows_and_work_never_speeds_up(function: Any) -> None:
    late = (3e-5, 1e-6, 8e-6, 1e7)
    for n, members, size in itertools.product((2, 8, 64, 1024), (1, 2, 8), (1e3, 1e6, 1e9)):
        base = function(n, members, size, LINK, NIC, 0.0, *late)
        assert function(n, members, size, 2 * LINK, NIC, 0.0, *late) <= base
        assert function(n, members, size, LINK, 2 * NIC, 0.0, *late) <= base
        assert function(n, members, size, LINK, NIC, LINK, *late) <= base
        assert function(n, members, 2 * size, LINK, NIC, 0.0, *late) > base
        assert function(2 * n, members, size, LINK, NIC, 0.0, *late) >= base


@pytest.mark.parametrize("function", GROUP)
def test_a_group_of_one_has_nothing_to_send(function: Any) -> None:
    assert function(1.0, 1.0, S, LINK, NIC, LINK, 1e-5, 1e-6, 1e-5, 1e7) == 0.0


def test_a_mesh_reaches_only_the_links_to_its_members() -> None:
    assert collectives.mesh_link(448e9, 2, 8) == 64e9
    assert collectives.mesh_link(448e9, 8, 8) == 448e9


def test_measured_sweeps_are_met_within_eight_per_cent_and_better_than_by_peers() -> None:
    found = tables()[1]["collectives"]
    assert found["rows"] == 128
    assert found["ours"] <= 8.0
    assert found["ours"] < found["alpha_beta"] < found["calculon"]
    assert found["ours_unseen"] < 20.0


def test_the_shipped_constants_are_the_fit_of_the_shipped_rows() -> None:
    again = calibrate.fit(measured())
    assert constants() == pytest.approx(again, rel=2e-3)
    assert json.loads(DATA.read_text())["rows"] == len(measured())


def test_a_constant_that_no_row_tells_of_stays_at_its_prior() -> None:
    rows = [row for row in measured() if row.system.group == "A100"]
    values = calibrate.fit(rows)
    assert values["half_bytes.efa"] == pytest.approx(PRIORS["half_bytes.efa"].median)


def test_the_constants_give_the_published_asymptotes() -> None:
    hopper = fabric(constants(), "hopper", 450e9, 50e9)
    size = float(2**34)
    late = (hopper.launch, hopper.hop, hopper.nic_hop, hopper.half)
    t = collectives.all_reduce(8.0, 8.0, size, hopper.link, hopper.nic, hopper.nvls, *late)
    assert 2 * 7 / 8 * size / t == pytest.approx(480e9, rel=0.02)


def test_a_row_of_an_unknown_system_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("system,collective,algo,ranks,nodes,bytes,busbw_GBps\nabacus,all_reduce,ring,8,1,1024,1.0\n")
    with pytest.raises(BadInput, match=r"own\.csv, line 2: .*abacus"):
        measured(path)


def test_predictions_depend_on_nothing_but_their_row() -> None:
    rows = measured()[:40]
    together = calibrate.predict(rows, constants())
    alone = [calibrate.predict([row], constants())[0] for row in rows]
    assert np.array_equal(together, alone)
    assert calibrate.predict([replace(rows[0], size=2 * rows[0].size)], constants())[0] > together[0]
