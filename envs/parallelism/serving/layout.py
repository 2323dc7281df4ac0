"""Columns of the rows that the serving kernel reads and writes. All floating point: seconds, bytes, tokens, watts, USD."""

from __future__ import annotations

from enum import IntEnum

SCHEDULERS = ("static", "continuous", "chunked", "disaggregated")


class Design(IntEnum):
    """How a model is served."""

    MACHINE = 0  # row of the machines' table
    TP = 1  # tensor-parallel ranks of an attention group
    PP = 2
    EP = 3  # attention groups of a stage, over which the experts are spread
    BATCH = 4  # requests that may be in flight in one replica
    SCHEDULER = 5
    CHUNK = 6  # tokens of a pass under chunked prefill, those of decoding requests included
    PREFILL_MACHINE = 7
    PREFILL_TP = 8
    WEIGHT_BYTES = 9  # of a parameter, scales included
    KV_BYTES = 10  # of a cached element
    LOAD = 11  # mean share of the batch in flight


class Use(IntEnum):
    """What is asked of the service."""

    INPUT = 0  # tokens of a prompt
    OUTPUT = 1  # tokens of an answer
    SPREAD = 2  # coefficient of variation of the answers' lengths


class Part(IntEnum):
    """Time of one pass of one micro-batch through the fullest pipeline stage, by what it is spent on, seconds."""

    TOTAL = 0
    COMPUTE = 1  # GEMMs and attention limited by arithmetic
    MEMORY = 2  # GEMMs and attention limited by memory, element-wise kernels
    NETWORK = 3
    OVERHEAD = 4  # kernel starts, and what of the host's work is not hidden


class Out(IntEnum):
    """One replica under its load."""

    TTFT = 0
    TPOT = 1
    GAP = 2  # longest time between two tokens of an answer that the schedule makes regularly
    TOKENS_PER_S = 3
    GPUS = 4  # prefill GPUs are counted in fractions: a pool serves many replicas
    WATTS = 5  # of all GPUs
    USD_PER_HOUR = 6
    MEMORY = 7  # of the fullest GPU
    WEIGHTS = 8
    KV = 9
    IN_FLIGHT = 10
    WAIT = 11  # part of TTFT: queues
    PREFILL = 12  # part of TTFT: computing the prompt
    DECODE_STEP = 13  # a decode step without prefills


class S(IntEnum):
    """Fitted constants; `calibrate` holds what each is expected to be and why."""

    SUSTAINED = 0  # share of the best measured GEMM that serving sustains
    FP4 = 1  # 4-bit GEMMs' share of the peak, relative to 8-bit ones
    GROUPED = 2  # grouped expert GEMMs, relative to dense ones
    HBM = 3  # sustained share of the memory bandwidth
    KV = 4  # the same, reading the cache
    ATTENTION = 5  # share of the 16-bit peak in prefill attention
    ELEMENTWISE = 6  # bytes moved, relative to a count of reads and writes
    BLEND = 7  # share of the shorter of arithmetic and memory time that is not hidden
    LINK = 8  # sustained share of links and network cards
    LATENCY = 9  # seconds of a collective without data
    LAUNCH = 10  # seconds per kernel of a captured graph: passes that only decode
    EAGER = 11  # seconds per kernel that the host launches: passes with prompts
    HOST = 12  # seconds of the host per step
    HOST_REQUEST = 13  # and per request in it
    IMBALANCE = 14  # prompt tokens of the busiest attention group over the mean
    EXPERT_IMBALANCE = 15  # rows of the busiest expert rank over the mean


class Fact(IntEnum):
    """What a design holds, bytes and parameters."""

    ROOM = 0  # that weights and the smallest pass leave on a rank for the cache
    REQUEST = 1  # cache of one request on a rank, to its last token
    WEIGHTS = 2  # of a rank
    CACHE = 3  # of a token, over all layers and ranks
    PARAMETERS = 4  # of the model
    ACTIVE = 5  # those that a token meets
    MET = 6  # those that a token meets in the matrices of a rank's stage
    RATE = 7  # sustained FLOP/s of a GPU
