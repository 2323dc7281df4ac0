"""Event loop of one design: the controller's passes.

A pass happens when a request arrives, when a command may be issued or when a refresh (power-down) manager's time has come;
between these nothing changes. Order within a cycle: announced arrival, managers, command, arrival from the player.
`extended` is a compile-time constant: False leaves out everything of `extended`, one channel and one rank.
"""

from __future__ import annotations

from archgym.jit import inlined, outlined

from . import bank as B
from . import commands, frontend, multiplexer, refresh
from . import extended as X
from . import state as S
from .layout import MAX_RANKS, NEVER, Arbiter, CmdMux, Command, Config, RefreshPolicy, ResponseQueue, Scheduler
from .layout import Timing as T

append, next_command, update_candidates = B.append, B.next_command, X.update_candidates
allowed_type, power_down, issue_power = X.allowed_type, X.power_down, X.issue_power
silent_banks, manager_event = X.silent_banks, X.manager_event
evaluate, reset_refresh = refresh.evaluate, refresh.reset_refresh
choose, lowest_bit = multiplexer.choose, multiplexer.lowest_bit
issue_refresh, issue_bank, rank_mask, record = (
    commands.issue_refresh,
    commands.issue_bank,
    commands.rank_mask,
    commands.record,
)
has_space, advance, send_next = frontend.has_space, frontend.advance, frontend.send_next
set_offer, overtakes_refresh = frontend.set_offer, frontend.overtakes_refresh

RD, WR, REFA = int(Command.RD), int(Command.WR), int(Command.REFA)
PAGE_POLICY, SCHEDULER = int(Config.PAGE_POLICY), int(Config.SCHEDULER)
SCHEDULER_BUFFER, REQUEST_BUFFER_SIZE = int(Config.SCHEDULER_BUFFER), int(Config.REQUEST_BUFFER_SIZE)
CMD_MUX, RESPONSE_QUEUE = int(Config.CMD_MUX), int(Config.RESPONSE_QUEUE)
REFRESH_POLICY, MAX_POSTPONED = int(Config.REFRESH_POLICY), int(Config.REFRESH_MAX_POSTPONED)
MAX_PULLED_IN, ARBITER = int(Config.REFRESH_MAX_PULLED_IN), int(Config.ARBITER)
MAX_ACTIVE = int(Config.MAX_ACTIVE_TRANSACTIONS)
WRITE_HIGH, WRITE_LOW = int(Config.WRITE_HIGH_WATERMARK), int(Config.WRITE_LOW_WATERMARK)
AGE_CAP, PAGE_TIMEOUT = int(Config.AGE_CAP), int(Config.PAGE_TIMEOUT)
POWER_DOWN_TIMER, N_CHANNELS, N_RANKS = int(Config.POWER_DOWN_TIMER), int(Config.N_CHANNELS), int(Config.N_RANKS)
STRICT, NO_REFRESH, REORDER = int(CmdMux.STRICT), int(RefreshPolicy.NO_REFRESH), int(ResponseQueue.REORDER)
ARBITER_SIMPLE, ARBITER_REORDER = int(Arbiter.SIMPLE), int(Arbiter.REORDER)
FIFO, FR_FCFS_GRP = int(Scheduler.FIFO), int(Scheduler.FR_FCFS_GRP)
REFI, BANK_GROUPS, BANKS = int(T.REFI), int(T.BANK_GROUPS), int(T.BANKS)

