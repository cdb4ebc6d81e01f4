"""An end for a trial that hangs."""

import faulthandler
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

REPEAT = 10.0
"""Seconds after which the exception is raised once more, where code has caught it and gone on."""
GRACE = 60.0
"""Seconds after which the process is ended, where a library does not return and the exception cannot be raised."""


class TimeLimitError(Exception):
    """A trial took longer than it was given."""


@contextmanager
def time_limit(minutes: float | None, *, may_exit: bool) -> Iterator[None]:
    """Raise ``TimeLimitError`` inside after so many minutes, wherever Python is then; ``None`` for never.

    ``may_exit``: end this process where that does not help, or where this is not its main thread, the only one that a
    signal can reach.
    """
    if minutes is None:
        yield
        return
    seconds = 60 * minutes
    reachable = threading.current_thread() is threading.main_thread()
    armed = True

    def ring(number: int, frame: FrameType | None) -> None:
        if armed:
            raise TimeLimitError(over(minutes))

    if may_exit:
        faulthandler.dump_traceback_later(seconds + (GRACE if reachable else 0.0), exit=True)
    if reachable:
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)
    try:
        try:
            yield
        finally:
            armed = False
    finally:  # also where the alarm rang in the line before
        armed = False
        if reachable:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        if may_exit:
            faulthandler.cancel_dump_traceback_later()


def over(minutes: float) -> str:
    """The message on a trial that took longer."""
    return f"took longer than --minutes-per-trial {minutes:g}"
