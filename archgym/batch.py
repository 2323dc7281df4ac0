"""What compiled cost models share: threads over the parts of a batch, and a hash of the sources that a cache depends on.

The compiled loops hold no lock, so plain threads run them side by side: no threading layer, nothing to go wrong in a worker
process. A design's result depends on nothing but its row, so neither order nor number of threads can change a number.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from archgym.errors import BadInput

Part = TypeVar("Part")

_requested: int | None = None


def threads() -> int:
    """Number of threads a batch uses: `set_threads`, else ``ARCHGYM_THREADS``, else 1 in a Ray worker, else all cores."""
    if _requested is not None:
        return _requested
    text = os.environ.get("ARCHGYM_THREADS", "")
    if text:
        if not text.isdigit() or int(text) < 1:
            raise BadInput(f"ARCHGYM_THREADS must be a number of threads, got {text!r}")
        return int(text)
    if _in_ray_worker():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(n: int | None) -> None:
    """Use ``n`` threads from now on in this process; None is the default again."""
    global _requested  # noqa: PLW0603
    _requested = None if n is None else max(1, n)


def in_parallel(work: Callable[[Part], None], parts: Sequence[Part]) -> None:
    """``work(part)`` for every part, on as many threads as :func:`threads` says; the first exception is raised here."""
    workers = min(threads(), len(parts))
    if workers <= 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, parts))


def slices(n: int, chunk: int) -> list[slice]:
    """The rows 0 … n-1 in parts of ``chunk``."""
    return [slice(i, min(i + chunk, n)) for i in range(0, n, chunk)]


def source_hash(folder: Path) -> int:
    """A positive hash over the Python files of a folder, in name order, and over ``archgym.jit``.

    numba's cache key covers the source of the cached function's own file only, so an edit of any other file would go
    unnoticed. Entry points therefore close over this hash: closures are part of the key.
    """
    digest = hashlib.sha256()
    for path in [Path(__file__).with_name("jit.py"), *sorted(folder.glob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return int.from_bytes(digest.digest()[:4], "little") | 1


def _in_ray_worker() -> bool:
    """Ray gives a task or an actor one core unless told otherwise, so such a process starts no threads of its own."""
    ray: Any = sys.modules.get("ray")
    if ray is None or not hasattr(ray, "is_initialized") or not ray.is_initialized():
        return False
    context = ray.get_runtime_context()
    return context.get_actor_id() is not None or context.get_task_id() is not None
