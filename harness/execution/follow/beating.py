"""The thread that writes the heartbeats of a trial or Fisher diagonal."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from harness.store.heartbeats import Progress
from harness.store.store import Store

FIRST = 0.25
"""Share of the interval after which the first heartbeat is written. A shorter trial writes none."""
LAST = 5.0
"""Largest number of seconds that the end of a trial waits for a slow store."""


@contextmanager
def beating(store: Store, id: str) -> Iterator[Progress]:
    """Write heartbeats while the block runs. The block notes its progress in the given object.

    The training thread writes nothing itself, so a slow store cannot delay it. Errors of the store are ignored.
    """
    progress, ended = Progress(), Event()
    thread = Thread(target=_beat, args=(store, id, progress, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        ended.set()
        thread.join(LAST)


def _beat(store: Store, id: str, progress: Progress, ended: Event) -> None:
    since, pause, written = time.time(), FIRST * store.beat_seconds, False
    while not ended.wait(pause):
        with contextlib.suppress(Exception):
            store.beat(progress.snapshot(id, since))
            written = True
        pause = store.beat_seconds
    if written:
        with contextlib.suppress(Exception):
            store.end_beat(id)
