"""What the model is held against: a plain roofline.

The roofline knows arithmetic and bandwidth at fixed shares of the data sheet, and the room for caches: no
overheads, no shapes, no network.
"""

from __future__ import annotations

import numpy as np

from archgym.space import FloatArray

from ..training.layout import Machine
from .layout import Design, Fact, Use
from .measured import Runs, facts

SHARE = 0.8  # of peak and of bandwidth
ROOM = 0.9  # of all memory, for weights and caches
MOST = 256.0  # requests of an in-flight batch; without this bound the roofline is twice as far off


def throughput(runs: Runs) -> FloatArray:
    """Output tokens per second of every run, ``(N,)``."""
    rows = zip(runs.nets, runs.machines, runs.uses, runs.designs, strict=True)
    return np.array([_throughput(*row) for row in rows])


def _throughput(net: FloatArray, machine: FloatArray, use: FloatArray, design: FloatArray) -> float:
    gpus = design[Design.TP] * design[Design.PP] * design[Design.EP]
    peak, bandwidth = SHARE * gpus * _peak(machine, design), SHARE * gpus * machine[Machine.HBM_BYTES_PER_S]
    known = facts(net, machine, use, design)
    weights, flop, cache = known[Fact.PARAMETERS] * design[Design.WEIGHT_BYTES], 2.0 * known[Fact.ACTIVE], known[Fact.CACHE]
    prompt, answer, batch = use[Use.INPUT], use[Use.OUTPUT], design[Design.BATCH]
    context = (prompt + answer / 2.0) * cache
    if design[Design.SCHEDULER] != 0.0:
        batch = min((ROOM * machine[Machine.HBM_BYTES] * gpus - weights) / context, MOST)
    step = max(flop * batch / peak, (weights + batch * context) / bandwidth)
    return float(batch * answer / (flop * prompt / peak * batch + answer * step))


def _peak(machine: FloatArray, design: FloatArray) -> float:
    item = design[Design.WEIGHT_BYTES]
    return float(machine[Machine.FLOPS_4 if item <= 0.75 else Machine.FLOPS_8 if item <= 1.5 else Machine.FLOPS_16])
