"""Reading and writing trace files: gzip, size limits, one-line errors, atomic replacement.

Files come from strangers. Nothing in them is executed, memory is bounded by the declared `Limits`, and every
fault is a `BadInput` that names the file, the line where there is one, and the reason.
"""

from __future__ import annotations

import gzip
import io
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from archgym.errors import BadInput, did_you_mean

from .trace_formats import PARSERS, Columns, LineError, Lines, detect
from .trace_type import MAX_REQUESTS, Trace

_GZIP_MAGIC = b"\x1f\x8b"
_BLOCK = 1 << 20
_CHUNK = 1 << 16  # requests per piece of written text
_SUFFIXES = (".gz", ".stl", ".csv", ".trace", ".txt")


@dataclass(frozen=True)
class Limits:
    """What a trace file may hold at most; a gzip bomb or a huge file ends in BadInput, not in swap."""

    requests: int = MAX_REQUESTS
    lines: int = 2 * MAX_REQUESTS  # comments and blank lines count as well
    line_bytes: int = 1024
    text_bytes: int = 2 << 30  # after decompression


DEFAULT_LIMITS = Limits()


def read_trace(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    instructions_per_cycle: int = 4,
    limits: Limits = DEFAULT_LIMITS,
) -> Trace:
    """Read a trace file, plain or gzip (told by its first bytes, not its name).

    Args:
        path: the file.
        format: a key of `trace_formats.PARSERS`; None tells it by the first line of content.
        instructions_per_cycle: pace of a ramulator-cpu trace, instructions per command cycle, >= 1.
        limits: what the file may hold at most.

    Raises:
        BadInput: the file cannot be read, or breaks its format's rules or the limits.
    """
    shown = _shown(path)
    if format is not None and format not in PARSERS:
        raise BadInput(f"unknown trace format '{format}'{did_you_mean(format, PARSERS)}")
    if instructions_per_cycle < 1:
        raise BadInput(f"instructions_per_cycle must be at least 1, not {instructions_per_cycle}")
    columns = Columns(limits.requests, instructions_per_cycle)
    try:
        with open(path, "rb") as stream:
            _parse(_lines(_text_blocks(stream, limits), limits), columns, format or _told_by_name(path))
    except LineError as error:
        place = f"line {error.number}: " if error.number else ""
        raise BadInput(f"{shown}: {place}{error.reason}") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BadInput(f"{shown}: {_reading_fault(error)}") from None
    return _trace(columns, path, shown)


def write_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write a trace as `.stl` or `.csv`, gzip with a further `.gz`; all of it or nothing.

    Raises:
        BadInput: another suffix, or the file cannot be written.
    """
    target = Path(path)
    plain = target.name.removesuffix(".gz")
    writer = {".stl": stl_text, ".csv": csv_text}.get(Path(plain).suffix)
    if writer is None:
        raise BadInput(f"{_shown(path)}: a trace is written as .stl or .csv (or .stl.gz, .csv.gz)")
    blocks = writer(trace)
    replace_file(target, lambda stream: _write_blocks(stream, blocks, packed=plain != target.name))


def stl_text(trace: Trace) -> Iterator[bytes]:
    """The trace as DRAMSys reads it, in pieces: `cycle: read|write 0xaddress`, one request a line."""
    for cycle, is_write, address in _pieces(trace):
        rows = zip(cycle, is_write, address, strict=True)
        yield "".join([f"{c}: {'write' if w else 'read'} 0x{a:x}\n" for c, w, a in rows]).encode()


def csv_text(trace: Trace) -> Iterator[bytes]:
    """The trace as CSV, in pieces: a header, then `cycle,op,address` with 0x addresses."""
    yield b"cycle,op,address\n"
    for cycle, is_write, address in _pieces(trace):
        rows = zip(cycle, is_write, address, strict=True)
        yield "".join([f"{c},{'write' if w else 'read'},0x{a:x}\n" for c, w, a in rows]).encode()


def replace_file(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Put a file in place whole: write a sibling, flush it to disk, rename it over `target`.

    Raises:
        BadInput: the file cannot be written.
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(beside, "xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, target)
    except OSError as error:
        raise BadInput(f"{_shown(target)}: cannot write: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _parse(lines: Lines, columns: Columns, format: str | None) -> None:
    first = next(lines, None)
    if first is None:
        raise LineError(0, "empty: the file holds no request")
    PARSERS[format or detect(*first)](chain([first], lines), columns)
    if not columns.cycle:
        raise LineError(0, "empty: the file holds no request")


def _trace(columns: Columns, path: str | os.PathLike[str], shown: str) -> Trace:
    name = Path(shown).name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    cycle = np.frombuffer(columns.cycle, dtype=np.int64)
    is_write = np.frombuffer(columns.is_write, dtype=np.uint8).astype(np.bool_)
    return Trace(name or shown, cycle, is_write, np.frombuffer(columns.address, dtype=np.int64), shown)


def _told_by_name(path: str | os.PathLike[str]) -> str | None:
    """None, as the content tells; but DRAMSys's .rstl looks like an .stl and must not pass for one."""
    if os.fspath(path).removesuffix(".gz").endswith(".rstl"):
        raise LineError(0, "relative time stamps (.rstl) are not supported; give absolute cycles (.stl)")
    return None


