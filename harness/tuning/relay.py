"""A trial in a separate thread. It asks Tune's thread whether to continue."""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from harness.execution.attempt import Attempt
from harness.execution.on_ray.worker import settle, worker_thread
from harness.training.rungs import Stopped

T = TypeVar("T")


class Relay(Generic[T]):
    """Passes reports from the training thread to the thread of Tune, and Tune's answers back: continue or stop."""

    def __init__(self) -> None:
        self._reports: SimpleQueue[T | None] = SimpleQueue()
        self._answers: SimpleQueue[bool] = SimpleQueue()

    def report(self, report: T) -> None:
        """Wait in the training thread until a report has been passed on. Raises ``Stopped`` if Tune stops the trial."""
        self._reports.put(report)
        if not self._answers.get():
            raise Stopped

    def run(self, train: Callable[[], Attempt], tell: Callable[[T], None]) -> Attempt | None:
        """Run a trial, and pass on each report in this thread.

        Tune ends a stopped trial by an exception in ``tell``. This method then raises it once the training has ended.
        """
        running = worker_thread().submit(self._trained, train)
        try:
            while (report := self._reports.get()) is not None:
                tell(report)
                self._answers.put(True)
        finally:
            self._answers.put(False)
            ended = running.result()
        return ended

    def _trained(self, train: Callable[[], Attempt]) -> Attempt | None:
        try:
            return train()
        except Stopped:
            return None
        finally:
            settle()
            self._reports.put(None)
