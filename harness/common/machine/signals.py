"""Signals that end a process: SIGTERM and SIGUSR1 (Slurm, spot machines, ``kill``), and SIGHUP (a closed terminal).

The first signal raises ``KeyboardInterrupt`` in the main thread, as Ctrl-C does. A second signal ends the process at
once. Code that needs an orderly end, such as a training that writes a checkpoint, defers the exception and asks
``requested``.
"""

import _thread
import atexit
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import NoReturn

PATIENCE = {signal.SIGTERM: 20.0, signal.SIGHUP: 20.0, signal.SIGUSR1: 100.0}
"""Seconds for which code may defer each signal. Slurm and Kubernetes send SIGKILL 30 s after SIGTERM by default.

SIGUSR1 is a warning whose time the user chooses (``--signal=USR1@120``).
"""
ENDING = frozenset(PATIENCE)
SAME = 0.5
"""Seconds within which a further signal counts as a copy of the first, which a parent may have passed on."""
LARGEST_SIGACTION = 1024
"""Bytes of a buffer; the C library's ``struct sigaction`` is smaller."""


@dataclass
class _State:
    number: int | None = None
    """The received signal."""
    raises: bool = False
    """Whether a signal raises ``KeyboardInterrupt`` at once."""
    overdue: bool = False
    """Whether the signal was deferred for too long."""
    raised: bool = False
    """Whether the signal has raised its exception."""


_state = _State()


def requested() -> bool:
    """Whether a signal has asked this process to end."""
    return _state.number is not None


def exit_code() -> int:
    """The exit code after a signal: 143, or 129 after SIGHUP."""
    return 128 + (signal.SIGHUP if _state.number == signal.SIGHUP else signal.SIGTERM)


def ended_early() -> str:
    """The sentence on a command that ended by a signal or Ctrl-C, for the terminal and the log file."""
    ended = "terminated" if requested() else "interrupted"
    return f"{ended}; finished work is kept; run the same command again to continue"


@contextmanager
def terminable(*, last: bool = False) -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` inside when a signal comes; a second signal ends the process at once.

    An ignored SIGHUP, as under ``nohup``, stays ignored. ``last`` says that the process ends after the block. Later
    signals are then ignored, because they would replace the exit code of finished work.
    """
    if not _reachable():  # only the main thread may set signal handlers
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(ours, threading.get_ident()), daemon=True, name="signals").start()
    unraisable = sys.unraisablehook
    sys.unraisablehook = partial(_unraised, before=unraisable)
    try:
        with _mode(raises=True):
            for number in ENDING:
                if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
                    signal.signal(number, _receive)
            yield
    finally:
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            # A copy of the signal that has come must not change the exit code.
            again = signal.SIG_IGN if last or (number == _state.number and _state.raised) else handler
            signal.signal(number, again if again is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(wakeup)
        theirs.close()
        _state.number, _state.overdue, _state.raised = None, False, False


def leave(code: int) -> NoReturn:
    """End this process after an interruption, with its exit code.

    Python itself would end by SIGINT if the exception came while a library ran a string of code, as ``dataclass`` does.
    """
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):  # a closed terminal
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


@contextmanager
def deferred() -> Iterator[None]:
    """Let the code inside end in order after a signal; its ``KeyboardInterrupt`` comes at the end of the block.

    It comes earlier if the block takes longer than the signal's ``PATIENCE``. Has no effect outside the main thread.
    """
    if not _reachable():
        yield
        return
    with _mode(raises=False):
        yield
    if requested() and _state.raises:
        _state.raised = True
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` in the block after ``request``; at once if the request came earlier."""
    with _mode(raises=True):
        if requested():
            raise KeyboardInterrupt
        yield


def listen_to_requests() -> None:
    """Prepare for ``request`` in a process whose signals other code handles, such as a Ray worker."""
    signal.signal(signal.SIGUSR1, _receive)


def request() -> None:
    """Treat this process as if a signal had come. May be called from any thread, after ``listen_to_requests``."""
    _state.number = signal.SIGUSR1
    _thread.interrupt_main(signal.SIGUSR1)  # calls the handler; the signal itself may be blocked


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Restore the process's handler of SIGTERM afterwards, in any thread: libraries set handlers of their own."""
    libc, before = ctypes.CDLL(None), ctypes.create_string_buffer(LARGEST_SIGACTION)
    libc.sigaction(int(signal.SIGTERM), None, before)
    try:
        yield
    finally:
        libc.sigaction(int(signal.SIGTERM), before, None)


def keep_from_children() -> None:
    """Block the signals in this thread, and so in the processes that it starts.

    Slurm sends a signal to every process of a job. Ray's processes must live until the trials have checkpoints.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def _receive(number: int, frame: FrameType | None) -> None:
    _state.number = _state.number or number
    if (_state.raises or _state.overdue) and not _state.raised:
        _state.raised = True
        raise KeyboardInterrupt


def _unraised(lost: "sys.UnraisableHookArgs", *, before: Callable[["sys.UnraisableHookArgs"], object]) -> None:
    """Raise a ``KeyboardInterrupt`` again if Python drops it, as it does during an object's ``__del__``."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        before(lost)
        return
    _state.raised = False
    number = _state.number or signal.SIGINT
    main = threading.main_thread().ident
    threading.Timer(0.05, signal.pthread_kill, [main, number]).start()  # by then ``__del__`` is over


def _watch(received: socket.socket, main: int) -> None:
    """End the process at the second signal, whatever the main thread does.

    After the first signal, end the deferral when the signal's ``PATIENCE`` is over.
    """
    first = limit = None
    own = False
    with received:
        while True:
            received.settimeout(None if limit is None else max(0.01, limit - time.monotonic()))
            try:
                if not (data := received.recv(1)):
                    return
            except TimeoutError:
                limit, own, _state.overdue = None, True, True
                signal.pthread_kill(main, _state.number or signal.SIGTERM)
                continue
            number, now = data[0], time.monotonic()
            if number not in ENDING or own:
                own = own and number not in ENDING
            elif first is None:
                first, limit = now, now + PATIENCE[signal.Signals(number)]
            elif now - first > SAME:
                os._exit(exit_code())


@contextmanager
def _mode(*, raises: bool) -> Iterator[None]:
    before, _state.raises = _state.raises, raises
    try:
        yield
    finally:
        _state.raises = before


def _reachable() -> bool:
    return threading.current_thread() is threading.main_thread()
