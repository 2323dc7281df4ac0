"""Decorators of the kernel's functions.

Both switch off numba's reference counting (`_nrt=False`): the functions only borrow their arrays, and the atomic count
updates that numba fails to prune from nested helpers cost more than half of the run time. Such a function must not
allocate or return an array. `inlined` also forces LLVM to inline, which lets constants and offsets fold.
"""

from __future__ import annotations

from numba import njit

inlined = njit(forceinline=True, _nrt=False)
outlined = njit(_nrt=False)
