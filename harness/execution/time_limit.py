"""A time limit for trials that hang."""

import faulthandler
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from harness.common.errors import TimeLimitError

REPEAT = 10.0
"""Seconds until the exception is raised again, in case the code has caught it and continued."""
GRACE = 60.0
"""Seconds until the process is ended, in case a library does not return and the exception cannot be raised."""


@contextmanager
def time_limit(minutes: float | None, *, may_exit: bool) -> Iterator[None]:
    """Raise ``TimeLimitError`` in the block after ``minutes``, at any line of code; ``None`` for no limit.

    The exception comes from a signal, which reaches the main thread only. ``may_exit`` allows ending the process if
    this is another thread, or if the exception does not end the block.
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
    finally:  # also if the alarm rang in the line before
        armed = False
        if reachable:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        if may_exit:
            faulthandler.cancel_dump_traceback_later()


def over(minutes: float) -> str:
    """The message for a trial that exceeded its time limit."""
    return f"took longer than --minutes-per-trial {minutes:g}"
