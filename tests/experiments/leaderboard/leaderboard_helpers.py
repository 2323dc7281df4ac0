"""Ways to make submissions, and to tamper with them so that everything else still fits."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archgym import registry
from archgym.experiments.leaderboard import suites
from archgym.experiments.leaderboard.checks import figures
from archgym.experiments.leaderboard.submitting import plan_of
from archgym.experiments.leaderboard.thrift import Reader
from archgym.experiments.leaderboard.trials import read_trials
from archgym.runlog import RunLog, trials_digest
from archgym.running import run
from archgym.spec import RunSpec

RANKED, TUNED = "toy-latency-v0", "toy-energy-v0"


def honest(folder: Path, agent: str, config: Mapping[str, object] | None = None, ruleset: str = "self") -> Path:
    """A submission to toy-v0 whose every claim is true."""
    suite = suites.load("toy-v0")
    for spec in plan_of(suite, agent, config or {}).specs:
        run(spec, folder / "runs" / spec.id)
    manifest = {
        "format": 1,
        "suite": {"name": suite.name, "hash": suite.hash},
        "name": "honest",
        "agent": agent,
        "method": "As it is.",
        "url": "https://example.org/method",
        "ruleset": ruleset,
        "tuning": {"evaluations": 0, "runs": []},
        "versions": {"archgym": "0.1.0"},
    }
    (folder / "submission.json").write_text(json.dumps(manifest))
    return folder


def first(folder: Path, seed: int = 0, part: str = "runs") -> Path:
    """The folder of the run with a seed."""
    found = [p for p in (folder / part).iterdir() if json.loads((p / "run.json").read_text())["spec"]["seed"] == seed]
    return found[0]


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def edit_trials(place: Path, change: Callable[[pa.Table], pa.Table], sign: bool = True) -> None:
    """Change a run's trials; ``sign``: make its digest and its summary those of the changed trials."""
    path = place / "trials.parquet"
    table = change(pq.read_table(path))
    pq.write_table(table, path, compression="zstd")
    if sign:
        sign_again(place)


def sign_again(place: Path) -> None:
    """Digest and summary of what is in the trials now."""
    manifest = json.loads((place / "run.json").read_text())
    spec = RunSpec.from_dict(manifest["spec"])
    task = registry.get_task(spec.task)
    log = RunLog(manifest, *read_trials(place / "trials.parquet", task, spec.budget))
    found = figures(log) if log.score.max() == log.score.max() else manifest["summary"]
    manifest |= {"digest": trials_digest(log.x, log.costs, log.score), "summary": found}
    (place / "run.json").write_text(json.dumps(manifest))


def cell(column: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    """A table with one cell changed."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        return put(column, pa.array(values, table[column].type))(table)

    return change


def put(column: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    """A table with one column replaced."""
    return lambda table: table.set_column(table.column_names.index(column), column, values)


def respec(place: Path, **changes: Any) -> Path:
    """The run as one of another specification, its id, its folder and its manifest with it."""
    manifest = json.loads((place / "run.json").read_text())
    spec = replace(RunSpec.from_dict(manifest["spec"]), **changes)
    manifest |= {"id": spec.id, "spec": spec.to_dict()}
    (place / "run.json").write_text(json.dumps(manifest))
    return Path(shutil.move(place, place.parent / spec.id))


def play(folder: Path, part: str = "runs", **changes: Any) -> Path:
    """Play a run honestly and lay it into a submission."""
    wanted = {"task": RANKED, "agent": "random", "config": {}, "seed": 0, "budget": 24} | changes
    spec = RunSpec.create(**wanted)
    run(spec, folder / part / spec.id)
    return folder / part / spec.id


# -- Parquet, taken apart and put together again ---------------------------------------------------------------------------


class _Typed(Reader):
    """Keeps the kind of every value, so that it can be written again."""

    def _value(self, kind: int, depth: int) -> Any:
        return kind, super()._value(kind, depth)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _encoded(value: Any) -> bytes:
    kind, plain = value
    if kind in (4, 5, 6):
        return _varint(plain << 1 if plain >= 0 else (-plain << 1) - 1)
    if kind in (9, 10):
        return _list(plain)
    plainly = {1: lambda: bytes([1 if plain else 2]), 2: lambda: bytes([1 if plain else 2]), 3: lambda: bytes([plain])}
    more = {7: lambda: struct.pack("<d", plain), 8: lambda: _varint(len(plain)) + plain, 12: lambda: _struct(plain)}
    return (plainly | more)[kind]()


def _list(values: list[Any]) -> bytes:
    inner = values[0][0] if values else 5
    head = bytes([len(values) << 4 | inner]) if len(values) < 15 else bytes([240 | inner]) + _varint(len(values))
    return head + b"".join(_encoded(v) for v in values)


def _struct(fields: dict[int, Any]) -> bytes:
    out, last = b"", 0
    for number, value in sorted(fields.items()):
        kind = (1 if value else 2) if isinstance(value, bool) else value[0]
        out += bytes([(number - last) << 4 | kind]) + (b"" if isinstance(value, bool) else _encoded(value))
        last = number
    return out + b"\0"


def edit_footer(path: Path, change: Callable[[dict[int, Any]], None]) -> None:
    """Change the footer of a Parquet file; numbers are ``(kind, value)``: 5 is a 32-bit, 6 a 64-bit one, 8 is bytes."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = _Typed(data[:-8], len(data) - 8 - length).struct()
    change(footer)
    new = _struct(footer)
    path.write_bytes(data[: -8 - length] + new + len(new).to_bytes(4, "little") + b"PAR1")


def edit_last_page(path: Path, change: Callable[[dict[int, Any]], None], which: int = 0) -> None:
    """Change the header of a page of the last column, and the footer so that it fits."""
    data = path.read_bytes()
    facts = Reader(data[:-8], len(data) - 8 - int.from_bytes(data[-8:-4], "little")).struct()[4][-1][1][-1][3]
    start = min(v for v in (facts[9], facts.get(11)) if v)
    for _ in range(which):
        start = _after(data, start)
    reader = _Typed(data, start)
    head = reader.struct()
    change(head)
    new = _struct(head)
    path.write_bytes(data[:start] + new + data[reader.position :])
    grown = len(new) - (reader.position - start)

    def longer(footer: dict[int, Any]) -> None:
        chunk = footer[4][1][-1][1][1][1][-1][1][3][1]
        chunk[7] = (6, chunk[7][1] + grown)
        if which == 0 and 11 in chunk:
            chunk[9] = (6, chunk[9][1] + grown)

    edit_footer(path, longer)


def _after(data: bytes, start: int) -> int:
    reader = Reader(data, start)
    head = reader.struct()
    return reader.position + int(head[3])
