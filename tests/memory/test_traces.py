"""The Trace itself, the built-in traces, and load_trace's choice between name, generator and file."""

from __future__ import annotations

import hashlib
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.memory import traces
from archgym.envs.memory.trace_pack import unpack_trace
from archgym.envs.memory.traces import BUILT_IN, Trace, load_trace, pack_trace, stl_text, write_trace
from archgym.errors import BadInput

# sha256 of the .stl text of the reference runs; a fidelity figure is void on any other trace.
REFERENCE = {
    "cloud": (20000, 5058, 182783, "72dc8aa546879e8e834983c1b92a9d4373213e48afee077810f778e99a0268da"),
    "gzip": (8000, 950, 9070494, "0540f950b270488f62934d3bca130fe7b78176618b6a3b2d28f42e619b125cee"),
    "random": (20000, 5900, 159044, "aa8ba09f2433d771ece663407e13e5a800a18d4d883965e7dde02de6eac986bd"),
    "saturate": (30000, 8442, 29999, "4727be156a998ef5664914cef67bc7fdd52e786f81330185793cb9459ff7b2e3"),
    "sparse": (10000, 2028, 5156710, "50441f8f276b21667dd4867811933fa004ce5f84c677eb1e0e5423042044ab78"),
    "sqlite": (20000, 2703, 1021616, "b980f8c70058b732e038c3b7984c3a2ceee73a11fdd2ada000ac0799303b9950"),
    "stream": (20000, 6666, 99995, "b6f84b29475542cfc37943ae553f62a55767deabce16e8071db3e5884becb86e"),
    "stride": (15000, 2975, 119992, "f4df3eb9abfaef7bf22b0f8b3aa2e81b1cbedd25dfb9d57a595f0bb9dd3eee37"),
}


def small(**changes: object) -> Trace:
    columns: dict[str, object] = {
        "cycle": [3, 3, 9],
        "is_write": [False, True, False],
        "address": [0, 64, 65],
    }
    return Trace("small", **{**columns, **changes})  # type: ignore[arg-type]


def test_the_table_names_every_built_in_trace() -> None:
    assert tuple(REFERENCE) == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_trace_is_the_reference_text(name: str) -> None:
    requests, writes, last, sha256 = REFERENCE[name]
    trace = load_trace(name)
    assert (len(trace), int(trace.is_write.sum()), int(trace.cycle[-1])) == (requests, writes, last)
    assert hashlib.sha256(b"".join(stl_text(trace))).hexdigest() == sha256


def test_built_in_traces_are_small_quick_and_cached() -> None:
    data = Path(traces.__file__).parent / "data"
    assert sum(file.stat().st_size for file in data.glob("*.npz")) < 700_000
    assert load_trace("gzip") is load_trace("gzip")
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        unpack_trace(data / "saturate.npz", "saturate", "built-in")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.02


def test_arrays_are_typed_and_cannot_be_changed() -> None:
    trace = small()
    assert [str(a.dtype) for a in (trace.cycle, trace.is_write, trace.address)] == ["int64", "bool", "int64"]
    for array in (trace.cycle, trace.is_write, trace.address):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_trace_keeps_no_hold_on_the_arrays_it_was_made_from() -> None:
    cycle = np.arange(3)
    view = cycle[:]
    view.setflags(write=False)
    trace = small(cycle=view)
    cycle[0] = -5
    assert trace.cycle[0] == 0


def test_fingerprint_is_of_the_requests_alone() -> None:
    assert small().fingerprint == Trace("other", *(small().cycle, small().is_write, small().address), "x").fingerprint
    assert small().fingerprint.startswith("9f1d9e60a0bdc8f4")  # logged in results: must not change
    for change in ({"cycle": [3, 4, 9]}, {"is_write": [True, True, False]}, {"address": [0, 64, 66]}):
        assert small(**change).fingerprint != small().fingerprint


def test_pickle_keeps_content_and_immutability() -> None:
    again = pickle.loads(pickle.dumps(small()))
    assert again.fingerprint == small().fingerprint
    assert not again.cycle.flags.writeable


