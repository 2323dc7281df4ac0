"""Whatever kind of file a submission is made of: is it refused with one line, before it costs memory or does anything?"""

from __future__ import annotations

import json
import os
import pickle
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from leaderboard_helpers import cell, edit, edit_footer, edit_last_page, edit_trials, first, put

Case = Callable[[Path], Any]
REFUSED: dict[str, tuple[Case, str]] = {}
SEEN = "pickle was loaded"


class Bomb:
    """What a pickle of this does when it is loaded cannot be overlooked."""

    def __reduce__(self) -> Any:
        return os.system, (f"echo {SEEN}",)


def _trials(folder: Path) -> Path:
    return first(folder) / "trials.parquet"


def _bytes(data: bytes) -> Case:
    return lambda f: _trials(f).write_bytes(data)


def _json(text: str | bytes, name: str = "submission.json") -> Case:
    data = text.encode() if isinstance(text, str) else text
    return lambda f: (f / name).write_bytes(data)


def _raw(old: str, new: str) -> Case:
    """A piece of text of the manifest replaced, whatever JSON's writers would say."""

    def change(folder: Path) -> None:
        path = folder / "submission.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def _says(**changes: Any) -> Case:
    return lambda f: edit(f / "submission.json", lambda m: m.update(changes))


def _run(**changes: Any) -> Case:
    return lambda f: edit(first(f) / "run.json", lambda m: m.update(changes))


def _spec(**changes: Any) -> Case:
    return lambda f: edit(first(f) / "run.json", lambda m: m["spec"].update(changes))


def _table(change: Callable[[pa.Table], pa.Table]) -> Case:
    return lambda f: edit_trials(first(f), change, sign=False)


def _footer(change: Callable[[dict[int, Any]], Any]) -> Case:
    return lambda f: edit_footer(_trials(f), change)


def _chunk(change: Callable[[dict[int, Any]], Any], column: int = 0) -> Case:
    return _footer(lambda m: change(m[4][1][0][1][1][1][column][1]))


def _page(change: Callable[[dict[int, Any]], Any], which: int = 0) -> Case:
    return lambda f: edit_last_page(_trials(f), change, which)


def _touch(name: str, data: bytes = b"") -> Case:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return make


class _Note(pa.ExtensionType):  # type: ignore[misc]
    """Arrow's own extension types: a reader that knows the name runs its code."""

    def __init__(self) -> None:
        super().__init__(pa.float64(), "test.note")

    def __arrow_ext_serialize__(self) -> bytes:
        return pickle.dumps(Bomb())

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> Any:
        raise AssertionError("code of an extension type was run")


def _extended(table: pa.Table) -> pa.Table:
    values = pa.ExtensionArray.from_storage(_Note(), table["score"].combine_chunks())
    return put("score", values)(table)


