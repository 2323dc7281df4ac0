"""The compiled entry points and their disk cache.

The entry points close over a hash of all kernel sources (see `archgym.batch.source_hash`): a changed source is a new entry.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash

from .engine import run_design
from .layout import Config
from .results import BUCKETS, summarise
from .state import STATE_SIZE

N_CHANNELS, N_RANKS, MAPPING = int(Config.N_CHANNELS), int(Config.N_RANKS), int(Config.MAPPING)


def make_kernel(source: int, extended: bool) -> Callable[..., None]:
    """The loop over the designs of a batch; ``extended`` is a compile-time constant (see `engine`)."""

    @njit(nogil=True, cache=True)
    def run_rows(config, d, power, arrival, is_write, address, channel_of, bank_of, row, log, out):
        n = arrival.size if source else 0
        s = np.zeros(STATE_SIZE, np.int64)
        link = np.empty((n, 2), np.int32)
        sent, accepted = np.empty(n, np.int64), np.empty(n, np.int64)
        response, freed, values = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
        histogram = np.empty(BUCKETS, np.int64)
        for i in range(config.shape[0]):
            c = config[i]
            m = c[MAPPING]
            run_design(
                c, d, arrival, is_write, address, channel_of[m], bank_of[m], row[m],
                s, link, sent, accepted, response, freed, log, extended,
            )  # fmt: skip
            summarise(s, d, power, c[N_CHANNELS], c[N_RANKS], arrival, sent, response, values, histogram, out[i])

    kernel: Callable[..., None] = run_rows
    return kernel


_SOURCE = source_hash(Path(__file__).parent)
run_base = make_kernel(_SOURCE, False)
run_extended = make_kernel(_SOURCE, True)
