"""Quarantine: a file that turns out to be broken gets another name, so that it is made again and can be looked at."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUFFIX = ".broken-"
"""Follows the name of a file in quarantine; a number follows it."""


@dataclass(frozen=True)
class Fault:
    """A file or folder that was found broken. It is still under its name."""

    name: str
    reason: str
    identity: str
    """Changes when another process writes the file again; see ``FileTree.identity``."""

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
    """The first name in quarantine that is not taken."""
    number = 1
    while exists(f"{name}{SUFFIX}{number}"):
        number += 1
    return f"{name}{SUFFIX}{number}"


def quarantine(broken: Path) -> None:
    """Move a file or folder of a cache to quarantine."""
    broken.rename(free_name(str(broken), os.path.exists))
