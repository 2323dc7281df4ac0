"""Trace player, arbiter and responses: recurrences instead of events.

With one initiator the request side is a chain: request k is sent at max(its time stamp, acceptance of k - 1, plus one
cycle) and accepted when one of the arbiter's slots is free. The j-th slot is freed by the j-th response, so acceptance of
k is max(send time, response k - max_active). A response's time is known when its RD/WR is issued (it lies after the data
burst), hence no event is needed for either. Source: DRAMSys 4.0's trace player and arbiters.
"""

from __future__ import annotations

from archgym.jit import inlined

from . import state as S
from .layout import NEVER, Arbiter, SchedulerBuffer

SIMPLE = int(Arbiter.SIMPLE)
SHARED_BUFFER, READ_WRITE = int(SchedulerBuffer.SHARED), int(SchedulerBuffer.READ_WRITE)
SENT, LAST_ACCEPT, RESPONDED = S.SENT, S.LAST_ACCEPT, S.RESPONDED
NEXT_RETURN, LAST_RESPONSE = S.NEXT_RETURN, S.LAST_RESPONSE
NEXT_REQUEST, OFFER_TIME, OFFER_EARLY = S.NEXT_REQUEST, S.OFFER_TIME, S.OFFER_EARLY
TAKEN_AT, LAST_RELEASE, LAST_BANK = S.TAKEN_AT, S.LAST_RELEASE, S.LAST_BANK
TOTAL, READS, WRITES, COUNT = S.TOTAL, S.READS, S.WRITES, S.COUNT
TRIGGER, OPEN_BANKS, BEST_TIME = S.TRIGGER, S.OPEN_BANKS, S.BEST_TIME


@inlined
def has_space(s, base, kind, size):
    """Whether the request buffer admits another request."""
    if kind == SHARED_BUFFER:
        return s[TOTAL + base] < size
    if kind == READ_WRITE:
        return s[READS + base] < size and s[WRITES + base] < size
    return s[COUNT + base + s[LAST_BANK + base]] < size


@inlined
def advance(s, max_active, arrival, sent, accepted, freed):
    """Fifo and reorder arbiter: fix send and acceptance time of every request whose slot's release is known."""
    k = s[SENT]
    last = s[LAST_ACCEPT]
    end = min(arrival.size, s[RESPONDED] + max_active)
    while k < end:
        time = max(arrival[k], last + 1)
        sent[k] = time
        last = time if k < max_active else max(time, freed[k - max_active])
        accepted[k] = last
        k += 1
    s[SENT] = k
    s[LAST_ACCEPT] = last


@inlined
def send_next(s, t, arrival, sent, accepted):
    """Simple arbiter: the player sends its next request after the controller took the previous one at t."""
    k = s[SENT]
    if k < arrival.size:
        time = max(arrival[k], t + 1)
        sent[k] = time
        accepted[k] = time
        s[SENT] = k + 1


@inlined
def set_offer(s, base, accepted):
    """When the channel's next request stands at the controller's door.

    The arbiter announces a queued request one cycle ahead, so that it takes part in the pass of its cycle (early);
    a request that comes straight from the player or from a parked slot arrives after that pass.
    """
    k = s[NEXT_REQUEST + base]
    if k >= s[SENT]:
        s[OFFER_TIME + base] = NEVER
    elif accepted[k] > s[TAKEN_AT + base]:
        s[OFFER_TIME + base] = accepted[k]
        s[OFFER_EARLY + base] = 0
    else:
        s[OFFER_TIME + base] = s[TAKEN_AT + base] + 1
        s[OFFER_EARLY + base] = 1


@inlined
def respond(s, base, k, done, in_id_order, queue_reorders, response, freed):
    """Request k's data burst ends at `done`: fix the times of all responses that this determines.

    `response` holds -1 for a request not served, the end of its data for one that waits for older ones.
    """
    if in_id_order:
        response[k] = done
        last = s[LAST_RESPONSE]
        j = s[NEXT_RETURN]
        while j < response.size and response[j] >= 0:
            last = max(response[j], last + 1)
            response[j] = last
            freed[j] = last
            j += 1
        s[LAST_RESPONSE] = last
        s[NEXT_RETURN] = j
        s[RESPONDED] = j
        done = last if queue_reorders else done
    else:
        done = max(done, s[LAST_RESPONSE] + 1)
        response[k] = done
        freed[s[RESPONDED]] = done
        s[RESPONDED] += 1
        s[LAST_RESPONSE] = done
    if s[LAST_RELEASE + base] < done:
        s[LAST_RELEASE + base] = done


@inlined
def overtakes_refresh(s, base, t, sent, accepted):
    """Whether a request that the player sends at t, the cycle of a refresh trigger, stops an idle refresh.

    The pass of a cycle normally comes before the player's request of that cycle. Where an idle controller would start a
    refresh with PREA, the reference's results show the request first (with all banks closed, REFA goes first).
    """
    if t != s[TRIGGER + base] or s[TOTAL + base] != 0 or s[OPEN_BANKS + base] == 0 or s[BEST_TIME + base] <= t:
        return False
    k = s[NEXT_REQUEST + base]
    return accepted[k] == sent[k]
