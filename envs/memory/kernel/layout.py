"""Column layouts and state offsets of the memory-controller kernel.

Everything that the kernel and its callers must agree on is declared here once: the columns of a design row, of the
timing, power and output vectors, of the command log, and the offsets of one channel's state block.

Units: times are command-clock cycles unless a name says otherwise.
"""

from __future__ import annotations

from enum import IntEnum


class PagePolicy(IntEnum):
    """What happens to a row after it was used."""

    OPEN = 0
    OPEN_ADAPTIVE = 1
    CLOSED = 2
    CLOSED_ADAPTIVE = 3


class Scheduler(IntEnum):
    """Which request of its queue a bank works on."""

    FIFO = 0
    FR_FCFS = 1
    FR_FCFS_GRP = 2


class SchedulerBuffer(IntEnum):
    """What the size limit of the request buffer counts."""

    BANKWISE = 0
    READ_WRITE = 1
    SHARED = 2


class CmdMux(IntEnum):
    """Which of the banks' commands goes on the command bus."""

    OLDEST = 0
    STRICT = 1


class ResponseQueue(IntEnum):
    """Order in which the controller hands back responses."""

    FIFO = 0
    REORDER = 1


class RefreshPolicy(IntEnum):
    """Refresh commands of the controller."""

    NO_REFRESH = 0
    ALL_BANK = 1


class Arbiter(IntEnum):
    """Unit between the trace player and the controller."""

    SIMPLE = 0
    FIFO = 1
    REORDER = 2


class Config(IntEnum):
    """Columns of a design row, int64 (C,). A neutral extended column (0, channels and ranks 1) is the base model."""

    PAGE_POLICY = 0
    SCHEDULER = 1
    SCHEDULER_BUFFER = 2
    REQUEST_BUFFER_SIZE = 3
    CMD_MUX = 4
    RESPONSE_QUEUE = 5
    REFRESH_POLICY = 6
    REFRESH_MAX_POSTPONED = 7
    REFRESH_MAX_PULLED_IN = 8
    ARBITER = 9
    MAX_ACTIVE_TRANSACTIONS = 10
    MAPPING = 11  # row of the decoded address arrays
    WRITE_HIGH_WATERMARK = 12  # extended: queued writes that start a drain, 0 = off
    WRITE_LOW_WATERMARK = 13  # extended: queued writes that end it
    AGE_CAP = 14  # extended: cycles in the buffer after which the oldest request of a bank goes first, 0 = off
    PAGE_TIMEOUT = 15  # extended: idle cycles after which an open row is closed, 0 = off
    POWER_DOWN_TIMER = 16  # extended: idle cycles of a rank before power-down, 0 = off
    N_CHANNELS = 17  # extended: 1 or 2
    N_RANKS = 18  # extended: 1 or 2


N_CONFIG = len(Config)


class Timing(IntEnum):
    """Entries of the timing vector, int64 (T,), cycles; names follow JEDEC. Filled by `MemSpec.timing_vector`."""

    AL = 0
    BURST = 1  # data-bus cycles of one request, BL/2
    CCD_L = 2
    CCD_S = 3
    CCD_L_WR = 4  # write to write, same bank group (DDR5; elsewhere CCD_L)
    CKE = 5
    DQSCK = 6
    FAW = 7
    RAS = 8
    RC = 9
    RCD = 10
    REFI = 11
    RFC = 12
    RL = 13
    RP = 14
    RRD_L = 15
    RRD_S = 16
    RTP = 17
    WL = 18
    WR = 19
    WTR_L = 20
    WTR_S = 21
    XP = 22
    ACTPDEN = 23
    PRPDEN = 24
    REFPDEN = 25
    RTRS = 26
    READ_TO_WRITE_GAP = 27  # idle data-bus cycles between a read and a write
    COMMAND = 28  # command-bus cycles of a command
    READ_PRECHARGE = 29  # energy accounting: read with auto-precharge to its precharge
    TCK_PS = 30  # clock period rounded to 1 ps
    BANK_GROUPS = 31  # per rank; 1 where the device has none
    BANKS = 32  # per rank


N_TIMING = len(Timing)


class Power(IntEnum):
    """Entries of the power vector, float64 (P,): mA, V, ns."""

    IDD0 = 0
    IDD2N = 1
    IDD2P = 2
    IDD3N = 3
    IDD3P = 4
    IDD4R = 5
    IDD4W = 6
    IDD5 = 7
    VDD = 8
    IDD02 = 9  # second supply (VPP)
    VDD2 = 10
    CLK_PERIOD_NS = 11  # 1000 / clk MHz, not rounded
    DEVICES = 12  # devices of a rank


N_POWER = len(Power)


class Out(IntEnum):
    """Columns of the result, float64 (M,). Latencies are cycles over the served requests.

    `*_LATENCY` count from the trace time stamp, `*_SENT_LATENCY` from the moment the player could send the request.
    A percentile is the value of rank floor(q n) (0-based) of the n sorted latencies.
    """

    TOTAL_TIME = 0  # cycle of the last response
    N_SERVED = 1
    MEAN_LATENCY = 2
    P95_LATENCY = 3
    P99_LATENCY = 4
    MAX_LATENCY = 5
    MEAN_SENT_LATENCY = 6
    P95_SENT_LATENCY = 7
    MAX_SENT_LATENCY = 8
    ENERGY_PJ = 9  # all devices of all ranks and channels
    ENERGY_WINDOW = 10  # cycles that the energy accounts for; it ends with the last command
    POWER_MW = 11  # ENERGY_PJ / (ENERGY_WINDOW x clock period)
    ROW_HITS = 12  # RD/WR that were not the first RD/WR after an ACT of their bank
    BUSY_CYCLES = 13  # cycles in which some controller held a request (sum over channels)
    BANK_ACTIVE_CYCLES = 14  # rank-cycles with an open bank
    POWER_DOWN_CYCLES = 15  # rank-cycles in power-down
    N_ACT = 16
    N_PRE = 17
    N_PREA = 18
    N_RD = 19
    N_RDA = 20
    N_WR = 21
    N_WRA = 22
    N_REFA = 23
    N_PDEA = 24
    N_PDEP = 25
    N_PDX = 26


N_OUT = len(Out)


class Command(IntEnum):
    """DRAM commands; the order equals the N_* columns of `Out`."""

    ACT = 0
    PRE = 1
    PREA = 2
    RD = 3
    RDA = 4
    WR = 5
    WRA = 6
    REFA = 7
    PDEA = 8
    PDEP = 9
    PDX = 10


class Log(IntEnum):
    """Columns of the optional command log, int64 (L, 6); request is -1 for PREA, REFA and power-down."""

    TIME = 0
    COMMAND = 1
    CHANNEL = 2
    RANK = 3
    BANK = 4  # within the channel: rank x banks + bank
    REQUEST = 5


N_LOG = len(Log)

MAX_BANKS = 64  # banks of a channel (all ranks): they are one 64-bit mask
MAX_RANKS = 2
MAX_CHANNELS = 2
MAX_GROUPS = 16  # bank groups of a channel (all ranks)
NEVER = 1 << 60
