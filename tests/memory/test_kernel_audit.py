"""Slow, plain checks of a command log: timing and state rules, and the energy account, each written out by itself.

Nothing here is shared with the kernel but the names of log columns and commands. Used by `test_kernel`; the test at the end
audits the audit.
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import pytest

from archgym.envs.memory.kernel.layout import Command, Out

READS, WRITES = ("RD", "RDA"), ("WR", "WRA")
ENTRIES = ("PDEA", "PDEP")


def delays(t: dict[str, int]) -> list[tuple[tuple[str, ...], tuple[str, ...], str, int]]:
    """(earlier commands, later commands, scope, cycles): the constraints of JESD79 that the model keeps."""
    data_write = t["WL"] + t["BURST"]
    read_end, write_end = t["AL"] + t["RTP"], data_write + t["WR"]
    read_to_write = t["RL"] + t["BURST"] + t["READ_TO_WRITE_GAP"] - t["WL"]
    every = tuple(c.name for c in Command)
    cas = (*READS, *WRITES)
    return [
        (("ACT",), cas, "bank", t["RCD"] - t["AL"]),
        (READS, READS, "group", t["CCD_L"]),
        (READS, READS, "rank", t["CCD_S"]),
        (WRITES, WRITES, "group", t["CCD_L_WR"]),
        (WRITES, WRITES, "rank", t["CCD_S"]),
        (WRITES, READS, "group", data_write + t["WTR_L"] - t["AL"]),
        (WRITES, READS, "rank", data_write + t["WTR_S"]),
        (READS, WRITES, "rank", read_to_write),
        (("WR",), ("RDA",), "bank", write_end - t["RTP"] - t["AL"]),
        (READS, READS, "other rank", t["BURST"] + t["RTRS"]),
        (WRITES, WRITES, "other rank", t["BURST"] + t["RTRS"]),
        (READS, WRITES, "other rank", t["BURST"] + t["RTRS"] + t["RL"] - t["WL"]),
        (WRITES, READS, "other rank", t["BURST"] + t["RTRS"] + t["WL"] - t["RL"]),
        (("ACT",), ("ACT",), "bank", t["RC"]),
        (("ACT",), ("ACT",), "group", t["RRD_L"]),
        (("ACT",), ("ACT",), "rank", t["RRD_S"]),
        (("RDA",), ("ACT",), "bank", read_end + t["RP"]),
        (("WRA",), ("ACT",), "bank", write_end + t["RP"]),
        (("PRE",), ("ACT",), "bank", t["RP"]),
        (("PREA",), ("ACT", "REFA"), "rank", t["RP"]),
        (("REFA",), ("ACT", "REFA"), "rank", t["RFC"]),
        (("ACT",), ("PRE",), "bank", t["RAS"]),
        (("RD",), ("PRE",), "bank", read_end),
        (("WR",), ("PRE",), "bank", write_end),
        (("ACT",), ("PREA",), "rank", t["RAS"]),
        (READS, ("PREA",), "rank", read_end),
        (WRITES, ("PREA",), "rank", write_end),
        (("ACT",), ("REFA",), "rank", t["RC"]),
        (("RDA",), ("REFA",), "rank", read_end + t["RP"]),
        (("WRA",), ("REFA",), "rank", write_end + t["RP"]),
        (("PRE",), ("REFA",), "rank", t["RP"]),
        (("PDX",), (*cas, "ACT", "PRE", "PREA", "REFA"), "rank", t["XP"]),
        (("PDX",), ENTRIES, "rank", t["CKE"]),
        (ENTRIES, ("PDX",), "rank", t["CKE"]),
        (("ACT",), ENTRIES, "rank", t["ACTPDEN"]),
        (READS, ENTRIES, "rank", t["RL"] + t["BURST"] + 1),
        (("WR",), ENTRIES, "rank", write_end),
        (("WRA",), ENTRIES, "rank", write_end + 1),
        (("PRE", "PREA"), ENTRIES, "rank", t["PRPDEN"]),
        (("REFA",), ENTRIES, "rank", t["REFPDEN"]),
        (every, every, "channel", t["COMMAND"]),
    ]


def places(channel: int, rank: int, bank: int, per_group: int) -> dict[str, tuple]:
    """Key of every scope that a command belongs to."""
    return {
        "bank": ("b", channel, bank),
        "group": ("g", channel, bank // per_group if bank >= 0 else None),
        "rank": ("r", channel, rank),
        "other rank": ("r", channel, 1 - rank),
        "channel": ("c", channel),
    }


def check_timing(log, spec) -> None:
    """Every pair of commands keeps its distance, and tFAW holds."""
    rules = defaultdict(list)
    for before, after, scope, cycles in delays(dict(spec.timing)):
        for name in after:
            rules[name].append((before, scope, cycles))
    last: dict[tuple, int] = {}
    activations = defaultdict(list)
    per_group = spec.banks // spec.bank_groups
    for t, code, channel, rank, bank, _ in log.tolist():
        name = Command(code).name
        place = places(channel, rank, bank, per_group)
        for before, scope, cycles in rules[name]:
            for earlier in before:
                then = last.get((earlier, place[scope]))
                assert then is None or t >= then + cycles, f"{name} at {t}: {t - then} after {earlier}, {scope} {cycles}"
        for scope, key in place.items():
            if scope != "other rank":
                last[name, key] = t
        if name == "ACT":
            acts = activations[channel, rank]
            assert len(acts) < 4 or t >= acts[-4] + spec.timing["FAW"], f"tFAW at {t}"
            acts.append(t)


def check_state(log, spec, trace, decoded, mapping: int) -> None:
    """Rows are open when used, closed when opened or refreshed; a rank in power-down is left alone; requests once each."""
    open_row: dict[tuple[int, int], int] = {}
    down: dict[tuple[int, int], str] = {}
    served = []
    for t, code, channel, rank, bank, k in log.tolist():
        name, place = Command(code).name, (channel, bank)
        mine = [b for b in open_row if b[0] == channel and b[1] // spec.banks == rank]
        if (channel, rank) in down:
            assert name == "PDX", f"{name} at {t} in power-down"
        if name == "ACT":
            assert place not in open_row
            open_row[place] = int(decoded.row[mapping, k])
        elif name == "PRE":
            del open_row[place]
        elif name == "PREA":
            assert mine
            for b in mine:
                del open_row[b]
        elif name == "REFA":
            assert not mine
        elif name in ENTRIES:
            assert bool(mine) == (name == "PDEA")
            down[channel, rank] = name
        elif name == "PDX":
            del down[channel, rank]
        else:
            assert open_row[place] == decoded.row[mapping, k], f"{name} at {t} finds another row"
            assert (channel, bank) == (decoded.channel[mapping, k], decoded.bank[mapping, k])
            assert (name in WRITES) == bool(trace.is_write[k])
            assert t >= trace.cycle[k]
            served.append(k)
            if name.endswith("A"):
                del open_row[place]
    assert len(served) == len(set(served))


def energy(log, spec, ranks: int, channels: int) -> tuple[float, int]:  # noqa: PLR0912
    """(pJ, accounted cycles) of a log, cycle by cycle sets of open banks instead of running totals."""
    t, p = spec.timing, spec.power
    write_end = t["WL"] + t["BURST"] + t["WR"]
    completion = {"ACT": t["RCD"], "PRE": t["RP"], "PREA": t["RP"], "REFA": 0, "PDEA": 0, "PDEP": 0, "PDX": t["XP"]}
    completion |= dict.fromkeys(READS, t["RL"] + t["DQSCK"] + 1 + t["BURST"]) | dict.fromkeys(WRITES, write_end)
    entries, intervals, down = [], defaultdict(list), []
    opened: dict[tuple[int, int], int] = {}
    entered: dict[tuple[int, int], tuple[int, str]] = {}
    n = defaultdict(int)
    for cycle, code, channel, rank, bank, _ in log.tolist():
        name, place = Command(code).name, (channel, bank)
        entries.append((cycle, 1, completion[name]))
        n[name[:2] if name in (*READS, *WRITES) else name] += 1
        closing = {}
        if name == "ACT":
            opened[place] = cycle
        elif name == "PRE":
            closing[place] = cycle
        elif name in ("RDA", "WRA"):
            after = t["READ_PRECHARGE"] if name == "RDA" else write_end
            closing[place] = max(cycle + after, opened[place] + t["RAS"])
            entries.append((closing[place], 0, t["RP"]))
        elif name == "PREA":
            closing = {b: cycle for b in opened if b[0] == channel and b[1] // spec.banks == rank}
        elif name == "REFA":
            intervals[channel, rank].append((cycle, cycle + t["RFC"] - t["RP"]))
        elif name in ENTRIES:
            entered[channel, rank] = (cycle, name)
        elif name == "PDX":
            start, kind = entered.pop((channel, rank))
            down.append((kind, cycle - start))
        for b, end in closing.items():
            intervals[channel, b[1] // spec.banks].append((opened.pop(b), end))
            n["closed"] += 1
    last, _, rest = max(entries, key=lambda e: e[:2])
    window = last + rest - 1
    if not opened:
        window = max([window, *(end for spans in intervals.values() for _, end in spans)])
    for (channel, bank), start in opened.items():
        intervals[channel, bank // spec.banks].append((start, window))
    active = 0
    for spans in intervals.values():
        busy = np.zeros(window + 1, dtype=bool)
        for start, end in spans:
            busy[start : min(end, window)] = True
        active += int(busy.sum())
    idle = window * ranks * channels - active
    active_down = sum(cycles for kind, cycles in down if kind == "PDEA")
    idle_down = sum(cycles for kind, cycles in down if kind == "PDEP")
    rows, pres = n["ACT"] * t["RAS"], n["closed"] * (t["RC"] - t["RAS"])
    milliamp_cycles = (
        rows * (p["IDD0"] - p["IDD3N"])
        + pres * (p["IDD0"] - p["IDD2N"])
        + n["RD"] * t["BURST"] * (p["IDD4R"] - p["IDD3N"])
        + n["WR"] * t["BURST"] * (p["IDD4W"] - p["IDD3N"])
        + n["REFA"] * t["RFC"] * (p["IDD5"] - p["IDD3N"])
        + (active - active_down) * p["IDD3N"]
        + (idle - idle_down) * p["IDD2N"]
        + active_down * p["IDD3P"]
        + idle_down * p["IDD2P"]
    )
    watts = p["VDD"] * milliamp_cycles + p["VDD2"] * p["IDD02"] * (rows + pres)
    return watts * 1e3 / spec.clock_mhz * spec.devices, window


def check_counts(log, result) -> None:
    """The counters are those of the log."""
    for command in Command:
        assert result[Out.N_ACT + command] == (log[:, 1] == command).sum(), command.name


def test_the_audit_rejects_commands_that_come_a_cycle_early():
    """A hand-made log that keeps every distance exactly, and each of its commands one cycle earlier."""
    timing = dict.fromkeys(
        (*TIGHT, "AL", "READ_TO_WRITE_GAP", "COMMAND", "RTRS", "CCD_L_WR", "ACTPDEN", "REFPDEN", "CKE", "XP"), 1
    )
    spec = SimpleNamespace(timing=timing | TIGHT | {"AL": 0}, banks=4, bank_groups=1)
    names = [("ACT", 0, 0), ("RD", 10, 0), ("PRE", 25, 0), ("ACT", 33, 0), ("WRA", 43, 0), ("ACT", 66, 0), ("PREA", 91, -1)]
    log = np.array([(t, Command[c], 0, 0, bank, 0) for c, t, bank in [*names, ("REFA", 99, -1), ("ACT", 129, 1)]])
    check_timing(log, spec)
    for i in range(1, len(log)):
        early = log.copy()
        early[i:, 0] -= 1
        with pytest.raises(AssertionError):
            check_timing(early, spec)


TIGHT = {
    "RCD": 10, "RAS": 25, "RC": 33, "RP": 8, "RTP": 15, "RL": 9, "WL": 7, "BURST": 4, "WR": 4, "RFC": 30, "FAW": 20,
    "CCD_L": 4, "CCD_S": 4, "RRD_L": 4, "RRD_S": 4, "WTR_L": 4, "WTR_S": 4, "PRPDEN": 1,
}  # fmt: skip
