"""Digests as Parquet files. Reading somebody's digest is safe: sizes and types are checked before any of it is unpacked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, Field

from archgym.errors import BadInput
from archgym.experiments.lottery.digest import MOST_POINTS, Digest, Key, Row, TaskFacts, ordered
from archgym.experiments.lottery.plan import DEFAULTS
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.plan import MOST_RUNS, STRICT, Text
from archgym.experiments.validation import checked
from archgym.files import replacing
from archgym.space import FloatArray

FORMAT: Final = 1
_HEADER = b"archgym.lottery"
_MOST_BYTES = 64 * 2**20  # of a file; the shipped lottery of 14,000 runs takes about one MiB
_MOST_UNPACKED = 512 * 2**20
_MOST_STEPS = 20_000_000
_MOST_TEXT = 4096
_TEXTS = ("task", "options", "agent", "config", "fingerprint")
_TYPES = {
    "task": "string",
    "options": "string",
    "agent": "string",
    "draw": "int32",
    "config": "string",
    "seed": "int64",
    "budget": "int32",
    "at": "list<element: int32>",
    "score": "list<element: double>",
    "hypervolume": "double",
    "agent_s": "float",
    "evaluate_s": "float",
    "fingerprint": "string",
    "front": "list<element: float>",
}
_SPLIT = ("score.list.element", "hypervolume", "agent_s", "evaluate_s")  # bytes of one significance side by side pack better


class Header(BaseModel):
    """What a digest says of itself, as JSON in the file's metadata."""

    model_config = STRICT
    format: Literal[1]
    planned: Annotated[int, Field(strict=True, ge=0, le=MOST_RUNS)]
    lottery: Lottery
    facts: dict[Text, TaskFacts]


def write_digest(path: Path, digest: Digest) -> None:
    """Write a digest, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    head = Header(format=FORMAT, planned=digest.planned, lottery=digest.lottery, facts=dict(digest.facts))
    schema = pa.schema([(name, _arrow_type(name)) for name in _TYPES], {_HEADER: head.model_dump_json().encode()})
    table = pa.table([_column(digest, name) for name in _TYPES], schema=schema)
    packing: dict[str, Any] = {"use_dictionary": list(_TEXTS), "use_byte_stream_split": list(_SPLIT)}
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", compression_level=19, **packing)


def read_digest(path: Path) -> Digest:
    """Read a digest file of unknown origin.

    Raises:
        BadInput: one line: it is too large, no digest, or says what cannot be.
    """
    with reading(path):
        columns, head = _unpack(path)
    known = _header(path, head)
    rows = [_checked(known, row, path, place) for place, row in enumerate(_rows(columns), 1)]
    keys = {row.key for row in rows}
    if len(keys) < len(rows) or len(rows) > known.planned:
        raise BadInput(f"{path}: {len(rows)} runs, {len(keys)} of them different, of a lottery of {known.planned}")
    _check_configs(path, rows)
    return Digest(known.lottery, known.planned, known.facts, ordered(rows))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises of a broken file into one line that names it."""
    import pyarrow as pa

    try:
        yield
    except BadInput:
        raise
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or (str(error) or "broken").splitlines()[0]
        raise BadInput(f"{path}: not a Parquet file that can be read: {reason}") from None


# -- writing ---------------------------------------------------------------------------------------------------------------


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    plain = {"string": pa.string(), "int32": pa.int32(), "int64": pa.int64(), "double": pa.float64(), "float": pa.float32()}
    text = _TYPES[name]
    return (
        pa.list_(pa.field("element", plain[text.removeprefix("list<element: ").rstrip(">")]))
        if text.startswith("list")
        else plain[text]
    )


def _column(digest: Digest, name: str) -> Any:
    import pyarrow as pa

    values = [_value(row, name) for row in digest.rows]
    return pa.array(values, _arrow_type(name))


def _value(row: Row, name: str) -> Any:
    value = getattr(row.key, name) if name in Key._fields else getattr(row, name)
    return value.ravel() if name == "front" else value


# -- reading ---------------------------------------------------------------------------------------------------------------


