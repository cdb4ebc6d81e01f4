"""Experiment trackers that a study's trials can be told to. A logger is one file here that defines ``LOGGER``; its name is the file's.

None is imported unless asked for: each needs a package of its own, the extra of the same name.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError, reason, unknown

if TYPE_CHECKING:
    from harness.ended_trial import EndedTrial


class Logger(ABC):
    """One study in one tracker. Made and called by one thread of the driver; what it raises is told of, and ends it alone."""

    @abstractmethod
    def __init__(self, folder: Path, study: str) -> None:
        """Open ``folder``, or what the user's environment names in its place."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the runs are."""

    @abstractmethod
    def has(self, trial: str, stamp: int) -> bool:
        """Whether the trial is there whole, as it ended at that time; by its id and ``EndedTrial.stamp``."""

    @abstractmethod
    def log(self, trial: "EndedTrial") -> None:
        """Write the trial as one run, in the place of what there is of it."""


def names() -> list[str]:
    """All loggers, of which the packages may be there or not."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def named(chosen: Iterable[str]) -> dict[str, type[Logger]]:
    """The loggers of those names. Raises ``UserError`` for one that is not there, or whose package cannot be imported."""
    known, found = names(), dict[str, type[Logger]]()
    for name in chosen:
        if name not in known:
            raise unknown("--log", name, known)
        try:
            found[name] = importlib.import_module(f"{__name__}.{name}").LOGGER
        except ImportError as error:
            raise UserError(f"--log {name}: its package is missing ({reason(error)}); pip install 'steadytune[{name}]'") from None
    return found
