"""Does the kernel do what its rules say: FARSI's figures, those of the model in plain Python, row by row?"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from oracle_cases import Case, case

from archgym.batch import set_threads
from archgym.envs.soc import farsi
from archgym.envs.soc.design import Batch, Design, pack
from archgym.envs.soc.kernel import Trace, simulate, trace

REFERENCE = Path(farsi.__file__).parent / "reference" / "farsi.json.gz"
CLOSE = 1e-12
MODES = pytest.mark.parametrize("compat", [False, True], ids=["clean", "compat"])
RELAUNCHED = "audio_decoder-043"  # FARSI launched its first tasks in another order there: same totals, other phases


@pytest.fixture(scope="module")
def reference() -> list[dict[str, Any]]:
    return list(json.loads(gzip.decompress(REFERENCE.read_bytes()))["designs"])


def design_of(form: dict[str, Any]) -> Design:
    slots = [tuple(form[name]) for name in ("pes", "mems", "ics", "pe_bus", "mem_bus")]
    return Design(*slots, tuple((a, b) for a, b in form["bus_bus"]), form["task_pe"], form["task_mem"])


@pytest.mark.parametrize("name", farsi.APPLICATIONS)
def test_farsis_180_designs_are_reproduced(name: str, reference: list[dict[str, Any]]) -> None:
    workload, library = farsi.load(name)
    rows = [row for row in reference if row["workload"] == name]
    batch = pack([design_of(row["design"]) for row in rows], workload, library)
    results = simulate(batch, workload, library, compat=True)
    assert len(rows) == 60 and results.valid.all()
    theirs = [row["result"] for row in rows]
    for ours, key in ((results.latency_s[:, 0], "latency"), (results.energy_j, "energy"), (results.power_w, "power")):
        assert ours == pytest.approx([result[key] for result in theirs], rel=CLOSE)
    assert results.area_m2 == pytest.approx([result["area"] for result in theirs], rel=CLOSE)
    for i, row in enumerate(rows):
        course, result = trace(batch, i, workload, library, compat=True), row["result"]
        for slot, peak in result["peak_bytes"].items():
            assert course.peak_bytes[int(slot[3:])] == pytest.approx(peak, rel=CLOSE)
        if row["id"] != RELAUNCHED:
            assert course.duration_s == pytest.approx(result["phase_duration"], rel=CLOSE)
            assert course.energy_j == pytest.approx(result["phase_energy"], rel=CLOSE)


@pytest.mark.parametrize("name", farsi.APPLICATIONS)
def test_the_plain_model_reproduces_them_too(name: str, reference: list[dict[str, Any]]) -> None:
    workload, library = farsi.load(name)
    for row in (row for row in reference if row["workload"] == name):
        out, result = Oracle(design_of(row["design"]), workload, library, compat=True).run(), row["result"]
        ours = [*out.latency_s.values(), out.energy_j, out.power_w, out.area_m2]
        assert ours == pytest.approx([result[key] for key in ("latency", "energy", "power", "area")], rel=CLOSE)


@MODES
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_kernel_is_the_plain_model(compat: bool, seed: int) -> None:
    c = case(np.random.default_rng(seed), compat)
    assert_same(trace(c.batch, 0, c.workload, c.library, compat), c, Oracle(c.design, c.workload, c.library, compat).run())


def assert_same(course: Trace, c: Case, out: Any) -> None:
    results, names = course.results, c.workload.names
    total = max(out.end_s.values())
    assert results.valid[0] == (not out.too_large)
    for ours, theirs in ((course.ready_s, out.ready_s), (course.task_start_s, out.start_s), (course.task_end_s, out.end_s)):
        assert ours == pytest.approx([theirs[name] for name in names], rel=CLOSE, abs=CLOSE * total)
    assert course.duration_s == pytest.approx(out.phase_s, rel=CLOSE, abs=CLOSE * total)
    for running, rates in zip(course.running, out.rates, strict=True):
        if rates:  # FARSI's first phase has none
            assert {names[r.task]: r.rate for r in running} == pytest.approx(rates, rel=CLOSE)
    assert {m: course.peak_bytes[m] for m in out.peak_bytes} == out.peak_bytes
    if not out.too_large:
        assert results.latency_s[0] == pytest.approx(list(out.latency_s.values()), rel=CLOSE)
        assert results.energy_j[0] == pytest.approx(out.energy_j, rel=CLOSE)
        assert results.power_w[0] == pytest.approx(out.power_w, rel=CLOSE)
        assert results.area_m2[0] == pytest.approx(out.area_m2, rel=CLOSE)
        assert results.dram_area_m2[0] == pytest.approx(out.dram_area_m2, rel=CLOSE)
        assert course.energy_j == pytest.approx(out.phase_j, rel=CLOSE, abs=CLOSE * out.energy_j)


@MODES
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_batch_is_its_rows_bit_for_bit(compat: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    c = case(rng, compat)
    batch = scrambled(c.batch, rng, 700)
    set_threads(2)
    try:
        whole = simulate(batch, c.workload, c.library, compat)
    finally:
        set_threads(None)
    assume(whole.valid.any())  # else a memory is too small for all of them
    assert not whole.valid.all()
    for i in rng.integers(0, len(batch), 30):
        row = simulate(batch.take(slice(i, i + 1)), c.workload, c.library, compat)
        for name in whole.__dataclass_fields__:
            assert np.array_equal(getattr(whole, name)[i], getattr(row, name)[0], equal_nan=True)


def scrambled(batch: Batch, rng: np.random.Generator, n: int) -> Batch:
    """Copies of a valid design, half of them with slots, links and tasks changed at random, out of range too."""
    parts = {}
    for name in batch.__dataclass_fields__:
        old = np.repeat(getattr(batch, name), n, axis=0)
        new = rng.random(old.shape) < 0.2 if old.dtype == np.bool_ else rng.integers(-2, 40, old.shape)
        change = (rng.random(old.shape) < 0.05) & (np.arange(n).reshape(-1, *[1] * (old.ndim - 1)) % 2 == 1)
        parts[name] = np.where(change, new, old)
    return Batch(**parts)


@MODES
def test_a_trace_adds_up_to_its_figures(compat: bool) -> None:
    for seed in range(30):
        c = case(np.random.default_rng(seed), compat)
        course = trace(c.batch, 0, c.workload, c.library, compat)
        results = simulate(c.batch, c.workload, c.library, compat)
        if not results.valid[0]:
            continue
        assert course.results.energy_j[0] == results.energy_j[0]
        assert course.energy_j.sum() == pytest.approx(results.energy_j[0], rel=CLOSE)
        for energy, running in zip(course.energy_j, course.running, strict=True):
            assert sum(r.energy_j for r in running) == pytest.approx(energy, rel=CLOSE, abs=CLOSE * results.energy_j[0])
        assert course.pe_area_m2.sum() + course.mem_area_m2.sum() == pytest.approx(results.area_m2[0], rel=CLOSE)
        assert course.duration_s.sum() == pytest.approx(course.task_end_s.max(), rel=CLOSE)
