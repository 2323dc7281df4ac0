"""The event loop of ``compat``: FARSI's own rules, quirks included.

Sources: facebookresearch/Project_FARSI and its use in ArchGym, as held against 180 designs in ``reference``. A step is: account
for the phase that ends; complete; launch; give elements to tasks; set rates. It differs from `clean` in this:

- A task completes at 99 % of its work; dummies need an element like others and complete in the step after the one they get it.
- When a task completes, it is noted; a parent all of whose children are noted frees its buffer, and their notes are wiped. So
  of two parents of one child the second never frees. What the source wrote is never freed.
- Elements are given in the order: who runs, who is launched now (in node order), who waits. So of two that wait for the same
  element the later one gets it if it is launched at the very step at which the element falls idle.
- Time is the running sum, and a phase lasts from one of its values to the next. Phases of length 0 are phases.
"""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined

from .channels import enter, leave, plan_all, set_rate
from .layout import (
    BOUND,
    BUFFER,
    DUMMY,
    END,
    FREES,
    FRESH,
    HEAD,
    HELD,
    IN_AT,
    IN_END,
    LEFT,
    LOG_BOUND,
    LOG_DONE,
    LOG_RATE,
    LOG_TASK,
    MEM,
    MISSING,
    OUT_AT,
    OUT_END,
    PE,
    PEAK,
    PHASE_S,
    READY,
    RUNNING,
    STACK,
    START,
    STATE,
    STORES,
    TASK_RATE,
    WAITING,
    WORK,
)

ENOUGH = 0.99  # share of the work at which a task completes
LAUNCHED, BEGUN, NOTED, OVER = 1, 2, 4, 8  # bits of a node's state


@inlined
def simulate_farsi(work, s):
    """Runs a valid design to its end; gives the number of phases. All times and peaks are in the scratch space then."""
    amounts, flags, spans, parents, children = work.amounts, work.flags, work.spans, work.parents, work.children
    task, task_f, pe, mem_f, lists = s.task, s.task_f, s.pe, s.mem_f, s.lists
    channel, limit, link, units, load, pairs = s.channel, s.limit, s.link, s.units, s.load, s.pairs
    plan_all(work, s)
    _reset(amounts, spans, task, task_f, mem_f)
    n_running = n_waiting = 0
    now = dt = 0.0
    s.phase_at[0] = 0
    for phase in range(task.shape[0] + 2):  # every step but the first completes a node
        _account(flags, task, task_f, lists, s.log, s.log_f, s.phase_at[phase], n_running, dt)
        s.phase[phase, PHASE_S] = dt
        s.phase_at[phase + 1] = s.phase_at[phase] + n_running
        for k in range(n_running):
            t = lists[RUNNING, k]
            if _complete(amounts, spans, parents, children, task, task_f, t, now):
                leave(task, channel, link, units, load, pairs, t)
                for e in range(spans[t, IN_AT], spans[t, IN_END]):
                    _note(amounts, flags, spans, children, task, mem_f, parents[e])
        n_running = _launch(amounts, flags, task, task_f, mem_f, lists, n_running, now)
        n_running, n_waiting = _give_elements(task, pe, lists, n_running, n_waiting)
        if n_running == 0:
            return phase + 1
        for k in range(n_running):
            t = lists[RUNNING, k]
            if not task[t, STATE] & BEGUN:
                task[t, STATE] |= BEGUN
                task_f[t, START] = now
                enter(task, channel, link, units, load, pairs, t)
        before = now
        now += _set_rates(flags, task, task_f, channel, limit, load, lists, n_running)
        dt = now - before
    return task.shape[0] + 2


@inlined
def _reset(amounts, spans, task, task_f, mem_f):
    for t in range(task.shape[0]):
        task[t, MISSING] = spans[t, IN_END] - spans[t, IN_AT]
        task[t, STATE] = 0
        task_f[t, LEFT] = amounts[t, WORK]
    for m in range(mem_f.shape[0]):
        mem_f[m, HELD] = mem_f[m, PEAK] = 0.0


