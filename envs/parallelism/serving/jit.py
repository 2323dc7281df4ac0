"""Decorator of the kernel's inner functions: inlined by LLVM, without reference counts (they only borrow their arrays)."""

from __future__ import annotations

from typing import Any

from numba import njit

inlined: Any = njit(forceinline=True, _nrt=False, error_model="numpy")
