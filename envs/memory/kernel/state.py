"""Offsets into the kernel's state vector.

One int64 vector holds the whole state of a design's run, so that the hot loop needs a single base pointer and the state
stays in the first-level cache. Channel c starts at `c * CHANNEL_SIZE`; a field with one entry per bank (rank, group) is a
block of MAX_BANKS (MAX_RANKS, MAX_GROUPS) entries. The block shared by the channels starts at `SHARED`.
"""

from __future__ import annotations

from .layout import MAX_BANKS, MAX_CHANNELS, MAX_GROUPS, MAX_RANKS

BANK_MASK = MAX_BANKS - 1  # index & BANK_MASK tells the compiler that an index is not negative

# --- one entry per bank --------------------------------------------------------------------------------------------
OWN_READY = 0 * MAX_BANKS  # cycle at which the bank's own history allows its candidate
CANDIDATE_ID = 1 * MAX_BANKS  # request number of the candidate + 1
CANDIDATE_COMMAND = 2 * MAX_BANKS
CANDIDATE_GROUP = 3 * MAX_BANKS  # offset of the group-level ready time of the candidate's kind
CANDIDATE_RANK = 4 * MAX_BANKS  # offset of the rank-level ready time of the candidate's kind
HEAD = 5 * MAX_BANKS  # oldest queued request
TAIL = 6 * MAX_BANKS  # youngest queued request
COUNT = 7 * MAX_BANKS  # queued requests
OPEN_ROW = 8 * MAX_BANKS  # -1: precharged
FIRST_HIT = 9 * MAX_BANKS  # oldest queued request to the open row
HITS = 10 * MAX_BANKS  # queued requests to the open row
WRITE_HITS = 11 * MAX_BANKS  # writes among them
READY_CAS = 12 * MAX_BANKS  # after ACT
READY_ACT = 13 * MAX_BANKS
READY_PRE = 14 * MAX_BANKS
READY_RDA = 15 * MAX_BANKS  # additional bound of RDA after WR
ACT_TIME = 16 * MAX_BANKS  # last ACT
FRESH = 17 * MAX_BANKS  # 1: no RD/WR since the last ACT
LAST_USE = 18 * MAX_BANKS  # last ACT, RD or WR
GROUP_OF = 19 * MAX_BANKS  # bank group within the channel
RANK_OF = 20 * MAX_BANKS
_AFTER_BANKS = 21 * MAX_BANKS

# --- ready times per (kind, group) and (kind, rank); kinds: -----------------------------------------------------------
KIND_ACT, KIND_READ, KIND_WRITE, KIND_PRE = 0, 1, 2, 3
GROUP_READY = _AFTER_BANKS
RANK_READY = GROUP_READY + 4 * MAX_GROUPS
_AFTER_READY = RANK_READY + 4 * MAX_RANKS

# --- one entry per rank ----------------------------------------------------------------------------------------------
READY_PREA = _AFTER_READY + 0 * MAX_RANKS
READY_REFA = _AFTER_READY + 1 * MAX_RANKS
FAW_POSITION = _AFTER_READY + 2 * MAX_RANKS
FAW_RING = _AFTER_READY + 3 * MAX_RANKS  # times of the last four ACTs
TRIGGER = _AFTER_READY + 7 * MAX_RANKS  # next refresh trigger
FLEXIBILITY = _AFTER_READY + 8 * MAX_RANKS  # refreshes postponed (> 0) or pulled in (< 0)
PULLED_IN = _AFTER_READY + 9 * MAX_RANKS  # 1: refresh mode pulled-in
REFRESH_COMMAND = _AFTER_READY + 10 * MAX_RANKS  # -1: none pending
REFRESH_TIME = _AFTER_READY + 11 * MAX_RANKS  # cycle of the pending refresh command or of the next trigger
BLOCKED = _AFTER_READY + 12 * MAX_RANKS  # 1: a forced refresh stops the banks
RANK_COUNT = _AFTER_READY + 13 * MAX_RANKS  # queued requests
OPEN_BANKS = _AFTER_READY + 14 * MAX_RANKS
ACTIVE_END = _AFTER_READY + 15 * MAX_RANKS  # latest known end of a bank's active time (energy)
PRECHARGED_CYCLES = _AFTER_READY + 16 * MAX_RANKS
N_PRECHARGES = _AFTER_READY + 17 * MAX_RANKS  # of all kinds, for the energy
POWER_STATE = _AFTER_READY + 18 * MAX_RANKS  # 0: up, else the Command that entered power-down
POWER_SINCE = _AFTER_READY + 19 * MAX_RANKS  # cycle of that command
POWER_COMMAND = _AFTER_READY + 20 * MAX_RANKS  # -1: none pending
POWER_TIME = _AFTER_READY + 21 * MAX_RANKS
READY_POWER_DOWN = _AFTER_READY + 22 * MAX_RANKS
LAST_COMMAND = _AFTER_READY + 23 * MAX_RANKS  # cycle of the rank's last command
ACTIVE_DOWN = _AFTER_READY + 24 * MAX_RANKS  # cycles in active power-down
PRECHARGED_DOWN = _AFTER_READY + 25 * MAX_RANKS
_AFTER_RANKS = _AFTER_READY + 26 * MAX_RANKS

# --- scalars of a channel --------------------------------------------------------------------------------------------
CANDIDATES = _AFTER_RANKS + 0  # mask of the banks that have a candidate
TOTAL = _AFTER_RANKS + 1  # queued requests
READS = _AFTER_RANKS + 2
WRITES = _AFTER_RANKS + 3
LAST_BANK = _AFTER_RANKS + 4  # bank of the last admitted request
LAST_IS_WRITE = _AFTER_RANKS + 5  # type of the last served request
TAKEN_AT = _AFTER_RANKS + 6  # cycle of the last admission
BUS_FREE = _AFTER_RANKS + 7
DRAINING = _AFTER_RANKS + 8
NEXT_REQUEST = _AFTER_RANKS + 9  # next request to be admitted
OFFER_TIME = _AFTER_RANKS + 10
OFFER_EARLY = _AFTER_RANKS + 11  # 1: the offer precedes the pass of its cycle
AT_DOOR = _AFTER_RANKS + 12  # 1: the next request waits for buffer space
BEST_TIME = _AFTER_RANKS + 13
BEST_BANK = _AFTER_RANKS + 14
LAST_RELEASE = _AFTER_RANKS + 15  # latest cycle in which a served request left the controller
IDLE = _AFTER_RANKS + 16  # cycles without any request in the controller
KEPT = _AFTER_RANKS + 17  # mask of the banks among which the next command was chosen
ALLOWED = _AFTER_RANKS + 18  # request type that may be worked on (write drain)
CHANNEL_SIZE = (_AFTER_RANKS + 24) // 8 * 8 + 8

# --- shared by the channels ------------------------------------------------------------------------------------------
SHARED = MAX_CHANNELS * CHANNEL_SIZE
SENT = SHARED + 0  # requests whose send time is known
LAST_ACCEPT = SHARED + 1
RESPONDED = SHARED + 2  # responses whose time is known
NEXT_RETURN = SHARED + 3  # next request to be returned where the order is that of the ids
LAST_RESPONSE = SHARED + 4
SERVED = SHARED + 5
ROW_HITS = SHARED + 6
LAST_ENTRY = SHARED + 7  # time and completion of the last entry of the energy account
LAST_COMPLETION = SHARED + 8
COUNTS = SHARED + 10  # one per Command
LOG_LENGTH = SHARED + 24
STATE_SIZE = SHARED + 32
