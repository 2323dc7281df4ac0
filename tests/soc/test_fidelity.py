"""The model against FARSI, and files of reference designs of one's own."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archgym.envs.soc import farsi
from archgym.envs.soc.design import pack
from archgym.envs.soc.fidelity import METRICS, REFERENCE, fidelity
from archgym.envs.soc.kernel import trace
from archgym.envs.soc.reference_file import read
from archgym.errors import BadInput

Change = Callable[[dict[str, Any]], object]
Content = dict[str, Any]


def shipped(*ids: str) -> Content:
    designs = json.loads(gzip.decompress(REFERENCE.read_bytes()))["designs"]
    return {"designs": [d for d in designs if d["id"] in ids]} if ids else {"designs": designs}


def written(folder: Path, content: Any) -> Path:
    path = folder / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


GRAPH: Content = {
    "budget": {"latency": 0.01, "power": 0.01, "area": 1e-5},
    "last_task": "work",
    "tasks": [
        {"name": "souurce", "work": 0.0, "children": {"work": 4096.0}},
        {"name": "work", "work": 1e6, "children": {"siink": 4096.0}},
        {"name": "siink", "work": 0.0, "children": {}},
    ],
    "blocks": {
        "cpu": {"subtype": "gpp", "peak_work_rate": 2e9, "work_over_energy": 4e10, "work_over_area": 1e6, "clock_freq": 1e9},
        "fast": {"subtype": "ip", "peak_work_rate": 8e9, "work_over_energy": 4e12, "work_over_area": 1e9, "clock_freq": 1e8},
        "ram": {"subtype": "sram", "peak_work_rate": 8e8, "work_over_energy": 1.0, "work_over_area": 1.0, "clock_freq": 1e8},
        "net": {"subtype": "ic", "peak_work_rate": 8e8, "work_over_energy": 1.0, "work_over_area": 1.0, "clock_freq": 1e8},
    },
    "ip_of_task": {"work": ["fast"]},
}
OWN: Content = {
    "workloads": {"mine": GRAPH},
    "designs": [
        {
            "workload": "mine",
            "id": "one",
            "design": {
                "pes": ["cpu", "fast"],
                "mems": ["ram"],
                "ics": ["net"],
                "pe_bus": [0, 0],
                "mem_bus": [0],
                "bus_bus": [],
                "task_pe": {"souurce": 0, "work": 1, "siink": 0},
                "task_mem": {"souurce": 0, "work": 0, "siink": 0},
            },
        }
    ],
}


def design(content: Content) -> dict[str, Any]:
    return content["designs"][0]["design"]  # type: ignore[no-any-return]


BAD: list[tuple[Change, str]] = [
    (lambda c: c.pop("designs"), "designs: is missing"),
    (lambda c: c.update(designs=[]), "designs: must not be empty"),
    (lambda c: c.update(designs=["x"]), "designs[1]: must be a table, got 'x'"),
    (lambda c: c["designs"][0].update(id="x" * 101), "designs[1]: id: String should have at most 100 characters"),
    (lambda c: c["designs"][0].pop("id"), "designs[1]: id: is missing"),
    (lambda c: c["designs"][0].pop("workload"), "design 'one': workload: is missing"),
    (lambda c: c["designs"][0].update(workload="edge"), "design 'one': workload: 'edge' is no application of ours"),
    (lambda c: c["designs"][0].update(workload="/etc/passwd"), "workload: '/etc/passwd' is no application of ours"),
    (lambda c: c["designs"][0].pop("design"), "design 'one': design: is missing"),
    (lambda c: design(c).pop("ics"), "design 'one': design.ics: is missing"),
    (lambda c: design(c).update(mems=[]), "design 'one': design.mems: must not be empty"),
    (lambda c: design(c).update(pes=["cpu"] * 65), "design.pes: must have at most 64 entries, got 65"),
    (lambda c: design(c).update(pes="cpu"), "design.pes: must be a list, got 'cpu'"),
    (lambda c: design(c).update(pes=["cpu", "fats"]), "design.pes[2]: there is no block 'fats'; did you mean 'fast'?"),
    (lambda c: design(c).update(pes=["cpu", "ram"]), "design.pes[2]: 'ram' is of kind sram, here must be processor or acc"),
    (lambda c: design(c).update(ics=["ram"]), "design.ics[1]: 'ram' is of kind sram, here must be bus"),
    (lambda c: design(c).update(pe_bus=[0]), "design.pe_bus: must have an entry for each of the 2 blocks, has 1"),
    (lambda c: design(c).update(pe_bus=[0, 1]), "design.pe_bus[2]: there is no bus 1, only 0 to 0"),
    (lambda c: design(c).update(mem_bus=[-1]), "design.mem_bus[1]: there is no bus -1, only 0 to 0"),
    (lambda c: design(c).update(mem_bus=[0.5]), "design.mem_bus[1]: must be a whole number, got 0.5"),
    (lambda c: design(c).update(mem_bus=[True]), "design.mem_bus[1]: must be a whole number, got True"),
    (lambda c: design(c).update(bus_bus=[[0, 1]]), "design.bus_bus[1]: there is no bus 1, only 0 to 0"),
    (lambda c: design(c).update(bus_bus=[[0, 0]]), "design.bus_bus[1]: the link of 0 and 0 closes a cycle"),
    (
        lambda c: design(c).update(ics=["net"] * 3, bus_bus=[[0, 1], [1, 2], [2, 0]]),
        "design.bus_bus[3]: the link of 2 and 0 closes a cycle; buses must form a tree",
    ),
    (lambda c: design(c)["task_pe"].pop("work"), "design.task_pe: task 'work' is missing"),
    (lambda c: design(c)["task_pe"].update(play=0), "design.task_pe: there is no task 'play'"),
    (lambda c: design(c)["task_pe"].update(work=2), "design.task_pe.work: there is no slot 2, only 0 to 1"),
    (lambda c: design(c)["task_mem"].update(work=-1), "design.task_mem.work: there is no slot -1, only 0 to 0"),
    (lambda c: design(c).update(task_mem=[0, 0, 0]), "design.task_mem: must be a table, got [0, 0, 0]"),
    (lambda c: c["designs"][0].update(result={"power": float("nan")}), "result.power: must be a finite number, got nan"),
    (lambda c: c["designs"][0].update(result={"latency": -1.0}), "result.latency: must be at least 0, got -1.0"),
    (lambda c: c["designs"][0].update(result={"area": "1"}), "result.area: must be a number, got '1'"),
    (lambda c: c["workloads"].update(edge_detection=GRAPH), "workloads.edge_detection.tasks: 'computeGradient' is not as in"),
    (lambda c: c["workloads"]["mine"].pop("tasks"), "workloads.mine: tasks: is missing"),
    (lambda c: c["workloads"]["mine"]["tasks"][1]["children"].update(work=1.0), "the tasks form a cycle: work -> work"),
    (lambda c: c["workloads"]["mine"]["tasks"][1]["children"].update(rest=1.0), "outputs of 'work': there is no task 'rest'"),
    (lambda c: c["workloads"]["mine"].update(last_task="end"), "last: there is no task 'end'"),
    (lambda c: c["workloads"]["mine"]["blocks"]["cpu"].update(peak_work_rate=0), "cpu.peak_work_rate: must be above 0, got 0"),
    (lambda c: c["workloads"]["mine"].update(ip_of_task={}), "blocks.fast: ip_of_task names no task that it runs"),
    (lambda c: c["workloads"]["mine"].update(ip_of_task={"siink": ["fast"]}), "'siink' is a sink: nothing runs"),
]


@pytest.mark.parametrize(("change", "line"), BAD, ids=[line for _, line in BAD])
def test_a_broken_file_is_told_by_its_design_and_field(tmp_path: Path, change: Change, line: str) -> None:
    content = copy.deepcopy(OWN)
    change(content)
    path = written(tmp_path, content)
    with pytest.raises(BadInput) as told:
        read(path)
    text = str(told.value)
    assert text.startswith(f"{path}: ") and line in text and "\n" not in text


@pytest.mark.parametrize("text", ["", "[]", '{"designs": [1,]}', '{"designs": [], "designs": []}', "[" * 100_000, "\x00"])
def test_a_file_that_is_no_json_object_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadInput, match=r"mine\.json: ") as told:
        read(path)
    assert "\n" not in str(told.value)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json"
    path.write_bytes(gzip.compress(b" " * (65 << 20)))
    with pytest.raises(BadInput, match="larger than 64 MiB"):
        read(path)


def test_every_design_and_every_figure_of_farsi_is_met() -> None:
    found = fidelity()
    assert found.passed
    for name in METRICS:
        assert found.figures[name]["rows"] == 180
        assert found.figures[name]["exact"] == 1.0
        assert found.figures[name]["max_error_percent"] < 1e-10


def test_a_figure_that_is_off_by_a_billionth_and_a_half_fails(tmp_path: Path) -> None:
    content = shipped("edge_detection-054")
    content["designs"][0]["result"]["power"] *= 1 + 1.5e-9
    assert not fidelity(written(tmp_path, content)).passed


def test_the_table_for_out_has_the_promised_columns(tmp_path: Path) -> None:
    content = shipped("audio_decoder-001", "hpvm_cava-001")
    found = fidelity(written(tmp_path, content)).columns
    assert list(found) == ["workload", "id", *(column for name in METRICS for column in (name, f"{name}_predicted"))]
    assert list(found["id"]) == ["audio_decoder-001", "hpvm_cava-001"]
    assert found["latency_s_predicted"] == pytest.approx([d["result"]["latency"] for d in content["designs"]], rel=1e-12)


def test_designs_without_results_are_predicted_only(tmp_path: Path) -> None:
    content = shipped("audio_decoder-001")
    want = content["designs"][0].pop("result")
    found = fidelity(written(tmp_path, content))
    assert found.passed and "latency_s" not in found.columns
    assert found.columns["energy_j_predicted"] == pytest.approx([want["energy"]], rel=1e-12)


def test_a_file_can_bring_its_own_task_graph(tmp_path: Path) -> None:
    found = fidelity(written(tmp_path, OWN)).columns
    assert found["latency_s_predicted"] == pytest.approx([1e6 / 8e9])  # reading 4 kB takes 5 us: computing sets the pace
    assert found["workload"] == ["mine"]
    # FARSI gives an accelerator's area as its task's work over its area; the memory adds some 1e-8 m2, idle blocks nothing.
    assert found["area_m2_predicted"] == pytest.approx([1e6 / 1e9], rel=1e-3)


def test_a_design_that_cannot_be_built_is_left_empty_and_named(tmp_path: Path) -> None:
    content = copy.deepcopy(OWN)
    design(content).update(ics=["net", "net"], mem_bus=[1])
    found = fidelity(written(tmp_path, content))
    assert found.columns["latency_s_predicted"] == [""]
    assert any("one: no route between an element and a memory" in note for note in found.tables[0].notes)


def test_a_design_that_farsi_ran_and_we_cannot_build_fails(tmp_path: Path) -> None:
    content = shipped("audio_decoder-001", "audio_decoder-002")
    design(content)["bus_bus"] = []
    found = fidelity(written(tmp_path, content))
    assert not found.passed
    assert found.figures["energy_j"]["rows"] == 1 and found.figures["energy_j"]["exact"] == 1.0


@pytest.mark.parametrize("number", range(0, 180, 12))
def test_phases_and_capacities_are_farsis(number: int) -> None:
    entry, result = read(REFERENCE).entries[number], shipped()["designs"][number]["result"]
    workload, library = farsi.load(entry.workload)
    found = trace(pack([entry.design], workload, library), 0, workload, library, compat=True)
    assert found.duration_s == pytest.approx(result["phase_duration"], rel=1e-12, abs=1e-15)
    assert found.energy_j == pytest.approx(result["phase_energy"], rel=1e-12, abs=1e-18)
    for name, peak in result["peak_bytes"].items():
        assert found.peak_bytes[int(name.removeprefix("mem"))] == pytest.approx(peak, rel=1e-12)


def test_other_options_are_refused() -> None:
    with pytest.raises(BadInput, match="of no use here"):
        fidelity(workloads=Path("."))
