"""Queue of a bank and its next command (scheduler and page policy).

Queues are doubly linked lists over request numbers: `link` is int32 (R, 2), columns next and previous, -1 = none.
`base` is the channel's offset in the state vector, `b` the bank within the channel.
"""

from __future__ import annotations

from archgym.jit import inlined, outlined

from . import state as S
from .layout import Command, PagePolicy, Scheduler

ACT, PRE = int(Command.ACT), int(Command.PRE)
RD, WR = int(Command.RD), int(Command.WR)
AUTO_PRECHARGE = 1  # RDA = RD + 1, WRA = WR + 1
OPEN, OPEN_ADAPTIVE = int(PagePolicy.OPEN), int(PagePolicy.OPEN_ADAPTIVE)
CLOSED, CLOSED_ADAPTIVE = int(PagePolicy.CLOSED), int(PagePolicy.CLOSED_ADAPTIVE)
FIFO, FR_FCFS_GRP = int(Scheduler.FIFO), int(Scheduler.FR_FCFS_GRP)
NEXT, PREVIOUS = 0, 1

# copies of the offsets: numba freezes plain module integers
MASK = S.BANK_MASK
OWN_READY, CANDIDATE_ID, CANDIDATE_COMMAND = S.OWN_READY, S.CANDIDATE_ID, S.CANDIDATE_COMMAND
CANDIDATE_GROUP, CANDIDATE_RANK, CANDIDATES = S.CANDIDATE_GROUP, S.CANDIDATE_RANK, S.CANDIDATES
HEAD, TAIL, COUNT, OPEN_ROW = S.HEAD, S.TAIL, S.COUNT, S.OPEN_ROW
FIRST_HIT, HITS, WRITE_HITS = S.FIRST_HIT, S.HITS, S.WRITE_HITS
READY_CAS, READY_ACT, READY_PRE, READY_RDA = S.READY_CAS, S.READY_ACT, S.READY_PRE, S.READY_RDA
GROUP_OF, RANK_OF, GROUP_READY, RANK_READY = S.GROUP_OF, S.RANK_OF, S.GROUP_READY, S.RANK_READY
MAX_GROUPS, MAX_RANKS = S.MAX_GROUPS, S.MAX_RANKS
KIND_ACT, KIND_READ, KIND_PRE = S.KIND_ACT, S.KIND_READ, S.KIND_PRE
LAST_IS_WRITE = S.LAST_IS_WRITE


@inlined
def append(s, base, b, k, is_write, row, link):
    """Put request k at the end of the queue of bank b."""
    b = base + (b & MASK)
    link[k, NEXT] = -1
    link[k, PREVIOUS] = -1
    if s[COUNT + b] == 0:
        s[HEAD + b] = k
    else:
        tail = s[TAIL + b]
        link[tail, NEXT] = k
        link[k, PREVIOUS] = tail
    s[TAIL + b] = k
    s[COUNT + b] += 1
    if row[k] == s[OPEN_ROW + b]:
        if s[HITS + b] == 0:
            s[FIRST_HIT + b] = k
        s[HITS + b] += 1
        s[WRITE_HITS + b] += is_write[k]


@inlined
def remove(s, base, b, k, is_write, row, link):
    """Take request k, which hits the open row of bank b, out of the bank's queue."""
    b = base + (b & MASK)
    after, before = link[k, NEXT], link[k, PREVIOUS]
    if before < 0:
        s[HEAD + b] = after
    else:
        link[before, NEXT] = after
    if after < 0:
        s[TAIL + b] = before
    else:
        link[after, PREVIOUS] = before
    s[COUNT + b] -= 1
    s[HITS + b] -= 1
    s[WRITE_HITS + b] -= is_write[k]
    if s[HITS + b] > 0 and s[FIRST_HIT + b] == k:
        open_row = s[OPEN_ROW + b]
        while row[after] != open_row:
            after = link[after, NEXT]
        s[FIRST_HIT + b] = after