@inlined
def _account(flags, task, task_f, lists, log, log_f, entry, n_running, dt):
    """Logs the phase that ends, and takes its work from what is left."""
    for k in range(n_running):
        t = lists[RUNNING, k]
        rate = task_f[t, TASK_RATE]
        task_f[t, LEFT] -= rate * dt
        log[entry + k, LOG_TASK], log[entry + k, LOG_BOUND] = t, task[t, BOUND]
        log_f[entry + k, LOG_RATE], log_f[entry + k, LOG_DONE] = rate, 0.0 if flags[t, DUMMY] else rate * dt


@inlined
def _complete(amounts, spans, parents, children, task, task_f, t, now):
    """Completes a running task if it has done enough; gives whether it has."""
    if amounts[t, WORK] > 0 and 1.0 - task_f[t, LEFT] / amounts[t, WORK] < ENOUGH:
        return False
    task_f[t, END] = now
    task[t, STATE] = LAUNCHED | BEGUN | NOTED | OVER
    for e in range(spans[t, OUT_AT], spans[t, OUT_END]):
        task[children[e], MISSING] -= 1
    return True


@inlined
def _note(amounts, flags, spans, children, task, mem_f, parent):
    """Frees a parent's buffer and wipes its children's notes if all of them are noted."""
    first, last = spans[parent, OUT_AT], spans[parent, OUT_END]
    for e in range(first, last):
        if not task[children[e], STATE] & NOTED:
            return
    if flags[parent, FREES] and flags[parent, STORES]:
        mem_f[task[parent, MEM], HELD] -= amounts[parent, BUFFER]
    for e in range(first, last):
        task[children[e], STATE] &= ~NOTED


@inlined
def _launch(amounts, flags, task, task_f, mem_f, lists, n_running, now):
    """Nodes whose parents have completed join who runs, in node order, and reserve their buffers; gives how many there are."""
    kept = 0
    for k in range(n_running):
        if not task[lists[RUNNING, k], STATE] & OVER:
            lists[RUNNING, kept] = lists[RUNNING, k]
            kept += 1
    for t in range(task.shape[0]):
        if task[t, MISSING] == 0 and not task[t, STATE]:
            task[t, STATE] = LAUNCHED
            task_f[t, READY] = now
            lists[RUNNING, kept] = t
            kept += 1
            if flags[t, STORES]:
                m = task[t, MEM]
                mem_f[m, HELD] += amounts[t, BUFFER]
                mem_f[m, PEAK] = max(mem_f[m, PEAK], mem_f[m, HELD])
    return kept


@inlined
def _give_elements(task, pe, lists, n_running, n_waiting):
    """The first task of every element, among who runs and then who waits, runs; the others wait, in the same order."""
    for p in range(pe.shape[0]):
        pe[p, HEAD] = -1
    kept, later = 0, 0
    for k in range(n_running + n_waiting):
        t = lists[RUNNING, k] if k < n_running else lists[WAITING, k - n_running]
        if pe[task[t, PE], HEAD] >= 0:
            lists[FRESH, later] = t
            later += 1
        else:
            pe[task[t, PE], HEAD] = t
            lists[STACK, kept] = t
            kept += 1
    for k in range(kept):
        lists[RUNNING, k] = lists[STACK, k]
    for k in range(later):
        lists[WAITING, k] = lists[FRESH, k]
    return kept, later


@inlined
def _set_rates(flags, task, task_f, channel, limit, load, lists, n_running):
    """Rates of all that run; gives the time until the first of them is through."""
    dt = np.inf
    for k in range(n_running):
        t = lists[RUNNING, k]
        if flags[t, DUMMY]:
            task_f[t, TASK_RATE], task[t, BOUND] = 1.0, -1  # it has nothing left to do
        else:
            set_rate(task, task_f, channel, limit, load, t)
        dt = min(dt, task_f[t, LEFT] / task_f[t, TASK_RATE])
    return dt
