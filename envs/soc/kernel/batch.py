"""Batches of designs, over threads, and the trace of one."""

from __future__ import annotations

import numpy as np

from archgym.batch import in_parallel, slices, threads
from archgym.errors import BadInput
from archgym.space import FloatArray, IntArray

from ..design import Batch
from ..graph import Workload
from ..library import Library
from . import layout as lay
from .compiled import AREA, DRAM_AREA, ENERGY, LATENCY, POWER, run_clean, run_compat
from .layout import Blocks, Rows, Scratch, Work, new_scratch
from .results import Results, Running, Trace
from .rules import RULES, TOO_LARGE
from .tables import tables

SMALLEST_PART = 256  # designs for which starting a thread pays
MOST_BUSES = 64  # the bits of an integer


def simulate(batch: Batch, workload: Workload, library: Library, compat: bool) -> Results:
    """Figures of all designs of a batch. A design's figures depend on its row alone.

    Args:
        batch: ``N`` designs.
        workload: what runs on them.
        library: what they are built from; its accelerators name the workload's nodes.
        compat: FARSI's own rules (see `farsi`) instead of the clean ones (see `clean`).

    Raises:
        BadInput: a task has no work, a block no rate, the graph has a cycle, or designs have more than 64 bus slots.
    """
    work, blocks = tables(workload, library, compat)
    rows, n = _rows(batch), len(batch)
    values, broken = np.empty((n, LATENCY + len(work.last))), np.zeros((n, len(RULES)), np.int64)

    def run_part(part: slice) -> None:
        _run(rows, part, work, blocks, _scratch(batch), values, broken, compat)

    in_parallel(run_part, slices(n, max(SMALLEST_PART, -(-n // (4 * threads())))))
    return _results(values, broken)


def trace(batch: Batch, i: int, workload: Workload, library: Library, compat: bool) -> Trace:
    """The course of design ``i`` of a batch: the same kernel's log of the same run. Raises as `simulate` does."""
    work, blocks = tables(workload, library, compat)
    rows, scratch = _rows(batch.take(slice(i, i + 1))), _scratch(batch)
    values, broken = np.empty((1, LATENCY + len(work.last))), np.zeros((1, len(RULES)), np.int64)
    phases = _run(rows, slice(0, 1), work, blocks, scratch, values, broken, compat)
    results = _results(values, broken)
    if broken[0, :TOO_LARGE].any():
        return _no_trace(results, len(work.amounts), batch.pe.shape[1], batch.mem.shape[1])
    return _trace(results, rows, blocks, scratch, phases)


def _run(
    rows: Rows, part: slice, work: Work, blocks: Blocks, scratch: Scratch, values: FloatArray, broken: IntArray, compat: bool
) -> int:
    kernel = run_compat if compat else run_clean
    return int(kernel(rows, part.start, part.stop, work, blocks, scratch, values, broken))


def _rows(batch: Batch) -> Rows:
    indices = (batch.pe, batch.pe_bus, batch.mem, batch.mem_bus, batch.bus)
    placed = (batch.task_pe, batch.task_mem)
    pe, pe_bus, mem, mem_bus, bus, task_pe, task_mem = (np.ascontiguousarray(x, np.int64) for x in (*indices, *placed))
    return Rows(pe, pe_bus, mem, mem_bus, bus, np.ascontiguousarray(batch.links, np.bool_), task_pe, task_mem)


def _scratch(batch: Batch) -> Scratch:
    if batch.bus.shape[1] > MOST_BUSES:
        raise BadInput(f"a design may have {MOST_BUSES} buses at most, got {batch.bus.shape[1]} slots")
    return new_scratch(batch.task_pe.shape[1], batch.pe.shape[1], batch.mem.shape[1], batch.bus.shape[1])


def _results(values: FloatArray, broken: IntArray) -> Results:
    reason = ((broken > 0).astype(np.uint64) << np.arange(len(RULES), dtype=np.uint64)).sum(1, dtype=np.uint64)
    energy, power, area, dram = (values[:, k].copy() for k in (ENERGY, POWER, AREA, DRAM_AREA))
    return Results(values[:, LATENCY:].copy(), energy, power, area, dram, reason, broken.sum(1).astype(np.float64))


def _trace(results: Results, rows: Rows, blocks: Blocks, s: Scratch, phases: int) -> Trace:
    duration, valid = s.phase[:phases, lay.PHASE_S].copy(), bool(results.valid[0])
    hosts, used = s.pe[:, lay.PE_HOSTS] > 0, s.mem[:, lay.MEM_USED] > 0
    at = np.flatnonzero(used & (s.mem[:, lay.MEM_SIZE] < len(blocks.size)))
    sizes, kinds = s.mem[at, lay.MEM_SIZE], s.mem[at, lay.MEM_KIND]
    capacity, mem_area = np.full(len(used), np.nan), np.zeros(len(used))
    capacity[at], mem_area[at] = blocks.size[sizes], blocks.memory[lay.MEM_AREA, kinds, sizes]
    return Trace(
        results=results,
        start_s=np.concatenate([[0.0], np.cumsum(duration)])[:phases],
        duration_s=duration,
        energy_j=s.phase[:phases, lay.PHASE_J].copy() if valid else np.full(phases, np.nan),
        running=tuple(_phase(s, f, valid) for f in range(phases)),
        ready_s=s.task_f[:, lay.READY].copy(),
        task_start_s=s.task_f[:, lay.START].copy(),
        task_end_s=s.task_f[:, lay.END].copy(),
        peak_bytes=s.mem_f[:, lay.PEAK].copy(),
        capacity_bytes=capacity,
        pe_area_m2=np.where(hosts, blocks.figures[rows.pe[0], lay.AREA], 0.0),
        mem_area_m2=mem_area,
    )


def _phase(s: Scratch, f: int, valid: bool) -> tuple[Running, ...]:
    entries = sorted(range(s.phase_at[f], s.phase_at[f + 1]), key=lambda k: int(s.log[k, lay.LOG_TASK]))
    return tuple(_running(s, k, valid) for k in entries)


def _running(s: Scratch, k: int, valid: bool) -> Running:
    t, bound = (int(x) for x in s.log[k])
    rate, done = (float(x) for x in s.log_f[k])
    pe = int(s.task[t, lay.PE])
    kind, slot, direction = "pe", pe, ""
    if bound >= 0:
        n_buses, n_mems = len(s.bus), len(s.mem)
        writes, place = divmod(int(s.channel[bound, lay.PLACE]), n_buses + n_mems)
        kind, slot = ("bus", place) if place < n_buses else ("mem", place - n_buses)
        direction = "write" if writes else "read"
    return Running(t, pe, rate, done * float(s.task_f[t, lay.PER_INST]) if valid else float("nan"), kind, slot, direction)


def _no_trace(results: Results, n_tasks: int, n_pes: int, n_mems: int) -> Trace:
    none, tasks, mems = np.zeros(0), np.full(n_tasks, np.nan), np.full(n_mems, np.nan)
    return Trace(results, none, none, none, (), tasks, tasks, tasks, mems, mems, np.full(n_pes, np.nan), mems)
