"""The picture of a design shows all that is in use, legibly, and the same every time."""

from __future__ import annotations

import io
import random
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from archgym.envs.soc import farsi
from archgym.envs.soc.design import Design, pack
from archgym.envs.soc.drawing import layout, text
from archgym.envs.soc.drawing.parts import Scene
from archgym.envs.soc.drawing.timeline import Clock, labels
from archgym.envs.soc.fidelity import REFERENCE
from archgym.envs.soc.kernel import RULES
from archgym.envs.soc.model import build
from archgym.envs.soc.picture import draw_design, scene
from archgym.envs.soc.reference_file import read

AUDIO = "audio_decoder"
ALL = "audio_decoder+edge_detection+hpvm_cava"


def random_design(seed: int, name: str, pes: int, mems: int, buses: int, star: bool = False) -> Design:
    """Every task on its own accelerator or, as soon as these are used up, on a processor; blocks and places at random."""
    rng = random.Random(seed)
    workload, library = farsi.load(name)
    fitting = [t.name for t in workload.nodes if library.accelerators(t.name)]
    own = rng.sample(fitting, min(len(fitting), pes - 2))
    elements = ["A53_pe"] * 2 + [rng.choice(library.accelerators(task)).name for task in own]
    return Design(
        pes=tuple(elements),
        mems=tuple(rng.choice(library.of("sram", "dram")).name for _ in range(mems)),
        buses=tuple(rng.choice(library.of("bus")).name for _ in range(buses)),
        pe_bus=tuple(rng.randrange(buses) for _ in elements),
        mem_bus=tuple(rng.randrange(buses) for _ in range(mems)),
        bus_links=tuple((k, 0 if star else rng.randrange(k)) for k in range(1, buses)),
        task_pe={n: own.index(n) + 2 if n in own else rng.randrange(2) for n in workload.names},
        task_mem={n: rng.randrange(mems) for n in workload.names},
    )


def drawn(design: Design, name: str) -> Any:
    workload, library = farsi.load(name)
    return draw_design(pack([design], workload, library), 0, workload, library)


def shown(design: Design, name: str) -> Scene:
    workload, library = farsi.load(name)
    return scene(pack([design], workload, library), 0, workload, library)


