"""``trials.parquet`` of a stranger: judged from its size, footer and page headers before a byte is decompressed, then read.

A Parquet file says three times how large it is: in its footer, in the header of each page, and by what a page unpacks to. The
reader allocates what page headers say; so each of them is walked first, and has to add up to what the footer says and the
run's budget allows. Layout and field numbers: parquet-format, ``src/main/thrift/parquet.thrift``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.experiments.leaderboard.sealed import read_bytes, shown
from archgym.experiments.leaderboard.thrift import Reader
from archgym.space import FloatArray, IntArray, Param
from archgym.task import Task

Trials = tuple[IntArray, Costs, FloatArray]

_MAGIC = b"PAR1"
_SLACK = 4096  # bytes of headers and levels per column, generously
_CODECS = {0: "none", 1: "snappy", 6: "zstd"}
_PLAIN, _DICTIONARY, _RLE, _RLE_DICTIONARY = 0, 2, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_ENCODINGS = {_DATA_PAGE: (_PLAIN, _DICTIONARY, _RLE, _RLE_DICTIONARY), _DICTIONARY_PAGE: (_PLAIN, _DICTIONARY)}


@dataclass(frozen=True)
class Column:
    """A column that trials have: Parquet's physical and converted type, and how many bytes its longest value takes."""

    name: str
    physical: int
    converted: int | None
    longest: int

    def most(self, rows: int) -> int:
        """Bytes that ``rows`` values can take, dictionary included."""
        return rows * (self.longest + 8) + _SLACK


_TYPES = {"b": (0, None, 1), "i": (2, None, 8), "u": (2, 14, 8), "f": (5, None, 8)}


def columns(task: Task) -> list[Column]:
    """The columns of a task's trials, in the order in which :meth:`archgym.runlog.RunLog.table` writes them."""
    kinds = [("trial", "i")] + [(p.name, _kind(p)) for p in task.space.params] + [(m.name, "f") for m in task.model.metrics]
    kinds += [("valid", "b"), ("reason", "u"), ("distance", "f"), ("score", "f")]
    longest = {p.name: max(len(str(v).encode()) for v in p.values) for p in task.space.params}
    return [Column(n, 6, 0, longest[n]) if k == "U" else Column(n, *_TYPES[k]) for n, k in kinds]


def read_trials(path: Path, task: Task, rows: int) -> Trials:
    """The trials of a run: designs, costs, scores.

    Raises:
        BadInput: the file is not what a run of ``task`` over ``rows`` evaluations writes.
    """
    wanted = columns(task)
    data = read_bytes(path, 65536 + sum(c.most(rows) + _SLACK for c in wanted))
    try:
        _judge(data, wanted, rows)
        return _trials(task, _table(data, wanted, rows))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        raise BadInput(f"{shown(path, 300)}: not the trials of {task.id}: {shown(error, 160)}") from None


# -- before it is read -----------------------------------------------------------------------------------------------------


def _judge(data: bytes, wanted: list[Column], rows: int) -> None:
    footer = _footer(data)
    if not set(footer) <= {1, 2, 3, 4, 5, 6, 7}:
        raise ValueError("encrypted, or of an unknown kind")
    if footer[3] != rows:
        raise ValueError(f"{footer[3]} rows, its budget is {rows}")
    _judge_schema(footer[2], wanted)
    _judge_extras(footer.get(5, []))
    if len(footer[4]) > max(rows, 1) or sum(group[3] for group in footer[4]) != rows:
        raise ValueError("its row groups do not add up to its rows")
    for group in footer[4]:
        if group[3] < 1 or len(group[1]) != len(wanted):
            raise ValueError("a row group without rows, or without its columns")
        for chunk, column in zip(group[1], wanted, strict=True):
            _judge_chunk(data, chunk, column, group[3])


def _footer(data: bytes) -> dict[int, Any]:
    if len(data) < 12 or data[:4] != _MAGIC or data[-4:] != _MAGIC:
        raise ValueError("no Parquet file, or one cut off")
    length = int.from_bytes(data[-8:-4], "little")
    if length > len(data) - 12:
        raise ValueError("its footer is longer than the file")
    return Reader(data[:-8], len(data) - 8 - length).struct()


def _judge_schema(schema: list[dict[int, Any]], wanted: list[Column]) -> None:
    """A flat list of the columns that are wanted, in their order and of their types."""
    found = [element[4].decode("utf-8", "replace") for element in schema[1:]]
    names = [c.name for c in wanted]
    if found != names:
        odd = [n for n in found if n not in names] or [n for n in names if n not in found] or ["another order"]
        raise ValueError(f"its columns are not those of the task: {shown(odd[0])}")
    for element, column in zip(schema[1:], wanted, strict=True):
        if element.get(1) != column.physical or element.get(6) != column.converted or element.get(5, 0) or element[3] == 2:
            raise ValueError(f"column {column.name} is of another type")


