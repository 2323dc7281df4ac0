"""One run in a worker process: play it, and answer what became of it. An agent's failure is an answer, no crash."""

from __future__ import annotations

import os
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archgym.errors import ArchGymError
from archgym.experiments.locks import Busy, locked
from archgym.files import read_json, write_json
from archgym.runlog import MANIFEST, TRIALS, RunLog
from archgym.running import is_complete, run
from archgym.spec import RunSpec

_WAIT_FOR_LOCK_S = 60.0  # a killed driver's workers take some seconds to die
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Args:
        id: of its spec.
        error: one line where it failed, empty where it is complete.
        evaluations: logged by this attempt and those before.
        begun: False where the time for beginning runs was over; nothing was touched.
    """

    id: str
    error: str = ""
    evaluations: int = 0
    begun: bool = True


def over(until: float | None) -> bool:
    """Whether the time for beginning runs, in seconds since the epoch, has passed."""
    return until is not None and time.time() >= until


def play(spec: RunSpec, folder: Path) -> Outcome:
    """Play one run to its end in ``folder``, taking up what an interrupted attempt left there."""
    try:
        with locked(folder / ".lock", _WAIT_FOR_LOCK_S):
            _sweep(folder)
            return _play(spec, folder)
    except Busy as holder:
        return Outcome(spec.id, f"{folder}: another process is at work on this run ({holder})")
    except ArchGymError as error:
        return Outcome(spec.id, str(error))


def play_alone(spec: RunSpec, folder: Path, until: float | None = None) -> Outcome:
    """:func:`play`, if there is time, in a process that has one core to itself: one thread each for NumPy, numba and torch."""
    if over(until):
        return Outcome(spec.id, begun=False)
    for name in _THREADS:
        os.environ[name] = "1"
    if "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(1)
    return play(spec, folder)


def _play(spec: RunSpec, folder: Path) -> Outcome:
    if is_complete(folder, spec):
        return Outcome(spec.id, evaluations=spec.budget)
    try:
        log: RunLog = run(spec, folder)
        return Outcome(spec.id, evaluations=len(log.x))
    except (Exception, SystemExit) as error:
        line = one_line(error)
        _mark_failed(folder, spec, line, "".join(traceback.format_exception(error)))
        return Outcome(spec.id, line)


def one_line(error: BaseException) -> str:
    """An exception as one line: what was raised, and where in the source."""
    if isinstance(error, ArchGymError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) < 300 else text[:300] + '…'}{place}"


def _mark_failed(folder: Path, spec: RunSpec, line: str, trace: str) -> None:
    """Note the failure in the manifest; the trials stay, and the next attempt takes them up."""
    with suppress(OSError, ArchGymError):  # a full disk: the driver says so
        manifest = read_json(folder / MANIFEST)
        if manifest.get("id") == spec.id:
            write_json(folder / MANIFEST, {**manifest, "status": "failed", "error": line, "traceback": trace})


def _sweep(folder: Path) -> None:
    """Remove half-written temporary files of a killed attempt."""
    for name in (MANIFEST, TRIALS):
        for path in folder.glob(f".{name}.*"):
            path.unlink(missing_ok=True)
