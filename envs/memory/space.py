"""Knobs of the memory controller: DRAMGym's ten, our default, and an extended space.

Sources: DRAMGym's knobs and the grid of its RL and Vizier agents (Krishnan et al., ArchGym, ISCA 2023): 442,368 designs.
The default space drops ``refresh_policy`` (NoRefresh loses data, and so "wins" low power on every trace) and adds the
address mapping. The extended space adds what real controllers have; see the docstrings of ``envs.memory.kernel``.
"""

from __future__ import annotations

import numpy as np

from archgym.space import DesignSpace, IntArray, Param

from .kernel.layout import (
    N_CONFIG,
    Arbiter,
    Config,
    PagePolicy,
    RefreshPolicy,
    ResponseQueue,
    Scheduler,
    SchedulerBuffer,
)

POWERS = (1, 2, 4, 8, 16, 32, 64, 128)

PAGE_POLICY = Param(
    "page_policy",
    ("open", "open_adaptive", "closed", "closed_adaptive"),
    doc="when a row is closed: on conflict, on conflict or when no hit waits, always, when no hit waits",
)
SCHEDULER = Param("scheduler", ("fifo", "fr_fcfs", "fr_fcfs_grp"), doc="which request a bank serves next")
SCHEDULER_BUFFER = Param(
    "scheduler_buffer", ("bankwise", "read_write", "shared"), doc="what request_buffer_size is counted over"
)
REQUEST_BUFFER_SIZE = Param("request_buffer_size", POWERS, "requests", True, "capacity of the request buffer")
RESPONSE_QUEUE = Param("response_queue", ("fifo", "reorder"), doc="order of responses: of issue, or of arrival")
REFRESH_POLICY = Param("refresh_policy", ("no_refresh", "all_bank"), doc="no_refresh loses data; DRAMGym has it")
REFRESH_MAX_POSTPONED = Param("refresh_max_postponed", (1, 2, 4, 8), "refreshes", True, "refreshes put off under load")
REFRESH_MAX_PULLED_IN = Param("refresh_max_pulled_in", (1, 2, 4, 8), "refreshes", True, "refreshes done early when idle")
ARBITER = Param("arbiter", ("simple", "fifo", "reorder"), doc="front end: blocking, in flight window, in-order window")
MAX_ACTIVE_TRANSACTIONS = Param("max_active_transactions", POWERS, "requests", True, "window of the fifo and reorder arbiters")
EXTENDED_MAPPINGS = (
    "row_bank_column",
    "row_column_bank",
    "bank_row_column",
    "bank_xor_row",
    "row_column_bank_xor",
    "row_columnhigh_bank_columnlow",
)
ADDRESS_MAPPING = Param(
    "address_mapping",
    EXTENDED_MAPPINGS[:4],
    doc="order of the address fields, most significant first; bank_xor_row permutes banks by row bits",
)

_COMMON_HEAD = (PAGE_POLICY, SCHEDULER, SCHEDULER_BUFFER, REQUEST_BUFFER_SIZE, RESPONSE_QUEUE)
_COMMON_TAIL = (REFRESH_MAX_POSTPONED, REFRESH_MAX_PULLED_IN, ARBITER, MAX_ACTIVE_TRANSACTIONS)

_EXTENDED = (
    Param("address_mapping", EXTENDED_MAPPINGS, doc="as in the default space, and two more"),
    Param("channel_interleave", (64, 256, 1024, 4096), "B", True, "consecutive bytes on one channel"),
    Param("write_high_watermark", (0, 8, 16, 32, 64), "requests", True, "queued writes that start a drain; 0 is off"),
    Param("write_drain_to", (0.0, 0.25, 0.5, 0.75), "", True, "share of the high watermark at which a drain ends"),
    Param("age_cap", (0, 64, 256, 1024, 4096), "cycles", True, "age at which a request goes first; 0 is off"),
    Param("page_timeout", (0, 16, 64, 256, 1024), "cycles", True, "idle cycles after which a row is closed; 0 is off"),
    Param("power_down_timer", (0, 16, 64, 256, 1024), "cycles", True, "idle cycles until power-down; 0 is off"),
)

DRAMGYM = DesignSpace((*_COMMON_HEAD, REFRESH_POLICY, *_COMMON_TAIL))
DEFAULT = DesignSpace((*_COMMON_HEAD, *_COMMON_TAIL, ADDRESS_MAPPING))
EXTENDED = DesignSpace((*_COMMON_HEAD, *_COMMON_TAIL, *_EXTENDED))

CODES = {
    "page_policy": PagePolicy,
    "scheduler": Scheduler,
    "scheduler_buffer": SchedulerBuffer,
    "response_queue": ResponseQueue,
    "refresh_policy": RefreshPolicy,
    "arbiter": Arbiter,
}
"""Knobs whose values are names: value ``fr_fcfs`` is the code ``Scheduler.FR_FCFS``."""

NEUTRAL = {Config.REFRESH_POLICY: RefreshPolicy.ALL_BANK, Config.N_CHANNELS: 1, Config.N_RANKS: 1}


def code(knob: str, value: object) -> int:
    """The kernel's number for one knob value."""
    return int(CODES[knob][str(value).upper()]) if knob in CODES else int(str(value))


def to_config(space: DesignSpace, x: IntArray) -> IntArray:
    """Rows of indices to the kernel's design rows, ``int64 (N, C)``; knobs the space lacks are neutral.

    The columns MAPPING and those of knobs that only choose a mapping are left to the model.
    """
    config = np.zeros((len(x), N_CONFIG), dtype=np.int64)
    for column, value in NEUTRAL.items():
        config[:, column] = value
    for j, param in enumerate(space.params):
        if param.name.upper() in Config.__members__:
            table = np.array([code(param.name, v) for v in param.values], dtype=np.int64)
            config[:, Config[param.name.upper()]] = table[x[:, j]]
    if "write_drain_to" in space.names:
        j = space.names.index("write_drain_to")
        share = np.array(space.params[j].values, dtype=np.float64)[x[:, j]]
        config[:, Config.WRITE_LOW_WATERMARK] = config[:, Config.WRITE_HIGH_WATERMARK] * share
    return config
