"""The compiled loops over training configurations: time and memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from archgym.batch import source_hash
from archgym.envs.parallelism import network

from .iteration import iteration
from .memory import memory


def make_loop(fill: Callable[..., None], source: int) -> Callable[..., None]:
    """The loop over a batch; ``source`` makes the disk cache follow every file of this folder."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def loop(nets: Any, machines: Any, runs: Any, constants: Any, out: Any) -> None:
        """Fill every row of ``out``; ``nets`` and ``machines`` have one row, or one per run."""
        many_nets, many_machines = nets.shape[0] > 1, machines.shape[0] > 1
        for i in range(runs.shape[0] if source else 0):
            fill(nets[i if many_nets else 0], machines[i if many_machines else 0], runs[i], constants, out[i])

    kernel: Callable[..., None] = loop
    return kernel


_SOURCE = source_hash(Path(__file__).parent) ^ source_hash(Path(network.__file__).parent)
times = make_loop(iteration, _SOURCE)
memories = make_loop(memory, _SOURCE)
