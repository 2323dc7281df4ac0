"""Decorator of the kernel's inner functions: inlined by LLVM, without reference counts (they only borrow their arrays)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def inlined(function: F) -> F:
    """Compiled, and inlined into the kernel that calls it; in mypy's eyes what it was."""
    compiled: F = njit(forceinline=True, _nrt=False, error_model="numpy")(function)
    return compiled
