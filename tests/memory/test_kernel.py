"""The simulator: hand-worked traces, the reference's rows, batches, legality and energy of every command log."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from archgym.batch import set_threads, threads
from archgym.envs.memory import fidelity
from archgym.envs.memory.kernel import simulate, simulate_logged
from archgym.envs.memory.kernel.batch import is_extended
from archgym.envs.memory.kernel.layout import N_CONFIG, Arbiter, CmdMux, Command, Config, Out, PagePolicy, Scheduler
from archgym.envs.memory.kernel.layout import SchedulerBuffer as Buffer
from archgym.envs.memory.mapping import SCHEMES, decode
from archgym.envs.memory.memspec import load_memspec
from archgym.envs.memory.traces import Trace, load_trace
from archgym.errors import BadInput

_spec = importlib.util.spec_from_file_location("kernel_audit", Path(__file__).with_name("test_kernel_audit.py"))
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

MEMORIES = ("ddr4_2400", "ddr3_1600", "ddr5_4800")
ROW, BANK, GROUP = 1 << 17, 1 << 15, 1 << 6  # address steps of ddr4_2400's own mapping
DDR4 = load_memspec("ddr4_2400")
T = DDR4.timing


def design(**knobs: int) -> np.ndarray:
    """int64 (C,): open page, FIFO, a roomy shared buffer, simple arbiter, no refresh, unless said otherwise."""
    config = np.zeros(N_CONFIG, dtype=np.int64)
    settings = {
        "scheduler_buffer": Buffer.SHARED,
        "request_buffer_size": 64,
        "refresh_max_postponed": 1,
        "refresh_max_pulled_in": 1,
        "max_active_transactions": 64,
        "n_channels": 1,
        "n_ranks": 1,
    }
    for name, value in (settings | knobs).items():
        config[Config[name.upper()]] = value
    return config


def run(requests: list[tuple[int, str, int]], extended: bool | None = None, **knobs: int):
    """Result row and [(cycle, command name)] of a little DDR4 trace of (cycle, "r" or "w", address)."""
    cycle, kind, address = zip(*requests, strict=True)
    trace = Trace("hand", np.array(cycle), np.array([k == "w" for k in kind]), np.array(address))
    decoded = decode(DDR4, trace.address, [("default", 1, 1, 64)])
    result, log = simulate_logged(design(**knobs), DDR4, trace, decoded, extended)
    return result, [(int(t), Command(int(c)).name) for t, c in log[:, :2]]


# -- hand-worked ------------------------------------------------------------------------------------------------------


def test_one_read_of_a_closed_bank_takes_rcd_rl_and_the_burst():
    result, commands = run([(0, "r", 0)])
    assert commands == [(0, "ACT"), (16, "RD")]
    assert result[Out.TOTAL_TIME] == T["RCD"] + T["RL"] + 4 == result[Out.MEAN_LATENCY] == result[Out.P99_LATENCY]


def test_one_write_ends_with_its_data():
    result, _ = run([(5, "w", 0)])
    assert result[Out.TOTAL_TIME] == 5 + T["RCD"] + T["WL"] + 4
    assert result[Out.MEAN_LATENCY] == T["RCD"] + T["WL"] + 4


def test_row_hits_follow_at_ccd_l_and_other_groups_at_ccd_s():
    same = run([(0, "r", 0), (0, "r", 1 << 8)])
    assert same[1] == [(0, "ACT"), (16, "RD"), (22, "RD")]
    assert same[0][Out.ROW_HITS] == 1
    groups = run([(0, "r", 0), (0, "r", GROUP)])
    assert groups[1] == [(0, "ACT"), (4, "ACT"), (16, "RD"), (20, "RD")]
    assert groups[0][Out.ROW_HITS] == 0


def test_a_row_conflict_waits_for_ras_and_rp():
    result, commands = run([(0, "r", 0), (0, "r", ROW)])
    assert commands == [(0, "ACT"), (16, "RD"), (39, "PRE"), (55, "ACT"), (71, "RD")]
    assert result[Out.TOTAL_TIME] == 91


def test_the_data_bus_turns_round_between_write_and_read():
    assert run([(0, "w", 0), (0, "r", 1 << 8)])[1][-1] == (16 + T["WL"] + 4 + T["WTR_L"], "RD")
    assert run([(0, "r", 0), (0, "w", 1 << 8)])[1][-1] == (16 + T["RL"] + 4 + 2 - T["WL"], "WR")


def test_fr_fcfs_serves_the_hit_first_and_fifo_does_not():
    requests = [(0, "r", 0), (0, "r", ROW), (0, "r", 1 << 8)]
    assert [c for _, c in run(requests)[1]] == ["ACT", "RD", "PRE", "ACT", "RD", "PRE", "ACT", "RD"]
    assert [c for _, c in run(requests, scheduler=Scheduler.FR_FCFS)[1]] == ["ACT", "RD", "RD", "PRE", "ACT", "RD"]


def test_grouping_prefers_the_type_served_last():
    requests = [(0, "r", 0), (0, "w", 1 << 8), (0, "r", 1 << 9)]
    assert [c for _, c in run(requests, scheduler=Scheduler.FR_FCFS_GRP)[1]] == ["ACT", "RD", "RD", "WR"]
    hazard = [(0, "r", 0), (0, "w", 1 << 8), (0, "r", 1 << 8)]  # the read must not overtake a write to its address
    assert [c for _, c in run(hazard, scheduler=Scheduler.FR_FCFS_GRP)[1]] == ["ACT", "RD", "WR", "RD"]


def test_page_policies_choose_the_auto_precharge():
    requests = [(0, "r", 0), (0, "r", 1 << 8), (0, "r", ROW)]
    names = {p: [c for _, c in run(requests, page_policy=p)[1] if c.startswith("RD")] for p in PagePolicy}
    assert names[PagePolicy.OPEN] == ["RD", "RD", "RD"]
    assert names[PagePolicy.CLOSED] == ["RDA", "RDA", "RDA"]
    assert names[PagePolicy.OPEN_ADAPTIVE] == ["RD", "RDA", "RD"]
    assert names[PagePolicy.CLOSED_ADAPTIVE] == ["RD", "RDA", "RDA"]


def test_a_window_of_one_sends_the_next_request_after_the_response():
    result, _ = run([(0, "r", 0), (0, "r", 1 << 8)], arbiter=Arbiter.FIFO, max_active_transactions=1)
    assert result[Out.TOTAL_TIME] == 36 + 20
    assert result[Out.MAX_SENT_LATENCY] == 55  # sent at 1, parked until 36


def test_an_idle_controller_refreshes_and_pulls_in():
    _, commands = run([(0, "r", 0), (20_000, "r", 0)], refresh_policy=1, refresh_max_postponed=2, refresh_max_pulled_in=2)
    assert [t for t, c in commands if c == "PREA"] == [T["REFI"]]
    first = T["REFI"] + T["RP"]
    assert [t for t, c in commands if c == "REFA"][:3] == [first, first + T["RFC"], first + 2 * T["RFC"]]


def test_the_strict_multiplexer_dead_locks_with_fr_fcfs():
    """A younger row hit takes the bank; the older request can never be opened again, and nothing else may go."""
    requests = [(0, "r", 0), (0, "r", ROW), (0, "r", 1 << 8)]
    stuck, _ = run(requests, scheduler=Scheduler.FR_FCFS, cmd_mux=CmdMux.STRICT)
    assert stuck[Out.N_SERVED] == 1
    assert stuck[Out.TOTAL_TIME] == 36
    assert run(requests, cmd_mux=CmdMux.STRICT)[0][Out.N_SERVED] == 3


# -- the extended mechanisms ----------------------------------------------------------------------------------------------


def test_writes_are_held_and_drained():
    requests = [(0, "w", 0), (0, "r", GROUP), (0, "w", 2 * GROUP), (0, "r", 3 * GROUP)]
    plain = [c for _, c in run(requests)[1] if c in ("RD", "WR")]
    held = [c for _, c in run(requests, write_high_watermark=4, write_low_watermark=1)[1] if c in ("RD", "WR")]
    assert plain == ["WR", "WR", "RD", "RD"] or plain[0] == "WR"
    assert held == ["RD", "RD", "WR", "WR"]


def test_the_age_cap_ends_starvation():
    hits = [(0, "r", 0), (1, "r", ROW)] + [(2 + 6 * i, "r", (1 + i % 7) << 8) for i in range(60)]
    starved, _ = run(hits, scheduler=Scheduler.FR_FCFS)
    capped, _ = run(hits, scheduler=Scheduler.FR_FCFS, age_cap=100)
    assert starved[Out.MAX_LATENCY] > 350
    assert capped[Out.MAX_LATENCY] < 300


def test_the_page_timeout_closes_an_idle_row():
    _, commands = run([(0, "r", 0), (500, "r", ROW)], page_timeout=100)
    assert commands == [(0, "ACT"), (16, "RD"), (116, "PRE"), (500, "ACT"), (516, "RD")]


def test_an_idle_rank_sleeps_and_wakes_for_a_request():
    result, commands = run([(0, "r", 0), (1000, "r", 0)], power_down_timer=100)
    assert commands == [(0, "ACT"), (16, "RD"), (116, "PDEA"), (1000, "PDX"), (1000 + T["XP"], "RD")]
    assert result[Out.POWER_DOWN_CYCLES] == 884
    assert result[Out.ENERGY_PJ] < run([(0, "r", 0), (1000, "r", 0)])[0][Out.ENERGY_PJ]


def test_two_channels_double_the_bandwidth():
    trace = Trace("dense", np.arange(2000), np.zeros(2000, bool), np.arange(2000) * 64)
    knobs = {"arbiter": Arbiter.FIFO, "max_active_transactions": 128, "scheduler": Scheduler.FR_FCFS}
    one, two = (
        simulate(
            design(n_channels=c, **knobs)[None], DDR4, trace, decode(DDR4, trace.address, [("row_column_bank", c, 1, 64)])
        )[0]
        for c in (1, 2)
    )
    assert one[Out.TOTAL_TIME] / two[Out.TOTAL_TIME] > 1.8


# -- against the reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", MEMORIES[:2])
def test_a_sample_of_reference_rows(memory):
    rows = fidelity.read_rows(fidelity.REFERENCE / f"dramsys_{memory}.csv.gz")
    rows = [r for r in rows if r["PowerDownPolicy"] == "NoPowerDown" and r["trace"] in ("cloud", "stream", "sparse")]
    rows = [rows[i] for i in np.random.default_rng(7).choice(len(rows), 40, replace=False)]
    spec, exact = load_memspec(memory), 0
    for name in {r["trace"] for r in rows}:
        trace = load_trace(name)
        mine = [r for r in rows if r["trace"] == name]
        config = np.array([fidelity.to_config(r, "test") for r in mine])
        result = simulate(config, spec, trace, decode(spec, trace.address, [("default", 1, 1, 64)]))
        for r, row in zip(result, mine, strict=True):
            picoseconds = r[Out.TOTAL_TIME] * spec.tck_ps
            exact += picoseconds == float(row["total_time_ps"])
            assert picoseconds == pytest.approx(float(row["total_time_ps"]), rel=0.01)
            assert r[Out.ENERGY_PJ] == pytest.approx(float(row["energy_pJ"]), rel=0.01)
            assert r[Out.POWER_MW] == pytest.approx(float(row["power_mW"]), rel=0.01)
            assert r[Out.N_RD] + r[Out.N_RDA] == float(row["n_RD"]) + float(row["n_RDA"])
    assert exact >= 38


# -- random designs: audited one by one -------------------------------------------------------------------------------------

WORKLOADS = (
    "cloud:requests=600,seed=1,gap=6",
    "saturate:requests=600,seed=2",
    "sparse:requests=300,seed=3",
    "stride:requests=600,seed=4",
    "random:requests=600,seed=5",
)


def random_design(rng: np.random.Generator, extended: bool) -> np.ndarray:
    knobs = {
        "page_policy": rng.integers(4),
        "scheduler": rng.integers(3),
        "scheduler_buffer": rng.integers(3),
        "request_buffer_size": 1 << rng.integers(8),
        "response_queue": rng.integers(2),
        "refresh_policy": rng.integers(4) > 0,
        "refresh_max_postponed": 1 << rng.integers(4),
        "refresh_max_pulled_in": 1 << rng.integers(4),
        "arbiter": rng.integers(3),
        "max_active_transactions": 1 << rng.integers(8),
    }
    if extended:
        high = int(rng.choice([0, 4, 16, 64]))
        knobs |= {
            "write_high_watermark": high,
            "write_low_watermark": rng.integers(high) if high else 0,
            "age_cap": rng.choice([0, 0, 50, 400]),
            "page_timeout": rng.choice([0, 0, 1, 30, 300]),
            "power_down_timer": rng.choice([0, 1, 20, 200]),
            "n_channels": rng.integers(1, 3),
            "n_ranks": rng.integers(1, 3),
        }
    if knobs["scheduler"] == Scheduler.FIFO and rng.integers(2):
        knobs["cmd_mux"] = CmdMux.STRICT
    return design(**{k: int(v) for k, v in knobs.items()})


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("memory", MEMORIES)
def test_every_log_is_legal_complete_and_has_the_stated_energy(memory, extended):
    spec, rng = load_memspec(memory), np.random.default_rng(11 + extended)
    for i in range(30):
        trace = load_trace(WORKLOADS[i % len(WORKLOADS)])
        config = random_design(rng, extended)
        channels, ranks = int(config[Config.N_CHANNELS]), int(config[Config.N_RANKS])
        scheme = list(SCHEMES)[rng.integers(len(SCHEMES))]
        decoded = decode(spec, trace.address, [(scheme, channels, ranks, 256)])
        result, log = simulate_logged(config, spec, trace, decoded)
        assert result[Out.N_SERVED] == len(trace), config
        assert len(log) == result[Out.N_ACT :].sum()
        audit.check_counts(log, result)
        audit.check_timing(log, spec)
        audit.check_state(log, spec, trace, decoded, 0)
        picojoule, window = audit.energy(log, spec, ranks, channels)
        assert result[Out.ENERGY_WINDOW] == window
        assert result[Out.ENERGY_PJ] == pytest.approx(picojoule, rel=1e-12)
        assert result[Out.POWER_MW] == pytest.approx(picojoule / window * spec.clock_mhz / 1e3, rel=1e-12)
        assert result[Out.MEAN_LATENCY] <= result[Out.P99_LATENCY] * 100
        assert result[Out.P95_LATENCY] <= result[Out.P99_LATENCY] <= result[Out.MAX_LATENCY] <= result[Out.TOTAL_TIME]


def test_the_extended_kernel_with_neutral_columns_is_the_base_kernel():
    rng = np.random.default_rng(3)
    for i in range(40):
        trace = load_trace(WORKLOADS[i % len(WORKLOADS)])
        spec = load_memspec(MEMORIES[i % 3])
        decoded = decode(spec, trace.address, [("default", 1, 1, 64)])
        config = random_design(rng, extended=False)
        base, extended = (simulate_logged(config, spec, trace, decoded, extended=e) for e in (False, True))
        assert base[0].tobytes() == extended[0].tobytes()
        assert base[1].tobytes() == extended[1].tobytes()


def test_a_batch_equals_its_designs_one_by_one_for_any_number_of_threads():
    rng = np.random.default_rng(5)
    trace = load_trace(WORKLOADS[0])
    decoded = decode(DDR4, trace.address, [(s, c, r, 256) for s in SCHEMES for c in (1, 2) for r in (1, 2)])
    config = np.array([random_design(rng, extended=i % 3 > 0) for i in range(50)])
    shape = (config[:, Config.N_CHANNELS] - 1) * 2 + config[:, Config.N_RANKS] - 1
    config[:, Config.MAPPING] = rng.integers(len(SCHEMES), size=50) * 4 + shape
    assert 0 < is_extended(config).sum() < 50
    single = np.concatenate([simulate(config[i : i + 1], DDR4, trace, decoded) for i in range(50)])
    try:
        for n in (1, 2, 5):
            set_threads(n)
            assert threads() == n
            assert simulate(config, DDR4, trace, decoded).tobytes() == single.tobytes()
    finally:
        set_threads(None)


def test_percentiles_are_those_of_the_sorted_latencies():
    trace = load_trace(WORKLOADS[1])
    decoded = decode(DDR4, trace.address, [("default", 1, 1, 64)])
    result, log = simulate_logged(design(arbiter=Arbiter.FIFO), DDR4, trace, decoded)
    data_end = {int(k): t + T["RL" if c == Command.RD else "WL"] + 4 for t, c, _, _, _, k in log if k >= 0 and c >= Command.RD}
    latency = np.sort([data_end[k] - trace.cycle[k] for k in range(len(trace))])
    n = len(trace)
    assert result[Out.P95_LATENCY] == latency[n * 95 // 100]
    assert result[Out.P99_LATENCY] == latency[n * 99 // 100]
    assert result[Out.MEAN_LATENCY] == latency.sum() / n
    assert result[Out.MAX_LATENCY] == latency[-1]


def test_what_the_kernel_cannot_run_is_refused():
    trace = load_trace(WORKLOADS[2])
    decoded = decode(DDR4, trace.address, [("row_bank_column", 2, 2, 64)])
    for bad in ({"request_buffer_size": 0}, {"n_channels": 3}, {"mapping": 1}, {"n_ranks": 2}, {"n_channels": 2}):
        with pytest.raises(BadInput):
            simulate(design(**bad)[None], DDR4, trace, decoded)
    marks = design(n_channels=2, n_ranks=2, write_high_watermark=4, write_low_watermark=4)
    with pytest.raises(BadInput, match="watermark"):
        simulate(marks[None], DDR4, trace, decoded)
