"""The synthetic traces: deterministic, within their knobs, and like the shipped traces of their kind."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.envs.memory.generator_kinds import Parts
from archgym.envs.memory.generators import KINDS, RANGES, generate, generate_text
from archgym.envs.memory.traces import Trace, load_trace
from archgym.errors import BadInput

# Fingerprints of 1,000 requests with seed 7: a change voids every result obtained on a generated trace.
GOLDEN = {
    "stream": "be712a2d3de60438",
    "stride": "9ca6257df2a65829",
    "random": "f1015d33f5bbf0b2",
    "cloud": "749e40242d33b4b4",
    "saturate": "1786fa1092e3b444",
    "sparse": "413333f93ea3d258",
    "phases": "4d63be57bd7f428c",
    "pointer": "7b9d20f022348d83",
}

SCRIPT = """
from archgym.envs.memory.generators import KINDS, generate
for kind in KINDS:
    print(generate(kind, requests=1000, seed=7).fingerprint)
"""


def figures(trace: Trace) -> dict[str, float]:
    """Mean gap (cycles) and shares: writes, steps to the next line, row hits (DDR4), distinct lines."""
    bank = (trace.address >> 15 & 3) * 4 + (trace.address >> 6 & 3)
    row = trace.address >> 17
    order = np.argsort(bank, kind="stable")
    hits = (np.diff(bank[order]) == 0) & (np.diff(row[order]) == 0)
    return {
        "gap": float(np.diff(trace.cycle).mean()),
        "writes": float(trace.is_write.mean()),
        "next": float((np.diff(trace.address) == 64).mean()),
        "hits": float(hits.mean()),
        "lines": len(np.unique(trace.address >> 6)) / len(trace),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_golden(kind: str) -> None:
    assert generate(kind, requests=1000, seed=7).fingerprint[:16] == GOLDEN[kind]


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_another_process_makes_the_same(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    printed = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert printed.stdout.split() == [generate(kind, requests=1000, seed=7).fingerprint for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_matters_and_the_global_generator_does_not(kind: str) -> None:
    np.random.seed(1)  # noqa: NPY002
    first = generate(kind, requests=500, seed=1)
    np.random.seed(2)  # noqa: NPY002
    assert generate(kind, requests=500, seed=1).fingerprint == first.fingerprint
    assert (generate(kind, requests=500, seed=2).fingerprint == first.fingerprint) == (kind == "stream")


@pytest.mark.parametrize("kind", ["random", "cloud", "saturate", "sparse", "stream", "stride"])
def test_like_the_shipped_trace(kind: str) -> None:
    shipped = figures(load_trace(kind))
    made = figures(Trace("mean", *_joined(kind)))
    assert made["gap"] == pytest.approx(shipped["gap"], rel=0.03)
    assert made["writes"] == pytest.approx(shipped["writes"], abs=0.015)
    assert made["next"] == pytest.approx(shipped["next"], abs=0.02)
    assert made["hits"] == pytest.approx(shipped["hits"], abs=0.15 if kind == "saturate" else 0.03)
    assert figures(generate(kind))["lines"] == pytest.approx(shipped["lines"], abs=0.08)


def _joined(kind: str) -> Parts:
    """Four seeds one after the other: their mean figures, with a quarter of the noise."""
    parts = [generate(kind, seed=seed) for seed in range(4)]
    ends = np.cumsum([0] + [int(part.cycle[-1]) for part in parts[:-1]])
    cycle = np.concatenate([part.cycle + end for part, end in zip(parts, ends, strict=True)])
    is_write = np.concatenate([part.is_write for part in parts])
    return cycle, is_write, np.concatenate([part.address for part in parts])


def test_stream_is_the_shipped_trace_and_stride_but_for_its_writes() -> None:
    assert generate("stream").fingerprint == load_trace("stream").fingerprint
    made, shipped = generate("stride"), load_trace("stride")
    assert np.array_equal(made.address, shipped.address)
    assert np.array_equal(made.cycle, shipped.cycle)


def _knobs() -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries(
        {"requests": st.integers(1, 300), "seed": st.integers(0, 2**63 - 1)},
        optional={
            "gap": st.floats(0, 1e6),
            "write_ratio": st.floats(0, 1),
            "footprint": st.integers(0, 2**26).map(lambda lines: 2304 * 64 + lines * 64),
        },
    )


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), knobs=_knobs())
def test_any_knobs_in_range(kind: str, knobs: dict[str, float]) -> None:
    trace = generate(kind, **knobs)
    footprint = knobs.get("footprint", KINDS[kind].defaults.footprint)
    assert len(trace) == knobs["requests"]
    assert trace.cycle[0] == 0
    assert int(trace.address.max()) < footprint
    assert not (trace.address % 64).any()
    assert generate_text(trace.source).fingerprint == trace.fingerprint
    assert generate_text(trace.name).fingerprint == trace.fingerprint


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("gap", "ratio"), [(2.5, 0.0), (40, 0.4), (7, 1.0)])
def test_gap_and_write_ratio_are_means(kind: str, gap: float, ratio: float) -> None:
    streams = {"streams": 5} if "streams" in KINDS[kind].reads else {}
    made = figures(generate(kind, requests=20_000, gap=gap, write_ratio=ratio, **streams))
    assert made["gap"] == pytest.approx(gap, rel=0.03)
    assert made["writes"] == pytest.approx(ratio, abs=0.02)


def test_streams_of_cloud_interleave() -> None:
    alone, four = (figures(generate("cloud", streams=n))["next"] for n in (1, 4))
    assert alone > 0.6
    assert four < 0.1


def test_zipf_makes_pages_hot() -> None:
    lines = [figures(generate("cloud", zipf=zipf))["lines"] for zipf in (0, 1, 2)]
    assert lines == sorted(lines, reverse=True)


def test_pointer_visits_each_line_once_a_round() -> None:
    address = generate("pointer", requests=512, footprint=16_384).address
    assert sorted(address[:256]) == list(range(0, 16_384, 64))
    assert np.array_equal(address[:256], address[256:])


def test_every_knob_has_a_range_and_every_default_lies_in_it() -> None:
    for kind in KINDS.values():
        assert set(kind.reads) <= set(RANGES) == set(vars(kind.defaults))
        for name in kind.reads:
            assert RANGES[name].low <= getattr(kind.defaults, name) <= RANGES[name].high


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clod:seed=1", "no trace generator 'clod'; did you mean 'cloud'?"),
        ("cloud:sed=1", "trace generator 'cloud': no knob 'sed'; did you mean 'seed'?"),
        ("random:zipf=1", "trace generator 'random': no knob 'zipf'; choose from"),
        ("cloud:requests", "workload 'cloud:requests': expected knob=value, found 'requests'"),
        ("cloud:requests=", "workload 'cloud:requests=': expected knob=value, found 'requests='"),
        ("cloud:seed=1,", "workload 'cloud:seed=1,': expected knob=value, found ''"),
        ("cloud:seed=1,seed=2", "workload 'cloud:seed=1,seed=2': 'seed' is given twice"),
        ("cloud:seed=abc", "workload 'cloud:seed=abc': seed is not a number: 'abc'"),
        ("cloud:seed=-1", "workload 'cloud:seed=-1': seed is not a number: '-1'"),
        ("cloud:seed=1_0", "workload 'cloud:seed=1_0': seed is not a number: '1_0'"),
        ("cloud:seed=1KiB", "workload 'cloud:seed=1KiB': seed is not a number: '1KiB'"),
        ("cloud:gap=nan", "workload 'cloud:gap=nan': gap is not a number: 'nan'"),
        ("cloud:gap=1e999", "trace generator 'cloud': gap must be between 0 and 1000000.0, not inf"),
        ("cloud:requests=0", "trace generator 'cloud': requests must be between 1 and 20000000, not 0"),
        ("cloud:requests=2.5", "trace generator 'cloud': requests must be a whole number, not 2.5"),
        ("cloud:requests=20000001", "requests must be between 1 and 20000000, not 20000001"),
        ("cloud:write_ratio=1.01", "trace generator 'cloud': write_ratio must be between 0 and 1, not 1.01"),
        ("cloud:footprint=4100", "trace generator 'cloud': footprint must be a multiple of 64, not 4100"),
        ("cloud:footprint=4KiB,streams=65", "footprint 4096 is too small for 65 streams"),
        ("stride:footprint=4KiB", "footprint 4096 is too small for one stride of 147456"),
    ],
)
def test_bad_texts(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        generate_text(text)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [True, None, "5", float("nan"), -1])
def test_bad_values(value: object) -> None:
    with pytest.raises(BadInput, match=r"^trace generator 'cloud': requests must be"):
        generate("cloud", requests=value)  # type: ignore[arg-type]


def test_units() -> None:
    assert generate_text("random:footprint=1MiB").source == generate("random", footprint=1 << 20).source
    assert generate_text("stride:stride=1KiB").name == "stride:stride=1024"
