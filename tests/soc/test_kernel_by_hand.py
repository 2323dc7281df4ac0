"""Does the kernel do what its rules say, on chips worked by hand, and say what is wrong with those that cannot be?

"p1" does 1 inst/s for 1 J each, "p3" for 3 J, "fast" 1e9 inst/s; memories and buses are named by their rate in B/s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle_cases import chip, graph

from archgym.envs.soc.graph import Node
from archgym.envs.soc.kernel import RULES
from archgym.errors import BadInput

MODES = pytest.mark.parametrize("compat", [False, True], ids=["clean", "compat"])


def test_a_task_completes_when_its_work_is_done_not_at_99_per_cent() -> None:
    c = chip(graph(a=(100, {}), b=(100.5, {})), pes=("p1", "p1"), task_pe={"b": 1})
    assert c.trace(False).task_end_s.tolist() == [100.0, 100.5]
    assert c.trace(True).task_end_s.tolist() == [100.0, 100.0]
    assert c.run(False).energy_j[0] == 200.5
    assert c.run(True).energy_j[0] == 200.0  # the half that was never done costs nothing


def test_two_tasks_on_one_bus_share_it() -> None:
    tasks = graph(source=(0, {"a": 100, "b": 300}), a=(100, {}), b=(300, {}))
    c = chip(tasks, pes=("fast", "fast"), task_pe={"b": 1}, buses=("bus10",))
    end = dict(zip(c.workload.names, c.trace(False).task_end_s, strict=True))
    assert end["a"] == pytest.approx(20.0)  # half of 10 B/s each: round robin over the two elements' links
    assert end["b"] == pytest.approx(40.0)  # 100 B by then; the other 200 B at 10 B/s
    first, second = c.trace(False).running
    assert [(r.kind, r.slot, r.direction) for r in first] == [("bus", 0, "read")] * 2
    assert [r.rate for r in (*first, *second)] == pytest.approx([5.0, 5.0, 10.0])


def test_two_tasks_on_one_memory_share_it_by_bursts() -> None:
    tasks = graph(source=(0, {"a": 100, "b": 300}), a=(100, {}), b=(300, {}))
    c = chip(tasks, pes=("fast", "fast"), task_pe={"b": 1}, mems=("mem10",))
    course = c.trace(False)
    assert [r.rate for r in course.running[0]] == pytest.approx([2.5, 7.5])  # 1 and 3 of 4 bursts on the memory's link
    assert {(r.kind, r.direction) for r in course.running[0]} == {("mem", "read")}
    assert course.task_end_s.max() == pytest.approx(40.0)


def test_reads_and_writes_do_not_contend() -> None:
    tasks = graph(source=(0, {"a": 100}), a=(100, {}), b=(100, {"end": 100}), end=(0, {}))
    c = chip(tasks, pes=("fast", "fast"), task_pe={"b": 1}, mems=("mem10",))
    assert c.trace(False).task_end_s.max() == pytest.approx(10.0)


def test_a_bus_joins_what_comes_by_two_links_fairly() -> None:
    """Two elements behind bus 0 share its link to bus 1; the element on bus 1 has a link of its own."""
    tasks = graph(source=(0, {"a": 100, "b": 100, "c": 100}), a=(100, {}), b=(100, {}), c=(100, {}))
    c = chip(tasks, ("fast",) * 3, {"b": 1, "c": 2}, buses=("bus1e9", "bus10"), pe_bus=(0, 0, 1), mem_bus=(1,), links=((0, 1),))
    assert [r.rate for r in c.trace(False).running[0]] == pytest.approx([2.5, 2.5, 5.0])


def test_buffers_are_freed_when_their_readers_are_done() -> None:
    tasks = graph(
        source=(0, {"a": 5, "b": 5}), a=(1, {"c": 10}), b=(1, {"c": 20}), c=(1, {"d": 40}), d=(1, {"end": 80}), end=(0, {})
    )
    c = chip(tasks, ("fast",))
    assert c.trace(False).peak_bytes[0] == 40 + 80  # while d runs: its inputs and outputs
    assert c.trace(True).peak_bytes[0] == 10 + 20 + 40 + 80  # the source's stay, and b's: a was asked about c first


def test_power_is_of_the_worst_ten_milliseconds() -> None:
    def power(first: float, second: float) -> float:
        tasks = graph(a=(first, {"b": 0}), b=(second, {}))
        return float(chip(tasks, ("p1", "p3"), {"b": 1}).run(False).power_w[0])

    assert power(0.006, 0.006) == pytest.approx((3 * 0.006 + 1 * 0.004) / 0.01)  # not a border of FARSI's windows
    assert power(0.02, 0.02) == pytest.approx(3.0)
    assert power(0.004, 0.004) == pytest.approx(2.0)  # shorter than a window: energy / latency


def test_a_bus_that_only_passes_on_is_a_channel() -> None:
    """FARSI merges the memory's own bus into its neighbour and so forgets that it is slow."""
    tasks = graph(source=(0, {"a": 100}), a=(100, {}))
    mems, buses = ("mem1e9", "mem1e9"), ("bus1e9", "bus10")
    c = chip(tasks, ("fast",), task_mem={"source": 1}, mems=mems, buses=buses, mem_bus=(0, 1), links=((0, 1),))
    assert c.trace(False).task_end_s.max() == pytest.approx(10.0)
    assert c.trace(True).task_end_s.max() < 1e-3


