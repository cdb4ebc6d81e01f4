"""Logging of a study's trials while it runs, in a thread of the driver. No trial waits for a logger or fails by it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from rich.console import Console

from harness.common.errors import reason
from harness.loggers import events
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial
from harness.store.store import Store
from harness.study import TrialConfig

BESIDE_A_URL = "steadytune-logs"
"""Folder for logs if the store is not a local folder."""
LAST_WORDS = 5
"""Seconds that an interrupted study waits for the trial that is being logged."""


class BackgroundLogging:
    """Logs trials as they end and, at its exit, all trials of the study that are in the store.

    A logger's first error is shown, and the logger gets no more trials of this run. The next run logs the missing ones.
    """

    def __init__(self, loggers: Mapping[str, type[Logger]], study: str, store: Store, console: Console) -> None:
        self.loggers = loggers
        self.study = study
        self.store = store
        self.console = console
        self.waiting: SimpleQueue[Sequence[TrialConfig] | None] = SimpleQueue()
        self.interrupted = Event()
        self.thread = Thread(target=self._run, name="loggers", daemon=True)
        self.open: dict[str, Logger] = {}
        self.broken: set[str] = set()
        self.logged = dict.fromkeys(loggers, 0)

    def __enter__(self) -> Self:
        if self.loggers:
            self.thread.start()
        return self

    def ended(self, *trials: TrialConfig) -> None:
        """Log the finished and failed ones of the given trials from the store; returns at once."""
        if self.loggers:
            self.waiting.put(trials)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.loggers:
            return
        if error is not None:
            self.interrupted.set()
        self.waiting.put(None)
        self.thread.join(None if error is None else LAST_WORDS)

    def _run(self) -> None:
        last = False
        while not last:
            trials = self.waiting.get()
            last = trials is None
            try:
                self._log_all(self.store.study(self.study)[1] if trials is None else trials)
            except Exception as error:  # not a logger's error: the store cannot be read
                self._say(f"Some trials were not logged: {_said(error)}.")
        for name, logger in self.open.items():
            if name not in self.broken:
                self._say(f"{name}: {self.logged[name]} trials logged, {logger.place}")

    def _log_all(self, trials: Sequence[TrialConfig]) -> None:
        standing = self.store.standing(trials)
        for trial in trials:
            if self.interrupted.is_set() or len(self.broken) == len(self.loggers):
                return
            end = standing.finished.get(trial.id) or standing.failures.get(trial.id)
            if end is not None:
                self._log(trial.id, events.stamp(end), partial(events.ended, trial, self.study, end, self.store))

    def _log(self, trial: str, stamp: int, read: Callable[[], EndedTrial]) -> None:
        for name in [name for name in self.loggers if name not in self.broken]:
            try:
                if not self._opened(name).has(trial, stamp):
                    self._opened(name).log(read())
                    self.logged[name] += 1
            except Exception as error:
                self.broken.add(name)
                self._say(
                    f"{name}: {_said(error)}. It gets no more trials now; the study goes on, and the same command "
                    "again logs the rest."
                )

    def _opened(self, name: str) -> Logger:
        if name not in self.open:
            self.open[name] = self.loggers[name](folder(self.store, name), self.study)
        return self.open[name]

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def folder(store: Store, logger: str) -> Path:
    """A logger's folder on this machine."""
    return (Path(store.root) / "logs" if store.is_local else Path(BESIDE_A_URL)) / logger


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {reason(error)}"
