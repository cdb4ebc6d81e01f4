"""What a logger is: one study in one experiment tracker."""

from abc import ABC, abstractmethod
from pathlib import Path

from harness.loggers.events import EndedTrial


class Logger(ABC):
    """One study in one tracker. Made and called by one thread of the driver; what it raises is told of, and ends it
    alone."""

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
    def log(self, trial: EndedTrial) -> None:
        """Write the trial as one run, in the place of what there is of it."""
