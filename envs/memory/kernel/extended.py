"""Extended mechanisms; none is covered by the reference tables. A neutral value switches each one off.

Write drain: writes are held while reads are queued, until the high watermark is reached, then only writes go until the low
    watermark; without a queued read, writes go at once. Source: Chatterjee et al., "USIMM: the Utah SImulated Memory
    Module" (2012), read-priority scheduler with WQ watermarks; Synopsys DDR controllers have the same knobs.
    Under the strict multiplexer, whose order it contradicts, it has no effect.
Age cap: once the oldest request of a bank has been in the buffer for so many cycles, it goes before row hits.
    Source: FR-FCFS with a cap, as in Mutlu and Moscibroda, "Stall-time fair memory access scheduling" (MICRO 2007), which
    counts the younger requests let past; here it is a time, like the starvation timers of commercial controllers.
    FIFO scheduling needs no cap and ignores it.
Page timeout: a bank without a request precharges its row so many cycles after its last use.
    Source: the page-close timers of commercial controllers (`pageclose_timer` of the Synopsys uMCTL2; Intel's adaptive
    page closing).
Power-down timer: a rank without requests enters active or precharge power-down so many cycles after its last command and
    leaves it for a request or a refresh. Source: the power-down modes of JESD79-4; Hur and Lin, "A comprehensive approach to
    DRAM power management" (HPCA 2008).
Channels, ranks: see `mapping.decode`. Each rank has its own refresh (staggered by tREFI / ranks), tFAW, power state and
    energy; ranks share the buses with tRTRS between bursts. Channels have a controller each and share the player, the
    arbiter and its slots; responses come back through one port in order of issue, one per cycle.
"""

from __future__ import annotations

from archgym.jit import outlined

from . import bank as B
from . import dram, multiplexer
from . import state as S
from .layout import NEVER, Command, Scheduler
from .layout import Timing as T

propose, precharges_itself, raise_to, note_entry = B.propose, B.precharges_itself, dram.raise_to, dram.note_entry
ACT, PRE, RD, WR = int(Command.ACT), int(Command.PRE), int(Command.RD), int(Command.WR)
PDEA, PDEP, PDX = int(Command.PDEA), int(Command.PDEP), int(Command.PDX)
FIFO, FR_FCFS_GRP = int(Scheduler.FIFO), int(Scheduler.FR_FCFS_GRP)
XP, CKE = int(T.XP), int(T.CKE)
NEXT = B.NEXT
MASK, MAX_RANKS, LAST_IS_WRITE = S.BANK_MASK, S.MAX_RANKS, S.LAST_IS_WRITE
HEAD, COUNT, OPEN_ROW, LAST_USE, CANDIDATES = S.HEAD, S.COUNT, S.OPEN_ROW, S.LAST_USE, S.CANDIDATES
READY_CAS, READY_ACT, READY_PRE, READY_RDA = S.READY_CAS, S.READY_ACT, S.READY_PRE, S.READY_RDA
KIND_ACT, KIND_READ, KIND_PRE = S.KIND_ACT, S.KIND_READ, S.KIND_PRE
READS, WRITES, DRAINING = S.READS, S.WRITES, S.DRAINING
RANK_READY, READY_PREA, READY_REFA = S.RANK_READY, S.READY_PREA, S.READY_REFA
RANK_COUNT, TRIGGER, REFRESH_COMMAND, REFRESH_TIME = S.RANK_COUNT, S.TRIGGER, S.REFRESH_COMMAND, S.REFRESH_TIME
BLOCKED, BUS_FREE, OPEN_BANKS, ACTIVE_END = S.BLOCKED, S.BUS_FREE, S.OPEN_BANKS, S.ACTIVE_END
POWER_STATE, POWER_SINCE, POWER_COMMAND, POWER_TIME = S.POWER_STATE, S.POWER_SINCE, S.POWER_COMMAND, S.POWER_TIME
READY_POWER_DOWN, LAST_COMMAND = S.READY_POWER_DOWN, S.LAST_COMMAND
ACTIVE_DOWN, PRECHARGED_DOWN = S.ACTIVE_DOWN, S.PRECHARGED_DOWN
lowest_bit = multiplexer.lowest_bit
ANY, READS_ONLY, WRITES_ONLY = -1, 0, 1
LOWEST_PRIORITY = 1 << 31  # request number of a page-timeout precharge: after every real request


@outlined
def allowed_type(s, base, high, low):
    """Write drain: the request type that may be worked on now."""
    if high == 0:
        return ANY
    if s[DRAINING + base]:
        if s[WRITES + base] <= low:
            s[DRAINING + base] = 0
    elif s[WRITES + base] >= high:
        s[DRAINING + base] = 1
    if s[DRAINING + base] or s[READS + base] == 0:
        return WRITES_ONLY
    return READS_ONLY


@outlined
def survey(s, b, allowed, is_write, row, link):
    """One walk through the queue of bank b over the allowed requests.

    Returns the oldest, the second oldest, the oldest row hit (-1: none), and the numbers of requests and of row hits.
    """
    oldest, second, first_hit, count, hits = -1, -1, -1, 0, 0
    j = s[HEAD + b] if s[COUNT + b] > 0 else -1
    while j >= 0:
        if allowed == ANY or is_write[j] == allowed:
            if count == 0:
                oldest = j
            elif count == 1:
                second = j
            count += 1
            if row[j] == s[OPEN_ROW + b]:
                if hits == 0:
                    first_hit = j
                hits += 1
        j = link[j, NEXT]
    return oldest, second, first_hit, count, hits


