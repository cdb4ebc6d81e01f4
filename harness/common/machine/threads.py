"""Threads that this user may start (``ulimit -u``)."""

import os
import sys
from pathlib import Path

PROCESSES = Path("/proc")


def room_for_threads() -> int | None:
    """Number of threads that this user may still start; ``None`` without a known limit."""
    if not sys.platform.startswith("linux") or os.geteuid() == 0:  # the limit does not bind root
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    return None if limit == resource.RLIM_INFINITY else max(0, limit - threads_of(os.getuid(), PROCESSES))


def threads_of(user: int, processes: Path) -> int:
    """Threads that a user has; ``processes`` has a folder for each process, as ``/proc``."""
    found = 0
    for folder in processes.iterdir():
        try:
            if folder.name.isdigit() and folder.stat().st_uid == user:
                found += len(list((folder / "task").iterdir()))
        except OSError:  # the process has ended
            continue
    return found
