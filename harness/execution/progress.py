"""Progress of a study on the console: one line per trial, and in a terminal a bar with the numbers of trials."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.common.console import duration, note, say
from harness.execution.attempt import Attempt
from harness.execution.follow.display import Display
from harness.execution.worker_errors import cut
from harness.store.store import Store
from harness.study import TrialConfig

if TYPE_CHECKING:
    from harness.fisher.diagonal_files import Request


class Observer(Protocol):
    """Receives the start and the end of each trial."""

    def started(self, config: TrialConfig) -> None:
        """A worker has the trial now."""

    def ended(self, config: TrialConfig) -> None:
        """The store has the trial's record or failure."""


def announce_diagonals(requests: "Sequence[Request]", console: Console) -> None:
    """Print the number and languages of the Fisher diagonals that are computed before the trials."""
    if requests:
        named = ", ".join(dict.fromkeys("+".join(request.estimate.languages) for request in requests))
        console.print(f"Fisher information: {len(requests)} to compute ({named})", highlight=False)


class SweepProgress:
    """Counts trials and prints the end of each.

    Without a terminal it prints lines only. ``rich`` honours ``NO_COLOR``. Of ``total`` trials, ``done`` have finished
    and ``failed`` have failed before.
    """

    def __init__(
        self,
        console: Console,
        total: int,
        done: int,
        failed: int,
        describe: Callable[[TrialConfig], str],
        observer: Observer | None = None,
        store: Store | None = None,
    ) -> None:
        self.console, self.store = console, store
        self.total, self.done, self.failed = total, done, failed
        self.describe = describe
        self.observer = observer
        self.running: dict[str, TrialConfig] = {}
        self.seconds: list[float] = []
        self.most_running = 1
        self.began = time.monotonic()
        self.display = Display(console, store, self._head)

    def __enter__(self) -> Self:
        self.display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.display.__exit__(kind, error, trace)

    def started(self, config: TrialConfig) -> None:
        self.running[config.id] = config
        self.most_running = max(self.most_running, len(self.running))
        self.display.add(config.id, self.describe(config))
        if self.observer is not None:
            self.observer.started(config)

    def ended(self, config: TrialConfig, attempt: Attempt) -> None:
        if attempt.error:
            self.failed += 1
            outcome = f"[red]failed[/red]: {escape(cut(attempt.error))}"
            self._note_traceback(config)
        else:
            self.done += 1
            self.seconds.append(attempt.seconds)
            outcome = (
                f"{config.source} {attempt.source:{attempt.form}}, zero-shot {attempt.zero_shot:{attempt.form}} "
                f"({attempt.seconds:.0f} s)"
            )
        self.end(config, outcome)

    def _note_traceback(self, config: TrialConfig) -> None:
        failure = self.store.failure(config.id) if self.store is not None else None
        if failure is not None:
            note(self.console, failure.traceback)

    def end(self, config: TrialConfig, outcome: str) -> None:
        """Print how a trial has ended, and tell the observer."""
        self.tell(config, outcome)
        if self.observer is not None:
            self.observer.ended(config)

    def lost(self, config: TrialConfig, error: str) -> None:
        """Print that a trial was lost and will be retried."""
        self.tell(config, f"[yellow]lost[/yellow], runs again: {escape(cut(error))}")

    def put_off(self, config: TrialConfig) -> None:
        """Remove a started trial that another process runs."""
        self._forget(config)
        note(self.console, f"put off, because another process runs it: {self.describe(config)}")

    def interrupted(self, config: TrialConfig) -> None:
        """Remove a started trial that a signal has ended."""
        self._forget(config)
        note(self.console, f"interrupted: {self.describe(config)}")

    def tell(self, config: TrialConfig, outcome: str) -> None:
        """Print the outcome of a trial that no longer runs."""
        self._forget(config)
        line = (
            f"{self.done + self.failed:>{len(str(self.total))}}/{self.total}  {escape(self.describe(config))}: "
            f"{outcome}"
        )
        if not self.console.is_terminal:
            line += f"  [{self.state()}]".replace("[", r"\[", 1)
        say(self.console, line)

    def state(self) -> str:
        """Numbers of trials and the time left, e.g. ``7 done, 2 running, 0 failed, 11 left, about 4 min``."""
        left = self.total - self.done - self.failed - len(self.running)
        return f"{self.done} done, {len(self.running)} running, {self.failed} failed, {left} left{self._time_left()}"

    def _time_left(self) -> str:
        """Estimated time left, from the finished trials' mean time and the largest number of trials at once."""
        remaining = self.total - self.done - self.failed
        if not self.seconds or not remaining:
            return ""
        seconds = sum(self.seconds) / len(self.seconds) * remaining / self.most_running
        return f", about {duration(seconds)}"

    def _forget(self, config: TrialConfig) -> None:
        self.running.pop(config.id, None)
        self.display.remove(config.id)

    def _head(self) -> Table:
        """The line with the bar and the numbers of trials."""
        head = Table.grid(padding=(0, 1))
        ended = self.done + self.failed
        bar = ProgressBar(total=max(self.total, 1), completed=ended, width=12)
        head.add_row(bar, Text(self.state()), Text(f"({duration(time.monotonic() - self.began)} so far)"))
        return head