@outlined
def grouped_hit(s, base, b, first_hit, allowed, is_write, row, address, link):
    """FR-FCFS with grouping among the allowed requests (see `bank.same_type_hit`)."""
    wanted = s[LAST_IS_WRITE + base]
    if allowed != ANY and allowed != wanted:
        return first_hit
    k = B.same_type_hit(first_hit, wanted, s[OPEN_ROW + b], is_write, row, address, link)
    return k if allowed == ANY or is_write[k] == allowed else first_hit


@outlined
def propose_timeout(s, base, bank, b, timeout):
    """Page timeout: the open row of a bank without requests is a candidate for PRE; otherwise the bank has none."""
    if timeout > 0 and s[COUNT + b] == 0 and s[OPEN_ROW + b] >= 0:
        s[CANDIDATES + base] |= 1 << bank
        ready = max(s[READY_PRE + b], s[LAST_USE + b] + timeout)
        propose(s, base, b, LOWEST_PRIORITY - 1 - bank, PRE, KIND_PRE, ready)
    else:
        s[CANDIDATES + base] &= ~(1 << bank)


@outlined
def next_command(s, base, bank, t, policy, scheduler, allowed, age_cap, timeout, admitted, is_write, row, address, link):
    """As `bank.next_command`, with the extended mechanisms; `admitted` holds the cycles of admission."""
    b = base + (bank & MASK)
    oldest, second, first_hit, count, hits = survey(s, b, allowed, is_write, row, link)
    if oldest < 0:
        propose_timeout(s, base, bank, b, timeout)
        return
    s[CANDIDATES + base] |= 1 << bank
    if s[OPEN_ROW + b] < 0:
        propose(s, base, b, oldest, ACT, KIND_ACT, s[READY_ACT + b])
        return
    k, further = oldest, hits >= 2
    if scheduler == FIFO:
        further = second >= 0 and row[second] == s[OPEN_ROW + b]
    elif hits > 0 and (age_cap == 0 or t - admitted[oldest] < age_cap):
        k = first_hit
        if scheduler == FR_FCFS_GRP:
            k = grouped_hit(s, base, b, first_hit, allowed, is_write, row, address, link)
    if row[k] != s[OPEN_ROW + b]:
        propose(s, base, b, k, PRE, KIND_PRE, s[READY_PRE + b])
        return
    write = is_write[k] != 0
    closing = precharges_itself(policy, count, further)
    ready = s[READY_CAS + b]
    if closing and not write:
        ready = max(ready, s[READY_RDA + b])
    propose(s, base, b, k, (WR if write else RD) + closing, KIND_READ + write, ready)


@outlined
def update_candidates(s, base, banks, t, policy, scheduler, allowed, age_cap, timeout, admitted, is_write, row, address, link):
    """Recompute the candidates of the banks in a mask."""
    while banks != 0:
        bank = lowest_bit(banks)
        banks &= banks - 1
        next_command(s, base, bank, t, policy, scheduler, allowed, age_cap, timeout, admitted, is_write, row, address, link)


@outlined
def power_down(s, d, base, r, t, timer):
    """Fix the pending power-down command of rank r (base included); a rank in power-down has no refresh command."""
    s[POWER_COMMAND + r] = -1
    s[POWER_TIME + r] = NEVER
    wanted = s[RANK_COUNT + r] > 0 or t >= s[TRIGGER + r]
    if s[POWER_STATE + r] != 0:
        s[REFRESH_COMMAND + r] = -1
        s[REFRESH_TIME + r] = NEVER if wanted else s[TRIGGER + r]
        if wanted:
            s[POWER_COMMAND + r] = PDX
            s[POWER_TIME + r] = max(t, s[POWER_SINCE + r] + d[CKE], s[BUS_FREE + base])
    elif timer > 0 and not wanted and s[REFRESH_COMMAND + r] < 0:
        s[POWER_COMMAND + r] = PDEA if s[OPEN_BANKS + r] > 0 else PDEP
        ready = max(s[READY_POWER_DOWN + r], s[LAST_COMMAND + r] + timer, s[BUS_FREE + base])
        if s[OPEN_BANKS + r] == 0:  # not before an implicit precharge or a refresh has ended
            ready = max(ready, s[ACTIVE_END + r])
        s[POWER_TIME + r] = max(t, ready)


@outlined
def issue_power(s, d, r, t):
    """Enter or leave power-down."""
    command = s[POWER_COMMAND + r]
    if command != PDX:
        s[POWER_STATE + r] = command
        s[POWER_SINCE + r] = t
        note_entry(s, t, 0)
        return
    cycles = t - s[POWER_SINCE + r]
    if s[POWER_STATE + r] == PDEA:
        s[ACTIVE_DOWN + r] += cycles
    else:
        s[PRECHARGED_DOWN + r] += cycles
    s[POWER_STATE + r] = 0
    for kind in range(4):
        raise_to(s, RANK_READY + kind * MAX_RANKS + r, t + d[XP])
    raise_to(s, READY_PREA + r, t + d[XP])
    raise_to(s, READY_REFA + r, t + d[XP])
    raise_to(s, READY_POWER_DOWN + r, t + max(d[CKE], d[XP]))
    note_entry(s, t, d[XP])


@outlined
def silent_banks(s, base, n_ranks, banks):
    """Mask of the banks that may not propose: their rank is in power-down or waits for a forced refresh."""
    mask = 0
    for rank in range(n_ranks):
        if s[BLOCKED + base + rank] or s[POWER_STATE + base + rank]:
            mask |= ((1 << banks) - 1) << (rank * banks)
    return mask


@outlined
def manager_event(s, base, n_ranks):
    """Earliest cycle at which a refresh or power-down manager of the channel acts, and its rank."""
    best, best_rank = NEVER, 0
    for rank in range(n_ranks):
        t = min(s[REFRESH_TIME + base + rank], s[POWER_TIME + base + rank])
        if t < best:
            best, best_rank = t, rank
    return best, best_rank
