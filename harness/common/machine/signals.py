"""SIGTERM, by which Slurm, Kubernetes, spot machines and ``kill`` end a process."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_come = threading.Event()


def terminated() -> bool:
    """Whether a ``KeyboardInterrupt`` was SIGTERM's."""
    return _come.is_set()


@contextmanager
def terminable() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` inside where SIGTERM comes, as Ctrl-C does; a second one ends the process at once."""
    _come.clear()
    with sigterm_kept():
        if _reachable():
            signal.signal(signal.SIGTERM, _terminate)
        yield


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Restore the handler of SIGTERM afterwards: libraries set handlers of their own."""
    if not _reachable():  # only the main thread may set signal handlers
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _come.set()
    raise KeyboardInterrupt


def _reachable() -> bool:
    return threading.current_thread() is threading.main_thread()