def _text_blocks(raw: io.BufferedReader, limits: Limits) -> Iterator[bytes]:
    """The decompressed text in blocks, up to the limit of bytes."""
    packed = raw.peek(2)[:2] == _GZIP_MAGIC
    stream: io.BufferedIOBase = gzip.GzipFile(fileobj=raw) if packed else raw
    # A file that is too long already on disk need not be read up to the limit first.
    total = os.fstat(raw.fileno()).st_size
    room = limits.text_bytes if total <= limits.text_bytes else -1
    while room >= 0 and (block := stream.read(_BLOCK)):
        room -= len(block)
        yield block
    if room < 0:
        raise LineError(0, f"more than {limits.text_bytes} bytes of text, the most a trace file may hold")


def _lines(blocks: Iterator[bytes], limits: Limits) -> Lines:
    """Number and text of each line that is neither blank nor a comment."""
    number, rest = 0, b""
    for block in chain(blocks, [b"\n"]):
        if b"\0" in block:
            raise LineError(0, "binary data: a trace is a text file, plain or gzip")
        *whole, rest = (rest + block).split(b"\n")
        if number == 0 and whole:
            whole[0] = whole[0].removeprefix(b"\xef\xbb\xbf")  # a byte order mark, as spreadsheets write it
        for line in whole:
            number += 1
            if len(line) > limits.line_bytes:
                raise LineError(number, _too_long(limits))
            text = line.strip()
            if text and text[0] != ord("#"):
                yield number, text
        if len(rest) > limits.line_bytes:
            raise LineError(number + 1, _too_long(limits))
        if number > limits.lines:
            raise LineError(number, f"more than {limits.lines} lines, the most a trace file may hold")


def _too_long(limits: Limits) -> str:
    return f"longer than {limits.line_bytes} bytes; this is no trace line"


def _reading_fault(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, EOFError):
        return "truncated gzip: the file ends before its data does"
    if isinstance(error, (gzip.BadGzipFile, zlib.error)):
        return "damaged gzip data"
    return f"cannot read: {getattr(error, 'strerror', None) or error}"


def _pieces(trace: Trace) -> Iterator[tuple[list[int], list[bool], list[int]]]:
    for start in range(0, len(trace), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield trace.cycle[part].tolist(), trace.is_write[part].tolist(), trace.address[part].tolist()


def _write_blocks(stream: IO[bytes], blocks: Iterator[bytes], packed: bool) -> None:
    if not packed:
        stream.writelines(blocks)
        return
    # No name and no time in the header: the same trace gives the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as zipped:
        for block in blocks:
            zipped.write(block)


def _shown(path: str | os.PathLike[str]) -> str:
    """The path as given, safe to print on one line."""
    text = os.fspath(path)
    return text if text.isprintable() else ascii(text)
