"""Are users' files read as they are meant, and refused with one line that says what is wrong?"""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.soc import files
from archgym.envs.soc.capacities import capacities
from archgym.envs.soc.writing import written
from archgym.errors import BadInput

GOOD = """
power_w = 8e-3
area_m2 = 1e-5

[[application]]
name = "blur"
latency_s = 0.01
last = "end"

[[application.task]]
name = "camera"
role = "source"
outputs = { smooth = 600_000, edges = 4_000 }

[[application.task]]
name = "smooth"
work = 3_000_000
outputs = { edges = 300_000 }

[[application.task]]
name = "edges"
work = 500.5
outputs = { end = 1 }

[[application.task]]
name = "end"
role = "sink"

[[processor]]
name = "A53_pe"
instructions_per_s = 2e9
energy_j = 2.1e-11
area_m2 = 6.5e-7
clock_hz = 1e9

[[accelerator]]
task = "smooth"
unrolls = [1, 8]
clocks_hz = [1e8, 2.5e8]
instructions_per_s = 4e9
energy_j = 5e-20
area_m2 = 1e-9

[[memory]]
name = "GMEM"
kind = "dram"
widths_bytes = [4, 16]
clocks_hz = [1e8, 4e8]

[[bus]]
name = "IC"
widths_bytes = [4]
clocks_hz = [8e8]
"""
CAPACITY = "[[capacity]]\nsize_bytes = {}\n{} = {{ read_j_per_byte = 1e-13, write_j_per_byte = 2e-13, area_m2 = 3e-8 }}\n"
TASK = 'name = "smooth"\nwork = 3_000_000'


