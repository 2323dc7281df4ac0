"""Event-driven, command-level simulator of a DRAM memory controller.

`simulate` runs a batch of designs on a trace. The base model follows DRAMSys 4.0 (Steiner et al., SAMOS 2020) and
DRAMPower; `extended` adds mechanisms that the reference does not have. Runs are deterministic: a design's row depends
neither on the rest of the batch nor on the threads.

Left out: data contents, DRAM I/O and termination energy, ECC, write forwarding, refresh of single banks, self refresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch import is_extended, simulate, simulate_logged

__all__ = ["is_extended", "simulate", "simulate_logged"]


def __getattr__(name: str) -> Any:
    """numba is imported with the first use: reading `layout` or listing tasks stays quick."""
    if name in __all__:
        from . import batch

        return getattr(batch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
