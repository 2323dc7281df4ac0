"""Reference tables: CSV, gzip or not, and one line for each thing that can be wrong with a file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from archgym.errors import BadInput
from archgym.files import read_table

TEXT = b"\xef\xbb\xbfa,b\n1,2\n3\n4,5,6\n"
ROWS = [{"a": "1", "b": "2"}, {"a": "3", "b": ""}, {"a": "4", "b": "5"}]


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT, mtime=0), TEXT.replace(b"\n", b"\r\n")])
def test_rows_have_the_headers_columns(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert read_table(tmp_path / "a.csv", ("a", "b")) == ROWS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "holds no rows"),
        (b"a,b\n", "holds no rows"),
        (b"a,b\n1,2\n", "column missing: c, d"),
        (b"a\n" + b"1" * 200_000, "not a CSV: "),
        (b"a\n\xff\n", "cannot be read: "),
        (gzip.compress(TEXT, mtime=0)[:-9], "cannot be read: "),
        (gzip.compress(TEXT, mtime=0)[:12] + b"\xff" * 40, "cannot be read: "),
        (gzip.compress(TEXT, mtime=0)[:-4] + b"\0\0\0\1", "cannot be read: "),
    ],
)
def test_a_broken_table_is_named_with_the_reason(data: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_table(file, ("a", "c", "d"))
    assert str(caught.value).startswith(f"{file}: {reason}") and "\n" not in str(caught.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.csv: cannot be read: No such file or directory"):
        read_table(tmp_path / "none.csv")
