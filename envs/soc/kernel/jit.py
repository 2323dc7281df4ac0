"""The decorator of all compiled functions but the entry points."""

from __future__ import annotations

from numba import njit

# Division as in IEEE 754 (x / 0 is inf, not an exception): no branch in the inner loop. Never fastmath: sums keep their order.
# Inlined always: a call would pass every array's fields, which took half the time of a run.
jit = njit(nogil=True, error_model="numpy", forceinline=True)