NAMES = {
    "up": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "dots": "..",
    "hidden": ".profile",
    "empty": "",
    "a NUL": "a\0b",
    "very long": "a" * 500,
    "a line end": "a\nb",
    "a line end at the end": "a\n",
    "writing direction": "a\u202eb",
    "a look-alike": "gen\u0435tic",
    "HTML": "<b onclick=x>a",
    "a backslash": "..\\a",
    "a colour": "a\x1b[31m",
    "a number": 7,
    "a list": ["a"],
}
LINKS = {
    "javascript": "javascript:alert(1)",
    "data": "data:text/html,x",
    "plain http": "http://example.org",
    "a quote": 'https://example.org/"onmouseover="x',
    "HTML": "https://example.org/<script>",
    "a line end": "https://example.org/\nx",
    "a user": "https://a@example.org",
}
REFUSED |= {f"a name: {k}": (_says(name=v), "submission.json: name: ") for k, v in NAMES.items()}
REFUSED |= {f"a link: {k}": (_says(url=v), "submission.json: url: ") for k, v in LINKS.items()}
REFUSED |= {
    "a suite's name with a path": (_says(suite={"name": "../toy-v0", "hash": "0" * 16}), "suite.name: "),
    "an agent's name with a path": (_says(agent="../../x"), "agent: "),
    "a method with colours": (_says(method="\x1b[2J"), "method: must be printable text"),
    "a method with marks of direction": (_says(method="a\u2067b"), "method: must be printable text"),
    "a method of a megabyte": (_says(method="a" * 100_000), "method: "),
    "an unknown key": (_says(command="rm"), "unknown key 'command'"),
    "HTML in a version": (_says(versions={"numpy": "<script>"}), "versions.numpy: "),
    "HTML in the host": (_run(host={"machine": "<script>"}), "host.machine: "),
    "HTML in a hyperparameter's name": (_spec(config={"<b>": 1}), "spec.config."),
    "a hyperparameter that is an object": (_spec(config={"batch": {"a": 1}}), "spec.config.batch"),
    "an infinite tuning": (_says(tuning={"evaluations": 10**30, "runs": []}), "tuning.evaluations: must be at most"),
    "a tuning of a fraction": (_says(tuning={"evaluations": 1.5, "runs": []}), "tuning.evaluations: must be a whole number"),
    "a tuning run with a path": (_says(tuning={"evaluations": 1, "runs": ["../../x"]}), "tuning.runs[1]: "),
    "no JSON": (_json("{"), "not JSON as it must be"),
    "a list": (_json("[]"), "must hold a JSON object"),
    "no UTF-8": (_json(b'{"a": "\xff"}'), "not JSON as it must be"),
    "half a surrogate pair": (_raw('"As it is."', '"\\ud800"'), "surrogates not allowed"),
    "nested deeply": (_json('{"a":' * 50_000 + "1" + "}" * 50_000), "larger than"),
    "nested deeply, in few bytes": (_json("[" * 30_000), "nested deeper than 16"),
    "nested with quotes in between": (_json('["\\""' + ',["a"' * 5_000), "nested deeper than 16"),
    "a key twice": (_raw('"ruleset"', '"name": "b", "ruleset"'), "a key is there twice"),
    "NaN": (_raw('"evaluations": 0', '"evaluations": NaN'), "NaN is no number"),
    "1e999": (_raw('"evaluations": 0', '"evaluations": 1e999'), "1e999 is too large a number"),
    "a number of 9,000 digits": (_raw('"evaluations": 0', '"evaluations": ' + "9" * 9000), "not JSON as it must be"),
    "a manifest of a megabyte": (_json(" " * 1_000_000), "larger than 131,072 bytes"),
    "a pickle as a manifest": (_json(pickle.dumps(Bomb())), "not JSON as it must be"),
    "infinite seconds": (_run(timing={"total_s": -1.0}), "timing.total_s: "),
    "a pickle as trials": (_bytes(pickle.dumps(Bomb())), "no Parquet file"),
    "an empty file as trials": (_bytes(b""), "no Parquet file"),
    "only the ends of a Parquet file": (_bytes(b"PAR1" + bytes(8) + b"PAR1"), "not the trials of toy-latency-v0"),
    "a footer longer than the file": (_bytes(b"PAR1" + b"\xff" * 8 + b"PAR1"), "longer than the file"),
    "a footer of rubbish": (_bytes(b"PAR1" + b"\xfc" * 4000 + (4000).to_bytes(4, "little") + b"PAR1"), "not the trials"),
    "a footer nested deeply": (_bytes(b"PAR1" + b"\x1c" * 4000 + (4000).to_bytes(4, "little") + b"PAR1"), "nested too deep"),
    "a footer with an endless list": (
        _bytes(b"PAR1\x19\xfc\xff\xff\xff\x7f" + (6).to_bytes(4, "little") + b"PAR1"),
        "a list longer",
    ),
    "a zip as trials": (lambda f: zipfile.ZipFile(_trials(f), "w").writestr("a", "b" * 100), "no Parquet file"),
    "trials cut off": (lambda f: os.truncate(_trials(f), 1500), "no Parquet file"),
    "trials without their head": (lambda f: _trials(f).write_bytes(b"PAR1" + _trials(f).read_bytes()[400:]), "not the trials"),
    "10 GB of zeros": (lambda f: os.truncate(_trials(f), 10 << 30), "bytes are more than"),
    "200 MB of zeros": (lambda f: os.truncate(_trials(f), 200 << 20), "larger than"),
    "more rows than the budget": (_table(lambda t: pa.concat_tables([t, t])), "48 rows, its budget is 24"),
    "fewer rows than the budget": (_table(lambda t: t.slice(0, 20)), "20 rows, its budget is 24"),
    "no rows": (_table(lambda t: t.slice(0, 0)), "0 rows, its budget is 24"),
    "a million rows, run-length encoded": (
        _table(lambda t: t.take(np.zeros(1_000_000, np.int32)).set_column(0, "trial", pa.array(np.zeros(1_000_000, np.int64)))),
        "1000000 rows, its budget is 24",
    ),
    "a footer that claims 10 billion rows": (_footer(lambda m: m.update({3: (6, 10**10)})), "10000000000 rows"),
    "a row group that claims 10 billion rows": (_footer(lambda m: m[4][1][0][1].update({3: (6, 10**10)})), "do not add up"),
    "a column that claims 10 billion values": (_chunk(lambda c: c[3][1].update({5: (6, 10**10)})), "column trial: "),
    "a column that claims 10 GB": (_chunk(lambda c: c[3][1].update({6: (6, 10**10)})), "unpacks to 10,000,000,000 bytes"),
    "a column in another file": (_chunk(lambda c: c.update({1: (8, b"/etc/passwd")})), "in another file"),
    "a column outside of the file": (_chunk(lambda c: c[3][1].update({9: (6, 10**9), 11: (6, 10**9)})), "outside of the file"),
    "a column before the file": (_chunk(lambda c: c[3][1].update({9: (6, -50), 11: (6, 0)})), "outside of the file"),
    "an encrypted column": (_chunk(lambda c: c.update({8: (12, {1: (12, {})})})), "encrypted"),
    "an encrypted file": (_footer(lambda m: m.update({8: (12, {})})), "encrypted"),
    "a page that claims 2 GB": (_page(lambda p: p.update({2: (5, 2**31 - 1)})), "unpacks to 2,147,483,647 bytes"),
    "a page of negative length": (_page(lambda p: p.update({2: (5, -5)})), "unpacks to -5 bytes"),
    "a page longer than its column": (_page(lambda p: p.update({3: (5, 10**6)})), "outside of its column"),
    "a dictionary that claims 2 billion values": (_page(lambda p: p[7][1].update({1: (5, 2**31 - 1)})), "2147483647 values"),
    "a page that claims more values": (_page(lambda p: p[5][1].update({1: (5, 60)}), 1), "60 values"),
    "a page that claims fewer values": (_page(lambda p: p[5][1].update({1: (5, 3)}), 1), "do not add up"),
    "a page of another kind": (_page(lambda p: p.update({1: (5, 3)})), "a page of another kind"),
    "an encoding of another kind": (_page(lambda p: p[5][1].update({2: (5, 5)}), 1), "in encoding 5"),
    "a text of 50 MB that packs into kilobytes": (_table(cell("mode", 3, "a" * 50_000_000)), "column mode unpacks to"),
    "an unknown column": (_table(lambda t: t.append_column("note", pa.array(["x"] * 24))), "not those of the task: note"),
    "a column named by HTML": (_table(lambda t: t.append_column("<b>\x1b", pa.array([0] * 24))), "<b>\\x1b"),
    "a column missing": (_table(lambda t: t.drop_columns("reason")), "not those of the task: reason"),
    "columns in another order": (_table(lambda t: t.select(t.column_names[::-1])), "another order"),
    "a column twice": (_table(lambda t: t.append_column("score", t["score"])), "another order"),
    "single precision": (_table(lambda t: put("score", t["score"].cast("float32"))(t)), "column score is of another type"),
    "whole numbers of 32 bits": (_table(lambda t: put("tile", t["tile"].cast("int32"))(t)), "column tile is of another type"),
    "scores as text": (_table(put("score", pa.array(["1"] * 24))), "column score is of another type"),
    "pickles in a column": (_table(put("mode", pa.array([pickle.dumps(Bomb())] * 24))), "column mode is of another type"),
    "a column of lists": (_table(put("mode", pa.array([["a"]] * 24))), "not those of the task"),
    "times for numbers": (
        _table(lambda t: put("trial", t["trial"].cast(pa.timestamp("us")))(t)),
        "column trial is of another type",
    ),
    "a missing value": (_table(cell("mode", 3, None)), "a value is missing"),
    "trials counted anew": (_table(cell("trial", 3, 5)), "not numbered 0, 1, 2"),
    "a design out of the space": (_table(cell("tile", 3, 3)), "knob tile cannot be 3"),
    "a name out of the space": (_table(cell("mode", 3, "zz")), "knob mode cannot be 'zz'"),
    "a name with colours": (_table(cell("mode", 3, "\x1b[2J")), "knob mode cannot be '\\x1b[2J'"),
    "metadata of pandas": (_table(lambda t: t.replace_schema_metadata({"pandas": "{}"})), "metadata of its own: b'pandas'"),
    "columns of an extension type": (_table(_extended), "columns of extension types"),
    "a link for trials": (lambda f: _linked(f, _trials(f)), "a link that has no place"),
    "a link for a run": (lambda f: _linked(f, first(f)), "a link that has no place"),
    "a link for all runs": (lambda f: _linked(f, f / "runs"), "a link that has no place"),
    "a link for the manifest": (lambda f: _linked(f, f / "submission.json"), "a link that has no place"),
    "a link for the verification": (lambda f: (f / "verification.json").symlink_to("/etc/passwd"), "a link that has no place"),
    "a link for the submission": (lambda f: _linked(f, f), "not a folder, but a link"),
    "a pipe for trials": (lambda f: (_trials(f).unlink(), os.mkfifo(_trials(f))), "has no place in a submission"),
    "a folder for trials": (lambda f: (_trials(f).unlink(), _trials(f).mkdir()), "a folder that has no place"),
    "a script beside": (_touch("setup.py", b"import os"), "a file that has no place in a submission: setup.py"),
    "a pickle beside the trials": (lambda f: (first(f) / "agent.pkl").write_bytes(pickle.dumps(Bomb())), "agent.pkl"),
    "a hidden file": (_touch(".hidden"), "a file that has no place in a submission: .hidden"),
    "a name of colours": (_touch("\x1b[31m"), "a file that has no place in a submission: \\x1b[31m"),
    "a name that turns around": (_touch("a\u202etxt.exe"), "a\\u202etxt.exe"),
    "a run of another name": (_touch("runs/best/run.json"), "a folder that has no place in a submission: best"),
    "a run in capitals": (lambda f: first(f).rename(f / "runs" / "ABCDEF0123456789"), "ABCDEF0123456789"),
    "a run in a run": (lambda f: shutil.copytree(first(f, 1), first(f) / "0123456789abcdef"), "a folder that has no place"),
    "folders two hundred deep": (lambda f: _deep(f / "runs"), "has no place in a submission: d"),
    "five thousand runs": (lambda f: [(f / "runs" / f"{k:016x}").mkdir() for k in range(2100)], "more than 2,000 entries"),
    "a run without trials": (lambda f: _trials(f).unlink(), "trials.parquet is missing"),
    "no manifest": (lambda f: (f / "submission.json").unlink(), "it has no submission.json"),
    "nothing": (shutil.rmtree, "No such file or directory"),
}


