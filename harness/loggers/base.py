"""The interface of a logger: one study in one experiment tracker."""

from abc import ABC, abstractmethod
from pathlib import Path

from harness.loggers.events import EndedTrial, RunningTrial


class Logger(ABC):
    """One study in one tracker, used by one thread of the driver. An error is shown and ends only this logger."""

    @abstractmethod
    def __init__(self, folder: Path, study: str) -> None:
        """Open ``folder``, or the place that the user's environment names instead."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Location of the runs."""

    @abstractmethod
    def has(self, trial: str, stamp: int) -> bool:
        """Whether the tracker has the whole trial, given by its id and ``EndedTrial.stamp``."""

    @abstractmethod
    def follow(self, trial: RunningTrial) -> None:
        """Write the rows of a running trial that its run lacks.

        The trial's unfinished run continues, even if an earlier command began it. Without such a run, a new run begins.
        """

    @abstractmethod
    def log(self, trial: EndedTrial) -> None:
        """Complete the trial's unfinished run, or write the trial as one run. Other runs of the trial are removed."""
