"""Order of retries for trials without a result. A worker may be killed, crash or lose its node."""

from dataclasses import dataclass
from pathlib import Path

from harness.common.errors import TimeLimitError
from harness.execution.time_limit import over
from harness.execution.worker_errors import ANSI, described_trace
from harness.store.store import Store
from harness.study import TrialConfig

TOGETHER, AGAIN, ALONE = range(3)
"""Stages: all trials together; then, together, the trials that were lost once; then, alone, each trial lost again."""


@dataclass(frozen=True)
class Loss:
    """The reason why a trial has no result."""

    error: str
    """The error, on one line."""
    trace: str
    of_memory: bool = False
    """Whether the trial itself ran out of memory."""
    of_time: bool = False
    """Whether the trial took longer than its time limit."""


def loss_of_worker(error_file: str | None, seconds: float, minutes: float | None, grace: float) -> Loss:
    """The loss of a trial whose worker ended after ``seconds``. Tune writes the worker's error into ``error_file``.

    A trial has ``minutes``, and then ``grace`` seconds to end itself.
    """
    # Tune's own get_error() looks in the folder to which the file is copied later.
    lines = Path(error_file).read_text(encoding="utf-8").splitlines()[1:] if error_file else []
    trace = "\n".join(lines)
    if minutes is not None and seconds >= 60 * minutes + grace:
        return Loss(f"{TimeLimitError.__name__}: {over(minutes)}", trace, of_time=True)
    return Loss(f"the worker was lost: {described_trace(trace) or 'it left no message'}", ANSI.sub("", trace))


class Retries:
    """The trials left to run.

    A lost trial is retried with the other lost trials after the rest finish, then once alone. A trial that ran out of
    memory is retried only alone. A trial that is lost alone has failed, and so has a trial that exceeded its time
    limit. Unless memory ran out, a loss after a new checkpoint counts as the first loss: a long trial may lose several
    machines.
    """

    def __init__(self, trials: list[TrialConfig], store: Store) -> None:
        self.store = store
        self.waiting: list[list[TrialConfig]] = [list(trials), [], []]
        self.states: dict[str, list[str]] = {}
        """Names of the checkpoints that a trial had when it was last lost."""
        self.stage = TOGETHER

    def __bool__(self) -> bool:
        return any(self.waiting)

    def take(self) -> list[TrialConfig]:
        """Take the trials that run next."""
        self.stage = next(stage for stage, waiting in enumerate(self.waiting) if waiting)
        waiting = self.waiting[self.stage]
        batch = waiting[:1] if self.stage == ALONE else waiting
        self.waiting[self.stage] = waiting[len(batch) :]
        return batch

    def put_back(self, trials: list[TrialConfig]) -> None:
        """Put back taken trials that have not begun."""
        self.waiting[self.stage] = trials + self.waiting[self.stage]

    def put_off(self, trial: TrialConfig) -> None:
        """Postpone a taken trial that another process holds. The trial is tried again after the other trials."""
        self.waiting[AGAIN].append(trial)

    def lose(self, trial: TrialConfig, loss: Loss) -> bool:
        """Note that a taken trial came back without a result. Returns whether it will be retried."""
        if loss.of_time:
            return False
        states = self.store.states(trial.id)
        got_on = bool(states) and states != self.states.get(trial.id)
        self.states[trial.id] = states
        if self.stage == ALONE and (loss.of_memory or not got_on):
            return False
        self.waiting[ALONE if loss.of_memory or not (got_on or self.stage == TOGETHER) else AGAIN].append(trial)
        return True