def _linked(folder: Path, path: Path) -> None:
    aside = folder.with_name("aside")
    shutil.move(path, aside)
    path.symlink_to(aside)


def _deep(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@pytest.fixture
def known_extension() -> Any:
    """The extension type, registered: a reader that goes by the file's schema would run its code."""
    pa.register_extension_type(_Note())
    yield
    pa.unregister_extension_type("test.note")


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(
    name: str,
    copy: Callable[[str], Path],
    judge: Callable[..., Any],
    known_extension: None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    case, line = REFUSED[name]
    folder = copy("sub")
    case(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = judge(folder)
    assert done.verdict == "refused" and line in done.reason, done
    assert done.reason.isprintable() and len(done.reason) <= 600
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB more than before
    assert SEEN not in capfd.readouterr().out


def test_the_table_is_long_enough() -> None:
    assert len(REFUSED) >= 30


def test_what_is_tampered_with_is_rebuilt_faithfully(copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    """The cases above fail for their own reasons: taking a file apart and putting it together changes nothing."""
    folder = copy("sub")
    edit_footer(_trials(folder), lambda m: None)
    edit_last_page(_trials(folder), lambda p: None)
    edit_last_page(_trials(folder), lambda p: None, 1)
    assert len(pq.read_table(_trials(folder))) == 24
    assert judge(folder).verdict == "verified"


def test_a_forged_verification_is_replaced(copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    folder = copy("sub")
    (folder / "verification.json").write_text('{"verdict": "verified", "checks": []}')
    edit(first(folder) / "run.json", lambda m: m.update(digest="0" * 64))
    assert judge(folder).verdict == "wrong"
    assert json.loads((folder / "verification.json").read_text())["verdict"] == "wrong"
