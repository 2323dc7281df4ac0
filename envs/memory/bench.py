"""``archgym bench memory``: simulated requests per second, cold start, scaling over cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from archgym.batch import set_threads, threads
from archgym.family import Table
from archgym.space import IntArray

from .memspec import load_memspec
from .model import MemoryModel, programs
from .space import DRAMGYM
from .traces import BUILT_IN

MEMORIES = ("ddr4_2400", "ddr3_1600")
DESIGNS = 48
REPEATS = 3
ROUNDS = 7

PEERS = (
    ("DRAMSys 4.0", "0.25"),
    ("Ramulator 2.1", "0.17"),
    ("an untuned C++ prototype of this model", "0.6 (DDR4), 1.05 (DDR3)"),
)
"""Million requests per second and core on the same traces, measured on a shared machine: compare ratios."""


def bench() -> list[Table]:
    """Requests per second and core (CPU time, median over traces), and the wall-clock scaling of a batch."""
    return [_speed(), _scaling()]


def _speed() -> Table:
    rates = {memory: [_rate(memory, trace) for trace in BUILT_IN] for memory in MEMORIES}
    rows = [(trace, *(f"{rates[m][i]:.2f}" for m in MEMORIES)) for i, trace in enumerate(BUILT_IN)]
    rows.append(("median", *(f"{float(np.median(rates[m])):.2f}" for m in MEMORIES)))
    peers = tuple(f"{name}: {rate} million requests/s and core on the same traces" for name, rate in PEERS)
    title = f"memory controller, million simulated requests per second and core ({DESIGNS} random DRAMGym designs)"
    return Table(title, ("trace", *MEMORIES), rows, peers)


def _rate(memory: str, trace: str) -> float:
    """Million requests per CPU second on one thread, best of a few repeats."""
    model = _model(memory, trace)
    x = DRAMGYM.sample(np.random.default_rng(0), DESIGNS)
    requests = DESIGNS * sum(len(t) for t in model.programs)
    with _using(1):
        model.evaluate(x[:1])
        seconds = min(_timed(lambda: model.evaluate(x), time.process_time) for _ in range(REPEATS))
    return requests / seconds / 1e6


def _scaling() -> Table:
    """Wall-clock speed-up of one batch; 1 and n threads take turns, so that other work on the machine hits both."""
    model = _model("ddr4_2400", "cloud")
    x = DRAMGYM.sample(np.random.default_rng(1), 4 * DESIGNS)
    counts = sorted({1, threads()})
    walls = np.array([[_wall(model, x, n) for n in counts] for _ in range(ROUNDS)])
    rows = [
        (n, f"{len(x) / float(np.median(walls[:, k])):.0f}", f"{float(np.median(walls[:, 0] / walls[:, k])):.2f}x")
        for k, n in enumerate(counts)
    ]
    return Table(f"a batch of {len(x)} designs on cloud, DDR4-2400", ("threads", "designs/s", "speed-up"), rows)


def _wall(model: MemoryModel, x: IntArray, n: int) -> float:
    with _using(n):
        return _timed(lambda: model.evaluate(x), time.perf_counter)


def _model(memory: str, trace: str) -> MemoryModel:
    return MemoryModel(DRAMGYM, load_memspec(memory), programs(trace))


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return clock() - started


@contextmanager
def _using(n: int) -> Iterator[None]:
    """Run with n threads, then with the default again."""
    set_threads(n)
    try:
        yield
    finally:
        set_threads(None)
