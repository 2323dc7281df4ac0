"""The compiled loops over designs: what a row breaks, what a valid one costs; `simulate` takes runs that exist as they
are, `explain` takes one design apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from archgym.batch import source_hash

from ..training.layout import Machine, Net
from .fits import shortages
from .layout import Design
from .service import decode, describe, prefill, serve

compiled: Any = njit(nogil=True, cache=True, error_model="numpy")


def make_kernels(source: int) -> tuple[Callable[..., None], ...]:
    """The loops over a batch; ``source`` makes the disk cache follow every file that they are made of."""

    @compiled  # type: ignore[untyped-decorator, unused-ignore]
    def check(net: Any, machines: Any, use: Any, designs: Any, short: Any) -> None:
        for i in range(designs.shape[0] if source else 0):
            d = designs[i]
            shortages(net, machines[int(d[Design.MACHINE])], machines[int(d[Design.PREFILL_MACHINE])], use, d, short[i])

    @compiled  # type: ignore[untyped-decorator, unused-ignore]
    def run(net: Any, machines: Any, constants: Any, use: Any, designs: Any, short: Any, part: Any, out: Any) -> None:
        for i in range(designs.shape[0] if source else 0):
            d = designs[i]
            m, other = machines[int(d[Design.MACHINE])], machines[int(d[Design.PREFILL_MACHINE])]
            if shortages(net, m, other, use, d, short[i]) == 0.0:
                serve(net, m, other, constants, use, d, part, out[i])

    @compiled  # type: ignore[untyped-decorator, unused-ignore]
    def simulate(nets: Any, machines: Any, constants: Any, uses: Any, designs: Any, part: Any, out: Any) -> None:
        for i in range(designs.shape[0] if source else 0):
            serve(nets[i], machines[i], machines[i], constants, uses[i], designs[i], part, out[i])

    @compiled  # type: ignore[untyped-decorator, unused-ignore]
    def explain(n: Any, m: Any, k: Any, use: Any, d: Any, first: Any, step: Any, fact: Any) -> None:
        describe(n, m, k, use, d, fact)
        requests = d[Design.LOAD] * d[Design.BATCH] / (d[Design.PP] * d[Design.EP]) if source else 0.0
        prefill(n, m, k, use, d, d[Design.TP], d[Design.PP], d[Design.EP], 1.0, first)
        decode(n, m, k, use, d, requests, 0.0, step)

    return check, run, simulate, explain


def _source() -> int:
    columns = repr([(member.name, member.value) for column in (Net, Machine) for member in column])
    return source_hash(Path(__file__).parent) ^ int(hashlib.sha256(columns.encode()).hexdigest()[:7], 16)


check, run, simulate, explain = make_kernels(_source() | 1)