CANDIDATES, BEST_TIME, GROUP_OF, RANK_OF = S.CANDIDATES, S.BEST_TIME, S.GROUP_OF, S.RANK_OF
LAST_IS_WRITE, OPEN_ROW, LAST_BANK = S.LAST_IS_WRITE, S.OPEN_ROW, S.LAST_BANK
TOTAL, READS, WRITES, RANK_COUNT = S.TOTAL, S.READS, S.WRITES, S.RANK_COUNT
NEXT_REQUEST, OFFER_TIME, OFFER_EARLY, AT_DOOR = S.NEXT_REQUEST, S.OFFER_TIME, S.OFFER_EARLY, S.AT_DOOR
TAKEN_AT, IDLE, LAST_RELEASE, SERVED = S.TAKEN_AT, S.IDLE, S.LAST_RELEASE, S.SERVED
TRIGGER, BLOCKED, REFRESH_COMMAND, REFRESH_TIME = S.TRIGGER, S.BLOCKED, S.REFRESH_COMMAND, S.REFRESH_TIME
POWER_STATE, POWER_COMMAND, POWER_TIME = S.POWER_STATE, S.POWER_COMMAND, S.POWER_TIME
LAST_ACCEPT, LAST_RESPONSE = S.LAST_ACCEPT, S.LAST_RESPONSE
ANY = X.ANY
ALLOWED, KEPT, FAW_RING, CHANNEL_SIZE, STATE_SIZE, MASK = (
    S.ALLOWED,
    S.KEPT,
    S.FAW_RING,
    S.CHANNEL_SIZE,
    S.STATE_SIZE,
    S.BANK_MASK,
)
STALLED_REFRESHES = 64  # refreshes without a served request, while some wait, after which a run is dead-locked


@outlined
def next_of_channel(channel_of, base, k):
    """The first request from k on that belongs to the channel."""
    channel = base // CHANNEL_SIZE
    while k < channel_of.size and channel_of[k] != channel:
        k += 1
    return k


@outlined
def reset(s, config, d, channel_of, response):
    """State before cycle 0."""
    s[:] = 0
    response[:] = -1
    banks, n_ranks = d[BANKS], config[N_RANKS]
    per_group = banks // d[BANK_GROUPS]
    for base in range(0, config[N_CHANNELS] * CHANNEL_SIZE, CHANNEL_SIZE):
        for b in range(n_ranks * banks):
            s[OPEN_ROW + base + b] = -1
            s[GROUP_OF + base + b] = b // per_group
            s[RANK_OF + base + b] = b // banks
        for i in range(4 * MAX_RANKS):
            s[FAW_RING + base + i] = -NEVER
        for rank in range(n_ranks):
            first = NEVER if config[REFRESH_POLICY] == NO_REFRESH else d[REFI] + d[REFI] * rank // n_ranks
            reset_refresh(s, base + rank, first)
            s[POWER_TIME + base + rank] = NEVER
        s[BEST_TIME + base] = NEVER
        s[TAKEN_AT + base] = -1
        s[ALLOWED + base] = ANY
        s[NEXT_REQUEST + base] = next_of_channel(channel_of, base, 0) if config[N_CHANNELS] > 1 else 0
    s[LAST_ACCEPT] = -1
    s[LAST_RESPONSE] = -1


@inlined
def enter(s, base, k, bank, t, is_write, row, link):
    """Request k enters the buffer at t."""
    if s[TOTAL + base] == 0 and s[LAST_RELEASE + base] < t:
        s[IDLE + base] += t - s[LAST_RELEASE + base]
    append(s, base, bank, k, is_write, row, link)
    s[TOTAL + base] += 1
    s[WRITES + base] += is_write[k]
    s[READS + base] += 1 - is_write[k]
    s[RANK_COUNT + base + s[RANK_OF + base + bank]] += 1
    s[LAST_BANK + base] = bank
    s[TAKEN_AT + base] = t
    s[AT_DOOR + base] = 0


@inlined
def manage(s, d, base, t, n_ranks, max_postponed, timer, extended):
    """Let the refresh managers (and power-down managers) look at the state of cycle t."""
    if not extended:
        if t >= s[TRIGGER + base]:
            evaluate(s, d, base, base, t, max_postponed)
        return
    for r in range(base, base + n_ranks):
        if s[POWER_STATE + r] == 0:
            evaluate(s, d, base, r, t, max_postponed)
        power_down(s, d, base, r, t, timer)


@outlined
def channel_event(s, base, n_ranks):
    """Cycle of the channel's next event."""
    managers, _ = manager_event(s, base, n_ranks)
    return min(s[BEST_TIME + base], s[OFFER_TIME + base], managers)