def test_blocks_without_tasks_cost_nothing() -> None:
    tasks = graph(source=(0, {"a": 100}), a=(100, {}))
    small = chip(tasks, ("fast",)).run(False)
    large = chip(tasks, ("fast", "p1", "ip_a"), mems=("mem1e9", "mem10"), buses=("bus1e9", "bus10"), links=((0, 1),)).run(False)
    assert (large.area_m2[0], large.energy_j[0], large.latency_s[0, 0]) == (
        small.area_m2[0],
        small.energy_j[0],
        small.latency_s[0, 0],
    )


def test_elements_serve_in_order_of_readiness() -> None:
    """b waits for a's element; c, a's child, becomes ready when a completes: FARSI lets it overtake b, which waited."""
    c = chip(graph(a=(2, {"c": 0}), b=(3, {}), c=(5, {})), ("p1",))
    assert c.trace(False).task_start_s.tolist() == [0.0, 2.0, 5.0]
    assert c.trace(True).task_start_s.tolist() == [0.0, 7.0, 2.0]
    assert c.trace(False).ready_s.tolist() == [0.0, 0.0, 2.0]


def test_of_tasks_ready_at_once_the_first_node_goes_first() -> None:
    c = chip(graph(z=(1, {}), y=(1, {}), x=(1, {})), ("p1",))
    assert c.trace(False).task_start_s.tolist() == [0.0, 1.0, 2.0]


def test_dummies_need_no_element() -> None:
    tasks = graph(source=(0, {"a": 8}), a=(1, {"end": 8}), end=(0, {}))
    c = chip(tasks, ("p1", "ip_a"), {"source": 1, "end": 7})
    assert c.run(False).valid[0]
    assert c.run(True).reason[0] == 1 << 0 | 1 << 1


def test_capacity_is_the_next_size_on_offer() -> None:
    tasks = graph(source=(0, {"a": 300}), a=(1, {}))
    assert chip(tasks, ("p1",)).trace(False).capacity_bytes[0] == 1000
    assert chip(tasks, ("p1",)).trace(True).capacity_bytes[0] == 256000
    exact = graph(source=(0, {"a": 1000}), a=(1, {}))
    assert chip(exact, ("p1",)).trace(False).capacity_bytes[0] == 1000
    beyond = chip(graph(source=(0, {"a": 600000}), a=(1, {})), ("p1",))
    for compat in (False, True):
        results = beyond.run(compat)
        assert results.reason[0] == 1 << RULES.index("a memory beyond the largest capacity") and results.distance[0] == 1
        assert np.isnan(results.latency_s[0, 0]) and np.isnan(results.energy_j[0])
        assert beyond.trace(compat).peak_bytes[0] == 600000


PAIR = graph(source=(0, {"a": 100, "b": 100}), a=(100, {"b": 7}), b=(100, {}))


@pytest.mark.parametrize(
    ("change", "rule", "distance"),
    [
        ({"task_pe": {"a": 5, "b": 2}}, 0, 2),
        ({"pes": ("p1", "ip_a"), "task_pe": {"b": 1}}, 1, 1),
        ({"task_mem": {"a": 3, "source": -1}}, 2, 2),
        ({"mem_bus": (-1,)}, 3, 1),
        ({"mem_bus": (9,)}, 3, 1),
        ({"pe_bus": (-1,)}, 4, 4),  # a reads and writes, b reads twice; by FARSI's rules the source writes twice too
        ({"buses": ("bus10", "bus10"), "mem_bus": (1,)}, 4, 4),
        ({"buses": ("bus10",) * 3, "links": ((0, 1), (1, 2), (0, 2))}, 5, 1),
        ({"buses": ("bus10",) * 4, "links": ((0, 1), (1, 2), (0, 2), (2, 3), (1, 3))}, 5, 2),
    ],
)
@MODES
def test_broken_designs_say_what_is_broken_and_how_much(change: dict[str, Any], rule: int, distance: int, compat: bool) -> None:
    results = chip(PAIR, **{"pes": ("p1",), **change}).run(compat)
    assert results.reason[0] == 1 << rule
    assert results.distance[0] == distance + 2 * (compat and rule == 4)
    assert np.isnan(results.latency_s).all() and np.isnan(results.power_w).all()


def test_several_applications_have_a_latency_each() -> None:
    c = chip(graph(a=(2, {})), ("p1",), more=graph(b=(3, {})))
    assert c.run(False).latency_s[0].tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((Node("a", 0.0, {"b": 5.0}), Node("b", 1.0)), "task 'a': its work must be positive, got 0"),
        ((Node("a", 1.0, {"b": -5.0}), Node("b", 1.0)), "task 'a': the bytes for 'b' must not be negative, got -5"),
        (
            (Node("a", 1.0, {"b": 0.0}), Node("b", 1.0, {"a": 0.0})),
            "workload 'main': its tasks wait for each other in a circle",
        ),
    ],
)
def test_graphs_that_would_never_end_are_refused(nodes: tuple[Node, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        chip(nodes, ("p1",)).run(False)


def test_a_block_without_a_rate_is_refused() -> None:
    with pytest.raises(BadInput, match="block 'broken': its rate must be positive, got 0"):
        chip(graph(a=(1, {})), ("p1",), broken_rate=0.0).run(False)


def test_more_buses_than_bits_are_refused() -> None:
    with pytest.raises(BadInput, match="a design may have 64 buses at most, got 65 slots"):
        chip(graph(a=(1, {})), ("p1",), buses=("bus10",) * 65).run(False)
    chain = chip(
        graph(source=(0, {"a": 100}), a=(100, {})),
        ("fast",),
        buses=("bus10",) * 64,
        mem_bus=(63,),
        links=tuple((k, k + 1) for k in range(63)),
    )
    assert chain.trace(False).task_end_s.max() == pytest.approx(10.0)
    assert chain.run(True).valid[0]
