"""The event loop under the clean rules (the default).

Time runs in phases. In a phase a set of tasks runs, each at a constant rate (see `channels`); it lasts until the first of them
is done. At its end, which is one instant, in this order:

1. Done tasks complete: those that attain the minimum of left / rate, and those with less than 1e-12 of their work left, for
   rounding must not decide who waits for whom.
2. Nodes whose parents have all completed become ready. Dummies run nowhere and take no time: they complete at the same
   instant, and so on through chains of them. They are marks (input data is there, output is written), not programs.
3. Buffers whose consumers have all completed are freed, a source's too: nobody will read them again.
4. Buffers of nodes that have become ready are allocated: a task's place in memory is reserved from the moment it could start,
   until its last consumer completes; without consumers left it is not reserved at all. Sinks write nothing.
   Freed before allocated: what one task leaves another may use at once.
5. Idle elements take the next task from their queue: first come, first served, by the instant at which tasks became ready and
   within an instant by node order. A task is never interrupted: accelerators cannot be.

Around the loop: every bus on a way is a channel, for a slow bus is slow wherever it hangs (`channels`; FARSI merges leaf buses
away); a block that no task uses is not built and costs nothing; a memory is the smallest on offer that holds its peak; power is
over the worst 10 ms wherever they lie (`costs`), where FARSI's windows depend on how a run happens to be cut into phases.

Every phase completes a task, so there are as many phases as tasks at most; rates are positive because blocks' rates are.
"""

from __future__ import annotations

import numpy as np

from archgym.jit import inlined

from .channels import enter, leave, plan_all, set_rate
from .layout import (
    AFTER,
    BOUND,
    BUFFER,
    DUMMY,
    END,
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
    PENDING,
    PHASE_S,
    READY,
    RUNNING,
    STACK,
    START,
    STATE,
    STORES,
    TAIL,
    TASK_RATE,
    WAITING,
    WORK,
)

ROUNDING = 1e-12  # work left, as a share, that counts as done
RESERVED = 1  # state of a node whose buffer is held


@inlined
def simulate_clean(work, s):
    """Runs a valid design to its end; gives the number of phases. All times and peaks are in the scratch space then."""
    amounts, flags, spans, parents, children = work.amounts, work.flags, work.spans, work.parents, work.children
    task, task_f, pe, mem_f, lists = s.task, s.task_f, s.pe, s.mem_f, s.lists
    channel, limit, link, units, load, pairs = s.channel, s.limit, s.link, s.units, s.load, s.pairs
    plan_all(work, s)
    _reset(amounts, spans, task, task_f, pe, mem_f)
    n_fresh = _release_roots(amounts, flags, spans, parents, children, task, task_f, mem_f, lists)
    n_fresh = _reserve(amounts, flags, task, mem_f, lists, n_fresh)
    n_running = _queue(task, pe, lists, n_fresh, 0)
    began, now, phases = 0, 0.0, 0
    s.phase_at[0] = 0
    while n_running:
        for k in range(began, n_running):
            enter(task, channel, link, units, load, pairs, lists[RUNNING, k])
            task_f[lists[RUNNING, k], START] = now
        dt = np.inf
        for k in range(n_running):
            t = lists[RUNNING, k]
            dt = min(dt, task_f[t, LEFT] / set_rate(task, task_f, channel, limit, load, t))
        s.phase[phases, PHASE_S] = dt
        now += dt
        n_kept, n_done = _work_off(amounts, task, task_f, lists, s.log, s.log_f, s.phase_at[phases], n_running, dt)
        phases += 1
        s.phase_at[phases] = s.phase_at[phases - 1] + n_running
        n_fresh = 0
        for k in range(n_done):
            t = lists[WAITING, k]
            leave(task, channel, link, units, load, pairs, t)
            n_fresh = _complete(amounts, flags, spans, parents, children, task, task_f, mem_f, lists, t, now, n_fresh)
        n_fresh = _reserve(amounts, flags, task, mem_f, lists, n_fresh)
        began = n_kept
        n_running = _queue(task, pe, lists, n_fresh, _next_in_queues(task, pe, lists, n_done, n_kept))
    return phases


@inlined
def _reset(amounts, spans, task, task_f, pe, mem_f):
    for t in range(task.shape[0]):
        task[t, MISSING] = spans[t, IN_END] - spans[t, IN_AT]
        task[t, PENDING] = spans[t, OUT_END] - spans[t, OUT_AT]
        task[t, STATE] = 0
        task_f[t, LEFT] = amounts[t, WORK]
    for p in range(pe.shape[0]):
        pe[p, HEAD] = -1
    for m in range(mem_f.shape[0]):
        mem_f[m, HELD] = mem_f[m, PEAK] = 0.0


