"""What ``archgym bench`` measures with: CPU time, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archgym.batch import set_threads


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of this process while ``work`` runs, seconds: what other processes do does not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


@contextmanager
def one_thread() -> Iterator[None]:
    """Batches use one thread inside the block, and the default number after it."""
    set_threads(1)
    try:
        yield
    finally:
        set_threads(None)