def _judge_extras(pairs: list[dict[int, Any]]) -> None:
    """Only Arrow's own schema may be attached, and no extension type in it: those are code of the reader's."""
    for pair in pairs:
        if pair.get(1) != b"ARROW:schema" or len(pair.get(2, b"")) > 1 << 20:
            raise ValueError(f"it carries metadata of its own: {shown(pair.get(1, b''))}")
        try:
            attached = base64.b64decode(pair.get(2, b""), validate=True)
        except binascii.Error:
            raise ValueError("its Arrow schema is broken") from None
        if b"ARROW:extension" in attached:
            raise ValueError("it has columns of extension types")


def _judge_chunk(data: bytes, chunk: dict[int, Any], column: Column, rows: int) -> None:
    facts = chunk.get(3, {})
    if 1 in chunk or not set(chunk) <= {2, 3, 4, 5, 6, 7}:
        raise ValueError(f"column {column.name} is said to be in another file, or encrypted")
    if facts[1] != column.physical or facts[3] != [column.name.encode()] or facts[4] not in _CODECS or facts[5] != rows:
        raise ValueError(f"column {column.name}: type, name, compression or length differ from the footer's schema")
    if not 0 <= facts[6] <= column.most(rows) + _SLACK:
        raise ValueError(f"column {column.name} unpacks to {facts[6]:,} bytes")
    if sum(_pages(data, facts, column, rows)) != rows:
        raise ValueError(f"column {column.name}: its pages do not add up to its rows")


def _pages(data: bytes, facts: dict[int, Any], column: Column, rows: int) -> Iterator[int]:
    """Values in each data page of a column chunk."""
    start = min(facts[9], facts[11]) if facts.get(11, 0) > 0 else facts[9]
    end, unpacked = start + facts[7], 0
    if not (4 <= start < end <= len(data) - 8):
        raise ValueError(f"column {column.name} lies outside of the file")
    reader = Reader(data[:end], start)
    while reader.position < end:
        head = reader.struct()
        unpacked += head[2]
        if head[2] < 0 or head[3] < 0 or reader.position + head[3] > end or unpacked > column.most(rows):
            raise ValueError(f"column {column.name}: a page that unpacks to {head[2]:,} bytes, or lies outside of its column")
        reader.position += head[3]
        yield _values(head, column, rows)


def _values(head: dict[int, Any], column: Column, rows: int) -> int:
    if head[1] not in _ENCODINGS:
        raise ValueError(f"column {column.name}: a page of another kind")
    facts = head[5] if head[1] == _DATA_PAGE else head[7]
    count, encoding = facts[1], facts[2]
    if encoding not in _ENCODINGS[head[1]] or not 0 <= count <= rows:
        raise ValueError(f"column {column.name}: a page of {count} values in encoding {encoding}")
    return count if head[1] == _DATA_PAGE else 0


# -- reading ---------------------------------------------------------------------------------------------------------------


def _table(data: bytes, wanted: list[Column], rows: int) -> Any:
    """The file as an Arrow table of exactly the wanted types; of texts each distinct one is held once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [c.name for c in wanted if c.physical == 6]
    try:
        table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(use_threads=False)
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise ValueError((str(error) or "broken").splitlines()[0]) from None
    if table.num_rows != rows or any(column.null_count for column in table.columns):
        raise ValueError("a value is missing")
    kinds = {0: pa.bool_(), 5: pa.float64(), 2: pa.int64(), 6: pa.dictionary(pa.int32(), pa.string())}
    for c in wanted:
        kind = pa.uint64() if c.converted == 14 else kinds[c.physical]
        if table[c.name].type != kind:
            raise ValueError(f"column {c.name} is of type {shown(table[c.name].type)}")
    return table


def _trials(task: Task, table: Any) -> Trials:
    if not np.array_equal(table["trial"].to_numpy(), np.arange(table.num_rows)):
        raise ValueError("its trials are not numbered 0, 1, 2, …")
    metrics = task.model.metrics
    values = np.stack([table[m.name].to_numpy() for m in metrics], axis=1)
    valid, reason, distance, score = (table[n].to_numpy() for n in ("valid", "reason", "distance", "score"))
    costs = Costs(metrics, values, valid, reason, task.model.rules, distance)
    return np.stack([_indices(p, table[p.name]) for p in task.space.params], axis=1), costs, score


def _indices(param: Param, column: Any) -> IntArray:
    """Knob values back to indices; each distinct value is looked up once."""
    if _kind(param) == "U":
        parts = [_places(param, c.dictionary.to_pylist())[c.indices.to_numpy()] for c in column.chunks]
        return np.concatenate(parts)
    distinct, inverse = np.unique(column.to_numpy(), return_inverse=True)
    return _places(param, distinct.tolist())[inverse]


def _places(param: Param, values: list[Any]) -> IntArray:
    if any(len(str(v)) > 200 for v in values):
        raise ValueError(f"knob {param.name}: a value of more than 200 characters")
    return np.array([param.index(v) for v in values], dtype=np.int64)


def _kind(param: Param) -> str:
    return np.array(param.values).dtype.kind
