"""What the compiled code is handed: tables of workload and library, a design's rows, and a thread's scratch space.

A table has a row for each task, edge, block, slot … and named columns: few arrays make short calls and quick compilation.
Sizes: ``T`` nodes, ``E`` edges, ``A`` applications, ``K`` blocks, ``S`` capacities, ``P``, ``M``, ``B`` slots, ``C`` channels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from archgym.space import BoolArray, FloatArray, IntArray

# Work.spans: edges in and out of a node; Work.flags: what a node is
IN_AT, IN_END, OUT_AT, OUT_END = range(4)
DUMMY, HOSTED, BUILT, STORES, FREES = range(5)
WORK, BUFFER, OUT_BYTES, OUT_UNITS = range(4)  # Work.amounts
IN_BYTES, IN_UNITS = range(2)  # Work.moved

RATE, ENERGY, AREA = range(3)  # Blocks.figures
OWNER, MEMORY, BUS = range(3)  # Blocks.roles
READ_J, WRITE_J, MEM_AREA = range(3)  # Blocks.memory
ANY_TASK, NO_TASK, NOT_AN_ELEMENT = -1, -2, -3  # owners of blocks that are no node's accelerator

# Scratch.task: slots, then what the run changes
PE, MEM, MISSING, PENDING, AFTER, STATE, BOUND, CHANNEL_AT, CHANNEL_END, LINK_AT, LINK_END, N_TASK = range(12)
PEAK_RATE, LEFT, TASK_RATE, READY, START, END, PER_INST, N_TASK_F = range(8)  # Scratch.task_f
PE_BUS, PE_HOSTS, HEAD, TAIL, N_PE = range(5)  # Scratch.pe
MEM_BUS, MEM_USED, MEM_KIND, MEM_SIZE, N_MEM = range(5)  # Scratch.mem
MEM_RATE, HELD, PEAK, MEM_BYTES, MEM_UNITS, N_MEM_F = range(6)  # Scratch.mem_f
ADJACENT, ORDER, N_BUS = range(3)  # Scratch.bus
BUS_RATE, BUS_BYTES, BUS_UNITS, N_BUS_F = range(4)  # Scratch.bus_f
ENTERS, LEAVES, PAIR, PLACE, N_CHANNEL = range(5)  # Scratch.channel
LOAD, INPUTS, N_LOAD = range(3)  # Scratch.load
RUNNING, WAITING, FRESH, STACK, N_LIST = range(5)  # Scratch.lists
LOG_TASK, LOG_BOUND, N_LOG = range(3)  # Scratch.log
LOG_RATE, LOG_DONE, N_LOG_F = range(3)  # Scratch.log_f
PHASE_S, PHASE_J, N_PHASE = range(3)  # Scratch.phase
ONE = 0  # the link whose load is always 1: a channel that nobody shares divides by it


class Work(NamedTuple):
    """A workload under one of the two rule sets.

    Args:
        amounts: of each node its instructions, the bytes that its outputs hold while somebody needs them, all bytes it writes,
            and their burst units ``(T, 4)``.
        flags: whether it is a dummy, sits on an element, makes its element count for the area, needs a memory, and whether its
            buffer is ever freed ``bool (T, 5)``.
        spans: rows of ``parents`` and ``moved``, and of ``children``, that are its edges ``int64 (T, 4)``.
        parents: producers of the edges into each node, in node order ``int64 (E,)``.
        moved: bytes of those edges, 0 where one is an order only, and burst units as the consumer moves them ``(E, 2)``.
        children: consumers of the edges out of each node ``int64 (E,)``.
        last: node that ends each application ``int64 (A,)``.
    """

    amounts: FloatArray
    flags: BoolArray
    spans: IntArray
    parents: IntArray
    moved: FloatArray
    children: IntArray
    last: IntArray


class Blocks(NamedTuple):
    """A library as seen from one workload.

    Args:
        figures: instructions or bytes per s, J per instruction, m2 of what computes ``(K, 3)``.
        roles: node that an accelerator runs, or `ANY_TASK`, `NO_TASK`, `NOT_AN_ELEMENT`; 0 SRAM, 1 DRAM, -1 neither; 1 for a
            bus ``int64 (K, 3)``.
        size: capacities in bytes, rising ``(S,)``.
        memory: J per byte read and written, and m2, of SRAM and DRAM by capacity ``(3, 2, S)``.
    """

    figures: FloatArray
    roles: IntArray
    size: FloatArray
    memory: FloatArray


class Rows(NamedTuple):
    """A batch's arrays (see `archgym.envs.soc.design.Batch`)."""

    pe: IntArray
    pe_bus: IntArray
    mem: IntArray
    mem_bus: IntArray
    bus: IntArray
    links: BoolArray
    task_pe: IntArray
    task_mem: IntArray