def _write(folder: Path, text: str, name: str = "chip.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_families_become_blocks(tmp_path: Path) -> None:
    workload, library = files.read(_write(tmp_path, GOOD))
    assert workload.names == ("camera", "smooth", "edges", "end")
    assert [node.role for node in workload.nodes] == ["source", "task", "task", "sink"]
    assert workload.edges.tolist() == [[0, 1], [0, 2], [1, 2], [2, 3]]
    assert workload.edge_bytes.tolist() == [600_000, 4_000, 300_000, 1]
    assert [b.name for b in library.of("accelerator")] == [
        f"smooth_IP0_{unroll}_{clock}_pe" for unroll in (1, 8) for clock in ("1", "2.5")
    ]
    fast = library.blocks[library.index["smooth_IP0_8_2.5_pe"]]
    assert (fast.rate, fast.energy_j, fast.area_m2, fast.unroll, fast.task) == (8e10, 4e-19, 8e-9, 8, "smooth")
    wide = library.blocks[library.index["GMEM_1_4_mem"]]
    assert (wide.kind, wide.rate, wide.width_bytes, wide.clock_hz) == ("dram", 6.4e9, 16.0, 4e8)
    assert library.blocks[library.index["IC_0_8_ic"]].kind == "bus"
    assert library.capacities == capacities()


def test_json_means_the_same_as_toml(tmp_path: Path) -> None:
    path = _write(tmp_path, json.dumps(tomllib.loads(GOOD)), "chip.json")
    assert files.read(path) == files.read(_write(tmp_path, GOOD))


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    form = files.read_form(_write(tmp_path, GOOD + CAPACITY.format(1e6, "dram")))
    again = _write(tmp_path, written(form, "a comment\nof two lines"), "again.toml")
    assert files.read_form(again) == form


def test_capacities_of_ones_own_replace_the_table(tmp_path: Path) -> None:
    _, library = files.read(_write(tmp_path, GOOD + CAPACITY.format(1e6, "dram") + CAPACITY.format(2e6, "dram")))
    assert library.capacities.size_bytes.tolist() == [1e6, 2e6]
    np.testing.assert_array_equal(library.capacities.write_j, [[0, 0], [2e-13, 2e-13]])


def test_two_applications_with_a_task_of_one_name(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[application]]") : GOOD.index("[[processor]]")].replace('"blur"', '"other"')
    text = GOOD.replace("[[processor]]", second + "[[processor]]").replace('task = "smooth"', 'task = "other.smooth"')
    workload, library = files.read(_write(tmp_path, text))
    assert workload.names[1] == "blur.smooth" and workload.names[5] == "other.smooth"
    assert workload.last.tolist() == [3, 7]
    assert library.accelerators("other.smooth")[0].name == "other.smooth_IP0_1_1_pe"


# what is replaced in GOOD, by what, and the line that answers
BROKEN = [
    ("power_w = 8e-3", "", "power_w: is missing"),
    ("power_w = 8e-3", "power_w = 0", "power_w: must be above 0, got 0"),
    ("power_w = 8e-3", "power_w = -1.5", "power_w: must be above 0, got -1.5"),
    ("power_w = 8e-3", "power_w = nan", "power_w: must be a finite number, got nan"),
    ("power_w = 8e-3", "power_w = inf", "power_w: must be a finite number, got inf"),
    ("power_w = 8e-3", 'power_w = "8 mW"', "power_w: must be a number, got '8 mW'"),
    ("power_w = 8e-3", "power_w = true", "power_w: must be a number, got True"),
    ("power_w = 8e-3", "power_mw = 8", "power_mw: is no field of this table; did you mean 'power_w'?"),
    ("unrolls = [1, 8]", "unroll = 8", "accelerator[1].unroll: is no field of this table; did you mean 'unrolls'?"),
    ("area_m2 = 1e-5", "area_m2 = 1e30", "area_m2: must be at most 1e+06, got 1e+30"),
    ("power_w = 8e-3", "power_w = 1" + "0" * 400, f"power_w: must be a number, got 1{'0' * 56}…"),
    ("latency_s = 0.01", "latency_s = -1", "application[1].latency_s: must be above 0, got -1"),
    ("latency_s = 0.01", "", "application[1].latency_s: is missing"),
    ('name = "blur"', 'name = "my blur"',
     "application[1].name: must be a short name of letters, digits, _ and -, got 'my blur'"),
    ('name = "blur"', "name = 7", "application[1].name: must be a text, got 7"),
    ('last = "end"', 'last = "ende"', "application[1]: last: there is no task 'ende'; did you mean 'end'?"),
    ('last = "end"', 'last = "camera"', "application[1]: last: no task leads to 'camera'"),
    ('last = "end"', 'last = "smooth"', "application[1]: last: 'smooth' does not wait for 'edges'; let both lead to one sink"),
    (TASK, 'name = "smooth"', "application[1].task[2]: work of 'smooth' must be at least 1 instruction, got 0"),
    (TASK, 'name = "smooth"\nwork = 0', "application[1].task[2]: work of 'smooth' must be at least 1 instruction, got 0"),
    (TASK, 'name = "smooth"\nwork = -3', "application[1].task[2].work: must be at least 0, got -3"),
    (TASK, 'name = "smooth"\nwork = 1e300', "application[1].task[2].work: must be at most 1e+16, got 1e+300"),
    (TASK, 'name = "smooth"\nwork = [3]', "application[1].task[2].work: must be a number, got [3]"),
    (TASK, 'name = "edges"\nwork = 3', "application[1]: task 'edges' is there twice"),
    (TASK, 'name = ""\nwork = 3',
     "application[1].task[2].name: must be a short name of letters, digits, _ and -, got ''"),
    ('role = "source"', 'role = "root"', "application[1].task[1].role: must be 'task', 'source' or 'sink', got 'root'"),
    ('role = "source"', 'role = "source"\nwork = 5', "application[1].task[1]: 'camera' is a source: it has no work"),
    ('role = "source"\noutputs = { smooth = 600_000, edges = 4_000 }', 'role = "source"',
     "application[1]: 'camera' is a source without outputs"),
    ("smooth = 600_000", "smoth = 600_000",
     "application[1]: outputs of 'camera': there is no task 'smoth'; did you mean 'smooth'?"),
    ("smooth = 600_000", "smooth = 0", "application[1].task[1].outputs.smooth: must be at least 1, got 0"),
    ("smooth = 600_000", "smooth = nan", "application[1].task[1].outputs.smooth: must be a finite number, got nan"),
    ("smooth = 600_000", "smooth = false", "application[1].task[1].outputs.smooth: must be a number, got False"),
    ("outputs = { end = 1 }", "outputs = [1]", "application[1].task[3].outputs: must be a table, got [1]"),
    ("outputs = { end = 1 }", "outputs = { end = 1, smooth = 2 }",
     "application[1]: the tasks form a cycle: smooth -> edges -> smooth"),
    ("outputs = { end = 1 }", "outputs = { end = 1, edges = 2 }", "application[1]: the tasks form a cycle: edges -> edges"),
    ("outputs = { end = 1 }", "outputs = { end = 1, camera = 2 }",
     "application[1]: outputs of 'edges': 'camera' is a source: it has no inputs"),
    ('role = "sink"', 'role = "sink"\noutputs = { edges = 1 }',
     "application[1]: outputs of 'end': a sink leads to nothing but other sinks"),
    ('task = "smooth"', 'task = "smoth"', "accelerator 'smoth_IP0_1_1_pe': there is no task 'smoth'; did you mean 'smooth'?"),
    ('task = "smooth"', 'task = "camera"', "accelerator 'camera_IP0_1_1_pe': 'camera' is a source: nothing runs it"),
    ("unrolls = [1, 8]", "unrolls = []", "accelerator[1].unrolls: must not be empty"),
    ("unrolls = [1, 8]", "unrolls = [1, 8, 1]", "accelerator[1].unrolls: 1 is listed twice"),
    ("unrolls = [1, 8]", "unrolls = [1, 0]", "accelerator[1].unrolls[2]: must be at least 1, got 0"),
    ("unrolls = [1, 8]", "unrolls = [1.5]", "accelerator[1].unrolls[1]: must be a whole number, got 1.5"),
    ("unrolls = [1, 8]", "unrolls = 8", "accelerator[1].unrolls: must be a list, got 8"),
    ("unrolls = [1, 8]", "unrolls = [true]", "accelerator[1].unrolls[1]: must be a whole number, got True"),
    ("clocks_hz = [1e8, 2.5e8]", "clocks_hz = [1e8, -1e8]",
     "accelerator[1].clocks_hz[2]: must be at least 1, got -100000000.0"),
    ("instructions_per_s = 4e9", "instructions_per_s = inf",
     "accelerator[1].instructions_per_s: must be a finite number, got inf"),
    ("energy_j = 5e-20", "energy_j = -5e-20", "accelerator[1].energy_j: must be at least 0, got -5e-20"),
    ('kind = "dram"', 'kind = "flash"', "memory[1].kind: must be 'sram' or 'dram', got 'flash'"),
    ("widths_bytes = [4, 16]", "widths_bytes = [4, 4.0]", "memory[1].widths_bytes[2]: must be a whole number, got 4.0"),
    ('name = "IC"', 'name = "GMEM"\nkind = "dram"',
     "bus[1].kind: is no field of this table; choose from clocks_hz, name, widths_bytes"),
    ('[[bus]]\nname = "IC"', '[[memory]]\nname = "GMEM"\nkind = "dram"', "bus: is missing"),
    ("[[memory]]", "[memory]", "memory: must be a list, got {'name': 'GMEM', 'kind': 'dram', 'widths_bytes': [4, 16],…"),
    ("[[memory]]", GOOD[GOOD.index("[[processor]]") : GOOD.index("[[accelerator]]")] + "[[memory]]",
     "block 'A53_pe' is there twice"),
    (GOOD[GOOD.index("[[processor]]") : GOOD.index("[[accelerator]]")], "",
     "nothing can run the task 'edges': no processor, and no accelerator for it"),
    (GOOD[GOOD.index("[[application]]") : GOOD.index("[[processor]]")], "application = []\n", "application: must not be empty"),
    (GOOD[GOOD.index("[[memory]]") : GOOD.index("[[bus]]")], "", "memory: is missing"),
    ("[[processor]]", GOOD[GOOD.index("[[application]]") : GOOD.index("[[processor]]")] + "[[processor]]",
     "application 'blur' is there twice"),
    ("[[bus]]", CAPACITY.format(2, "dram") + CAPACITY.format(2, "dram") + "[[bus]]",
     "capacity: sizes must rise, got 2 after 2"),
    ("[[bus]]", CAPACITY.format(2, "sram") + "[[bus]]", "capacity[1].dram: is missing, and there is memory of that kind"),
    ("power_w = 8e-3", "power_w = 8e-3\npower_w = 9", "not TOML: Cannot overwrite a value (at line 3, column 12)"),
    ("[[bus]]", "[[bus]", "not TOML: Expected ']]' at the end of an array declaration (at line 50, column 6)"),
    (GOOD, "", "power_w: is missing"),
    (GOOD, "#" * (5 << 20), "larger than 4 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), BROKEN, ids=[f"{k}" for k in range(len(BROKEN))])
def test_a_broken_file_is_answered_with_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in GOOD
    path = _write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadInput) as error:
        files.read(path)
    assert str(error.value) == f"{path}: {line}"


APPLICATION = GOOD[GOOD.index("[[application]]") : GOOD.index("[[processor]]")]
CLOCKS = "widths_bytes = {}\nclocks_hz = {}"


def _chain(tasks: int) -> str:
    """That many more tasks, one after the other, which end in ``smooth``."""
    names = [*(f"t{k}" for k in range(tasks)), "smooth"]
    entry = '[[application.task]]\nname = "{}"\nwork = 1\noutputs = {{ {} = 1 }}\n'
    return "".join(entry.format(a, b) for a, b in pairwise(names))


TOO_MUCH = {
    "application[1].task: must have at most 64 entries, got 67": ("[[processor]]", _chain(63) + "[[processor]]"),
    "68 tasks are more than 64": ("[[processor]]", _chain(60) + APPLICATION.replace('"blur"', '"b"') + "[[processor]]"),
    "application: must have at most 8 entries, got 9": ("[[processor]]", APPLICATION * 8 + "[[processor]]"),
    "4,105 blocks are more than 4,096": (
        CLOCKS.format("[4]", "[8e8]"),
        CLOCKS.format(list(range(1, 65)), [1e8 + k for k in range(64)]),
    ),
}


@pytest.mark.parametrize("line", TOO_MUCH)
def test_too_much_is_refused(tmp_path: Path, line: str) -> None:
    path = _write(tmp_path, GOOD.replace(*TOO_MUCH[line]))
    with pytest.raises(BadInput) as error:
        files.read(path)
    assert str(error.value) == f"{path}: {line}"


@pytest.mark.parametrize(
    ("name", "text"), [("chip.toml", "a = " + "[" * 5000), ("chip.json", "[" * 100_000), ("chip.json", "1" * 5000)]
)
def test_what_the_readers_themselves_give_up_on_is_one_line(tmp_path: Path, name: str, text: str) -> None:
    path = _write(tmp_path, text, name)
    with pytest.raises(BadInput) as error:
        files.read(path)
    assert str(error.value).startswith(f"{path}: not {name[-4:].upper()}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"power_w": 1, "power_w": 2}', "not JSON: key 'power_w' is there twice"),
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[1]", "must be a table, got [1]"),
        (json.dumps(tomllib.loads(GOOD)).replace("0.008", "NaN"), "power_w: must be a finite number, got nan"),
    ],
)
def test_broken_json_is_answered_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    path = _write(tmp_path, text, "chip.json")
    with pytest.raises(BadInput) as error:
        files.read(path)
    assert str(error.value) == f"{path}: {line}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, line in [(tmp_path / "none.toml", "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(BadInput) as error:
            files.read(path)
        assert str(error.value) == f"{path}: cannot be read: {line}"
    with pytest.raises(BadInput, match="cannot be read: 'utf-8' codec can't decode byte 0xff in position 0"):
        files.read(binary)
