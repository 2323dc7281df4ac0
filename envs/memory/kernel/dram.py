"""Effect of a command on the DRAM: earliest times of later commands, and the bookkeeping of the energy account.

Timing: JEDEC JESD79-3/-4, as applied by DRAMSys 4.0 (Steiner et al., SAMOS 2020): the earliest cycle of X is the maximum
over earlier commands P of t(P) + delay(P, X), per bank, bank group and rank. Each delay is added when P is issued, so that
a candidate's time is the maximum of a bank, a group and a rank value.

Energy: the command replay of DRAMPower (Chandrasekar et al., 2011-2020): cycles with and without an open bank, and counts.
`t` is the cycle of the command, `b` includes the channel's base, `d` is the timing vector (`layout.Timing`).
"""

from __future__ import annotations

from archgym.jit import inlined

from . import state as S
from .layout import Timing as T

AL, BURST, CCD_L, CCD_S, CCD_L_WR = int(T.AL), int(T.BURST), int(T.CCD_L), int(T.CCD_S), int(T.CCD_L_WR)
DQSCK, FAW, RAS, RC, RCD = int(T.DQSCK), int(T.FAW), int(T.RAS), int(T.RC), int(T.RCD)
RFC, RL, RP, RRD_L, RRD_S = int(T.RFC), int(T.RL), int(T.RP), int(T.RRD_L), int(T.RRD_S)
RTP, WL, WR, WTR_L, WTR_S = int(T.RTP), int(T.WL), int(T.WR), int(T.WTR_L), int(T.WTR_S)
ACTPDEN, PRPDEN, REFPDEN, RTRS = int(T.ACTPDEN), int(T.PRPDEN), int(T.REFPDEN), int(T.RTRS)
READ_TO_WRITE_GAP, READ_PRECHARGE = int(T.READ_TO_WRITE_GAP), int(T.READ_PRECHARGE)

READY_CAS, READY_ACT, READY_PRE, READY_RDA = S.READY_CAS, S.READY_ACT, S.READY_PRE, S.READY_RDA
ACT_TIME, OPEN_BANKS, ACTIVE_END = S.ACT_TIME, S.OPEN_BANKS, S.ACTIVE_END
PRECHARGED_CYCLES, N_PRECHARGES = S.PRECHARGED_CYCLES, S.N_PRECHARGES
READY_PREA, READY_REFA, READY_POWER_DOWN = S.READY_PREA, S.READY_REFA, S.READY_POWER_DOWN
FAW_POSITION, FAW_RING, MAX_RANKS = S.FAW_POSITION, S.FAW_RING, S.MAX_RANKS
LAST_ENTRY, LAST_COMPLETION = S.LAST_ENTRY, S.LAST_COMPLETION
GROUP_ACT = S.GROUP_READY + S.KIND_ACT * S.MAX_GROUPS
GROUP_READ = S.GROUP_READY + S.KIND_READ * S.MAX_GROUPS
GROUP_WRITE = S.GROUP_READY + S.KIND_WRITE * S.MAX_GROUPS
RANK_ACT = S.RANK_READY + S.KIND_ACT * MAX_RANKS
RANK_READ = S.RANK_READY + S.KIND_READ * MAX_RANKS
RANK_WRITE = S.RANK_READY + S.KIND_WRITE * MAX_RANKS


@inlined
def raise_to(s, i, value):
    """s[i] = max(s[i], value)."""
    if s[i] < value:
        s[i] = value


@inlined
def note_entry(s, t, completion):
    """A command at t in the energy account; the account ends with the latest entry's completion."""
    if t >= s[LAST_ENTRY]:
        s[LAST_ENTRY] = t
        s[LAST_COMPLETION] = completion


@inlined
def start_active(s, r, t):
    """A bank of rank r becomes active at t: close a gap in which all banks were precharged."""
    if s[OPEN_BANKS + r] == 0 and s[ACTIVE_END + r] < t:
        s[PRECHARGED_CYCLES + r] += t - s[ACTIVE_END + r]


@inlined
def end_active(s, r, t):
    """An open bank of rank r is precharged at t, now or later."""
    s[OPEN_BANKS + r] -= 1
    s[N_PRECHARGES + r] += 1
    raise_to(s, ACTIVE_END + r, t)


@inlined
def activate(s, d, t, b, g, r):
    """ACT of bank b."""
    s[READY_CAS + b] = t + d[RCD] - d[AL]
    s[READY_ACT + b] = t + d[RC]
    s[READY_PRE + b] = t + d[RAS]
    raise_to(s, GROUP_ACT + g, t + d[RRD_L])
    position = s[FAW_POSITION + r] & 3
    s[FAW_RING + position * MAX_RANKS + r] = t
    position = (position + 1) & 3
    s[FAW_POSITION + r] = position
    fourth_last = s[FAW_RING + position * MAX_RANKS + r]
    raise_to(s, RANK_ACT + r, max(t + d[RRD_S], fourth_last + d[FAW]))
    raise_to(s, READY_PREA + r, t + d[RAS])
    raise_to(s, READY_REFA + r, t + d[RC])
    raise_to(s, READY_POWER_DOWN + r, t + d[ACTPDEN])
    start_active(s, r, t)
    s[OPEN_BANKS + r] += 1
    s[ACT_TIME + b] = t
    note_entry(s, t, d[RCD])