@inlined
def open_row(s, base, b, k, is_write, row, link):
    """Note that bank b now has the row of request k open; count the queued requests to it."""
    b = base + (b & MASK)
    opened = row[k]
    s[OPEN_ROW + b] = opened
    first, hits, write_hits = -1, 0, 0
    j = s[HEAD + b]
    while j >= 0:
        if row[j] == opened:
            if hits == 0:
                first = j
            hits += 1
            write_hits += is_write[j]
        j = link[j, NEXT]
    s[FIRST_HIT + b] = first
    s[HITS + b] = hits
    s[WRITE_HITS + b] = write_hits


@inlined
def close_row(s, base, b):
    """Note that bank b has no open row."""
    b = base + (b & MASK)
    s[OPEN_ROW + b] = -1
    s[HITS + b] = 0
    s[WRITE_HITS + b] = 0


@outlined
def same_type_hit(first, wanted, opened, is_write, row, address, link):
    """FR-FCFS with grouping: the oldest row hit of type `wanted` that no older hit to the same address precedes.

    `first` is the oldest hit; it is returned when there is no such request.
    """
    j = first
    while j >= 0:
        if row[j] == opened and is_write[j] == wanted:
            i = first
            while i != j and not (row[i] == opened and address[i] == address[j]):
                i = link[i, NEXT]
            if i == j:
                return j
        j = link[j, NEXT]
    return first


@inlined
def select_request(s, base, b, scheduler, is_write, row, address, link):
    """The request that bank b (base included) with a row open works on, and whether another queued one hits the row."""
    if scheduler == FIFO:
        k = s[HEAD + b]
        second = link[k, NEXT]
        return k, second >= 0 and row[second] == s[OPEN_ROW + b]
    hits = s[HITS + b]
    if hits == 0:
        return s[HEAD + b], False
    k = s[FIRST_HIT + b]
    if scheduler == FR_FCFS_GRP:
        wanted = s[LAST_IS_WRITE + base]
        of_type = s[WRITE_HITS + b] if wanted else hits - s[WRITE_HITS + b]
        if of_type > 0 and is_write[k] != wanted:
            k = same_type_hit(k, wanted, s[OPEN_ROW + b], is_write, row, address, link)
    return k, hits >= 2


@inlined
def precharges_itself(policy, count, further_hit):
    """Whether a RD/WR of a row hit carries an auto-precharge."""
    if policy == OPEN:
        return False
    if policy == CLOSED:
        return True
    if policy == CLOSED_ADAPTIVE:
        return not further_hit
    return count >= 2 and not further_hit


@inlined
def propose(s, base, b, k, command, kind, own_ready):
    """Store the candidate of bank b (base included)."""
    s[CANDIDATE_ID + b] = k + 1
    s[CANDIDATE_COMMAND + b] = command
    s[OWN_READY + b] = own_ready
    s[CANDIDATE_GROUP + b] = GROUP_READY + base + kind * MAX_GROUPS + s[GROUP_OF + b]
    s[CANDIDATE_RANK + b] = RANK_READY + base + kind * MAX_RANKS + s[RANK_OF + b]


@inlined
def next_command(s, base, bank, policy, scheduler, is_write, row, address, link):
    """Recompute the candidate command of a bank from its queue and open row."""
    b = base + (bank & MASK)
    if s[COUNT + b] == 0:
        s[CANDIDATES + base] &= ~(1 << bank)
        return
    s[CANDIDATES + base] |= 1 << bank
    k = s[HEAD + b]
    command, kind, own_ready = ACT, KIND_ACT, s[READY_ACT + b]
    if s[OPEN_ROW + b] >= 0:
        k, further = select_request(s, base, b, scheduler, is_write, row, address, link)
        if row[k] == s[OPEN_ROW + b]:
            write = is_write[k] != 0
            command = WR if write else RD
            kind = KIND_READ + (1 if write else 0)
            own_ready = s[READY_CAS + b]
            if precharges_itself(policy, s[COUNT + b], further):
                command += AUTO_PRECHARGE
                if not write:
                    own_ready = max(own_ready, s[READY_RDA + b])
        else:
            command, kind, own_ready = PRE, KIND_PRE, s[READY_PRE + b]
    propose(s, base, b, k, command, kind, own_ready)
