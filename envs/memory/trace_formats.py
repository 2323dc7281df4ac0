"""The text formats in which memory traces come, one parser each; all of them skip blank lines and `#` lines.

| format | a line | send time of the request |
|---|---|---|
| stl | `cycle: read|write 0xaddress` (DRAMSys; the address is always hexadecimal) | the cycle given |
| csv | `cycle,op,address` | the cycle given |
| ramulator-rw | `0xaddress R|W` (Ramulator 1, DRAM trace) | request k at cycle k: as fast as it can |
| ramulator-ls | `LD|ST address` (Ramulator 2, load-store trace) | request k at cycle k |
| ramulator-cpu | `bubbles address [writeback address]` (CPU trace) | instructions // instructions_per_cycle |

stl: DRAMSys 5 allows the request's length in bytes in parentheses before the operation, `8: (128) read 0x40`,
and data after the address. Data is ignored; a request longer than one burst of 64 bytes becomes the bursts
that cover it, all with the same time stamp; the player then sends one per cycle.

csv: the first line names the columns cycle, op and address in any order; other columns are ignored. `op` is
read, write, r or w in any letter case; numbers are decimal or 0x hexadecimal; no quoting.

ramulator-cpu: a line stands for `bubbles` other instructions and then one load. Bubbles and loads count one
instruction each and run at `instructions_per_cycle` instructions per memory command cycle, without waiting
for the memory (the model adds back-pressure, not dependencies). The write-back leaves with its load, after
it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator

from .trace_type import LINE_BYTES

Lines = Iterator[tuple[int, bytes]]  # line number from 1, text without surrounding blanks

INT64_MAX = 2**63 - 1
MAX_LENGTH = 4096  # bytes of one request; a longer one is a typing error, not a burst

_STL = re.compile(
    rb"(\d+)(?:\s*:\s*|\s+)"  # cycle
    rb"(?:\((\d+)\)\s*)?"  # length
    rb"(read|write)\s+(?:0[xX])?([0-9a-fA-F]+)"
    rb"(?:\s+[0-9a-fA-FxX]+)?"  # data
)
_NUMBER = re.compile(rb"0[xX][0-9a-fA-F]+|\d+")
_OPERATIONS = {b"read": 0, b"r": 0, b"write": 1, b"w": 1}
_COLUMNS = (b"cycle", b"op", b"address")


class LineError(Exception):
    """A line that cannot be used: its number and the reason."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, reason)
        self.number = number
        self.reason = reason


class Columns:
    """The requests read so far: 17 bytes each, so that 20 million fit into memory."""

    def __init__(self, max_requests: int, instructions_per_cycle: int = 4) -> None:
        self.cycle = array("q")
        self.is_write = bytearray()
        self.address = array("q")
        self.instructions_per_cycle = instructions_per_cycle
        self._room = max_requests
        self._max = max_requests
        self._last = 0

    def add(self, number: int, cycle: int, is_write: int, address: int) -> None:
        """Append one request; raises LineError where it breaks a rule of every trace."""
        if not self._last <= cycle <= INT64_MAX or address > INT64_MAX:
            raise LineError(number, self._out_of_range(cycle, address))
        if not self._room:
            raise LineError(number, f"more than {self._max} requests, the most a trace may hold")
        self._room -= 1
        self._last = cycle
        self.cycle.append(cycle)
        self.is_write.append(is_write)
        self.address.append(address)

    def _out_of_range(self, cycle: int, address: int) -> str:
        if address > INT64_MAX:
            return f"address {shorten(hex(address))} is beyond 0x{INT64_MAX:x}"
        if cycle > INT64_MAX:
            return f"cycle {shorten(str(cycle))} is beyond {INT64_MAX}"
        return f"time goes back: cycle {cycle} after cycle {self._last}"


def detect(number: int, line: bytes) -> str:
    """The name of the format of a file whose first line of content is `line`."""
    if re.match(rb"[RW]\s+\d+(,\d+)+$", line):
        raise LineError(number, "address vectors (Ramulator 2) are not supported; use linear addresses")
    if re.match(rb"-?\d+\s*:|\d+\s+(\(\d+\)\s*)?(read|write)\b", line):
        return "stl"
    if b"," in line:
        return "csv"
    words = line.split()
    if words[0] in (b"LD", b"ST"):
        return "ramulator-ls"
    if len(words) == 2 and words[1] in (b"R", b"W"):
        return "ramulator-rw"
    if len(words) in (2, 3) and all(_NUMBER.fullmatch(word) for word in words):
        return "ramulator-cpu"
    raise LineError(number, f"not a trace in any known format ({', '.join(PARSERS)}): {show(line)}")


def parse_stl(lines: Lines, out: Columns) -> None:
    """`cycle: read|write 0xaddress`, with an optional `(length in bytes)` before the operation."""
    match = _STL.fullmatch
    for number, line in lines:
        found = match(line)
        if found is None:
            raise LineError(number, _stl_reason(line))
        cycle, length, operation, address = found.groups()
        is_write = 1 if operation == b"write" else 0
        if length is None:
            out.add(number, int(cycle), is_write, int(address, 16))
        else:
            _add_bursts(out, number, (int(cycle), is_write, int(address, 16)), int(length))


