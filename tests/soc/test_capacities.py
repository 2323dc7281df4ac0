"""Is the table of capacities the one that FARSI gets from CACTI, and does it hold the sizes that designs need?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archgym.envs.soc import farsi
from archgym.envs.soc.capacities import capacities
from archgym.files import read_table

TABLE = capacities()
KNOWN = read_table(Path(__file__).parent / "farsi_capacities.csv")  # what runs of FARSI itself took from its CACTI
STEP = 256_000  # FARSI's capacities are its multiples


def test_what_farsi_computed_is_there_to_the_bit() -> None:
    ours = {
        (kind, size): (TABLE.read_j[i, k], TABLE.write_j[i, k], TABLE.area_m2[i, k])
        for i, kind in enumerate(("sram", "dram"))
        for k, size in enumerate(TABLE.size_bytes)
    }
    assert len(KNOWN) == 50
    for row in KNOWN:
        theirs = (row["read_J_per_byte"], row["write_J_per_byte"], row["area_m2"])
        assert ours[row["mem_type"], float(row["size_bytes"])] == tuple(map(float, theirs))


def test_one_memory_can_hold_all_that_the_three_applications_ever_write_in_a_capacity_of_farsis() -> None:
    workload, _ = farsi.load("+".join(farsi.APPLICATIONS))
    most = sum(sum(node.outputs.values()) for node in workload.nodes)
    needed = np.arange(STEP, most + STEP, STEP)
    assert len(needed) > 200
    np.testing.assert_array_equal(np.intersect1d(needed, TABLE.size_bytes), needed)


def test_sizes_rise_and_all_figures_are_positive() -> None:
    assert (np.diff(TABLE.size_bytes) > 0).all()
    for figures in (TABLE.read_j, TABLE.write_j, TABLE.area_m2):
        assert figures.shape == (2, len(TABLE.size_bytes)) and (figures > 0).all() and np.isfinite(figures).all()


def test_more_capacity_is_never_better_in_all_respects() -> None:
    # so the smallest size that holds the peak is a fair choice: cheaper writes of some larger DRAMs are paid for in area
    assert (np.diff(TABLE.area_m2) > 0).all()
    assert (np.diff(TABLE.write_j[1]) < 0).any()


def test_the_table_is_read_once() -> None:
    assert capacities() is TABLE
