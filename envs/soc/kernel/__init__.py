"""Event-driven simulator of task graphs on systems-on-chip with buses that form a tree.

`simulate` runs a batch of designs, `trace` tells the course of one of them; both are the same compiled code. The model follows
FARSI (Boroujerdian et al., ACM TECS 2023): a run is cut into phases between completions of tasks, and within a phase every task
goes at the rate of its slowest channel. `compat` chooses between FARSI's own rules (see `farsi`) and the clean ones (see
`clean`). Runs are deterministic: a design's figures depend neither on the rest of the batch nor on the threads.

Left out: leakage and idle power, latency of memories and buses, energy and area of buses, caches, context switches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .results import Results, Running, Trace
from .rules import RULES

if TYPE_CHECKING:
    from .batch import simulate, trace

__all__ = ["RULES", "Results", "Running", "Trace", "simulate", "trace"]


def __getattr__(name: str) -> Any:
    """numba is imported with the first use: listing tasks stays quick."""
    if name in ("simulate", "trace"):
        from . import batch

        return getattr(batch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
