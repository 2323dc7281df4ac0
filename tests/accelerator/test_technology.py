"""Are energies and areas those of the sources, and do they combine to what Timeloop printed?"""

import csv
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from archgym.envs import accelerator
from archgym.envs.accelerator.technology import (
    KINDS,
    load_reference_figures,
    load_technology,
    reference_names,
    technology_names,
)
from archgym.envs.accelerator.technology.cacti import CactiTable
from archgym.errors import BadInput

FAMILY = Path(accelerator.__file__).parent
FOLDER = FAMILY / "technology"
AREAS = list(csv.DictReader((FAMILY / "reference" / "timeloop_areas.csv").open()))
DEPTHWISE = list(csv.DictReader((Path(__file__).parent / "data" / "timeloop_depthwise.csv").open()))
ROWS = np.loadtxt(FOLDER / "cacti_45nm.csv", delimiter=",", skiprows=1)
POINTS = {row["point"]: row for row in AREAS}
CACTI = load_technology("cacti_45nm")


def component(point, part):
    banks = int(point["glb_banks"]) if part == "glb" else 1
    return CACTI.buffer(point[f"{part}_class"], int(point[f"{part}_depth"]), int(point[f"{part}_block"]), banks)


def area_mm2(point):
    area = {part: component(point, part).area_um2 for part in ("ifmap", "weights", "psum", "dummy", "glb")}
    per_pe = CACTI.mac_area_um2 + area["ifmap"] + area["weights"] + area["psum"]
    return (int(point["pes"]) * per_pe + 14 * area["dummy"] + area["glb"]) / 1e6


def test_every_cacti_point_is_given_back_bit_for_bit():
    for depth, block, banks, *figures in ROWS:
        got = CACTI.buffer("SRAM", int(depth), int(block), int(banks))
        assert [got.read_pj, got.write_pj, got.area_um2, got.leakage_mw, got.cycle_ns] == figures


@pytest.mark.parametrize("point", AREAS, ids=[row["point"] for row in AREAS])
def test_area_of_every_archgym_point_is_timeloops_to_the_last_digit(point):
    assert area_mm2(point) == pytest.approx(float(point["area_mm2"]), abs=0.51e-5)


def access_pj(part, block, reads, writes):
    return ceil(reads / block) * part.read_pj + ceil(writes / block) * part.write_pj


