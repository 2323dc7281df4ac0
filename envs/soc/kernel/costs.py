"""From a run to its figures: capacities, energy, area, power."""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined

from .layout import (
    AREA,
    DUMMY,
    ENERGY,
    IN_AT,
    IN_BYTES,
    IN_END,
    LOG_DONE,
    LOG_TASK,
    MEM,
    MEM_AREA,
    MEM_KIND,
    MEM_SIZE,
    MEM_USED,
    OUT_BYTES,
    PE,
    PE_HOSTS,
    PEAK,
    PER_INST,
    PHASE_J,
    PHASE_S,
    READ_J,
    STORES,
    WORK,
    WRITE_J,
)

WINDOW_S = 0.01  # power is over windows of this length: FARSI's collection period
STEP_BYTES, LEAST_BYTES = 256000.0, 2048.0  # FARSI's capacities


@inlined
def choose_sizes(mem, mem_f, sizes, compat):
    """Capacity of every memory in use: the smallest on offer that holds its peak; gives how many are beyond the largest.

    ``compat`` rounds the peak up as FARSI does, and takes the next size in the table where that one is missing.
    """
    too_large = 0
    for m in range(mem.shape[0]):
        if mem[m, MEM_USED]:
            need = mem_f[m, PEAK]
            if compat:
                need = STEP_BYTES * np.ceil(max(np.ceil(need), LEAST_BYTES) / STEP_BYTES)
            low, high = 0, sizes.size
            while low < high:
                middle = (low + high) // 2
                if sizes[middle] < need:
                    low = middle + 1
                else:
                    high = middle
            mem[m, MEM_SIZE] = low
            too_large += low == sizes.size
    return too_large


@inlined
def charge(i, rows_pe, work, blocks, s, phases):
    """Energy of every phase and of all: what its tasks did, in instructions, each with its share of the task's traffic.

    A task's energy per instruction is its element's, plus J/B of the memories it reads and writes times its bytes per
    instruction. There is no leakage and no idle power: neither has FARSI.
    """
    task, task_f, mem, phase, log, log_f = s.task, s.task_f, s.mem, s.phase, s.log, s.log_f
    for t in range(task.shape[0]):
        if not work.flags[t, DUMMY]:
            moved = _traffic(t, work.amounts, work.flags, work.spans, work.parents, work.moved, blocks.memory, task, mem)
            task_f[t, PER_INST] = blocks.figures[rows_pe[i, task[t, PE]], ENERGY] + moved / work.amounts[t, WORK]
        else:
            task_f[t, PER_INST] = 0.0
    total = 0.0
    for f in range(phases):
        energy = 0.0
        for k in range(s.phase_at[f], s.phase_at[f + 1]):
            energy += log_f[k, LOG_DONE] * task_f[log[k, LOG_TASK], PER_INST]
        phase[f, PHASE_J] = energy
        total += energy
    return total


@inlined
def _traffic(t, amounts, flags, spans, parents, moved, memory, task, mem):
    """J of all that a task reads and writes."""
    energy = 0.0
    for e in range(spans[t, IN_AT], spans[t, IN_END]):
        if moved[e, IN_BYTES] > 0:
            m = task[parents[e], MEM]
            energy += moved[e, IN_BYTES] * memory[READ_J, mem[m, MEM_KIND], mem[m, MEM_SIZE]]
    if flags[t, STORES]:
        m = task[t, MEM]
        energy += amounts[t, OUT_BYTES] * memory[WRITE_J, mem[m, MEM_KIND], mem[m, MEM_SIZE]]
    return energy


@inlined
def area(i, rows_pe, figures, memory, pe, mem):
    """Area of all that is in use, and of its DRAM: elements that host a task, memories that hold outputs; buses have none."""
    total, dram = 0.0, 0.0
    for p in range(pe.shape[0]):
        if pe[p, PE_HOSTS]:
            total += figures[rows_pe[i, p], AREA]
    for m in range(mem.shape[0]):
        if mem[m, MEM_USED]:
            of = memory[MEM_AREA, mem[m, MEM_KIND], mem[m, MEM_SIZE]]
            total += of
            if mem[m, MEM_KIND]:
                dram += of
    return total, dram


@inlined
def clean_power(phase, n, energy):
    """The largest energy in any window of 10 ms, over 10 ms; of a shorter run the mean power.

    Power is constant within a phase, so some best window begins or ends with one. A window that sticks out of the run holds
    no more than one inside it and does no harm.
    """
    total = 0.0
    for f in range(n):
        total += phase[f, PHASE_S]
    if total <= WINDOW_S:
        return energy / total if total > 0 else 0.0
    best = 0.0
    for f in range(n):
        best = max(best, _window(phase, f, n, 1), _window(phase, f, -1, -1))
    return best / WINDOW_S


@inlined
def _window(phase, first, stop, step):
    """Energy within 10 ms from the border of a phase on, forwards or backwards."""
    left, energy = WINDOW_S, 0.0
    for f in range(first, stop, step):
        if phase[f, PHASE_S] > left:
            return energy + phase[f, PHASE_J] * (left / phase[f, PHASE_S])
        energy += phase[f, PHASE_J]
        left -= phase[f, PHASE_S]
    return energy


@inlined
def farsi_power(phase, n):
    """The largest mean power of FARSI's windows: of whole phases, each closed by the first phase that 10 ms do not hold.

    A window's borders count phases longer than 0 but cut the list of all phases (a quirk of FARSI's: dummies' phases of length
    0 shift them). What is behind the last window is one more; without any, all is one.
    """
    best, low, up, credit = 0.0, 0, 0, WINDOW_S
    for f in range(n):
        if phase[f, PHASE_S] > credit:
            best = max(best, _mean_power(phase, low, up + 1))
            low, credit = up + 1, WINDOW_S
        elif phase[f, PHASE_S] > 0:
            credit -= phase[f, PHASE_S]
        up += phase[f, PHASE_S] > 0
    return max(best, _mean_power(phase, low, n))


@inlined
def _mean_power(phase, first, stop):
    time, energy = 0.0, 0.0
    for f in range(first, stop):
        time += phase[f, PHASE_S]
        energy += phase[f, PHASE_J]
    return energy / time if time > 0 else 0.0