@inlined
def _work_off(amounts, task, task_f, lists, log, log_f, entry, n_running, dt):
    """Logs a phase, and parts those that go on from those that are done; gives how many there are of each."""
    n_kept, n_done = 0, 0
    for k in range(n_running):
        t = lists[RUNNING, k]
        left, rate = task_f[t, LEFT], task_f[t, TASK_RATE]
        done = rate * dt
        over = left / rate <= dt or left - done <= ROUNDING * amounts[t, WORK]
        log[entry + k, LOG_TASK], log[entry + k, LOG_BOUND] = t, task[t, BOUND]
        log_f[entry + k, LOG_RATE], log_f[entry + k, LOG_DONE] = rate, left if over else done
        if over:
            lists[WAITING, n_done] = t
            n_done += 1
        else:
            task_f[t, LEFT] = left - done
            lists[RUNNING, n_kept] = t
            n_kept += 1
    return n_kept, n_done


@inlined
def _release_roots(amounts, flags, spans, parents, children, task, task_f, mem_f, lists):
    """Makes nodes without parents ready at time 0; gives how many nodes are fresh."""
    n_fresh = 0
    for t in range(task.shape[0]):
        if spans[t, IN_AT] == spans[t, IN_END]:
            task_f[t, READY] = 0.0
            lists[FRESH, n_fresh] = t
            n_fresh += 1
            if flags[t, DUMMY]:
                task_f[t, START] = 0.0
                n_fresh = _complete(amounts, flags, spans, parents, children, task, task_f, mem_f, lists, t, 0.0, n_fresh)
    return n_fresh


@inlined
def _complete(amounts, flags, spans, parents, children, task, task_f, mem_f, lists, first, now, n_fresh):
    """A node completes, and with it the dummies that waited for it alone; gives how many nodes are fresh now."""
    lists[STACK, 0] = first
    depth = 1
    while depth:
        depth -= 1
        t = lists[STACK, depth]
        task_f[t, END] = now
        for e in range(spans[t, IN_AT], spans[t, IN_END]):
            parent = parents[e]
            task[parent, PENDING] -= 1
            if task[parent, PENDING] == 0 and task[parent, STATE]:
                mem_f[task[parent, MEM], HELD] -= amounts[parent, BUFFER]
        for e in range(spans[t, OUT_AT], spans[t, OUT_END]):
            child = children[e]
            task[child, MISSING] -= 1
            if task[child, MISSING] == 0:
                task_f[child, READY] = now
                lists[FRESH, n_fresh] = child
                n_fresh += 1
                if flags[child, DUMMY]:
                    task_f[child, START] = now
                    lists[STACK, depth] = child
                    depth += 1
    return n_fresh


@inlined
def _reserve(amounts, flags, task, mem_f, lists, n_fresh):
    """Sorts the fresh nodes, reserves the buffers that somebody will read, and gives how many of the nodes need an element."""
    for k in range(1, n_fresh):
        t, j = lists[FRESH, k], k
        while j and lists[FRESH, j - 1] > t:
            lists[FRESH, j] = lists[FRESH, j - 1]
            j -= 1
        lists[FRESH, j] = t
    n = 0
    for k in range(n_fresh):
        t = lists[FRESH, k]
        if flags[t, STORES] and task[t, PENDING]:
            m = task[t, MEM]
            task[t, STATE] = RESERVED
            mem_f[m, HELD] += amounts[t, BUFFER]
            mem_f[m, PEAK] = max(mem_f[m, PEAK], mem_f[m, HELD])
        if not flags[t, DUMMY]:
            lists[FRESH, n] = t
            n += 1
    return n


@inlined
def _next_in_queues(task, pe, lists, n_done, n_running):
    """Elements whose task is done take the next one that waits; gives how many tasks run."""
    for k in range(n_done):
        t = lists[WAITING, k]
        pe[task[t, PE], HEAD] = task[t, AFTER]
        if task[t, AFTER] >= 0:
            lists[RUNNING, n_running] = task[t, AFTER]
            n_running += 1
    return n_running


@inlined
def _queue(task, pe, lists, n_fresh, n_running):
    """Fresh tasks join their element's queue, in order, and run where it is empty; gives how many tasks run."""
    for k in range(n_fresh):
        t = lists[FRESH, k]
        p = task[t, PE]
        task[t, AFTER] = -1
        if pe[p, HEAD] < 0:
            pe[p, HEAD] = t
            lists[RUNNING, n_running] = t
            n_running += 1
        else:
            task[pe[p, TAIL], AFTER] = t
        pe[p, TAIL] = t
    return n_running
