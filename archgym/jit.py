"""Decorators of compiled kernels' inner functions; imported by kernels alone, for it needs numba.

All switch off numba's reference counting (``_nrt=False``): such functions only borrow their arrays, and the atomic count
updates that numba fails to prune from nested helpers cost more than half of a kernel's run time. So they must not allocate
or return an array. Dividing by zero gives inf or NaN as in NumPy: no check in a loop, nothing that would have to raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def inlined(function: F) -> F:
    """Compiled, and inlined by LLVM into the kernel that calls it, so that constants fold; in mypy's eyes what it was."""
    compiled: F = njit(forceinline=True, _nrt=False, error_model="numpy")(function)
    return compiled


def outlined(function: F) -> F:
    """Compiled once and called: for large functions with many callers, whose copies would take long to compile."""
    compiled: F = njit(_nrt=False, error_model="numpy")(function)
    return compiled
