"""Are the shipped applications FARSI's, and do workloads come together as they are named?"""

from __future__ import annotations

from pathlib import Path

import pytest

from archgym.envs.soc import farsi
from archgym.envs.soc.farsi import load
from archgym.errors import BadInput
from archgym.files import read_table

ALL = "+".join(farsi.APPLICATIONS)
KIND = {"gpp": "processor", "ip": "accelerator", "sram": "sram", "dram": "dram", "ic": "bus"}
# FARSI's figures of every block, from runs of Project_FARSI; memories and buses have placeholders there, left out here
BLOCKS = read_table(Path(__file__).parent / "farsi_blocks.csv.gz")


@pytest.mark.parametrize("name", farsi.APPLICATIONS)
def test_every_block_is_farsis(name: str) -> None:
    workload, library = load(name)
    theirs = [row for row in BLOCKS if row["workload"] == name]
    assert [block.name for block in library.blocks] == [row["name"] for row in theirs]
    work = dict(zip(workload.names, workload.work, strict=True))
    for block, row in zip(library.blocks, theirs, strict=True):
        assert block.kind == KIND[row["subtype"]]
        assert block.clock_hz == float(row["clock_freq"])
        assert block.rate == pytest.approx(float(row["peak_work_rate"]), rel=1e-12)
        if row["work_over_energy"]:
            # an accelerator's area is what its own task's work takes; a processor's figure is of the whole
            per = float(row["work_over_area"]) / (work[block.task] if block.task else 1.0)
            assert block.energy_j == pytest.approx(1 / float(row["work_over_energy"]), rel=1e-12)
            assert block.area_m2 == pytest.approx(1 / per, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "nodes", "real", "edges", "last", "latency"),
    [
        ("audio_decoder", 18, 15, 23, "dummy_last", 0.021),
        ("edge_detection", 8, 6, 8, "rejectZeroCrossings", 0.034),
        ("hpvm_cava", 9, 7, 8, "descale_fxp_cloned", 0.034),
    ],
)
def test_every_graph_is_farsis(name: str, nodes: int, real: int, edges: int, last: str, latency: float) -> None:
    workload, _ = load(name)
    assert (len(workload.nodes), sum(not n.dummy for n in workload.nodes), len(workload.edges)) == (nodes, real, edges)
    assert workload.names[workload.last[0]] == last
    assert (workload.applications[0].latency_s, workload.power_w, workload.area_m2) == (latency, 8.737e-3, 1.7475e-5)


def test_three_at_once_share_what_is_common_and_keep_their_own() -> None:
    workload, library = load(ALL)
    assert workload.name == ALL and len(workload.nodes) == 35
    assert (workload.power_w, workload.area_m2) == (8.737e-3, 1.7475e-5)
    assert workload.names[0] == "audio_decoder.souurce" and workload.names[-1] == "hpvm_cava.siink"
    assert len(library.blocks) == (373 + 449 + 325) - 2 * 73
    order = {"processor": 0, "accelerator": 1, "dram": 2, "sram": 3, "bus": 4}
    assert [order[block.kind] for block in library.blocks] == sorted(order[block.kind] for block in library.blocks)
    for name in farsi.APPLICATIONS:
        alone, own = load(name)
        assert all(block in library.blocks for block in own.blocks)
        assert {b.task for b in own.of("accelerator")} <= set(alone.names)


def test_order_and_spaces_do_as_they_say() -> None:
    there, back = load("edge_detection + hpvm_cava")[0], load("hpvm_cava+edge_detection")[0]
    assert [a.name for a in there.applications] == [a.name for a in back.applications][::-1]
    assert load("edge_detection")[0] is load(" edge_detection")[0] or load(" edge_detection") == load("edge_detection")


def test_accelerators_follow_their_tasks_when_names_are_shared() -> None:
    workload, library = load("generated:seed=1,tasks=4+generated:seed=2,tasks=4")
    one, two = (a.name for a in workload.applications)
    assert {f"{one}.input", f"{two}.t0", f"{one}.end"} <= set(workload.names)
    for block in library.of("accelerator"):
        alone, its = load(f"generated:seed={block.task.partition('seed')[2][0]},tasks=4")
        same = its.blocks[its.index[block.name.partition(".")[2]]]
        assert (same.rate, same.area_m2, same.task) == (block.rate, block.area_m2, block.task.partition(".")[2])
        assert workload.work[workload.names.index(block.task)] == alone.work[alone.names.index(same.task)]


def test_a_file_is_read_again_once_it_has_changed(tmp_path: Path) -> None:
    text = (farsi.DATA / "hpvm_cava.toml").read_text(encoding="utf-8")
    path = tmp_path / "my+chip.toml"
    path.write_text(text, encoding="utf-8")
    assert load(str(path)) == load("hpvm_cava")
    assert load(str(path))[0] is load(str(path))[0]
    path.write_text(text.replace("latency_s = 0.034", "latency_s = 0.0175"), encoding="utf-8")
    assert load(str(path))[0].applications[0].latency_s == 0.0175
    assert load(f"{path} + audio_decoder")[0].name == "hpvm_cava+audio_decoder"


def test_digests_tell_workloads_and_libraries_apart() -> None:
    names = [*farsi.APPLICATIONS, ALL, "generated", "generated:seed=1"]
    assert len({load(name)[0].digest for name in names}) == len({load(name)[1].digest for name in names}) == len(names)


def test_what_cannot_be_joined_or_found_is_refused(tmp_path: Path) -> None:
    text = (farsi.DATA / "hpvm_cava.toml").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace("energy_j = 2.126772310264757e-11", "energy_j = 3e-11"), encoding="utf-8")
    table = tmp_path / "table.toml"
    costs = "{ read_j_per_byte = 1e-13, write_j_per_byte = 2e-13, area_m2 = 3e-8 }"
    table.write_text(f"{text}\n[[capacity]]\nsize_bytes = 1e9\nsram = {costs}\ndram = {costs}\n", encoding="utf-8")
    lines = {
        "audio_decodr": "workload 'audio_decodr': there is no such application or file; did you mean 'audio_decoder'?",
        "": "workload: is empty",
        "hpvm_cava+": "workload 'hpvm_cava+': a part between plus signs is empty",
        "hpvm_cava+hpvm_cava": "workload 'hpvm_cava + hpvm_cava': application 'hpvm_cava' is there twice",
        f"audio_decoder + {other}": f"workload 'audio_decoder + {other}': the parts have different blocks called 'A53_pe'",
        f"audio_decoder + {table}": f"workload 'audio_decoder + {table}': the parts have different tables of capacities",
        "generated:tasks=40+generated:tasks=30": (
            "workload 'generated:tasks=40 + generated:tasks=30': 74 tasks are more than 64"
        ),
        str(tmp_path / "none.toml"): f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory",
    }
    for name, line in lines.items():
        with pytest.raises(BadInput) as error:
            load(name)
        assert str(error.value) == line
