"""Issue of a command: DRAM timing, bank state, queues, responses, counters and the optional command log."""

from __future__ import annotations

from archgym.jit import inlined

from . import bank as B
from . import dram, frontend, refresh
from . import state as S
from .layout import Command
from .layout import Timing as T

remove, open_row, close_row = B.remove, B.open_row, B.close_row
activate, read, write, precharge, switch_rank = dram.activate, dram.read, dram.write, dram.precharge, dram.switch_rank
precharge_all, refresh_all, refreshed = dram.precharge_all, dram.refresh_all, refresh.refreshed
respond = frontend.respond
ACT, PRE, PREA = int(Command.ACT), int(Command.PRE), int(Command.PREA)
RD, RDA, WR, WRA = int(Command.RD), int(Command.RDA), int(Command.WR), int(Command.WRA)
RL, WL, BURST, COMMAND_CYCLES, BANKS = int(T.RL), int(T.WL), int(T.BURST), int(T.COMMAND), int(T.BANKS)
CHANNEL_SIZE, MASK, COUNTS, LOG_LENGTH = S.CHANNEL_SIZE, S.BANK_MASK, S.COUNTS, S.LOG_LENGTH
REFRESH_COMMAND, BUS_FREE, LAST_COMMAND, LAST_USE = S.REFRESH_COMMAND, S.BUS_FREE, S.LAST_COMMAND, S.LAST_USE
BEST_BANK, CANDIDATE_ID, CANDIDATE_COMMAND = S.BEST_BANK, S.CANDIDATE_ID, S.CANDIDATE_COMMAND
GROUP_OF, RANK_OF, FRESH, ROW_HITS, SERVED = S.GROUP_OF, S.RANK_OF, S.FRESH, S.ROW_HITS, S.SERVED
TOTAL, READS, WRITES, RANK_COUNT = S.TOTAL, S.READS, S.WRITES, S.RANK_COUNT


@inlined
def record(s, d, log, t, command, base, rank, bank, request):
    """What every command does: occupy the command bus, count, and append to the log while it has room (none if empty)."""
    s[BUS_FREE + base] = t + d[COMMAND_CYCLES]
    s[LAST_COMMAND + base + rank] = t
    s[COUNTS + (command & 15)] += 1
    i = s[LOG_LENGTH]
    if i < log.shape[0]:
        log[i, 0] = t
        log[i, 1] = command
        log[i, 2] = base // CHANNEL_SIZE
        log[i, 3] = rank
        log[i, 4] = bank
        log[i, 5] = request
        s[LOG_LENGTH] = i + 1


@inlined
def rank_mask(d, rank):
    """Mask of the banks of a rank."""
    return ((1 << d[BANKS]) - 1) << (rank * d[BANKS])


@inlined
def issue_refresh(s, d, log, base, rank, t, max_pulled_in):
    """PREA or REFA of a rank, as its refresh manager wants; returns the command."""
    r = base + rank
    command = s[REFRESH_COMMAND + r]
    record(s, d, log, t, command, base, rank, -1, -1)
    if command == PREA:
        precharge_all(s, d, t, r)
    else:
        refresh_all(s, d, t, r)
        refreshed(s, d, r, max_pulled_in)
    for bank in range(rank * d[BANKS], (rank + 1) * d[BANKS]):
        close_row(s, base, bank)
    return command


@inlined
def serve(s, d, base, bank, t, command, k, n_ranks, in_id_order, queue_reorders, is_write, row, link, response, freed):
    """RD, RDA, WR or WRA for request k: it leaves the buffer and its response time becomes known."""
    b = base + bank
    g, rank = base + s[GROUP_OF + b], s[RANK_OF + b]
    r = base + rank
    s[ROW_HITS] += 1 - s[FRESH + b]
    s[FRESH + b] = 0
    remove(s, base, bank, k, is_write, row, link)
    if command >= WR:
        write(s, d, t, b, g, r, command - WR)
        s[WRITES + base] -= 1
        done = t + d[WL] + d[BURST]
    else:
        read(s, d, t, b, g, r, command - RD)
        s[READS + base] -= 1
        done = t + d[RL] + d[BURST]
    if command in (RDA, WRA):
        close_row(s, base, bank)
    if n_ranks == 2:
        switch_rank(s, d, t, base + 1 - rank, command < WR)
    s[TOTAL + base] -= 1
    s[RANK_COUNT + r] -= 1
    s[SERVED] += 1
    respond(s, base, k, done, in_id_order, queue_reorders, response, freed)


@inlined
def issue_bank(s, d, log, base, t, n, n_ranks, in_id_order, queue_reorders, is_write, row, link, response, freed):
    """The chosen bank's candidate; returns the bank and the command."""
    bank = s[BEST_BANK + base] & MASK
    b = base + bank
    command = s[CANDIDATE_COMMAND + b]
    k = s[CANDIDATE_ID + b] - 1
    rank = s[RANK_OF + b]
    record(s, d, log, t, command, base, rank, bank, k if k < n else -1)
    s[LAST_USE + b] = t
    if command == ACT:
        activate(s, d, t, b, base + s[GROUP_OF + b], base + rank)
        open_row(s, base, bank, k, is_write, row, link)
        s[FRESH + b] = 1
    elif command == PRE:
        precharge(s, d, t, b, base + rank)
        close_row(s, base, bank)
    else:
        serve(s, d, base, bank, t, command, k, n_ranks, in_id_order, queue_reorders, is_write, row, link, response, freed)
    return bank, command
