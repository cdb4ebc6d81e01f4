"""One process at a time: a lock that the kernel lets go of when its process ends, however it ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def claimed(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file; ``False`` where another process has it and this one is not to ``wait``.

    Where nothing can be locked, as on some network file systems, nobody is held up: two processes then do the same work
    twice.
    """
    with ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Not its soft lock, a file whose presence counts: that of a process which was killed would stay.
            held.enter_context(FileLock(file, blocking=wait, fallback_to_soft=False))
            mine = True
        except Timeout:
            mine = False
        except (OSError, NotImplementedError):
            mine = True
        yield mine
