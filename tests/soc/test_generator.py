"""Are generated workloads sound, repeatable, and neither trivial nor hopeless?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.envs.soc import budgets, farsi, files, generator
from archgym.envs.soc.design import Design, pack
from archgym.envs.soc.farsi import load
from archgym.envs.soc.generator import Options, generate, read_options
from archgym.envs.soc.graph import Workload
from archgym.envs.soc.kernel import simulate
from archgym.envs.soc.library import Library
from archgym.envs.soc.writing import write
from archgym.errors import BadInput

OPTIONS = st.builds(
    Options,
    seed=st.integers(0, 2**32 - 1),
    tasks=st.integers(4, 40),
    width=st.integers(1, 8),
    fan=st.integers(1, 8),
    accelerated=st.floats(0.1, 1.0),
)


def _expanded(options: Options) -> tuple[Workload, Library]:
    return files.expand(generate(options), "here")


@settings(max_examples=40, deadline=None)
@given(OPTIONS)
def test_graphs_are_sound(options: Options) -> None:
    workload, library = _expanded(options)
    edges = workload.edges
    assert len(workload.nodes) == options.tasks + 2
    assert (edges[:, 0] < edges[:, 1]).all()  # the order is topological, so there is no cycle
    assert len(np.unique(edges, axis=0)) == len(edges)
    # everything but the source has an input, everything but the sink an output: all lies between the two
    assert set(edges[:, 1]) == set(range(1, options.tasks + 2))
    assert set(edges[:, 0]) == set(range(options.tasks + 1))
    for what, values in (("work", workload.work[1:-1]), ("bytes", workload.edge_bytes)):
        assert (values >= generator.RANGES[what][0]).all() and (values <= generator.RANGES[what][1]).all()
    served = {block.task for block in library.of("accelerator")}
    assert len(served) == max(1, round(options.accelerated * options.tasks))
    light = [node.work for node in workload.nodes if not node.dummy and node.name not in served]
    assert max(light, default=0.0) <= min(node.work for node in workload.nodes if node.name in served)


@settings(max_examples=15, deadline=None)
@given(OPTIONS)
def test_the_seed_decides(options: Options) -> None:
    assert generate(options) == generate(options)
    other = Options(options.seed ^ 1, options.tasks, options.width, options.fan, options.accelerated)
    assert generate(options).application[0].task != generate(other).application[0].task


def test_the_seed_decides_on_every_machine() -> None:
    task = generate(Options(seed=3, tasks=20)).application[0].task
    assert [(t.name, t.work) for t in task[1:4]] == [("t0", 1_025_000_000), ("t1", 69_160_000), ("t2", 72_150_000)]


def test_every_option_matters() -> None:
    plain = generate(Options()).application[0].task
    texts = ["seed=1", "tasks=16", "width=5", "fan=1", "accelerated=0.5"]
    forms = [generate(read_options(f"generated:{text}")) for text in texts]
    assert all(form.application[0].task != plain for form in forms[:4])
    assert len(forms[4].accelerator) == 8 and len(generate(Options()).accelerator) == 12
    assert len({form.application[0].name for form in forms}) == 5


@settings(max_examples=10, deadline=None)
@given(OPTIONS)
def test_a_written_file_loads_back_equal(tmp_path_factory: pytest.TempPathFactory, options: Options) -> None:
    path = tmp_path_factory.mktemp("generated") / "graph.toml"
    write(generate(options), path, f"drawn from {options}")
    assert files.read_form(path) == generate(options)
    assert load(str(path)) == _expanded(options)


def test_ranges_are_those_of_farsis_applications() -> None:
    forms = [files.read_form(farsi.DATA / f"{name}.toml") for name in farsi.APPLICATIONS]
    tasks = {task.name: task for form in forms for task in form.application[0].task if task.role != "sink"}
    work = [task.work for task in tasks.values() if task.role == "task"]
    size = [b for form in forms for t in form.application[0].task if t.role != "sink" for b in t.outputs.values()]
    heavy = [a for form in forms for a in form.accelerator if tasks[a.task].work >= generator.HEAVY]
    found = {"work": work, "bytes": size}
    found |= {name: [getattr(a, name) for a in heavy] for name in ("instructions_per_s", "energy_j", "area_m2")}
    for name, values in found.items():
        assert np.quantile(values, [0.1, 0.9]) == pytest.approx(generator.RANGES[name], rel=5e-3), name
    loops = [max(a.unrolls) for a in heavy]
    assert loops.count(1) / len(loops) == generator.PLAIN
    assert (min(k for k in loops if k > 1), max(loops)) == generator.ITERATIONS
    for accelerator in heavy:
        assert accelerator.unrolls == generator.unrolls(max(accelerator.unrolls))


def _chip(workload: Workload, library: Library) -> Design:
    """The chip that budgets are made from."""
    mapping = [block.name for block in budgets.blocks(workload, library)]
    pes = list(dict.fromkeys(mapping))
    task_pe = {name: pes.index(block) for name, block in zip(workload.names, mapping, strict=True)}
    memory = dict.fromkeys(workload.names, 0)
    return Design(tuple(pes), ("LMEM_5_8_mem",), ("LMEM_ic_5_8_ic",), (0,) * len(pes), (0,), (), task_pe, memory)


def _one_processor(workload: Workload) -> Design:
    nothing = dict.fromkeys(workload.names, 0)
    return Design(("A53_pe",), ("LMEM_5_8_mem",), ("LMEM_ic_5_8_ic",), (0,), (0,), (), nothing, nothing)


@pytest.mark.parametrize(("tasks", "width"), [(4, 8), (15, 3), (40, 5)])
def test_budgets_can_be_met_but_not_by_one_processor(tasks: int, width: int) -> None:
    for seed in range(12):
        workload, library = _expanded(Options(seed=seed, tasks=tasks, width=width))
        asked = np.array([workload.applications[0].latency_s, workload.power_w, workload.area_m2])
        designs = pack([_chip(workload, library), _one_processor(workload)], workload, library)
        found = simulate(designs, workload, library, False)
        chip, single = np.column_stack([found.latency_s[:, 0], found.power_w, found.area_m2])
        needs = budgets.chip(workload, library)
        # worked out twice: by the simulator, and by the generator's own few lines
        assert chip == pytest.approx([needs.latency_s, needs.power_w, needs.area_m2], rel=1e-9)
        assert asked == pytest.approx(1.5 * chip, rel=6e-3)
        assert single[0] > asked[0]


def test_the_chip_of_a_chain_worked_by_hand(tmp_path: Path) -> None:
    text = """
    power_w = 1
    area_m2 = 1
    processor = [{ name = "cpu", instructions_per_s = 1e9, energy_j = 1e-10, area_m2 = 1e-6, clock_hz = 1e9 }]
    memory = [{ name = "m", kind = "sram", widths_bytes = [1], clocks_hz = [1e8] }]
    bus = [{ name = "b", widths_bytes = [1], clocks_hz = [1e8] }]
    [[capacity]]
    size_bytes = 10_000_000
    sram = { read_j_per_byte = 1e-12, write_j_per_byte = 2e-12, area_m2 = 3e-7 }
    [[application]]
    name = "chain"
    latency_s = 1
    last = "end"
    task = [
      { name = "in", role = "source", outputs = { a = 1_000_000 } },
      { name = "a", work = 2e8, outputs = { b = 4_000_000 } },
      { name = "b", work = 1e6, outputs = { end = 1 } },
      { name = "end", role = "sink" },
    ]
    [[accelerator]]
    task = "a"
    unrolls = [1]
    clocks_hz = [1e8]
    instructions_per_s = 2e9
    energy_j = 1e-11
    area_m2 = 1e-9
    """
    path = tmp_path / "chain.toml"
    path.write_text(text, encoding="utf-8")
    needs = budgets.chip(*load(str(path)))
    # a: 200 ms on the processor, 100 ms on its accelerator, longer than its 4 MB at 100 MB/s; b reads them in 40 ms
    assert needs.latency_s == pytest.approx(0.14)
    watts = (2e8 * 1e-11 + 1e6 * 1e-12 + 4e6 * 2e-12) / 0.1, (1e6 * 1e-10 + 4e6 * 1e-12 + 2e-12) / 0.04
    assert needs.power_w == pytest.approx(max(watts))
    assert needs.area_m2 == pytest.approx(1e-6 + 1e-9 + 3e-7)


BROKEN = {
    "generated:tasks": "'tasks' must read option=number",
    "generated:tasks=": "tasks must be a whole number in 4 … 40, got ''",
    "generated:tasks=3": "tasks must be a whole number in 4 … 40, got '3'",
    "generated:tasks=41": "tasks must be a whole number in 4 … 40, got '41'",
    "generated:tasks=4.5": "tasks must be a whole number in 4 … 40, got '4.5'",
    "generated:tasks=many": "tasks must be a whole number in 4 … 40, got 'many'",
    "generated:tasks=٤": "tasks must be a whole number in 4 … 40, got '٤'",
    "generated:seed=-1": "seed must be a whole number in 0 … 4294967295, got '-1'",
    "generated:seed=1" + "0" * 5000: "seed must be a whole number in 0 … 4294967295, got '1" + "0" * 58 + "…'",
    "generated:accelerated=nan": "accelerated must be a number in 0.1 … 1.0, got 'nan'",
    "generated:accelerated=0": "accelerated must be a number in 0.1 … 1.0, got '0'",
    "generated:task=5": "there is no option 'task'; did you mean 'tasks'?",
    "generated:seed=1,seed=2": "seed is given twice",
    "generated:seed=1,": "'' must read option=number",
    "generated:=1": "'=1' must read option=number",
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_options_are_answered_with_their_line(text: str) -> None:
    with pytest.raises(BadInput) as error:
        load(text)
    shown = text if len(text) <= 60 else text[:59] + "…"
    assert str(error.value) == f"workload {shown!r}: {BROKEN[text]}"
