"""The folder of a Ray of our own: its logs, sockets and spilled objects."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

LONGEST = 40
"""Bytes of a folder's name that leave room for those of its sockets, of which the kernel takes 107."""
SHORT = ("/tmp", "/var/tmp", "/dev/shm", "~")
"""Places for a private folder where Ray's own will not do."""


ROOM = 2**24
"""Bytes that must be free: Ray waits for files that it could not write."""
SHARED_MEMORY = Path("/dev/shm")


def default() -> Path:
    """The folder that Ray takes by itself."""
    inherited = os.environ.get("TMPDIR") if sys.platform.startswith("linux") else None
    return Path(os.environ.get("RAY_TMPDIR") or inherited or "/tmp", "ray")


def private() -> Path | None:
    """A new folder of this process alone where Ray could not use ``default``: its name is long or not ASCII, it is
    another user's, or its disk is full.

    ``None`` where Ray can use it, where the user has chosen it by ``RAY_TMPDIR``, and where there is no better place.
    """
    if "RAY_TMPDIR" in os.environ or usable(default()):
        return None
    for place in SHORT:
        try:
            made = Path(tempfile.mkdtemp(prefix="ray-", dir=Path(place).expanduser()))
        except (OSError, RuntimeError):  # no such place, none that can be written, no home
            continue
        if usable(made):
            return made
        made.rmdir()
    return None


def usable(folder: Path) -> bool:
    """Whether Ray can put its files into a folder, which need not exist."""
    there = _nearest(folder)
    return (
        _is_short(folder)
        and there.is_dir()
        and os.access(there, os.W_OK | os.X_OK)
        and shutil.disk_usage(there).free >= ROOM
    )


def in_place_of_shared_memory(folder: Path) -> str | None:
    """The folder for Ray's shared memory where ``/dev/shm`` cannot be used; ``None`` where it can."""
    if not sys.platform.startswith("linux") or _is_writable(SHARED_MEMORY):
        return None
    return str(_nearest(folder))


def room(folder: Path) -> str:
    """How full the disk of a folder is, for a message."""
    return f"{shutil.disk_usage(_nearest(folder)).free / 2**20:,.0f} MiB are free in {str(folder)!r}"


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that exists."""
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _is_short(folder: Path) -> bool:
    return str(folder).isascii() and len(os.fsencode(folder)) <= LONGEST