def test_head_and_slice() -> None:
    trace = small()
    assert trace.head(2).cycle.tolist() == [3, 3]
    assert trace.head(99) is trace
    part = trace.slice(1, 3)
    assert (part.cycle.tolist(), part.address.tolist(), part.name) == ([3, 9], [64, 65], "small[1:3]")
    assert trace.slice(2, 3).cycle.tolist() == [3]
    for start, stop in ((0, 0), (3, 4), (-1, 2), (2, 1)):
        with pytest.raises(BadInput, match="no request in the slice"):
            trace.slice(start, stop)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cycle": [], "is_write": [], "address": []}, "trace 'small': it holds no request"),
        ({"cycle": [1, 2]}, "trace 'small': cycle, is_write and address must have one shape (R,)"),
        ({"cycle": [[1]], "is_write": [[True]], "address": [[1]]}, "must have one shape (R,)"),
        ({"cycle": [5, 4, 6]}, "trace 'small': time goes back at request 1"),
        ({"cycle": [-1, 4, 6]}, "trace 'small': a cycle or an address is negative"),
        ({"address": [0, -64, 0]}, "trace 'small': a cycle or an address is negative"),
        ({"address": np.array([0, 2**63, 0], dtype=np.uint64)}, "a trace column does not fit into int64"),
        ({"cycle": [0.5, 1, 2]}, "a trace column does not fit into int64"),
        ({"cycle": [0.0, float("nan"), 2]}, "a trace column does not fit into int64"),
        ({"is_write": [0, 1, 2]}, "a trace column does not fit into bool"),
        ({"address": ["a", "b", "c"]}, "a trace column does not fit into int64"),
    ],
)
def test_bad_columns(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        small(**change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "trace",
    [
        small(),
        small(cycle=[0, 0, 2**63 - 1], address=[2**63 - 1, 0, 2**62 + 1]),
        small(cycle=[7, 7, 7], address=[0, 0, 0]),
        small(cycle=[300, 70_000, 2**40], address=[4096, 0, 64]),
    ],
)
def test_pack_round_trip(trace: Trace, tmp_path: Path) -> None:
    pack_trace(trace, tmp_path / "t.npz")
    pack_trace(trace, tmp_path / "again.npz")
    assert unpack_trace(tmp_path / "t.npz", "t", "s").fingerprint == trace.fingerprint
    assert (tmp_path / "t.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 broken", None])
def test_a_broken_packed_trace_is_bad_input(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(BadInput, match=r"t\.npz: not a packed trace"):
        unpack_trace(tmp_path / "t.npz", "t", "s")


def test_a_pickle_within_a_packed_trace_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", gap=np.array([print], dtype=object))
    with pytest.raises(BadInput, match="not a packed trace"):
        unpack_trace(tmp_path / "t.npz", "t", "s")


def test_names_win_over_files_and_paths_over_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_trace(small(), "here.stl")
    for name in ("cloud", "own"):
        Path("here.stl").rename(name)
        Path("here.stl").write_bytes(Path(name).read_bytes())
    assert load_trace("cloud").source == "built-in"
    assert load_trace("./cloud").fingerprint == small().fingerprint
    assert load_trace(Path("cloud")).fingerprint == small().fingerprint
    own = load_trace("own")
    assert (own.name, own.source, own.fingerprint) == ("own", "own", small().fingerprint)


def test_generators_by_text() -> None:
    assert load_trace("cloud:requests=50,seed=3,gap=8").name == "cloud:requests=50,seed=3,gap=8.0"
    assert len(load_trace("phases")) == 20_000
    assert load_trace("random:").source.startswith("random:requests=20000,seed=0,")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clod", "no trace, generator or file 'clod'; did you mean 'cloud'?"),
        ("cluod:requests=5", "no trace, generator or file 'cluod'; did you mean 'cloud'?"),
        ("absent.stl", "absent.stl: no such file"),
        ("no/such/place.stl.gz", "no/such/place.stl.gz: no such file"),
        ("", ": no such file"),
        ("a\nb.stl", "'a\\nb.stl': no such file"),
        ("a\0b", "'a\\x00b': cannot read: embedded null byte"),
    ],
)
def test_what_is_neither_name_nor_file(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as caught:
        load_trace(text)
    assert str(caught.value) == message
