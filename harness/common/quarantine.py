"""Quarantine: a broken file gets another name, so that it is made again and can be inspected."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUFFIX = ".broken-"
"""Suffix of a name in quarantine, followed by a number."""


@dataclass(frozen=True)
class Fault:
    """A broken file or folder that has not been moved."""

    name: str
    reason: str
    identity: str
    """Changes when another process rewrites the file; see ``FileTree.identity``."""

    def __str__(self) -> str:
        return f"{self.name} is broken ({self.reason})"


@dataclass(frozen=True)
class Quarantined:
    """A file or folder that was moved to quarantine."""

    fault: Fault
    new_name: str

    def __str__(self) -> str:
        return f"{self.fault}: it is now {PurePosixPath(self.new_name).name}"


def free_name(name: str, exists: Callable[[str], bool]) -> str:
    """The first free name in quarantine."""
    number = 1
    while exists(f"{name}{SUFFIX}{number}"):
        number += 1
    return f"{name}{SUFFIX}{number}"


def quarantine(broken: Path) -> None:
    """Move a file or folder of a cache to quarantine."""
    broken.rename(free_name(str(broken), os.path.exists))