def svg(figure: Any, **settings: Any) -> str:
    stream = io.StringIO()
    with rc_context({"svg.fonttype": "none", **settings}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def words(figure: Any) -> list[str]:
    return [t.get_text() for axes in figure.axes for t in axes.texts]


def boxes(figure: Any) -> list[tuple[str, Any]]:
    renderer = FigureCanvasAgg(figure).get_renderer()
    found = []
    for axes in figure.axes:
        assert not axes.axison  # nothing but the texts below
        found += [(t.get_text(), t.get_window_extent(renderer)) for t in axes.texts if t.get_text().strip()]
    return found


def check_legible(figure: Any) -> None:
    """No text leaves the sheet, no two texts touch."""
    found = boxes(figure)
    wide, high = figure.get_size_inches() * figure.dpi
    for name, box in found:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= wide and box.y1 <= high, name
    corners = np.array([(b.x0 + 0.5, b.y0 + 0.5, b.x1 - 0.5, b.y1 - 0.5) for _, b in found])
    apart = (corners[:, None, 0] >= corners[None, :, 2]) | (corners[:, None, 1] >= corners[None, :, 3])
    touching = np.argwhere(~(apart | apart.T) & ~np.eye(len(found), dtype=bool))
    assert not len(touching), [(found[a][0], found[b][0]) for a, b in touching[:3]]


@pytest.mark.parametrize("number", [2, 3, 45, 90])
def test_text_of_reference_designs_is_legible(number: int) -> None:
    found = read(REFERENCE)
    entry = found.entries[number]
    workload, library = found.workloads[entry.workload]
    check_legible(draw_design(pack([entry.design], workload, library), 0, workload, library, compat=number % 2 == 0))


@pytest.mark.parametrize("seed", range(1, 4))
def test_text_is_legible_of_three_applications_on_twelve_elements(seed: int) -> None:
    check_legible(drawn(random_design(seed, ALL, 12, 2 + seed, 1 + 5 * seed // 3, star=seed == 3), ALL))


def test_everything_in_use_is_named_and_nothing_else() -> None:
    design = random_design(5, AUDIO, 9, 4, 3)
    design = replace(design, task_mem=dict.fromkeys(design.task_mem, 1), pes=(*design.pes, "A53_pe"))
    design = replace(design, pe_bus=(*design.pe_bus, 0))
    all_words = " ".join(words(drawn(design, AUDIO)))
    for name in farsi.load(AUDIO)[0].names[1:-2]:
        assert re.search(rf"\b{text.short(name)}\b", all_words), name
    assert "M1  " in all_words and "M0  " not in all_words
    assert f"P{len(design.pes) - 1}  " not in all_words
    assert "fxp_cloned" not in all_words and "souurce" not in all_words


def test_busy_shares_and_segments_agree_with_the_run() -> None:
    found = shown(random_design(1, AUDIO, 6, 3, 2), AUDIO)
    end = found.runs[0].end
    for element in found.elements:
        busy = sum(s.end - s.start for s in found.segments if s.element == element.slot) / end
        assert sum(element.shares.values()) == pytest.approx(busy)
    assert sum(length for _, length, _ in found.phases) == pytest.approx(end)
    energy = next(g.value for g in found.gauges if g.name == "energy")
    assert sum(length * power for _, length, power in found.phases) == pytest.approx(energy)


def test_one_task_runs_on_an_element_at_a_time() -> None:
    found = shown(random_design(3, ALL, 8, 3, 3), ALL)
    for element in found.elements:
        mine = sorted((s for s in found.segments if s.element == element.slot), key=lambda s: s.start)
        for before, after in pairwise(mine):
            assert after.start >= before.end - 1e-15


def test_a_design_that_cannot_be_built_shows_why() -> None:
    design = replace(random_design(0, AUDIO, 4, 2, 2), bus_links=(), pe_bus=(0,) * 4, mem_bus=(1, 1))
    figure = drawn(design, AUDIO)
    assert f"cannot be built: {RULES[4]}" in words(figure)
    assert "P0  A53" in words(figure)
    check_legible(figure)


def test_a_ring_of_buses_can_be_drawn() -> None:
    design = replace(random_design(0, AUDIO, 4, 3, 3), bus_links=((0, 1), (1, 2), (2, 0)), mem_bus=(0, 1, 2))
    assert f"cannot be built: {RULES[5]}" in words(drawn(design, AUDIO))


def test_an_empty_slot_in_use_can_be_drawn() -> None:
    design = random_design(0, AUDIO, 4, 3, 3)
    workload, library = farsi.load(AUDIO)
    batch = pack([design], workload, library)
    batch.pe[0, 0], batch.mem[0, :], batch.mem_bus[0, 1], batch.bus[0, 2] = -1, -1, -1, -1
    figure = draw_design(batch, 0, workload, library)
    assert {f"cannot be built: {RULES[k]}" for k in (0, 2)} <= set(words(figure))


def test_the_same_design_gives_the_same_svg() -> None:
    design = random_design(2, AUDIO, 7, 3, 3)
    one, two = (svg(drawn(design, AUDIO), **{"svg.hashsalt": salt}) for salt in (None, "salt"))
    assert one == two and one.startswith("<?xml") and "zoomProcess" in one


def test_names_of_users_are_never_read_as_mathematics() -> None:
    workload, library = farsi.load(AUDIO)
    app = replace(workload.applications[0], name=r"cost $\bad{$ & <b>")
    batch, named = pack([random_design(0, AUDIO, 3, 1, 1)], workload, library), replace(workload, applications=(app,))
    figure = draw_design(batch, 0, named, library)
    assert r"$\bad{$ &amp; &lt;b&gt; on" in svg(figure)


def test_long_names_are_cut_short() -> None:
    assert text.fit("x" * 200, 7.0, 1.0).endswith("\u2026")
    assert text.width(text.fit("x" * 200, 7.0, 1.0), 7.0) <= 1.0
    lines = text.flow(["alpha", "y" * 100, "beta"], 7.0, 1.0)
    assert all(text.width(line, 7.0) <= 1.0 for line in lines) and lines[0] == "alpha,"


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(0.00708, "s", "7.08 ms"), (999.9, "B", "1 kB"), (2e9, "B/s", "2 GB/s"), (0.0, "J", "0 J"), (3e-14, "J", "0.03 pJ")],
)
def test_quantities_have_three_digits_and_a_prefix(value: float, unit: str, written: str) -> None:
    assert text.quantity(value, unit) == written


def test_labels_of_a_row_never_overlap() -> None:
    rng = random.Random(0)
    for _ in range(50):
        ends = np.sort([rng.random() for _ in range(12)])
        names = [f"task{k}" * rng.randrange(1, 4) for k in range(6)]
        spans = [(name, a, b, "M1") for name, a, b in zip(names, ends[::2], ends[1::2], strict=True)]
        found = labels(spans, Clock(1.0, "s", 1.0, 8.0))
        for before, after in pairwise(found):
            assert before.start + text.width(before.text, 6.8) <= after.start + 1e-9


def test_buses_are_ordered_along_their_links() -> None:
    groups = [layout.Group(k, (), ()) for k in range(4)]
    order = [g.bus for g in layout.arrange(groups, [(0, 2), (2, 1), (1, 3)])]
    assert order == [0, 2, 1, 3]


def test_links_in_one_lane_never_overlap() -> None:
    groups = [layout.Group(k, (), ()) for k in range(6)]
    links = [(0, 2), (0, 3), (1, 4), (3, 5), (0, 5), (0, 1)]
    found = layout.routes(groups, links)
    assert sorted((r.a, r.b) for r in found) == sorted(links)
    assert next(r.lane for r in found if (r.a, r.b) == (0, 1)) == -1
    for r in found:
        others = [s for s in found if s is not r and s.lane == r.lane >= 0]
        assert all(s.b <= r.a or r.b <= s.a for s in others)


def test_stacks_use_the_width_there_is() -> None:
    groups = [layout.Group(0, tuple(range(12)), (0,))]
    ((above, below),) = layout.packed(groups, [0.6] * 12, [0.9], 12.0)
    assert len(above) == 6 and all(len(column) == 2 for column in above)
    assert below == [[0]]
    assert [k for column in above for k in column] == list(range(12))


def test_a_model_draws_its_rows_and_its_own_rules() -> None:
    options = {"space": "limited", "rules": "farsi", "illegal": "invalid", "elements": "3", "memories": "3", "buses": "3"}
    model = build("edge_detection", options)
    rows = model.space.sample(np.random.default_rng(0), 64)
    costs = model.evaluate(rows)
    bad = int(np.flatnonzero(~costs.valid)[0])
    good = model.repair(rows[bad : bad + 1])[0]
    assert {f"cannot be built: {rule}" for rule in costs.why(bad).split("; ")} <= set(words(model.render(rows[bad])))
    assert any(word.startswith("up to ") for word in words(model.render(good)))
