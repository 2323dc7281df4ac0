"""The reference rows of Timeloop, and what a user's own reference file may look like."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from archgym.envs.accelerator.fidelity import LINKS, against_timeloop, fidelity
from archgym.envs.accelerator.fixed import REFERENCE, stride_of
from archgym.errors import BadInput
from archgym.files import read_table

Row = dict[str, str]


def _rows(count: int) -> list[Row]:
    return read_table(REFERENCE)[:count]


def _write(path: Path, rows: list[Row]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    return path


def test_every_count_cycle_and_energy_of_timeloop_is_met():
    found = against_timeloop(REFERENCE)
    assert found.passed
    for name in ("cycles", "access_counts", "energy_uJ", "area_um2"):
        for ending in ("", LINKS):
            assert (found.figures[name + ending]["rows"], found.figures[name + ending]["exact"]) == (208, 1.0)


def test_energy_is_timeloops_to_ten_digits():
    rows = read_table(REFERENCE)
    predicted = against_timeloop(REFERENCE).columns["energy_uJ_predicted"]
    for row, value in zip(rows, predicted, strict=True):
        assert float(row["energy_mac_pJ"]) + float(row["energy_storage_pJ"]) == pytest.approx(1e6 * value, rel=1e-10)


def test_a_file_without_counts_compares_cycles_and_energies(tmp_path):
    rows = [
        {k: row[k] for k in ("id", "link_transfers", "arch", "layer", "cycles", "energy_total_uJ", "mapping_json")}
        for row in _rows(8)
    ]
    found = fidelity(_write(tmp_path / "mine.csv", rows))
    assert found.passed
    assert found.figures["cycles"]["rows"] == 4
    assert found.figures["access_counts"] == {"rows": 0}
    assert list(found.columns) == [*rows[0], "cycles_predicted", "energy_uJ_predicted"]
    assert [float(row["cycles"]) for row in rows] == found.columns["cycles_predicted"]


def test_counts_beside_a_file_are_compared(tmp_path):
    rows = _rows(2)
    file = _write(tmp_path / "mine.csv", rows)
    counts = [r for r in read_table(REFERENCE.with_name("fixed_timeloop_accesses.csv.gz")) if r["id"] == rows[0]["id"]]
    _write(tmp_path / "mine_accesses.csv", counts)
    assert fidelity(file).figures["access_counts"]["exact"] == 1.0
    counts[0]["reads_per_inst"] = str(int(counts[0]["reads_per_inst"]) + 1)
    _write(tmp_path / "mine_accesses.csv", counts)
    found = fidelity(file)
    assert found.figures["access_counts"]["exact"] == 0.0
    assert not found.passed


def test_a_wrong_reference_is_noticed(tmp_path):
    rows = _rows(2)
    rows[0]["cycles"] = str(2 * int(rows[0]["cycles"]))
    found = fidelity(_write(tmp_path / "wrong.csv", rows))
    assert not found.passed
    assert found.figures["cycles"]["max_error_percent"] == 50.0


@pytest.mark.parametrize(("layer", "stride"), [("alex_c1", 4), ("r18_128_3x3s2", 2), ("mb2_dw96_s2", 2), ("mb2_dw144_s1", 1)])
def test_strides_go_by_layer_names(layer, stride):
    assert stride_of(layer) == stride


BROKEN = [
    ("link_transfers", "2", "row 2: link_transfers must be 0 or 1, got '2'"),
    ("arch", "eyeris", "row 2: there is no fixed architecture 'eyeris'; did you mean 'eyeriss'?"),
    ("cycles", "many", "row 2: cycles must be a number of 0 or more, got 'many'"),
    ("mapping_json", "[", "row 2: mapping_json: not JSON: Expecting value"),
    ("mapping_json", "[]", "row 2: a mapping has levels with temporal_outer_to_inner"),
    (
        "mapping_json",
        '{"levels": [{"level": "L3", "temporal_outer_to_inner": []}]}',
        "row 2: architecture 'eyeriss' has no level 'L3'",
    ),
    ("mapping_json", '{"levels": [{"level": "GLB", "temporal_outer_to_inner": [["Z", 2]]}]}', "row 2: there is no dim 'Z'"),
    (
        "mapping_json",
        '{"levels": [{"level": "psum_spad", "temporal_outer_to_inner": [["M", 99]]}]}',
        "row 2: mapping_json: a tile does not fit its buffer",
    ),
]


@pytest.mark.parametrize(("column", "value", "message"), BROKEN)
def test_a_broken_row_is_named(tmp_path, column, value, message):
    rows = _rows(1)
    rows[0][column] = value
    file = _write(tmp_path / "broken.csv", rows)
    with pytest.raises(BadInput) as error:
        fidelity(file)
    assert str(error.value).startswith(f"{file}: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "holds no rows"),
        (b"id,arch\n1,eyeriss\n", "column missing: link_transfers, layer, cycles, energy_total_uJ, mapping_json"),
        (b"\xff\xfe", "cannot be read: 'utf-8' codec can't decode"),
        (gzip.compress(b"id\n1\n", mtime=0)[:12], "cannot be read: Compressed file ended"),
    ],
)
def test_a_file_that_is_no_reference_is_refused(tmp_path, data, message):
    file = tmp_path / "file.csv"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadInput) as error:
        fidelity(file)
    assert str(error.value).startswith(f"{file}: {message}")


def test_workloads_are_refused(tmp_path):
    with pytest.raises(BadInput, match="--workloads is of no use here"):
        fidelity(REFERENCE, tmp_path)
