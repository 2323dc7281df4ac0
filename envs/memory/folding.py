"""Designs that must cost the same, and the one that stands for them.

Each rule is a consequence of the controller's mechanism (see ``kernel``), not of a measurement:

1. NoRefresh never looks at the refresh limits.
2. The Simple arbiter never looks at max_active_transactions.
3. Under the Fifo and Reorder arbiters no more than ``M = max_active_transactions`` requests are in the controller, so a
   buffer of M or more never refuses one: its size and what it counts cannot matter. Stands for them: shared, size M.
4. With a single request in the controller at any time (M = 1, or a shared buffer of 1) there is nothing to choose: the
   scheduler and the adaptive page policies' look at other requests cannot matter, and responses leave in order of arrival.
   With M = 1 the two windowed arbiters are the same as well.
5. Under the Closed page policy a row is opened for the oldest request of its bank and closed by it: FR-FCFS finds no other
   hit that is older, and equals FIFO. (Not FR-FCFS-Grp, which prefers by type; nor with a write drain, which may change its
   mind between ACT and RD.)
6. Extended knobs of a mechanism that is off, or that only acts on what the design never has.
"""

from __future__ import annotations

import numpy as np

from archgym.space import BoolArray, DesignSpace, IntArray


class Folding:
    """The rules above for one space; knobs the space lacks take part with their neutral value."""

    def __init__(self, space: DesignSpace) -> None:
        self._space = space
        self._column = {name: j for j, name in enumerate(space.names)}

    def __call__(self, x: IntArray) -> IntArray:
        """The representative of every row, ``int64 (N, D)``."""
        y = x.copy()
        self._refresh(y)
        self._window(y)
        self._single(y)
        self._closed(y)
        self._extended(y)  # last: it looks at what the others made of scheduler and page policy
        return y

    # -- the rules --------------------------------------------------------------------------------------------------------

    def _refresh(self, y: IntArray) -> None:
        off = self._is(y, "refresh_policy", "no_refresh")
        self._set(y, off, refresh_max_postponed=1, refresh_max_pulled_in=1)

    def _window(self, y: IntArray) -> None:
        simple = self._is(y, "arbiter", "simple")
        self._set(y, simple, max_active_transactions=1)
        size, window = self._column["request_buffer_size"], self._column["max_active_transactions"]
        roomy = ~simple & (y[:, size] >= y[:, window])  # both knobs have the same values, so indices compare
        y[roomy, size] = y[roomy, window]
        self._set(y, roomy, scheduler_buffer="shared")

    def _single(self, y: IntArray) -> None:
        one_active = ~self._is(y, "arbiter", "simple") & self._is(y, "max_active_transactions", 1)
        one_stored = self._is(y, "scheduler_buffer", "shared") & self._is(y, "request_buffer_size", 1)
        # A buffer of 1 is one per channel: with several channels it still leaves an order among them to choose.
        alone = one_active | (one_stored & ("channel_interleave" not in self._column))
        self._set(y, alone, scheduler="fifo", response_queue="fifo")
        self._set(y, alone & self._is(y, "page_policy", "open_adaptive"), page_policy="open")
        self._set(y, alone & self._is(y, "page_policy", "closed_adaptive"), page_policy="closed")
        self._set(y, one_active, arbiter="fifo")

    def _closed(self, y: IntArray) -> None:
        closed = self._is(y, "page_policy", "closed") & self._is(y, "scheduler", "fr_fcfs")
        self._set(y, closed & self._is(y, "write_high_watermark", 0, absent=True), scheduler="fifo")

    def _extended(self, y: IntArray) -> None:
        if "write_high_watermark" not in self._column:
            return
        self._set(y, self._is(y, "write_high_watermark", 0), write_drain_to=0.0)
        self._set(y, self._is(y, "scheduler", "fifo"), age_cap=0)
        self._set(y, self._is(y, "page_policy", "closed"), page_timeout=0)

    # -- knobs by name ----------------------------------------------------------------------------------------------------

    def _is(self, y: IntArray, knob: str, value: object, absent: bool = False) -> BoolArray:
        """Rows whose knob has the value; ``absent`` for all rows of a space without the knob."""
        if knob not in self._column:
            return np.full(len(y), absent)
        j = self._column[knob]
        return np.asarray(y[:, j] == self._space.params[j].index(value))

    def _set(self, y: IntArray, rows: BoolArray, **knobs: object) -> None:
        for knob, value in knobs.items():
            if knob in self._column:
                j = self._column[knob]
                y[rows, j] = self._space.params[j].index(value)
