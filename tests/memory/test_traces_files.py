"""Trace files of every format: what they mean, what is refused and with which line, limits, writing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archgym.envs.memory.traces import Limits, Trace, generate, load_trace, write_trace
from archgym.errors import BadInput

Request = tuple[int, bool, int]
TOP = 2**63 - 1


def requests(trace: Trace) -> list[Request]:
    return list(zip(trace.cycle.tolist(), trace.is_write.tolist(), trace.address.tolist(), strict=True))


def load(content: str | bytes, tmp_path: Path, **options: object) -> Trace:
    file = tmp_path / "t"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_trace(file, **options)  # type: ignore[arg-type]


READ_WRITE = [(0, False, 64), (5, True, 128)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("0: read 0x40\n5: write 0x80\n", READ_WRITE),
        ("0:\tread\t0x40\r\n5: \t write\t0X80", READ_WRITE),
        ("# a comment\n\n  \n0: read 40\n  # another\n5: write 80 0xdeadbeef\n", READ_WRITE),
        ("\ufeff0 read 0x40\n5:write 0x80\n", READ_WRITE),
        ("0: (64) read 0x40\n5: (32) write 0x80\n", READ_WRITE),
        ("3: (128) write 0x48\n", [(3, True, 0x48), (3, True, 0x80), (3, True, 0xC0)]),
        ("3: (128) read 0x40\n", [(3, False, 0x40), (3, False, 0x80)]),
        ("cycle,op,address\n0,read,0x40\n5,write,0x80\n", READ_WRITE),
        ("Address , OP, core,Cycle\n64, R ,a,0x0\n0x80,W,b,5\n", READ_WRITE),
        ("0x40 R\n0x80 W\n64 R\n", [(0, False, 64), (1, True, 128), (2, False, 64)]),
        ("LD 0x40\nST 128\n", [(0, False, 64), (1, True, 128)]),
        ("3 64\n4 128 256\n0 0x40\n", [(0, False, 64), (2, False, 128), (2, True, 256), (2, False, 64)]),
        (f"0: read 0x{TOP:x}\n{TOP}: read 0x0", [(0, False, TOP), (TOP, False, 0)]),
    ],
)
def test_formats_told_by_content(content: str, expected: list[Request], tmp_path: Path) -> None:
    assert requests(load(content, tmp_path)) == expected
    assert requests(load(gzip.compress(content.encode(), mtime=0), tmp_path)) == expected


def test_pace_of_a_cpu_trace(tmp_path: Path) -> None:
    trace = load("9 64\n9 128\n", tmp_path, instructions_per_cycle=1)
    assert trace.cycle.tolist() == [9, 19]


def test_the_format_can_be_forced(tmp_path: Path) -> None:
    assert requests(load("1 64\n", tmp_path, format="ramulator-cpu")) == [(0, False, 64)]
    with pytest.raises(BadInput, match=r"t: line 1: expected 'cycle: read\|write 0xaddress', found '1 64'$"):
        load("1 64\n", tmp_path, format="stl")
    with pytest.raises(BadInput, match=r"^unknown trace format 'slt'; did you mean 'stl'"):
        load("1 64\n", tmp_path, format="slt")
    with pytest.raises(BadInput, match=r"^instructions_per_cycle must be at least 1, not 0$"):
        load("1 64\n", tmp_path, instructions_per_cycle=0)


KNOWN = "stl, csv, ramulator-rw, ramulator-ls, ramulator-cpu"
STL_FORM = "expected 'cycle: read|write 0xaddress', found"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty: the file holds no request"),
        (b"# only\n\n# comments\n", "empty: the file holds no request"),
        (b"cycle,op,address\n", "empty: the file holds no request"),
        (b"\x7fELF\x02\0\0\0", "binary data: a trace is a text file, plain or gzip"),
        (b"0: read 0x40\n\0\0\n", "binary data: a trace is a text file, plain or gzip"),
        (b"\x89PNG\xff\n", f"line 1: not a trace in any known format ({KNOWN}): '\\\\x89PNG\\\\xff'"),
        (b"hello world\n", f"line 1: not a trace in any known format ({KNOWN}): 'hello world'"),
        (b"\x1f\x8b", "truncated gzip: the file ends before its data does"),
        (b"\x1f\x8bjunk, no gzip", "damaged gzip data"),
        (gzip.compress(b"0: read 0x40\n" * 99, mtime=0)[:-12], "truncated gzip: the file ends before its data does"),
        (gzip.compress(b"0: read 0x40\n", mtime=0)[:-8] + b"\1" * 8, "damaged gzip data"),
        (gzip.compress(b"", mtime=0), "empty: the file holds no request"),
        (b"0: read 0x40\n\n# x\n5: read\n", f"line 4: {STL_FORM} '5: read'"),
        (b"0: read 0x40\n5: read 0xzz\n", f"line 2: {STL_FORM} '5: read 0xzz'"),
        (b"0: read 0x40\n1_0: read 0x40\n", f"line 2: {STL_FORM} '1_0: read 0x40'"),
        (b"0: read 0x40\n\x1b[31m\xc3\xa9\n", f"line 2: {STL_FORM} '\\x1b[31m\\xe9'"),
        (b"0: read 0x40\n" + b"x" * 60, f"line 2: {STL_FORM} '{'x' * 40}...'"),
        (b"-1: read 0x40\n", "line 1: negative cycle -1"),
        (b"0: read -0x40\n", "line 1: negative address in '0: read -0x40'"),
        (b"0: erase 0x40\n", "line 1: unknown operation 'erase'; use read or write"),
        (b"0: READ 0x40\n", "line 1: unknown operation 'READ'; use read or write"),
        (b"5: read 0x40\n4: read 0x40\n", "line 2: time goes back: cycle 4 after cycle 5"),
        (b"0: read 0x8000000000000000\n", "line 1: address 0x8000000000000000 is beyond 0x7fffffffffffffff"),
        (b"9223372036854775808: read 0\n", "line 1: cycle 9223372036854775808 is beyond 9223372036854775807"),
        (b"0: (0) read 0x40\n", "line 1: length 0 is not between 1 and 4096 bytes"),
        (b"0: (4097) read 0x40\n", "line 1: length 4097 is not between 1 and 4096 bytes"),
        (b"0: read 0x40\n" + b" " * 2000, "line 2: longer than 1024 bytes; this is no trace line"),
        (b"7" * 3_000_000, "line 1: longer than 1024 bytes; this is no trace line"),
        (b"0,read,0x40\n", "line 1: no header naming the columns cycle, op, address; found '0,read,0x40'"),
        (b"cycle,address\n0,1\n", "line 1: the header names the column 'op' not at all"),
        (b"cycle,op,op,address\n", "line 1: the header names the column 'op' twice"),
        (b"cycle,op,address\n0,read\n", "line 2: 2 cells where the header has 3: '0,read'"),
        (b"cycle,op,address\n0,flush,0\n", "line 2: unknown operation 'flush'; use read or write"),
        (b"cycle,op,address\n1.5,read,0\n", "line 2: cycle '1.5' is not a decimal or 0x number"),
        (b"cycle,op,address\n-1,read,0\n", "line 2: negative cycle '-1'"),
        (b"cycle,op,address\n1,read,-0x40\n", "line 2: negative address '-0x40'"),
        (b"cycle,op,address\n1,read,4g\n", "line 2: address '4g' is not a decimal or 0x number"),
        (b"cycle,op,address\n1,read,\n", "line 2: address '' is not a decimal or 0x number"),
        (b"cycle,op,address\n5,read,0\n4,read,0\n", "line 3: time goes back: cycle 4 after cycle 5"),
        (b"0x40 R\n0x40 X\n", "line 2: unknown operation 'X'; use R or W"),
        (b"0x40 R\n0x40\n", "line 2: expected '0xaddress R' or '0xaddress W', found '0x40'"),
        (b"LD 64\nLOAD 64\n", "line 2: unknown operation 'LOAD'; use LD or ST"),
        (b"LD 64\nST\n", "line 2: expected 'LD address' or 'ST address', found 'ST'"),
        (b"3 64\n3 64 64 64\n", "line 2: expected 'bubbles address [writeback address]', found '3 64 64 64'"),
        (b"3 64\n-3 64\n", "line 2: negative bubble count '-3'"),
        (b"R 0,0,1,2\n", "line 1: address vectors (Ramulator 2) are not supported; use linear addresses"),
    ],
)
def test_bad_files(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load(content, tmp_path)
    assert str(caught.value) == f"{tmp_path / 't'}: {message}"


def test_a_directory_and_a_relative_trace(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read: Is a directory$"):
        load_trace(tmp_path)
    (tmp_path / "t.rstl").write_text("0: read 0x40\n")
    with pytest.raises(BadInput, match=r"relative time stamps \(\.rstl\) are not supported"):
        load_trace(tmp_path / "t.rstl")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(requests=9), "line 10: more than 9 requests, the most a trace may hold"),
        (Limits(lines=9), "line 10: more than 9 lines, the most a trace file may hold"),
        (Limits(text_bytes=99), "more than 99 bytes of text, the most a trace file may hold"),
        (Limits(line_bytes=11), "line 1: longer than 11 bytes; this is no trace line"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_limits(limits: Limits, message: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    text = b"0: read 0x40\n" * 10
    with pytest.raises(BadInput) as caught:
        load(pack(text), tmp_path, limits=limits)
    assert str(caught.value) == f"{tmp_path / 't'}: {message}"
    assert len(load(pack(text), tmp_path, limits=Limits(10, 11, 12, 130))) == 10


def test_a_gzip_bomb_ends_early(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\n" * 50_000_000, mtime=0)
    assert len(bomb) < 100_000
    with pytest.raises(BadInput, match="more than 1000 lines"):
        load(bomb, tmp_path, limits=Limits(lines=1000))
    with pytest.raises(BadInput, match="more than 2000000 bytes of text"):
        load(bomb, tmp_path, limits=Limits(text_bytes=2_000_000))


def test_a_huge_sparse_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "t", "wb") as stream:
        stream.truncate(10 << 30)
    with pytest.raises(BadInput, match="more than 2147483648 bytes of text"):
        load_trace(tmp_path / "t")


def test_blocks_do_not_split_lines(tmp_path: Path) -> None:
    trace = generate("random", requests=100_000)  # some 2.4 MB of text: several blocks
    write_trace(trace, tmp_path / "t.stl")
    assert load_trace(tmp_path / "t.stl").fingerprint == trace.fingerprint


gaps = st.integers(0, 2**40)
addresses = st.integers(0, TOP)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    rows = draw(st.lists(st.tuples(gaps, st.booleans(), addresses), min_size=1, max_size=30))
    steps, writes, places = zip(*rows, strict=True)
    return Trace("t", [sum(steps[: i + 1]) for i in range(len(steps))], writes, places)  # type: ignore[arg-type]


in_one_folder = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_one_folder
@given(trace=traces(), suffix=st.sampled_from([".stl", ".csv", ".stl.gz", ".csv.gz"]))
def test_write_then_load(trace: Trace, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"t{suffix}"
    write_trace(trace, file)
    again = load_trace(file)
    assert (again.fingerprint, again.name) == (trace.fingerprint, "t")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


FOREIGN: dict[str, Callable[[bool, int], str]] = {
    "ramulator-rw": lambda is_write, address: f"0x{address:x} {'W' if is_write else 'R'}",
    "ramulator-ls": lambda is_write, address: f"{'ST' if is_write else 'LD'} {address}",
}


@in_one_folder
@given(trace=traces(), format=st.sampled_from(sorted(FOREIGN)))
def test_ramulator_text_round_trip(trace: Trace, format: str, tmp_path: Path) -> None:
    lines = [FOREIGN[format](is_write, address) for _, is_write, address in requests(trace)]
    again = load("\n".join(lines), tmp_path)
    assert requests(again) == [(k, w, a) for k, (_, w, a) in enumerate(requests(trace))]


@in_one_folder
@given(rows=st.lists(st.tuples(st.integers(0, 99), addresses, st.none() | addresses), min_size=1, max_size=30))
def test_cpu_text_round_trip(rows: list[tuple[int, int, int | None]], tmp_path: Path) -> None:
    text = [f"{bubbles} {load}" + ("" if back is None else f" {back}") for bubbles, load, back in rows]
    trace = load("\n".join(text), tmp_path, instructions_per_cycle=1)
    assert trace.address.tolist() == [a for _, load, back in rows for a in (load, back) if a is not None]
    assert trace.cycle[-1] == sum(bubbles for bubbles, _, _ in rows) + len(rows) - 1


@in_one_folder
@given(content=st.binary(max_size=200) | st.text("0123456789xabLDSTRWreadwrite:,()# \n-", max_size=200).map(str.encode))
def test_any_bytes_load_or_fail_in_one_line(content: bytes, tmp_path: Path) -> None:
    for packed in (content, gzip.compress(content, mtime=0)[: len(content) + 10]):
        reason = ""
        try:
            load(packed, tmp_path)
        except BadInput as error:
            reason = str(error)
        assert reason.isprintable()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.npz", "t.npz: a trace is written as .stl or .csv (or .stl.gz, .csv.gz)"),
        ("t", "t: a trace is written as .stl or .csv (or .stl.gz, .csv.gz)"),
        ("no/t.stl", "no/t.stl: cannot write: No such file or directory"),
        ("dir.stl", "dir.stl: cannot write: Is a directory"),
    ],
)
def test_bad_targets(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dir.stl").mkdir()
    with pytest.raises(BadInput) as caught:
        write_trace(generate("random", requests=3), name)
    assert str(caught.value) == message
    assert [path.name for path in tmp_path.iterdir()] == ["dir.stl"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.stl"
    file.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(BadInput, match="cannot write: No space left on device"):
        write_trace(generate("random", requests=3), file)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["t.stl"]


def test_equal_traces_give_equal_gzip_files(tmp_path: Path) -> None:
    for name in ("a.stl.gz", "b.stl.gz"):
        write_trace(generate("random", requests=100), tmp_path / name)
    assert (tmp_path / "a.stl.gz").read_bytes() == (tmp_path / "b.stl.gz").read_bytes()
