"""Logging of a study's trials while it runs, in threads of the driver. No logger delays a trial or makes it fail."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
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

LAST_WORDS = 5.0
"""Seconds that an interrupted study waits for the trial that is being logged."""
PATIENCE = 60.0
"""Seconds without progress after which the end of a study stops waiting for a logger."""
LOOK = 5.0
"""Seconds between two looks at the running trials, or less if a trial ends. If heartbeats are rarer, so are looks."""


class BackgroundLogging:
    """Logs trials while they run and when they end. An exit without an error logs the study's other ended trials too.

    Each logger has its own thread, so a slow logger does not delay the others. A logger's first error is shown, and the
    logger gets no more trials from this command. The same command again logs the rest.
    """

    def __init__(self, loggers: Mapping[str, type[Logger]], study: str, store: Store, console: Console) -> None:
        self.threads = [_LoggerThread(name, logger, study, store, console) for name, logger in loggers.items()]

    def __enter__(self) -> Self:
        for one in self.threads:
            one.thread.start()
        return self

    def started(self, config: TrialConfig) -> None:
        """Follow a trial that runs; returns at once."""
        for one in self.threads:
            one.running[config.id] = config

    def ended(self, *trials: TrialConfig) -> None:
        """Log the given trials that have finished or failed, from the store; returns at once."""
        for one in self.threads:
            for trial in trials:
                one.running.pop(trial.id, None)
            one.waiting.put(trials)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self.threads:
            one.end(at_once=error is not None)
        deadline = time.monotonic() + LAST_WORDS
        for one in self.threads:
            one.wait(None if error is None else deadline)


class _LoggerThread:
    """One logger, and the thread that uses it."""

    def __init__(self, name: str, logger: type[Logger], study: str, store: Store, console: Console) -> None:
        self.name, self.made, self.study, self.store, self.console = name, logger, study, store, console
        self.waiting: SimpleQueue[Sequence[TrialConfig] | None] = SimpleQueue()
        self.running: dict[str, TrialConfig] = {}
        self.interrupted = Event()
        self.thread = Thread(target=self._run, name=f"logger {name}", daemon=True)
        self.logger: Logger | None = None
        self.broken = False
        self.logged = 0
        self.moved = time.monotonic()
        """The last time at which the logger answered."""

    def end(self, *, at_once: bool) -> None:
        """End after the study's remaining trials are logged, or ``at_once`` after the trial that is being logged."""
        if at_once:
            self.interrupted.set()
        self.moved = time.monotonic()
        self.waiting.put(None)

    def wait(self, deadline: float | None) -> None:
        """Wait for the thread's end until ``deadline``; with ``None``, as long as the logger answers."""
        while self.thread.is_alive():
            self.thread.join(0.1)
            if time.monotonic() > (self.moved + PATIENCE if deadline is None else deadline):
                if deadline is None:
                    self._say(f"{self.name}: no answer for {PATIENCE:.0f} s; the same command again logs the rest")
                return

    def _run(self) -> None:
        last = False
        pause = max(LOOK, self.store.beat_seconds)
        while not last:
            trials: Sequence[TrialConfig] | None = ()
            with contextlib.suppress(Empty):
                trials = self.waiting.get(timeout=pause)
            last = trials is None
            self._follow()
            try:
                self._log_all(self.store.study(self.study)[1] if trials is None else trials)
            except Exception as error:  # not a logger's error: the store cannot be read
                self._say(f"Some trials were not logged: {_said(error)}.")
        if self.logger is not None and not self.broken:
            self._say(f"{self.name}: {self.logged} trial{'' if self.logged == 1 else 's'} logged, {self.logger.place}")

    def _follow(self) -> None:
        if self.broken or self.interrupted.is_set():
            return
        configs = dict(self.running)
        with contextlib.suppress(Exception):  # a store that cannot be read now is read later
            for trial, heartbeat in self.store.heartbeats(configs).items():
                if heartbeat.history and trial in self.running:
                    told = events.running(configs[trial], self.study, heartbeat)
                    self._try(lambda told=told: self._opened().follow(told))  # type: ignore[misc]

    def _log_all(self, trials: Sequence[TrialConfig]) -> None:
        if self.broken:
            return
        standing = self.store.standing(trials)
        for trial in trials:
            if self.interrupted.is_set() or self.broken:
                return
            end = standing.finished.get(trial.id) or standing.failures.get(trial.id)
            if end is not None:
                read = partial(events.ended, trial, self.study, end, self.store)
                self._try(partial(self._log, trial.id, events.stamp(end), read))

    def _log(self, trial: str, stamp: int, read: Callable[[], EndedTrial]) -> None:
        if not self._opened().has(trial, stamp):
            self._opened().log(read())
            self.logged += 1

    def _try(self, work: Callable[[], None]) -> None:
        """Use the logger, unless it has failed before."""
        if self.broken:
            return
        try:
            work()
        except Exception as error:
            self.broken = True
            self._say(
                f"{self.name}: {_said(error)}. This logger gets no more trials now. The study goes on, and the same "
                "command again logs the rest."
            )
        self.moved = time.monotonic()

    def _opened(self) -> Logger:
        if self.logger is None:
            self.logger = self.made(folder(self.store, self.name), self.study)
        return self.logger

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def folder(store: Store, logger: str) -> Path:
    """A logger's folder on this machine."""
    return store.logs / logger


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {reason(error)}"
