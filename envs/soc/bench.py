"""``archgym bench soc``: designs per second and core, scaling over cores."""

from __future__ import annotations

import time

import numpy as np

from archgym.batch import set_threads, threads
from archgym.family import Table
from archgym.model import CostModel
from archgym.space import IntArray
from archgym.timing import cpu_seconds, one_thread

from .model import build
from .tasks import CHIP, FULL, LARGE, LIMITED

CASES = (
    ("audio_decoder, full space", "audio_decoder", FULL),
    ("edge_detection, full space", "edge_detection", FULL),
    ("hpvm_cava, full space", "hpvm_cava", FULL),
    ("all three together, full space", CHIP, LARGE),
    ("audio_decoder, limited space, FARSI's rules", "audio_decoder", LIMITED),
)
DESIGNS = 8192
REPEATS = 5
FARSI_S = "0.10 to 0.23"  # seconds a design with its memory tables cached, measured on the same machine


def bench() -> list[Table]:
    """Designs per second and core (CPU time, best of a few), and the wall-clock scaling of a batch."""
    return [_speed(), _scaling()]


def _speed() -> Table:
    rows = [(title, f"{_rate(build(workload, options)):,.0f}") for title, workload, options in CASES]
    notes = (f"FARSI itself takes {FARSI_S} s a design (median, by workload).",)
    title = (
        f"systems-on-chip, designs per second and core ({DESIGNS} repaired random designs; rows read, checked and simulated)"
    )
    return Table(title, ("case", "designs/s"), rows, notes)


def _rate(model: CostModel) -> float:
    x = _designs(model)
    with one_thread():
        model.evaluate(x[:1])
        return len(x) / min(cpu_seconds(lambda: model.evaluate(x)) for _ in range(REPEATS))


def _scaling() -> Table:
    """1 and n threads take turns, so that other work on the machine hits both."""
    model = build("audio_decoder", FULL)
    x = _designs(model)
    counts = sorted({1, threads()})
    walls = np.array([[_wall(model, x, n) for n in counts] for _ in range(REPEATS)])
    rows = [
        (n, f"{len(x) / float(np.median(walls[:, k])):,.0f}", f"{float(np.median(walls[:, 0] / walls[:, k])):.2f}x")
        for k, n in enumerate(counts)
    ]
    return Table(f"a batch of {len(x)} designs of audio_decoder", ("threads", "designs/s", "speed-up"), rows)


def _designs(model: CostModel) -> IntArray:
    return model.repair(model.space.sample(np.random.default_rng(0), DESIGNS))


def _wall(model: CostModel, x: IntArray, n: int) -> float:
    set_threads(n)
    try:
        started = time.perf_counter()
        model.evaluate(x)
        return time.perf_counter() - started
    finally:
        set_threads(None)
