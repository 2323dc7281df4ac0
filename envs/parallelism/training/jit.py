"""Decorator of the kernels' inner functions: inlined by LLVM, without reference counts (they only borrow their arrays)."""

from __future__ import annotations

from numba import njit

inlined = njit(forceinline=True, _nrt=False, error_model="numpy")