def _unpack(path: Path) -> tuple[dict[str, list[Any]], bytes]:
    """Columns and header of a file that is small, whose footer promises what a digest has."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise BadInput(f"{path}: a digest has at most {_MOST_BYTES:,} bytes, this file has {path.stat().st_size:,}")
    limits = {"thrift_string_size_limit": 2**24, "thrift_container_size_limit": 2**16}
    with pq.ParquetFile(path, **limits) as file:
        _check_footer(path, file)
    with pq.ParquetFile(path, read_dictionary=list(_TEXTS), **limits) as file:
        table = file.read(use_threads=False)
    for name in _TEXTS:  # a short page of a dictionary can stand for many long texts
        longest = max((len(text) for chunk in table[name].chunks for text in chunk.dictionary.to_pylist() if text), default=0)
        if longest > _MOST_TEXT:
            raise BadInput(f"{path}: column {name}: a text of {longest:,} characters")
    return {name: table[name].to_pylist() for name in _TYPES}, table.schema.metadata[_HEADER]


def _check_footer(path: Path, file: Any) -> None:
    facts = file.metadata
    groups = [facts.row_group(i) for i in range(min(facts.num_row_groups, 1000))]
    parts = [group.column(j) for group in groups for j in range(group.num_columns)]
    if facts.num_rows > MOST_RUNS or facts.num_row_groups > len(groups):
        raise BadInput(f"{path}: {facts.num_rows:,} rows in {facts.num_row_groups:,} groups are more than any lottery has")
    if sum(p.total_uncompressed_size for p in parts) > _MOST_UNPACKED or sum(p.num_values for p in parts) > _MOST_STEPS:
        raise BadInput(f"{path}: unpacks to more than a digest may hold")
    types = [(field.name, str(field.type)) for field in file.schema_arrow]
    if types != list(_TYPES.items()) or not (file.schema_arrow.metadata or {}).get(_HEADER):
        raise BadInput(f"{path}: not the digest of a lottery: other columns, or no header")


def _header(path: Path, text: bytes) -> Header:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: header: not JSON") from None
    return checked(Header, raw, f"{path}: header")


def _rows(columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _checked(known: Header, cells: dict[str, Any], path: Path, place: int) -> Row:
    where = f"{path}: row {place}"
    nothing = next(
        (name for name, value in cells.items() if value is None or (isinstance(value, list) and None in value)), None
    )
    if nothing:
        raise BadInput(f"{where}: {nothing}: is missing")
    key = Key(*(cells.pop(name) for name in Key._fields))
    at, score = np.array(cells.pop("at"), dtype=np.int64), np.array(cells.pop("score"), dtype=np.float64)
    row = Row(key, at=at, score=score, front=_points(known, key.task, cells.pop("front")), **cells)
    wrong = next((reason for reason, holds in _claims(known, row) if not holds), None)
    if wrong:
        raise BadInput(f"{where}: {wrong}")
    return row


def _claims(known: Header, row: Row) -> Iterator[tuple[str, bool]]:
    """What must hold of a run, with what is said where it does not; later ones rely on earlier ones."""
    lottery, key, at, score = known.lottery, row.key, row.at, row.score
    yield f"the lottery has no agent '{key.agent:.40}'", key.agent in lottery.agents
    yield f"{key.agent} does not play '{key.task:.60}'", key.task in lottery.tasks_of(key.agent) and key.task in known.facts
    yield f"the lottery has no draw {key.draw}", DEFAULTS <= key.draw < lottery.draws
    yield f"the lottery has no seed {key.seed}", key.seed in lottery.seeds
    yield f"budget {row.budget}, the lottery's is {lottery.budget}", row.budget == lottery.budget
    yield f"{key.task} was played with another model version", row.fingerprint == known.facts[key.task].fingerprint
    yield "config: not a table of plain values", _is_settings(row.config)
    yield "options: not a table of plain values", _is_settings(row.options)
    yield "at and score: not of one length, or empty", len(at) == len(score) > 0
    yield "at: not rising from 1 to the budget at most", at[0] == 1 and bool((np.diff(at) > 0).all()) and at[-1] <= row.budget
    yield "score: not rising and finite", bool(np.isfinite(score).all() and (np.diff(score) > 0).all())
    yield "front: not up to 32 points of its task's axes in the unit box", _is_front(known, row)
    yield "hypervolume: below 0, or not finite", 0.0 <= row.hypervolume < np.inf
    yield "seconds: below 0, or not finite", all(0.0 <= t < np.inf for t in (row.agent_s, row.evaluate_s))


def _points(known: Header, task: str, values: list[float]) -> FloatArray:
    """Points of a front as they were before they were laid end to end; one point where they do not fit the task's axes."""
    if not values:
        return np.empty((0, 0))
    axes = len(known.facts[task].axes) if task in known.facts else 0
    fits = axes > 0 and len(values) % axes == 0
    return np.array(values, dtype=np.float64).reshape(-1, axes if fits else len(values))


def _is_front(known: Header, row: Row) -> bool:
    points, axes = row.front, len(known.facts[row.key.task].axes)
    fits = points.shape[1] == axes and len(points) <= MOST_POINTS
    return points.size == 0 or (fits and bool(((points >= 0.0) & (points <= 1.0)).all()))


def _is_settings(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and all(isinstance(v, (str, int, float)) for v in value.values())


def _check_configs(path: Path, rows: list[Row]) -> None:
    held: dict[tuple[str, int], str] = {}
    for row in rows:
        if held.setdefault((row.key.agent, row.key.draw), row.config) != row.config:
            raise BadInput(f"{path}: {row.key}: another configuration than in other runs of this draw")
