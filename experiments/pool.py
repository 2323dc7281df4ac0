"""Where runs are played: in this process, or as tasks on Ray. Both answer with the outcomes as they come."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from archgym.errors import ArchGymError, BadInput, need
from archgym.experiments.worker import Outcome, one_line, over, play, play_alone
from archgym.spec import RunSpec

RETRIES = 3  # after the death of a worker or a node
_PENDING_PER_CPU = 2
_OBJECT_STORE = 80 * 2**20  # outcomes are tiny; Ray's own minimum is 75 MiB
_TICK_S = 0.5
_REACH_S = 5.0


class Pool(Protocol):
    """Plays runs."""

    def play(self, specs: Sequence[RunSpec], folder: Path, until: float | None = None) -> Iterator[Outcome | None]:
        """Outcomes as they come, and None now and then while nothing has come.

        No run begins after ``until`` (seconds since the epoch); those that have begun are played to their end.
        """


class SerialPool:
    """One run after the other, in this process."""

    def play(self, specs: Sequence[RunSpec], folder: Path, until: float | None = None) -> Iterator[Outcome | None]:
        for spec in specs:
            if over(until):
                return
            yield play(spec, folder / spec.id)


class RayPool:
    """Whole runs as Ray tasks of one core each.

    Args:
        ray: the module, initialised.
        most: tasks at work at a time, None for as many as the cluster has cores.
    """

    def __init__(self, ray: Any, most: int | None = None) -> None:
        self._ray = ray
        self._most = most
        self._task = ray.remote(num_cpus=1, max_retries=RETRIES)(play_alone)

    def play(self, specs: Sequence[RunSpec], folder: Path, until: float | None = None) -> Iterator[Outcome | None]:
        waiting = list(reversed(specs))
        pending: dict[Any, RunSpec] = {}
        place = folder.resolve()
        while pending or (waiting and not over(until)):
            while waiting and len(pending) < self._limit() and not over(until):
                spec = waiting.pop()
                pending[self._task.remote(spec, place / spec.id, until)] = spec
            ready, _ = self._ray.wait(list(pending), num_returns=1, timeout=_TICK_S)
            if not ready:
                yield None
            for ref in ready:
                yield self._outcome(ref, pending.pop(ref))

    def _limit(self) -> int:
        """Tasks handed to Ray at a time: a few in reserve, so that no core waits for the driver."""
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        return self._most or max(_PENDING_PER_CPU * cores, 2)

    def _outcome(self, ref: Any, spec: RunSpec) -> Outcome:
        try:
            answer: Outcome = self._ray.get(ref)
            return answer
        except self._ray.exceptions.RayTaskError as error:
            return Outcome(spec.id, one_line(error.cause if isinstance(error.cause, BaseException) else error))
        except self._ray.exceptions.RayError as error:
            return Outcome(spec.id, f"its worker died {RETRIES + 1} times ({type(error).__name__})")


@contextmanager
def ray_pool(address: str | None = None, cpus: int | None = None) -> Iterator[RayPool]:
    """A pool on a Ray of our own, or on a running cluster.

    Every node of a cluster needs the same archgym installed and the results folder under the same path (a shared file
    system). Where this process has a Ray already, that one is used and left running.

    Args:
        address: of a running cluster (``"auto"``, ``"host:6379"``), None to start one here.
        cpus: cores to use; on a running cluster, tasks at a time.

    Raises:
        BadInput: Ray is not installed, or there is no cluster at the address.
    """
    ray = _import_ray()
    if ray.is_initialized():
        yield RayPool(ray, cpus)
        return
    _connect(ray, address, cpus)
    try:
        yield RayPool(ray, cpus if address else None)
    finally:
        ray.shutdown()


def check_address(address: str) -> None:
    """Make sure that something listens at ``host:port``: Ray itself would try for minutes.

    Raises:
        BadInput: nothing does.
    """
    host, sign, port = address.rpartition("://")[2].rpartition(":")
    if not sign or not port.isdigit():
        return  # "auto", or whatever else Ray knows
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S):
            pass
    except (OSError, OverflowError) as error:
        raise BadInput(f"no Ray cluster at '{address}': {getattr(error, 'strerror', None) or error}") from None


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network call
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # no warning about accelerators
    try:
        import ray
    except ImportError:
        raise need("ray", "ray") from None
    return ray


def _connect(ray: Any, address: str | None, cpus: int | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            ray.init(
                address="local", num_cpus=cpus, include_dashboard=False, object_store_memory=_OBJECT_STORE, num_gpus=0, **quiet
            )
    except (ConnectionError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].partition(". ")[0]
        raise BadInput(f"no Ray cluster at '{address}': {reason}") from None
    except Exception as error:  # Ray raises many kinds where a process of its own does not come up
        raise ArchGymError(f"Ray does not start here ({one_line(error)}); --serial does without") from None
