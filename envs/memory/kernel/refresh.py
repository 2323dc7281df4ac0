"""All-bank refresh manager with postponed and pulled-in refreshes (JESD79-4; state machine of DRAMSys 4.0)."""

from __future__ import annotations

from archgym.jit import inlined

from . import state as S
from .layout import Command
from .layout import Timing as T

PREA, REFA = int(Command.PREA), int(Command.REFA)
REFI = int(T.REFI)
TRIGGER, FLEXIBILITY, PULLED_IN, BLOCKED = S.TRIGGER, S.FLEXIBILITY, S.PULLED_IN, S.BLOCKED
REFRESH_COMMAND, REFRESH_TIME = S.REFRESH_COMMAND, S.REFRESH_TIME
RANK_COUNT, OPEN_BANKS = S.RANK_COUNT, S.OPEN_BANKS
READY_PREA, READY_REFA, BUS_FREE = S.READY_PREA, S.READY_REFA, S.BUS_FREE


@inlined
def wait_for_trigger(s, r):
    """No refresh command is pending; look again at the trigger."""
    s[REFRESH_COMMAND + r] = -1
    s[REFRESH_TIME + r] = s[TRIGGER + r]


@inlined
def evaluate(s, d, base, r, t, max_postponed):
    """What the refresh manager of rank r (base included) wants at t, given that its trigger may have passed."""
    if t < s[TRIGGER + r]:
        wait_for_trigger(s, r)
        return
    if t >= s[TRIGGER + r] + d[REFI]:
        s[TRIGGER + r] += d[REFI]
        s[PULLED_IN + r] = 0
    busy = s[RANK_COUNT + r] > 0
    if s[PULLED_IN + r] == 0:
        if s[FLEXIBILITY + r] == max_postponed:
            s[BLOCKED + r] = 1
        elif busy:
            s[FLEXIBILITY + r] += 1
            s[TRIGGER + r] += d[REFI]
            wait_for_trigger(s, r)
            return
    elif busy:
        s[PULLED_IN + r] = 0
        s[TRIGGER + r] += d[REFI]
        wait_for_trigger(s, r)
        return
    if s[OPEN_BANKS + r] > 0 and s[PULLED_IN + r] == 0:
        s[REFRESH_COMMAND + r] = PREA
        ready = s[READY_PREA + r]
    else:
        s[REFRESH_COMMAND + r] = REFA
        ready = s[READY_REFA + r]
    s[REFRESH_TIME + r] = max(t, ready, s[BUS_FREE + base])


@inlined
def refreshed(s, d, r, max_pulled_in):
    """State after a REFA of rank r."""
    if s[PULLED_IN + r]:
        s[FLEXIBILITY + r] -= 1
    else:
        s[PULLED_IN + r] = 1
    if s[FLEXIBILITY + r] == -max_pulled_in:
        s[PULLED_IN + r] = 0
        s[TRIGGER + r] += d[REFI]
    s[BLOCKED + r] = 0


@inlined
def reset_refresh(s, r, first_trigger):
    """Start of a run; NEVER as first trigger is no refresh."""
    s[TRIGGER + r] = first_trigger
    s[FLEXIBILITY + r] = 0
    s[PULLED_IN + r] = 0
    s[BLOCKED + r] = 0
    wait_for_trigger(s, r)