def parse_csv(lines: Lines, out: Columns) -> None:
    """A header with the columns cycle, op and address in any order, then one request per line."""
    order, width = _header(*next(lines))
    for number, line in lines:
        cells = [cell.strip() for cell in line.split(b",")]
        if len(cells) != width:
            raise LineError(number, f"{len(cells)} cells where the header has {width}: {show(line)}")
        cycle, operation, address = (cells[i] for i in order)
        is_write = _OPERATIONS.get(operation.lower())
        if is_write is None:
            raise LineError(number, f"unknown operation {show(operation)}; use read or write")
        out.add(number, _number(number, "cycle", cycle), is_write, _number(number, "address", address))


def parse_ramulator_rw(lines: Lines, out: Columns) -> None:
    """`0xaddress R|W`; request k at cycle k."""
    for cycle, (number, line) in enumerate(lines):
        words = line.split()
        if len(words) != 2:
            raise LineError(number, f"expected '0xaddress R' or '0xaddress W', found {show(line)}")
        is_write = _operation(number, words[1], b"R", b"W")
        out.add(number, cycle, is_write, _number(number, "address", words[0]))


def parse_ramulator_ls(lines: Lines, out: Columns) -> None:
    """`LD|ST address`; request k at cycle k."""
    for cycle, (number, line) in enumerate(lines):
        words = line.split()
        if len(words) != 2:
            raise LineError(number, f"expected 'LD address' or 'ST address', found {show(line)}")
        is_write = _operation(number, words[0], b"LD", b"ST")
        out.add(number, cycle, is_write, _number(number, "address", words[1]))


def parse_ramulator_cpu(lines: Lines, out: Columns) -> None:
    """`bubbles address [writeback address]`; time follows the instruction count."""
    instructions = 0
    for number, line in lines:
        words = line.split()
        if len(words) not in (2, 3):
            raise LineError(number, f"expected 'bubbles address [writeback address]', found {show(line)}")
        instructions += _number(number, "bubble count", words[0])
        cycle = instructions // out.instructions_per_cycle
        for is_write, word in enumerate(words[1:]):
            out.add(number, cycle, is_write, _number(number, "address", word))
        instructions += 1


PARSERS: dict[str, Callable[[Lines, Columns], None]] = {
    "stl": parse_stl,
    "csv": parse_csv,
    "ramulator-rw": parse_ramulator_rw,
    "ramulator-ls": parse_ramulator_ls,
    "ramulator-cpu": parse_ramulator_cpu,
}


def show(text: bytes) -> str:
    """At most 40 characters of untrusted text, in quotes, with anything unprintable escaped."""
    return ascii(shorten(text.decode("utf-8", "backslashreplace")))


def shorten(text: str, width: int = 40) -> str:
    """`text`, or its beginning and an ellipsis."""
    return text if len(text) <= width else text[:width] + "..."


def _add_bursts(out: Columns, number: int, request: tuple[int, int, int], length: int) -> None:
    """Append the bursts that cover `length` bytes; the first keeps its address as written."""
    cycle, is_write, address = request
    if not 1 <= length <= MAX_LENGTH:
        raise LineError(number, f"length {shorten(str(length))} is not between 1 and {MAX_LENGTH} bytes")
    out.add(number, cycle, is_write, address)
    first_line = address - address % LINE_BYTES
    for burst in range(first_line + LINE_BYTES, address + length, LINE_BYTES):
        out.add(number, cycle, is_write, burst)


def _stl_reason(line: bytes) -> str:
    if found := re.match(rb"-\d+", line):
        return f"negative cycle {shorten(found[0].decode())}"
    if re.search(rb"\s-(0[xX])?[0-9a-fA-F]+$", line):
        return f"negative address in {show(line)}"
    found = re.fullmatch(rb"\d+\s*:\s*(?:\(\d+\)\s*)?([A-Za-z]+)\s+\S+", line)
    if found and found[1] not in (b"read", b"write"):
        return f"unknown operation {show(found[1])}; use read or write"
    return f"expected 'cycle: read|write 0xaddress', found {show(line)}"


def _header(number: int, line: bytes) -> tuple[tuple[int, ...], int]:
    """Where cycle, op and address stand, and how many columns there are."""
    names = [name.strip().lower() for name in line.split(b",")]
    if not set(names) & set(_COLUMNS):
        raise LineError(number, f"no header naming the columns cycle, op, address; found {show(line)}")
    for column in _COLUMNS:
        if names.count(column) != 1:
            problem = "twice" if column in names else "not at all"
            raise LineError(number, f"the header names the column '{column.decode()}' {problem}")
    return tuple(names.index(column) for column in _COLUMNS), len(names)


def _number(number: int, what: str, word: bytes) -> int:
    if _NUMBER.fullmatch(word):
        return int(word, 16) if word[:2] in (b"0x", b"0X") else int(word)
    if word[:1] == b"-" and _NUMBER.fullmatch(word[1:]):
        raise LineError(number, f"negative {what} {show(word)}")
    raise LineError(number, f"{what} {show(word)} is not a decimal or 0x number")


def _operation(number: int, word: bytes, read: bytes, write: bytes) -> int:
    if word not in (read, write):
        raise LineError(number, f"unknown operation {show(word)}; use {read.decode()} or {write.decode()}")
    return int(word == write)
