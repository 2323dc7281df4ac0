"""Being told to stop: SIGINT and SIGTERM as one exception."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from archgym.errors import ArchGymError


class Interrupted(ArchGymError):
    """Stopped by SIGINT or SIGTERM; the message says how far it got."""


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """SIGINT and SIGTERM become one :class:`Interrupted`; while that is dealt with, more of them are ignored.

    Yields a function that takes the signals back from whoever took them meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.getsignal(name) for name in names}

    def stop(number: int, frame: FrameType | None) -> None:
        _set(dict.fromkeys(names, signal.SIG_IGN))
        raise KeyboardInterrupt

    def arm() -> None:
        _set(dict.fromkeys(names, stop))

    arm()
    try:
        yield arm
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None
    finally:
        _set(before)


def _set(handlers: Mapping[signal.Signals, object]) -> None:
    for name, handler in handlers.items():
        with suppress(ValueError, TypeError):
            signal.signal(name, handler)  # type: ignore[arg-type]
