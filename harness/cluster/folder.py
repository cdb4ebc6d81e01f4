"""The folder of a Ray that steadytune starts, for logs, sockets and spilled objects."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

LONGEST = 40
"""Largest length of a folder's path in bytes.

The kernel allows 107 bytes in all, and this limit leaves room for Ray's socket names.
"""
SHORT = ("/tmp", "/var/tmp", "/dev/shm", "~")
"""Places for a private folder if Ray's default folder cannot be used."""


ROOM = 2**24
"""Free bytes that Ray needs. Without free space, Ray waits for files that it could not write."""
SHARED_MEMORY = Path("/dev/shm")


def default() -> Path:
    """Ray's default folder."""
    inherited = os.environ.get("TMPDIR") if sys.platform.startswith("linux") else None
    return Path(os.environ.get("RAY_TMPDIR") or inherited or "/tmp", "ray")


def private() -> Path | None:
    """A new folder for this process alone, if Ray cannot use ``default``.

    Ray cannot use a folder on a full disk or of another user, or with a path that is long or not ASCII. ``None`` if Ray
    can use the default, if the user has set ``RAY_TMPDIR``, or if no place in ``SHORT`` can be used.
    """
    if "RAY_TMPDIR" in os.environ or usable(default()):
        return None
    for place in SHORT:
        try:
            made = Path(tempfile.mkdtemp(prefix="ray-", dir=Path(place).expanduser()))
        except (OSError, RuntimeError):  # missing or unwritable place, or no home folder
            continue
        if usable(made):
            return made
        made.rmdir()
    return None


def usable(folder: Path) -> bool:
    """Whether Ray can store files in a folder. The folder need not exist."""
    there = _nearest(folder)
    return _is_short(folder) and _is_writable(there) and shutil.disk_usage(there).free >= ROOM


def in_place_of_shared_memory(folder: Path) -> str | None:
    """On Linux, the folder for Ray's shared memory if ``/dev/shm`` cannot be used; otherwise ``None``."""
    if not sys.platform.startswith("linux") or _is_writable(SHARED_MEMORY):
        return None
    return str(_nearest(folder))


def room(folder: Path) -> str:
    """The free space on a folder's disk, for a message."""
    return f"{shutil.disk_usage(_nearest(folder)).free / 2**20:,.0f} MiB are free in {str(folder)!r}"


def _nearest(folder: Path) -> Path:
    """The folder, or its nearest parent that exists and is visible to this process."""
    return next((one for one in (folder, *folder.parents) if os.path.exists(one)), folder)  # noqa: PTH110


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()


def _is_short(folder: Path) -> bool:
    return str(folder).isascii() and len(os.fsencode(folder)) <= LONGEST