@inlined
def read(s, d, t, b, g, r, auto_precharge):
    """RD or RDA of bank b."""
    raise_to(s, GROUP_READ + g, t + d[CCD_L])
    raise_to(s, RANK_READ + r, t + d[CCD_S])
    raise_to(s, RANK_WRITE + r, t + d[RL] + d[BURST] + d[READ_TO_WRITE_GAP] - d[WL])
    to_precharge = t + d[AL] + d[RTP]
    raise_to(s, READY_PRE + b, to_precharge)
    raise_to(s, READY_PREA + r, to_precharge)
    raise_to(s, READY_POWER_DOWN + r, t + d[RL] + d[BURST] + 1)
    note_entry(s, t, d[RL] + d[DQSCK] + 1 + d[BURST])
    if auto_precharge:
        raise_to(s, READY_ACT + b, to_precharge + d[RP])
        raise_to(s, READY_REFA + r, to_precharge + d[RP])
        precharge_itself(s, d, max(t + d[READ_PRECHARGE], s[ACT_TIME + b] + d[RAS]), r)


@inlined
def write(s, d, t, b, g, r, auto_precharge):
    """WR or WRA of bank b."""
    data_end = t + d[WL] + d[BURST]
    raise_to(s, GROUP_READ + g, data_end + d[WTR_L] - d[AL])
    raise_to(s, RANK_READ + r, data_end + d[WTR_S])
    raise_to(s, GROUP_WRITE + g, t + d[CCD_L_WR])
    raise_to(s, RANK_WRITE + r, t + d[CCD_S])
    recovered = data_end + d[WR]
    raise_to(s, READY_PRE + b, recovered)
    raise_to(s, READY_PREA + r, recovered)
    raise_to(s, READY_RDA + b, recovered - d[RTP] - d[AL])
    raise_to(s, READY_POWER_DOWN + r, recovered + auto_precharge)
    note_entry(s, t, d[WL] + d[BURST] + d[WR])
    if auto_precharge:
        raise_to(s, READY_ACT + b, recovered + d[RP])
        raise_to(s, READY_REFA + r, recovered + d[RP])
        precharge_itself(s, d, max(recovered, s[ACT_TIME + b] + d[RAS]), r)


@inlined
def precharge_itself(s, d, t, r):
    """The implicit precharge of a RDA/WRA, at t (in the future). Sorts before a command of the same cycle."""
    end_active(s, r, t)
    if t > s[LAST_ENTRY]:
        s[LAST_ENTRY] = t
        s[LAST_COMPLETION] = d[RP]


@inlined
def precharge(s, d, t, b, r):
    """PRE of bank b."""
    raise_to(s, READY_ACT + b, t + d[RP])
    raise_to(s, READY_REFA + r, t + d[RP])
    raise_to(s, READY_POWER_DOWN + r, t + d[PRPDEN])
    end_active(s, r, t)
    note_entry(s, t, d[RP])


@inlined
def precharge_all(s, d, t, r):
    """PREA of rank r; counts as one precharge per open bank."""
    raise_to(s, RANK_ACT + r, t + d[RP])
    raise_to(s, READY_REFA + r, t + d[RP])
    raise_to(s, READY_POWER_DOWN + r, t + d[PRPDEN])
    s[N_PRECHARGES + r] += s[OPEN_BANKS + r]
    if s[OPEN_BANKS + r] > 0:
        raise_to(s, ACTIVE_END + r, t)
    s[OPEN_BANKS + r] = 0
    note_entry(s, t, d[RP])


@inlined
def refresh_all(s, d, t, r):
    """REFA of rank r; its banks count as active for RFC - RP cycles."""
    raise_to(s, RANK_ACT + r, t + d[RFC])
    raise_to(s, READY_REFA + r, t + d[RFC])
    raise_to(s, READY_POWER_DOWN + r, t + d[REFPDEN])
    start_active(s, r, t)
    s[ACTIVE_END + r] = t + d[RFC] - d[RP]
    note_entry(s, t, 0)


@inlined
def switch_rank(s, d, t, other, is_read):
    """Data-bus hand-over: RD/WR at t keeps the bus from the other rank for one burst and RTRS (JEDEC DIMM practice).

    Extended mechanism, not covered by the reference tables. `other` is the other rank, base included.
    """
    gap = d[BURST] + d[RTRS]
    to_read = t + gap if is_read else t + gap + d[WL] - d[RL]
    to_write = t + gap + d[RL] - d[WL] if is_read else t + gap
    raise_to(s, RANK_READ + other, to_read)
    raise_to(s, RANK_WRITE + other, to_write)