class Scratch(NamedTuple):
    """All that one thread works in, and the log of its last run.

    Every design sets what it reads but for ``load``, ``pairs`` and the bytes and units of memories and buses: it leaves those
    as it found them, all 0.

    Args:
        task: of each node its slots; parents and children that have not completed; who waits behind it; its state; the channel
            that sets its rate, -1 the element itself; rows of its channels and links ``int64 (T, N_TASK)``.
        task_f: rate of its element; instructions left; its rate; when it was ready, got its element and completed; J per
            instruction with all that it moves ``(T, N_TASK_F)``.
        pe: bus of each element, -1 without; whether it counts for the area; first and last in its queue ``int64 (P, N_PE)``.
        mem: bus of each memory, -1 without; whether it holds outputs; 0 SRAM, 1 DRAM; index of its capacity
            ``int64 (M, N_MEM)``.
        mem_f: its rate; bytes held now and at most; bytes and units of the task being planned ``(M, N_MEM_F)``.
        bus: buses joined to each, as a bit set; room for a list ``int64 (B, N_BUS)``.
        bus_f: its rate; bytes and units of the task being planned ``(B, N_BUS_F)``.
        up: next bus on the way from ``[root, bus]`` to the root, the root itself at its end, -1 without a way ``int64 (B, B)``.
        channel: links by which a task enters and leaves each of its channels; the number of that pair of links, -1 where its
            own element is the input; bus ``b`` or memory ``B + m``, plus ``B + M`` for writes ``int64 (T C, N_CHANNEL)``.
        limit: instructions per s if it had the channel to itself, times its units on the input ``(T C,)``.
        link: links that a task loads ``int64 (T C,)``.
        units: with how many burst units ``(T C,)``.
        load: units of all running tasks on each link; links from which they go on to it; 1 on link `ONE`
            ``(1 + 2 (B B + M), N_LOAD)``.
        pairs: running tasks on each pair of links ``int64 (2 B B (B + M),)``.
        lists: of nodes: who runs, waits, is new, is to be looked at ``int64 (N_LIST, T)``.
        phase: length in s and energy in J of each phase ``(F, N_PHASE)``.
        phase_at: rows of its entries in the log are ``phase_at[f]:phase_at[f + 1]``, ``int64 (F + 1,)``.
        log: running task, and the channel that bounds it ``int64 (F min(T, P), N_LOG)``.
        log_f: its rate, and its instructions done ``(F min(T, P), N_LOG_F)``.
    """

    task: IntArray
    task_f: FloatArray
    pe: IntArray
    mem: IntArray
    mem_f: FloatArray
    bus: IntArray
    bus_f: FloatArray
    up: IntArray
    channel: IntArray
    limit: FloatArray
    link: IntArray
    units: FloatArray
    load: FloatArray
    pairs: IntArray
    lists: IntArray
    phase: FloatArray
    phase_at: IntArray
    log: IntArray
    log_f: FloatArray


def new_scratch(t: int, p: int, m: int, b: int) -> Scratch:
    """Scratch space for designs of ``t`` nodes on so many slots."""
    c = 2 * (b + m + 1)  # a write: every bus once and a memory; reads: m memories, m links to them and b - 1 between buses
    phases = t + 3  # each but the first and the last completes a node
    log = phases * max(min(t, p), 1)
    load = _floats(1 + 2 * (b * b + m), N_LOAD)
    load[ONE] = 1.0
    return Scratch(
        _ints(t, N_TASK), _floats(t, N_TASK_F), _ints(p, N_PE), _ints(m, N_MEM), _floats(m, N_MEM_F), _ints(b, N_BUS),
        _floats(b, N_BUS_F), _ints(b, b), _ints(t * c, N_CHANNEL), _floats(t * c), _ints(t * c), _floats(t * c), load,
        _ints(2 * b * b * (b + m)), _ints(N_LIST, t), _floats(phases, N_PHASE), _ints(phases + 1), _ints(log, N_LOG),
        _floats(log, N_LOG_F),
    )  # fmt: skip


def _ints(*shape: int) -> IntArray:
    return np.zeros(shape, np.int64)


def _floats(*shape: int) -> FloatArray:
    return np.zeros(shape)