def depthwise_uj(point, g, size, st, q, reloads):
    """Energy of a 3x3 depthwise layer by the closed forms of Timeloop's counts.

    ``q`` output columns lie side by side, one filter row per PE, weights loaded ``reloads`` times; a PE slides down its column.
    """
    outputs, passes = g * size * size, size // q
    macs = 9 * outputs // (3 * q)  # of one PE
    ifmap = ((size - 1) * min(st, 3) + 3) * g * passes
    columns = (q - 1) * st + 3
    glb = ((size - 1) * st + 3) * (columns + (passes - 1) * min(q * st, columns)) * g
    weights = 3 * g * reloads
    spads = {"ifmap": (macs, ifmap), "weights": (macs, weights), "psum": (macs * 2 // 3, macs)}
    part = {name: component(point, name) for name in (*spads, "glb")}
    block = {name: int(point[f"{name}_block"]) for name in part}
    per_pe = sum(access_pj(part[name], block[name], *counts) for name, counts in spads.items())
    shared = access_pj(part["glb"], block["glb"], ifmap * 3 * q, glb) + access_pj(part["glb"], block["glb"], 0, outputs)
    dram = sum(access_pj(CACTI.dram("lpddr4"), 4, words, 0) for words in (glb, 3 * weights, outputs))
    return (9 * outputs * CACTI.mac_pj + 3 * q * per_pe + shared + dram) / 1e6


@pytest.mark.parametrize("name", sorted({row["point"] for row in DEPTHWISE}))
def test_energy_of_depthwise_layers_is_timeloops_to_the_last_digit(name):
    """ArchGym's row-stationary limits leave only q and the weights' reloads free; the printed cycles bound q from below."""
    point = POINTS[name]
    for row in (row for row in DEPTHWISE if row["point"] == name):
        g, size, st = (int(row[key]) for key in ("channels", "size", "stride"))
        columns = [q for q in range(1, int(point["mesh_x"]) + 1) if size % q == 0]
        columns = [q for q in columns if 3 * size * g * (size // q) <= int(row["cycles"])]
        energies = [depthwise_uj(point, g, size, st, q, reloads) for q in columns for reloads in (1, size // q)]
        assert min(abs(e - float(row["energy_uj"])) for e in energies) < 0.0052, row


def test_figures_between_cacti_points_are_as_near_as_documented():
    errors = []
    for i, (depth, block, banks, *figures) in enumerate(ROWS):
        if 64 * banks < depth < 65536:
            table = CactiTable(np.delete(ROWS, i, axis=0))
            errors.append(table(np.array([depth]), int(block), int(banks))[0, :3] / figures[:3] - 1)
    assert len(errors) == 72
    assert (np.median(np.abs(errors), axis=0) < [0.057, 0.033, 0.046]).all()
    assert (np.max(np.abs(errors), axis=0) < [0.23, 0.21, 0.13]).all()


def test_shallow_points_follow_from_64_rows_per_bank():
    shallow = ROWS[:, 0] < 64 * ROWS[:, 2]
    table = CactiTable(ROWS[~shallow | (ROWS[:, 0] > 32768)])
    assert shallow.sum() == 36
    for depth, block, banks, *figures in ROWS[shallow]:
        np.testing.assert_allclose(table(np.array([depth]), int(block), int(banks))[0], figures, rtol=1e-14)


def test_a_deeper_table_is_predicted_as_documented():
    table = CactiTable(ROWS[ROWS[:, 0] <= 16384])
    deepest = ROWS[ROWS[:, 0] == 65536]
    errors = [table(row[:1], int(row[1]), int(row[2]))[0, :3] / row[3:6] - 1 for row in deepest]
    assert (np.median(np.abs(errors), axis=0) < [0.115, 0.06, 0.05]).all()
    assert (np.max(np.abs(errors), axis=0) < [0.28, 0.19, 0.17]).all()


@pytest.mark.parametrize("technology", technology_names())
@pytest.mark.parametrize("kind", KINDS)
def test_a_grid_holds_what_single_buffers_say(technology, kind):
    tech = load_technology(technology)
    depths, blocks, banks = [1, 2, 48, 192, 5000, 200_000], [1, 3, 4, 16], [1, 8, 32]
    table = tech.buffer_table(kind, depths, blocks, banks)
    assert table.read_pj.shape == (6, 4, 3)
    for (i, j, k), read in np.ndenumerate(table.read_pj):
        one = tech.buffer(kind, depths[i], blocks[j], banks[k])
        same = (read, table.write_pj[i, j, k], table.area_um2[i, j, k], table.leakage_mw[i, j, k])
        assert same == (one.read_pj, one.write_pj, one.area_um2, one.leakage_mw)
        assert one.read_pj > 0 and one.write_pj > 0 and one.area_um2 > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("banks", [1, 8, 32, 100])
def test_area_and_read_energy_grow_with_depth_and_block(kind, banks):
    depths = sorted({int(1.3**n) for n in range(62)})
    table = CACTI.buffer_table(kind, depths, range(1, 20), [banks])
    for figure in (table.area_um2, table.read_pj):
        assert (np.diff(figure, axis=0) > 0).all()
        assert (np.diff(figure, axis=1) > 0).all()


def test_reference_architectures_have_the_figures_timeloop_was_given():
    assert reference_names() == ["eyeriss", "simba", "tpu32"]
    eyeriss, simba, tpu32 = (load_reference_figures(name) for name in reference_names())
    assert list(eyeriss.levels) == ["DRAM", "GLB", "ifmap_spad", "weights_spad", "psum_spad"]
    glb, accu, unified = eyeriss.levels["GLB"], simba.levels["PEAccu"], tpu32.levels["UB"]
    assert (glb.read_pj, glb.write_pj, glb.area_um2) == (29.4494, 24.1554, 371477.0)
    assert (accu.read_pj, accu.write_pj, accu.area_um2) == (3.026, 2.7887, 9921.2)
    assert (unified.read_pj, unified.write_pj, unified.area_um2) == (68.3493, 51.346, 1644630.0)
    for figures in (eyeriss, simba, tpu32):
        assert (figures.mac_pj, figures.mac_area_um2) == (CACTI.mac_pj, CACTI.mac_area_um2)
        assert figures.levels["DRAM"] == CACTI.dram("lpddr4", 4)


def test_other_technologies_say_what_their_sources_say():
    horowitz, eyeriss, maestro = (load_technology(name) for name in ("horowitz_45nm", "eyeriss_65nm", "maestro"))
    assert [horowitz.buffer("SRAM", n // 8, 4).read_pj for n in (8192, 32768, 1 << 20)] == pytest.approx([10, 20, 100])
    ratios = [eyeriss.buffer("regfile", 12, 1), eyeriss.buffer("SRAM", 16384, 1), eyeriss.dram("eyeriss", 1)]
    assert [c.read_pj / eyeriss.mac_pj for c in ratios] == pytest.approx([1, 6, 200])
    assert eyeriss.neighbour_pj / eyeriss.mac_pj == 2
    assert maestro.buffer("SRAM", 64, 2).read_pj / maestro.mac_pj == pytest.approx(2 * 18.61)
    assert maestro.buffer("regfile", 33, 1).area_um2 == pytest.approx(2 * 4505.1889)
    assert maestro.buffer("SRAM", 16385, 1).area_um2 == pytest.approx(2 * 4161.536)


def test_every_figure_names_its_source_and_fingerprints_differ():
    technologies = [load_technology(name) for name in technology_names()]
    assert len({tech.fingerprint for tech in technologies}) == len(technologies)
    for tech in technologies:
        places = {"clock", "mac", *(f"buffer.{kind}" for kind in KINDS)}
        assert places <= set(tech.sources) and all(tech.sources.values())
        assert all(dram.source for dram in tech.drams.values())


BAD_CALLS = {
    "class": (lambda: CACTI.buffer("SRAMs", 64, 1), "cacti_45nm: there is no buffer class 'SRAMs'; did you mean 'SRAM'?"),
    "depth": (lambda: CACTI.buffer("SRAM", 0, 1), "cacti_45nm: depth must be a whole number of at least 1, got 0"),
    "block": (lambda: CACTI.dram("lpddr4", 0), "cacti_45nm: block must be a whole number of at least 1, got 0"),
    "banks": (lambda: CACTI.buffer("SRAM", 64, 1, 256), "cacti_45nm: SRAM of 256 banks: the table goes from 1 to 128"),
    "deep": (
        lambda: CACTI.buffer("SRAM", 1 << 25, 1),
        "cacti_45nm: SRAM of depth 33554432: the table is carried on to 16777216 only",
    ),
    "dram": (lambda: CACTI.dram("lpdr4"), "cacti_45nm: there is no DRAM 'lpdr4'; did you mean 'lpddr4'?"),
    "name": (lambda: load_technology("cacti_45"), "there is no technology 'cacti_45'; did you mean 'cacti_45nm'?"),
    "arch": (lambda: load_reference_figures("simbaa"), "there is no reference architecture 'simbaa'; did you mean 'simba'?"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_a_wrong_call_gives_one_clear_line(case):
    call, message = BAD_CALLS[case]
    with pytest.raises(BadInput) as error:
        call()
    assert str(error.value) == message


BAD_FILES = {
    "key": ("[mac]", "[mac]\nvolts = 1.0", "mac.volts: Extra inputs are not permitted"),
    "missing": ("energy_pj = 2.2", "", "mac.energy_pj: Field required"),
    "negative": ("energy_pj = 2.2", "energy_pj = -2.2", "mac.energy_pj: Input should be greater than 0"),
    "dram": ("pj_per_bit = 8.0", "", "dram.lpddr4: Value error, give pj_per_bit or times_mac"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_technology_file_is_named_with_its_place(case, tmp_path):
    old, new, message = BAD_FILES[case]
    path = tmp_path / "mine.toml"
    path.write_text((FOLDER / "cacti_45nm.toml").read_text().replace(old, new, 1))
    with pytest.raises(BadInput) as error:
        load_technology(str(path))
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("line", "message"),
    [("64,1,1,x,1,1,1,1", "could not convert string to float: 'x'"), ("64,1,1,1,1,0,1,1", "needs 8 positive numbers")],
)
def test_a_bad_line_of_a_table_is_named(line, message, tmp_path):
    (tmp_path / "mine.toml").write_text((FOLDER / "cacti_45nm.toml").read_text())
    table = tmp_path / "cacti_45nm.csv"
    table.write_text((FOLDER / "cacti_45nm.csv").read_text().splitlines()[0] + f"\n{line}\n")
    with pytest.raises(BadInput) as error:
        load_technology(str(tmp_path / "mine.toml"))
    assert str(error.value) == f"{table}: line 2: {message}"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"mine\.toml: cannot be read: No such file"):
        load_technology(str(tmp_path / "mine.toml"))
