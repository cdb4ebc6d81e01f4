"""The way of a signal from the driver to the workers, which then write checkpoints.

The driver leaves a mark in the cluster's key-value store, and each worker looks for it. A signal alone would not reach
workers on other machines.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from harness.common.machine import signals
from harness.compat import ray as ray_compat

POLL = 0.5
"""Seconds between two checks for the mark."""


@contextmanager
def passed_on() -> Iterator[str]:
    """Pass a signal of this process on to workers. Gives the name of the mark for which they ``listen``."""
    name, over = f"steadytune-{uuid.uuid4().hex}", threading.Event()

    def pass_on() -> None:
        while not over.wait(POLL):
            if signals.requested():
                ray_compat.mark(name)
                return

    threading.Thread(target=pass_on, daemon=True, name="interruption").start()
    try:
        yield name
    finally:
        over.set()


def listen(name: str) -> None:
    """Ask this worker's process to end its trial after the driver has received a signal."""
    signals.listen_to_requests()

    def look() -> None:
        while not ray_compat.marked(name):
            time.sleep(POLL)
        signals.request()

    threading.Thread(target=look, daemon=True, name="interruption").start()
