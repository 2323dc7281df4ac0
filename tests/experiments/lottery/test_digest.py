"""Does a digest hold what was played, to the last bit, and is a stranger's file safe to read?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from experiment_helpers import stamps

from archgym.errors import BadInput
from archgym.experiments.lottery import collect as collecting
from archgym.experiments.lottery.collect import collect, steps
from archgym.experiments.lottery.digest import Digest, Row, TaskFacts, join
from archgym.experiments.lottery.parquet import read_digest, write_digest
from archgym.experiments.lottery.plan import DEFAULTS, make_plan
from archgym.experiments.lottery.tables import standings, tables, write_standings
from archgym.files import read_json, write_json
from archgym.runlog import RunLog

sys.path.append(str(Path(__file__).parent))
from lottery_helpers import lottery_of
from test_play import session

LOTTERY_KEY = b"archgym.lottery"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of the small lottery; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("played")
    session(lottery_of(), folder)
    return folder


@pytest.fixture
def digest(played: Path) -> Digest:
    return read_digest(played / "lottery" / "digest.parquet")


# -- what it holds ---------------------------------------------------------------------------------------------------------


def test_rows_are_the_runs_trials(played: Path, digest: Digest) -> None:
    runs = {(r.spec.agent, DEFAULTS if r.draw is None else r.draw, r.spec.seed): r for r in make_plan(digest.lottery).runs}
    assert len(runs) == len(digest.rows) == digest.planned and digest.missing == 0
    for row in digest.rows:
        log = RunLog.load(played / runs[row.key[1:]].spec.id)
        at = np.arange(1, 13)
        curve = row.score[np.searchsorted(row.at, at, side="right") - 1]
        assert np.array_equal(curve, np.maximum.accumulate(log.score))
        assert row.hypervolume == log.manifest["summary"]["hypervolume"] and row.fingerprint == log.task.fingerprint
        assert json.loads(row.config) == log.spec.config and row.budget == 12


def test_steps_are_strict_improvements() -> None:
    at, score = steps(np.array([-2.0, -2.0, -0.5, -0.7, 1.0, 1.0, 3.0, 2.0]))
    assert at.tolist() == [1, 3, 5, 7] and score.tolist() == [-2.0, -0.5, 1.0, 3.0]


def test_arrays_are_draws_by_seeds(digest: Digest) -> None:
    cell = digest.drawn("genetic", "toy-latency-v0")
    assert cell.score.shape == cell.hypervolume.shape == cell.agent_s.shape == (3, 2)
    curves = cell.curves(np.array([1, 5, 12]))
    assert curves.shape == (3, 2, 3) and np.array_equal(curves[..., -1], cell.score) and (np.diff(curves) >= 0).all()
    assert np.array_equal(digest.final("genetic", "toy-latency-v0"), cell.score)
    assert np.array_equal(cell.take([2, 0]).score, cell.score[[2, 0]])
    assert digest.defaults("random", "toy-latency-v0").score.shape == (1, 2)
    assert digest.drawn("random", "toy-latency-v0").score.shape == (0, 2)
    assert digest.drawn("random", "toy-latency-v0").curves(np.array([1, 2])).shape == (0, 2, 2)
    assert set(digest.configs("genetic")) == {DEFAULTS, 0, 1, 2}


def test_half_played_draws_are_left_out(digest: Digest) -> None:
    gone = next(row.key for row in digest.rows if row.key.agent == "genetic" and row.key.draw == 1)
    less = replace(digest, rows=tuple(row for row in digest.rows if row.key != gone))
    assert less.missing == 1 and less.drawn("genetic", "toy-latency-v0").draws.tolist() == [0, 2]
    assert less.common_draws("genetic", ["toy-latency-v0"]) == (0, 2)


def test_performance_is_the_share_of_the_best_known_score(digest: Digest) -> None:
    facts = {"toy-latency-v0": TaskFacts(family="toy", fingerprint="x", best_score=4.0)}
    scores = np.array([[-1.5, 0.0], [1.0, 3.0], [4.0, 9.0]])
    assert np.array_equal(
        replace(digest, facts=facts).performance("toy-latency-v0", scores), [[0.0, 0.0], [0.25, 0.75], [1.0, 1.0]]
    )
    best = max(row.score[-1] for row in digest.rows)
    assert digest.best("toy-latency-v0") == best and digest.performance("toy-latency-v0", np.array([best])) == 1.0


def test_standings_are_of_the_draws(digest: Digest, tmp_path: Path) -> None:
    first = {row.agent: row for row in standings(digest, "toy-latency-v0")}
    y = digest.performance("toy-latency-v0", digest.final("genetic", "toy-latency-v0"))
    assert first["genetic"].median == np.median(y.mean(axis=1)) and first["genetic"].draws == 3
    crossed = np.mean([y[y[:, 1 - j].argmax(), j] for j in (0, 1)])  # chosen on one seed, scored on the other
    assert first["genetic"].best == pytest.approx(crossed)
    assert first["random"].draws == 0 and np.isnan(first["random"].best)
    assert write_standings(digest, tmp_path).read_text().count("\n") == 3
    assert [len(table.rows) for table in tables(digest)] == [2]


# -- making it -------------------------------------------------------------------------------------------------------------


def test_what_is_digested_is_not_read_again(played: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, path = make_plan(digest.lottery), played / "lottery" / "digest.parquet"
    monkeypatch.setattr(collecting, "_scores", lambda path: pytest.fail(f"{path} was read"))
    again = collect(digest.lottery, plan, played, path)
    assert all(one.same(other) for one, other in zip(again.rows, digest.rows, strict=True)) and again.facts == digest.facts


def test_a_row_that_is_not_its_runs_is_made_again(played: Path, digest: Digest, tmp_path: Path) -> None:
    wrong = replace(digest.rows[0], score=digest.rows[0].score + 1.0)
    write_digest(tmp_path / "d.parquet", replace(digest, rows=(wrong, *digest.rows[1:])))
    again = collect(digest.lottery, make_plan(digest.lottery), played, tmp_path / "d.parquet")
    assert again.rows[0].same(digest.rows[0])


def test_a_digest_that_is_broken_is_made_again(played: Path, digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "d.parquet").write_bytes(b"PAR1")
    again = collect(digest.lottery, make_plan(digest.lottery), played, tmp_path / "d.parquet")
    assert len(again.rows) == len(digest.rows)


def test_the_same_digest_is_the_same_file(digest: Digest, tmp_path: Path) -> None:
    for name in "ab":
        write_digest(tmp_path / name, digest)
    write_digest(tmp_path / "c", read_digest(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


@pytest.mark.parametrize(
    "changes", [{"digest": 1, "summary": None}, {"timing": {}}, {"model": []}, {"summary": {"best_score": 0.1}}]
)
def test_a_broken_manifest_is_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    lottery = lottery_of(agents=["random"], seeds=1)
    session(lottery, tmp_path)
    (manifest,) = tmp_path.glob("*/run.json")
    write_json(manifest, read_json(manifest) | changes)
    with pytest.raises(BadInput) as error:
        collect(lottery, make_plan(lottery), tmp_path, tmp_path / "none")
    assert str(error.value).startswith(str(manifest.parent)) and "\n" not in str(error.value)


def test_reading_touches_no_run(played: Path, digest: Digest) -> None:
    before = stamps(played)
    collect(digest.lottery, make_plan(digest.lottery), played, played / "none")
    assert stamps(played) == before


# -- joining ---------------------------------------------------------------------------------------------------------------


def test_joining_is_a_union(digest: Digest) -> None:
    halves = [replace(digest, rows=digest.rows[:6]), replace(digest, rows=digest.rows[4:])]
    for order in (halves, halves[::-1]):
        assert join(dict(zip("ab", order, strict=True))).rows == digest.rows
    known = {task: facts.model_copy(update={"best_score": 99.0}) for task, facts in digest.facts.items()}
    assert join({"a": digest, "b": replace(digest, facts=known)}).facts == known


def _other_score(row: Row) -> Row:
    return replace(row, score=row.score * 1.0000001)


def _refused(digest: Digest, other: Digest, reason: str) -> None:
    with pytest.raises(BadInput) as error:
        join({"a": digest, "b": other})
    assert str(error.value) == reason


def test_digests_that_disagree_are_refused(digest: Digest) -> None:
    row = digest.rows[0]
    _refused(
        digest,
        replace(digest, rows=(_other_score(row),)),
        "b: genetic on toy-latency-v0, its defaults, seed 0: another outcome than in a",
    )
    other = {"toy-latency-v0": TaskFacts(family="toy", fingerprint="other")}
    (mine,) = (facts.fingerprint for facts in digest.facts.values())
    _refused(
        digest,
        replace(digest, facts=other, rows=()),
        f"b: toy-latency-v0 was played with another model version (other, not {mine})",
    )
    more = digest.lottery.model_copy(update={"name": "more", "draw_seed": 1})
    _refused(digest, replace(digest, lottery=more), "b: the digest of another lottery ('more') than a ('small')")


# -- strangers' files ------------------------------------------------------------------------------------------------------

Spoil = Callable[[dict[str, list[Any]], dict[str, Any]], None]


def _cell(name: str, value: Any) -> Spoil:
    def spoil(columns: dict[str, list[Any]], header: dict[str, Any]) -> None:
        columns[name][2] = value

    return spoil


def _steps(at: list[int], score: list[float]) -> Spoil:
    def spoil(columns: dict[str, list[Any]], header: dict[str, Any]) -> None:
        columns["at"][2], columns["score"][2] = at, score

    return spoil


def _head(*path: str, value: Any) -> Spoil:
    def spoil(columns: dict[str, list[Any]], header: dict[str, Any]) -> None:
        for name in path[:-1]:
            header = header[name]
        header[path[-1]] = value

    return spoil


def _twice(columns: dict[str, list[Any]], header: dict[str, Any]) -> None:
    for values in columns.values():
        values[3] = values[2]


def _no_column(columns: dict[str, list[Any]], header: dict[str, Any]) -> None:
    del columns["seed"]


HOSTILE: list[tuple[Spoil, str | None]] = [
    (_cell("task", "toy-energy-v0"), "row 3: genetic does not play 'toy-energy-v0'"),
    (_cell("agent", "<script>"), "row 3: the lottery has no agent '<script>'"),
    (_cell("draw", 3), "row 3: the lottery has no draw 3"),
    (_cell("draw", -2), "row 3: the lottery has no draw -2"),
    (_cell("seed", 7), "row 3: the lottery has no seed 7"),
    (_cell("seed", None), "row 3: seed: is missing"),
    (_cell("budget", 10**6), "row 3: budget 1000000, the lottery's is 12"),
    (_cell("fingerprint", "0" * 16), "row 3: toy-latency-v0 was played with another model version"),
    (_cell("config", "[1]"), "row 3: config: not a table of plain values"),
    (_cell("config", "{" * 2000), "row 3: config: not a table of plain values"),
    (_cell("config", '{"a": {}}'), "row 3: config: not a table of plain values"),
    (_cell("config", "{}"), "genetic on toy-latency-v0, draw 0, seed 1: another configuration than in other runs of this draw"),
    (_cell("config", "x" * 5000), "column config: a text of 5,000 characters"),
    (_cell("options", "x"), "row 3: options: not a table of plain values"),
    (_cell("at", []), "row 3: at and score: not of one length, or empty"),
    (_cell("at", [1, None, 3]), "row 3: at: is missing"),
    (_cell("at", None), "row 3: at: is missing"),
    (_steps([1, 1], [0.1, 0.2]), "row 3: at: not rising from 1 to the budget at most"),
    (_steps([2, 3], [0.1, 0.2]), "row 3: at: not rising from 1 to the budget at most"),
    (_steps([1, 13], [0.1, 0.2]), "row 3: at: not rising from 1 to the budget at most"),
    (_steps([1, 3], [0.1, 0.1]), "row 3: score: not rising and finite"),
    (_steps([1, 3], [0.1, float("inf")]), "row 3: score: not rising and finite"),
    (_steps([1, 3], [float("nan"), 0.1]), "row 3: score: not rising and finite"),
    (_cell("hypervolume", float("nan")), "row 3: hypervolume: below 0, or not finite"),
    (_cell("hypervolume", float("inf")), "row 3: hypervolume: below 0, or not finite"),
    (_cell("agent_s", -1.0), "row 3: seconds: below 0, or not finite"),
    (_twice, "10 runs, 9 of them different, of a lottery of 10"),
    (_no_column, "not the digest of a lottery: other columns, or no header"),
    (_head("planned", value=3), "10 runs, 10 of them different, of a lottery of 3"),
    (_head("planned", value=10**9), "header: planned: must be at most 200000, got 1000000000"),
    (_head("format", value=2), "header: format: Input should be 1"),
    (_head("evil", value=1), "header: unknown key 'evil'; choose from facts, format, lottery, planned"),
    (_head("lottery", "name", value="../../x"), None),
    (_head("facts", value={}), "row 1: genetic does not play 'toy-latency-v0'"),
    (_head("facts", "toy-latency-v0", "best_score", value=-1), None),
    (_head("facts", "toy-latency-v0", "best_score", value=float("inf")), None),
]


@pytest.mark.parametrize(("spoil", "reason"), HOSTILE)
def test_a_digest_that_says_what_cannot_be_is_one_line(
    digest: Digest, tmp_path: Path, spoil: Spoil, reason: str | None
) -> None:
    path = tmp_path / "d.parquet"
    write_digest(path, digest)
    table = pq.read_table(path)
    columns, header = table.to_pydict(), json.loads(table.schema.metadata[LOTTERY_KEY])
    spoil(columns, header)
    schema = pa.schema([f for f in table.schema if f.name in columns], {LOTTERY_KEY: json.dumps(header).encode()})
    pq.write_table(pa.table(columns, schema=schema), path)
    _one_line(path, reason)


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**27)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _bomb(path: Path) -> None:
    """A few KB that unpack to 800 MB."""
    pq.write_table(
        pa.table({"task": pa.array([b"\0" * 2**20] * 800, pa.binary())}), path, compression="zstd", use_dictionary=False
    )


def _other_types(path: Path) -> None:
    table = pq.read_table(path)
    place = table.column_names.index("draw")
    changed = table.set_column(place, "draw", table["draw"].cast(pa.string()))
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)


def _many_rows(path: Path) -> None:
    pq.write_table(pa.table({"task": pa.array(np.zeros(300_000, dtype=np.int8))}), path)


def _no_header(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)


def _header_no_json(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata({LOTTERY_KEY: b"[" * 100_000}), path)


FILES = [
    (lambda path: path.unlink(), "no such file"),
    (lambda path: path.write_bytes(b""), None),
    (lambda path: path.write_bytes(b"\x80\x04]." * 9), None),
    (_large, "a digest has at most 67,108,864 bytes, this file has 134,217,728"),
    (_cut, None),
    (_bomb, "unpacks to more than a digest may hold"),
    (_other_types, "not the digest of a lottery: other columns, or no header"),
    (_many_rows, "300,000 rows in 1 groups are more than any lottery has"),
    (_no_header, "not the digest of a lottery: other columns, or no header"),
    (_header_no_json, "header: not JSON"),
]


@pytest.mark.parametrize(("spoil", "reason"), FILES)
def test_a_file_that_is_no_digest_is_one_line(
    digest: Digest, tmp_path: Path, spoil: Callable[[Path], Any], reason: str | None
) -> None:
    path = tmp_path / "d.parquet"
    write_digest(path, digest)
    spoil(path)
    _one_line(path, reason)


def _one_line(path: Path, reason: str | None) -> None:
    with pytest.raises(BadInput) as error:
        read_digest(path)
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and len(line) < 500
    assert reason is None or line == f"{path}: {reason}"
