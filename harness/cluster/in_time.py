"""A wait with a time limit, for an action that may hang in code outside Python."""

import atexit
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

from harness.common.machine import signals
from harness.compat import ray as ray_compat

SILENCE = 20.0
"""Seconds of waiting without a message."""
GAVE_UP, INTERRUPTED = 2, 130
"""Exit codes of a process that stops waiting. They equal the command's codes for ``UserError`` and Ctrl-C."""


def begun(action: Callable[[], None], ended: threading.Event) -> "Future[None]":
    """Start an action in a thread, and return its future result. After success, the thread lives until ``ended``."""
    done: Future[None] = Future()

    def act() -> None:
        try:
            action()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)
            ended.wait()  # the kernel ends Ray's processes when the thread that started them ends

    threading.Thread(target=act, name="ray", daemon=True).start()
    return done


def wait(done: "Future[None]", limit: float, waiting: str) -> None:
    """Wait for an action.

    Prints ``waiting`` on standard error after ``SILENCE`` seconds. Raises the action's own error, or ``TimeoutError``
    after ``limit`` seconds. After ``TimeoutError`` or Ctrl-C, the action's thread keeps running. When the process ends,
    it does not wait for Ray's shutdown.
    """
    try:
        _result(done, limit, waiting)
    except BaseException as error:
        atexit.register(_leave, done, exit_code(error))
        raise


def wait_quietly(done: "Future[None]", code: int) -> None:
    """Wait up to ``SILENCE`` seconds for an action. A process that ends before the action has the exit code ``code``.

    Raises ``TimeoutError``, or the action's own error.
    """
    atexit.register(_leave, done, code)
    done.result(SILENCE)


def _result(done: "Future[None]", limit: float, waiting: str) -> None:
    try:
        done.result(min(SILENCE, limit))
    except TimeoutError:
        if done.done():  # the action itself raised this error
            raise
        print(f"{waiting}.", file=sys.stderr, flush=True)
        done.result(max(0.0, limit - SILENCE))


def exit_code(error: BaseException) -> int:
    """The exit code of a process that an error ends."""
    if not isinstance(error, KeyboardInterrupt):
        return GAVE_UP
    return signals.exit_code() if signals.requested() else INTERRUPTED


def _leave(done: "Future[None]", code: int) -> None:
    """End this process at once, together with a Ray that it is starting. Does nothing after the action."""
    if done.done():
        return
    ray_compat.end_own_processes()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