@inlined
def run_design(
    config, d, arrival, is_write, address, channel_of, bank_of, row, s, link, sent, accepted, response, freed, log, extended
):
    """Simulate one design; leaves the result in `s`, `sent` and `response` (-1: not served).

    config int64 (C,), d int64 (T,); arrival, address int64 (R,), is_write uint8 (R,), channel_of uint8 (R,), bank_of and
    row int32 (R,); scratch: s int64 (STATE_SIZE,), link int32 (R, 2), sent, accepted, response, freed int64 (R,),
    log int64 (L, 6).
    """
    policy, scheduler = config[PAGE_POLICY], config[SCHEDULER]
    buffer_kind, buffer_size = config[SCHEDULER_BUFFER], config[REQUEST_BUFFER_SIZE]
    max_postponed, max_pulled_in = config[MAX_POSTPONED], config[MAX_PULLED_IN]
    simple = config[ARBITER] == ARBITER_SIMPLE
    queue_reorders = config[RESPONSE_QUEUE] == REORDER
    in_id_order = queue_reorders or config[ARBITER] == ARBITER_REORDER
    strict = config[CMD_MUX] == STRICT
    max_active = config[MAX_ACTIVE]
    n_channels, n_ranks, timer = 1, 1, 0
    high, low, age_cap, timeout, every_bank = 0, 0, 0, 0, 0
    if extended:
        for rank in range(config[N_RANKS]):
            every_bank |= rank_mask(d, rank)
        n_channels, n_ranks, timer = config[N_CHANNELS], config[N_RANKS], config[POWER_DOWN_TIMER]
        age_cap, timeout = 0 if scheduler == FIFO else config[AGE_CAP], config[PAGE_TIMEOUT]
        high, low = 0 if strict else config[WRITE_HIGH], config[WRITE_LOW]
    n = arrival.size
    base, stalled = 0, 0
    reset(s, config, d, channel_of, response)
    if simple:
        send_next(s, -1, arrival, sent, accepted)
    else:
        advance(s, max_active, arrival, sent, accepted, freed)
    for c in range(n_channels):
        set_offer(s, c * CHANNEL_SIZE, accepted)

    while True:
        # --- next event -----------------------------------------------------------------------------------------------
        manager_rank, manager_time = 0, s[REFRESH_TIME + base]
        if extended:
            base = 0
            if n_channels == 2 and channel_event(s, CHANNEL_SIZE, n_ranks) < channel_event(s, 0, n_ranks):
                base = CHANNEL_SIZE
            manager_time, manager_rank = manager_event(s, base, n_ranks)
        t_offer = s[OFFER_TIME + base]
        t = min(s[BEST_TIME + base], manager_time)
        arrives = t_offer < t
        if t_offer == t and t < NEVER:
            arrives = s[OFFER_EARLY + base] != 0 or overtakes_refresh(s, base, t, sent, accepted)
        if arrives:
            t = t_offer
        if t >= NEVER or (s[SERVED] == n and t > s[LAST_RESPONSE]):
            break
        dirty = 0
        # --- managers and command -------------------------------------------------------------------------------------
        if not arrives:
            if extended and age_cap > 0 and s[BEST_TIME + base] == t:  # a request may have come of age since the last pass
                update_candidates(
                    s, base, s[CANDIDATES + base], t, policy, scheduler, s[ALLOWED + base], age_cap, timeout,
                    accepted, is_write, row, address, link,
                )  # fmt: skip
                choose(s, base, t, s[CANDIDATES + base] & s[KEPT + base], s[SERVED] if strict else -1)
            manage(s, d, base, t, n_ranks, max_postponed, timer, extended)
            if extended:
                _, manager_rank = manager_event(s, base, n_ranks)
            r = base + manager_rank
            if s[REFRESH_COMMAND + r] >= 0 and s[REFRESH_TIME + r] == t:
                command = issue_refresh(s, d, log, base, manager_rank, t, max_pulled_in)
                dirty = rank_mask(d, manager_rank)
                if command == REFA:
                    stalled = stalled + 1 if s[TOTAL + base] > 0 else 0
                    if stalled > STALLED_REFRESHES * n_channels * n_ranks:
                        break
            elif extended and s[POWER_COMMAND + r] >= 0 and s[POWER_TIME + r] == t:
                record(s, d, log, t, s[POWER_COMMAND + r], base, manager_rank, -1, -1)
                issue_power(s, d, r, t)
            elif s[BEST_TIME + base] == t:
                bank, command = issue_bank(
                    s, d, log, base, t, n, n_ranks, in_id_order, queue_reorders, is_write, row, link, response, freed
                )
                dirty = 1 << bank
                if command >= RD:
                    stalled = 0
                    if not simple:
                        advance(s, max_active, arrival, sent, accepted, freed)
                        if s[OFFER_TIME + base] == NEVER and s[AT_DOOR + base] == 0:
                            set_offer(s, base, accepted)
                    served_write = 1 if command >= WR else 0
                    if s[LAST_IS_WRITE + base] != served_write:
                        s[LAST_IS_WRITE + base] = served_write
                        if scheduler == FR_FCFS_GRP:
                            dirty |= s[CANDIDATES + base]
        # --- a request enters: it arrives now, or it waited at the door and a RD/WR made space ------------------------
        if arrives or s[AT_DOOR + base] != 0:
            if has_space(s, base, buffer_kind, buffer_size):
                k = s[NEXT_REQUEST + base]
                bank = bank_of[k] & MASK
                enter(s, base, k, bank, t, is_write, row, link)
                s[NEXT_REQUEST + base] = k + 1
                if extended:
                    accepted[k] = t  # from here on: cycle of admission
                    if n_channels == 2:
                        s[NEXT_REQUEST + base] = next_of_channel(channel_of, base, k + 1)
                if simple:
                    send_next(s, t, arrival, sent, accepted)
                set_offer(s, base, accepted)
                dirty |= 1 << bank
            elif arrives:
                s[AT_DOOR + base] = 1
                s[OFFER_TIME + base] = NEVER
        # --- what follows ---------------------------------------------------------------------------------------------
        if extended:
            allowed = allowed_type(s, base, high, low)
            if allowed != s[ALLOWED + base]:
                s[ALLOWED + base] = allowed
                dirty = every_bank
            elif age_cap > 0:
                dirty |= s[CANDIDATES + base]
            update_candidates(
                s, base, dirty, t, policy, scheduler, allowed, age_cap, timeout, accepted, is_write, row, address, link
            )
            if n_channels == 2:
                other = CHANNEL_SIZE - base
                if s[OFFER_TIME + other] == NEVER and s[AT_DOOR + other] == 0:
                    set_offer(s, other, accepted)
                if strict:
                    s[KEPT + other] = ~silent_banks(s, other, n_ranks, d[BANKS])
                    choose(s, other, t, s[CANDIDATES + other] & s[KEPT + other], s[SERVED])
            s[KEPT + base] = ~silent_banks(s, base, n_ranks, d[BANKS])
            manage(s, d, base, t, n_ranks, max_postponed, timer, extended)
            if not (arrives and s[BEST_TIME + base] == t):
                s[KEPT + base] = ~silent_banks(s, base, n_ranks, d[BANKS])
            choose(s, base, t, s[CANDIDATES + base] & s[KEPT + base], s[SERVED] if strict else -1)
        else:
            while dirty != 0:
                bank = lowest_bit(dirty)
                dirty &= dirty - 1
                next_command(s, base, bank, policy, scheduler, is_write, row, address, link)
            if t >= s[TRIGGER + base]:
                evaluate(s, d, base, base, t, max_postponed)
            else:
                s[REFRESH_COMMAND + base] = -1
                s[REFRESH_TIME + base] = s[TRIGGER + base]
            if s[BLOCKED + base] == 0 or (arrives and s[BEST_TIME + base] == t):
                choose(s, base, t, s[CANDIDATES + base], s[SERVED] if strict else -1)
            else:
                s[BEST_TIME + base] = NEVER
