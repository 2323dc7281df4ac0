"""Decorators of the kernels' inner functions, without reference counts (they only borrow their arrays)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def inlined(function: F) -> F:
    """Compiled, and inlined by LLVM into the kernel that calls it; in mypy's eyes what it was."""
    compiled: F = njit(forceinline=True, _nrt=False, error_model="numpy")(function)
    return compiled


def called(function: F) -> F:
    """Compiled once and called: for large functions with many callers, whose copies would take long to compile."""
    compiled: F = njit(_nrt=False, error_model="numpy")(function)
    return compiled
