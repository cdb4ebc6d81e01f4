"""Locks between processes. The kernel releases a lock when its process ends in any way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def claimed(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file; ``False`` if another process holds it and ``wait`` is false.

    Some network file systems cannot lock. There the lock always succeeds, and two processes may do the same work.
    """
    with ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # There is no fallback to a soft lock, because its file would outlive a killed process.
            held.enter_context(FileLock(file, blocking=wait, fallback_to_soft=False))
            mine = True
        except Timeout:
            mine = False
        except (OSError, NotImplementedError):
            mine = True
        yield mine
